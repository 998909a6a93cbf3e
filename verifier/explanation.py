"""What is told of one event: why it was allowed and what it led to; as text for people.

The command ``explain`` prints it, as text or as one line of JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from verifier.anchors import Bound
from verifier.finding import Finding, Sentence
from verifier.report import MARKS, inert
from verifier.rules.texts import Rule

__all__ = ["GENERAL", "Explanation", "Later", "Link", "explanation_text"]

GENERAL: Final = tuple(f"AD{n}" for n in range(1, 13))
"""The conditions of every event, told in one line."""


class Link(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One link of the chain of authority: what is held, by whom, and by which event."""

    holds: str
    actor: str
    by: str
    """Who gave it."""
    mandate: str = ""
    scope: str = ""
    first_day: str = ""
    last_day: str = ""
    stream: str = ""
    event: str = ""
    index: int | None = None


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """A later event that names the one explained, or follows it on its stream."""

    index: int
    event: str
    type: str
    stream: str
    how: str


class Explanation(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True,
    tag_field="message", tag="explanation",
):  # fmt: skip
    """All that the log says of why an event stands in it."""

    event: str
    type: str
    stream: str
    seq: int
    index: int
    day: str
    author: str
    actor: str
    """Who acts: the author, or the one in whose name it signed."""
    allowed: bool
    signed_after: Bound | None = None
    """It was signed after this: its author had seen the log as it was then, or later."""
    after: Bound | None = None
    """It was recorded after this: who vouches, and by which anchor before it."""
    before: Bound | None = None
    """It was recorded before this."""
    capacity: str = ""
    rules: tuple[Rule, ...] = ()
    """The rules that it was judged by; where it was not allowed, the ones that it breaks."""
    ruleset: str = ""
    """The ruleset in force at its place."""
    code_lists: tuple[str, ...] = ()
    """The code lists in force there, by which its codes are to be read."""
    authority: tuple[Link, ...] = ()
    changed: tuple[str, ...] = ()
    """Keys of the things that it changed in its subject."""
    led_to: tuple[Later, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    not_checked: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def explanation_text(told: Explanation) -> str:
    """Return an explanation as lines for a person to read."""
    return "\n".join(inert(line) for line in _lines(told))


def _lines(told: Explanation) -> Iterator[str]:
    yield from _about(told)
    yield ""
    yield "permitted by" if told.allowed else "it breaks"
    yield from _rules(told)
    if told.authority:
        yield ""
        yield "authority, back to the genesis"
    for link in told.authority:
        yield f"  {link.actor} holds {link.holds}, given by {link.by}"
        yield f"        {_terms(link)}"
    yield ""
    yield "led to"
    if told.changed:
        yield f"  changed {', '.join(told.changed)} of {told.stream.partition('/')[0]}"
    for later in told.led_to:
        yield f"  entry {later.index}: {later.type} on {later.stream} {later.how}"
    if not told.led_to:
        yield "  no later event names it"


def _about(told: Explanation) -> Iterator[str]:
    yield f"event   {told.event}"
    yield f"        {told.type} at entry {told.index}, on {told.stream} {told.seq}, {told.day}"
    behalf = f", in the name of {told.actor}" if told.actor != told.author else ""
    capacity = f", as {told.capacity}" if told.capacity else ""
    yield f"author  {told.author}{behalf}{capacity}"
    yield from _time(told)
    if told.ruleset:
        yield f"judged  by ruleset {told.ruleset}"
    for listed in told.code_lists:
        yield f"read    by code list {listed}"
    for sentence in told.sentences:
        yield f"  [{MARKS[sentence.state]}] {sentence.about}: {sentence.reason}"
    for line in told.not_checked:
        yield f"  [ - ] not checked: {line}"


def _time(told: Explanation) -> Iterator[str]:
    bounds = (("signed after", told.signed_after), ("recorded after", told.after),
              ("recorded before", told.before))  # fmt: skip
    for word, bound in bounds:
        if bound is not None:
            place = f"anchor at entry {bound.anchor}" if bound.anchor is not None else "served so"
            moment = f"{datetime.fromtimestamp(bound.time, UTC):%Y-%m-%d %H:%M:%S} UTC"
            yield f"time    {word} {moment}: {bound.kind} {bound.by}, {place}"
    if told.after is None and told.before is None:
        yield "time    nobody outside vouches for it; the day is what its signer and the log say"


def _rules(told: Explanation) -> Iterator[str]:
    if told.allowed:
        yield "  AD1 to AD12, the conditions of every event"
    for rule in told.rules:
        if not told.allowed or rule.number not in GENERAL:
            yield f"  {rule.number:<5} {rule.text}"


def _terms(link: Link) -> str:
    span = f"from {link.first_day}" + (f" to {link.last_day}" if link.last_day else "")
    terms = [f"entry {link.index}, {link.stream}" if link.index is not None else link.stream,
             link.mandate, span if link.first_day else "", link.scope]  # fmt: skip
    return "; ".join(filter(None, terms))
