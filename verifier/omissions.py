"""What was due and not done as of a checkpoint, and what shows that nothing was filed by then.

1. A duty that was not met is an omission of a rule over the whole log (``rules.book``, rule 5).
2. Beside it stands the complete state of its subject as the audit established it: every stream, its
   length and its head. Whoever filed something by then can show an event that continues no such
   stream or stands on none of them; nobody else can say that something was.
3. All of it rests on an audit that was read to its end and found nothing false; its verdict says
   whether that is so.

A proof of absence that stands without the whole log is a register proof of the subject, out of a
publication after the due day (``register``; the option ``--absent`` of its command).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import msgspec

from verifier.report import inert
from verifier.rules import table
from verifier.rules.book import Book, Broken, Subject

__all__ = ["Omission", "State", "StreamHead", "omissions", "omissions_text"]

Rules = Callable[[Book], Iterator[Broken]]


class StreamHead(msgspec.Struct, frozen=True):
    """How far a stream reaches: the number of its events and the id of the last."""

    stream: str
    events: int
    head: str


class State(msgspec.Struct, frozen=True, kw_only=True, tag="state", tag_field="message"):
    """The complete state of a subject at a size of the log (rule 2)."""

    subject: str
    size: int
    streams: tuple[StreamHead, ...]


class Omission(msgspec.Struct, frozen=True, kw_only=True, tag="duty", tag_field="message"):
    """A duty that was due and is not met (rule 1)."""

    rule: str
    subject: str
    who: str
    due: str
    stream: str
    """Where what meets it would stand, as a pattern; empty where the rule names no stream."""
    reason: str
    hint: str


def omissions(book: Book, *further: Rules) -> Iterator[State | Omission]:
    """Yield for each subject its state and then its unmet duties, the oldest first.

    *further* are rules over the whole log beside those of the table, such as an audit's anchors.
    """
    found = [
        Omission(rule=one.rule, subject=one.subject, who=one.who, due=one.due, stream=one.stream,
                 reason=one.reason, hint=one.hint)
        for rules in (*table.WHOLE_LOG, *further)
        for one in rules(book)
        if one.kind == "omission"
    ]  # fmt: skip
    found.sort(key=lambda one: (one.subject, one.due, one.rule, one.reason))
    for subject, duties in groupby(found, key=lambda one: one.subject):
        yield _state(book.subject(subject), book.size)
        yield from duties


def _state(subject: Subject, size: int) -> State:
    streams = (
        StreamHead(stream, head.seq + 1, head.id.hex())
        for stream, head in sorted(subject.heads.items())
    )
    return State(subject=subject.id, size=size, streams=tuple(streams))


def omissions_text(told: Sequence[State | Omission]) -> str:
    """Return the lines for a person to read: under each duty the streams that could have met it."""
    lines, state = [], None
    for item in told:
        if isinstance(item, State):
            state = item
            events = sum(stream.events for stream in item.streams)
            lines.append(
                f"{item.subject}: {events} events on {len(item.streams)} streams, all read"
            )
            continue
        day = f", due {item.due}" if item.due else ""
        lines.append(f"  NOT DONE{day}, owed by {item.who or 'nobody named'}")
        lines.append(f"      rule    {item.rule}: {item.reason}")
        lines += [f"      {line}" for line in _shown(item, state)]
    count = sum(isinstance(item, Omission) for item in told)
    lines.append(f"{count} {'duty was' if count == 1 else 'duties were'} due and not met")
    return "\n".join(inert(line) for line in lines)


def _shown(duty: Omission, state: State | None) -> Iterator[str]:
    if not duty.stream or state is None:
        return
    pattern = re.compile(re.escape(duty.stream).replace(r"\*", "[^/]+") + r"\Z")
    matching = [one for one in state.streams if pattern.match(one.stream)]
    for one in matching:
        yield f"shown   {one.stream} ends at event {one.events - 1}, {one.head[:16]}…"
    if not matching:
        yield f"shown   there is no stream {duty.stream}"
