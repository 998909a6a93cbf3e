"""Admission: whether an event may be recorded at the next index, by the log before it alone.

The conditions that hold for every event (each type adds its own in ``unmet``):

- AD1  Its type and version belong to the ruleset in force; otherwise nothing can be decided.
- AD2  It names this ledger; only the event at index 0 names none, and only that one opens a ledger.
- AD3  It stands on a stream of its type; a stream that ends in an actor has that one writer.
- AD4  It continues its stream: seq is one more than the head's, prev is the head's id.
- AD5  Its key is enrolled to its author and is active at this index.
- AD6  It was signed at most 600 s behind log time, or 7 days for types marked offline.
- AD7  What it says it has seen is true: size at most its own index, root equal to the log's there.
       Decisions, endorsements and appeals must say it, and have seen at least the genesis.
- AD8  Authority and decision events have at most 3,500 bytes.
- AD9  Before the roots' threshold is endorsed, only roots endorse and nothing else is recorded.
- AD10 Its author, or the one on whose behalf it was signed, holds a capacity that may sign it.
- AD11 A delegation used is in force, given by that actor to this author, for this type and
       subject. What gives authority (keys, roles, delegations) is never done by delegation.
- AD12 Its time lies before the year 2200; beyond, no day can be counted and nothing else is judged.
- AD13 It refers to nothing that lies in the safe space: what is told there is no evidence.

``admit`` decides; ``record`` lets the event take effect. Both are pure over the book: the ledger
refuses with them, a dry run asks them, and every auditor runs them again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import msgspec

from verifier import encoding
from verifier.errors import MalformedError, UndecidedError
from verifier.event import MAX_DECISION_BYTES, Event
from verifier.rules import dates
from verifier.rules.authority import rulesets
from verifier.rules.authority import state as authority
from verifier.rules.authority.genesis import LedgerOpened
from verifier.rules.book import SINGLETONS, Body, Book, Entry, Refused, Subject, Unmet
from verifier.rules.table import DECODERS

__all__ = ["admit", "conditions", "names", "read_body", "record"]

MAX_AGE_S: Final = 600  # a registry service that is further behind has a wrong clock or a queue
SAFE_SPACE: Final = "safespace-"  # how the subjects of the safe space begin (``lesson``)
_SAFE_SPACE: Final = SAFE_SPACE.encode()
MAX_AGE_OFFLINE_S: Final = 7 * 86_400  # ceremonies and hardware keys


def read_body(event: Event) -> Body:
    """Decode and type-check the payload of an event.

    Raises:
        UndecidedError: code ``event-type-unknown`` (AD1).
        MalformedError: the payload is outside the profile, or its fields are not its type's.
    """
    try:
        decoder = DECODERS[event.type]
    except KeyError:
        reason = f"event type {event.type} is not known here"
        raise UndecidedError("event-type-unknown", reason) from None
    encoding.decode(event.payload)
    try:
        return decoder.decode(event.payload)
    except msgspec.ValidationError as error:
        raise MalformedError("event-fields", f"{event.type}: {error}") from None


def names(event: Event, body: Body) -> set[str]:
    """Return every subject that admission of this event may look at."""
    subjects = {event.subject, event.iss, *SINGLETONS, *body.touches(event)}
    if body.on_behalf_of is not None:
        subjects.add(body.on_behalf_of.actor)
    return subjects


def admit(event: Event, body: Body, book: Book) -> Entry:
    """Decide whether an event may stand at the book's next index.

    Raises:
        Refused: with every unmet condition; with the stream's head if it moved on.
    """
    entry = Entry(book.size, event, body, max(book.time, event.iat))
    unmet = tuple(conditions(entry, book))
    if unmet:
        head = book.subject(event.subject).heads.get(event.stream)
        raise Refused(unmet, head=head)
    return entry


def record(entry: Entry, book: Book) -> None:
    """Let an admitted event take effect in the book."""
    event = entry.event
    subject = book.subjects.get(event.subject)
    if subject is None:
        subject = book.subjects[event.subject] = Subject(event.subject)
    fold(entry, subject, book)
    for public in entry.body.enrols():
        book.public_keys[authority.thumbprint(public)] = public
    book.register.touch(event.subject, entry.index, entry.at, upkeep=entry.body.UPKEEP)
    if entry.index == 0:
        book.ledger = event.id
    book.size = entry.index + 1
    book.time = entry.at


def fold(entry: Entry, subject: Subject, book: Book) -> None:
    """Let an event take effect in its own subject only; rebuilding a subject calls this alone."""
    subject.change(*entry.body.evolve(entry, subject, book))  # all of it, or nothing
    subject.advance(entry.event)


def conditions(entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield every condition that is not met, general ones first."""
    body = entry.body
    if entry.at >= dates.ENDS_S:
        yield Unmet(rule="AD12", reason="its time lies after the year 2199",
                    hint="sign it again with the present time")  # fmt: skip
        return  # the rest counts days
    for check in _GENERAL:
        unmet = check(entry, book)
        if unmet is not None:
            yield unmet
    if not _stands_on(entry.event, body):
        yield Unmet(rule="AD3", reason=f"{body.TYPE} does not stand on {entry.event.stream}",
                    hint=f"its streams are {body.STREAM}")  # fmt: skip
        return  # the rest asks for the state that only its own streams have
    unmet = _entitled(entry, book)
    if unmet is not None:
        yield unmet
    yield from body.unmet(entry, book)


def _ledger_named(entry: Entry, book: Book) -> Unmet | None:
    opens = isinstance(entry.body, LedgerOpened)
    if entry.index == 0:
        if entry.event.ledger is None and opens:
            return None
        return Unmet(rule="AD2", reason="the first event opens the ledger and names none")
    if entry.event.ledger != book.ledger:
        return Unmet(rule="AD2", reason="the event was signed for another ledger",
                     hint="sign it with this ledger's id")  # fmt: skip
    return Unmet(rule="AD2", reason="this ledger is open already") if opens else None


@lru_cache(maxsize=256)
def _stream_pattern(pattern: str) -> re.Pattern[str]:
    segments = [
        "actor-[^/]+" if segment == "@" else re.escape(segment).replace(r"\*", "[^/]+")
        for segment in pattern.split("/")
    ]
    return re.compile("/".join(segments) + r"\Z")


def _stands_on(event: Event, body: Body) -> bool:
    if not _stream_pattern(body.STREAM).match(event.stream):
        return False
    return not body.STREAM.endswith("/@") or event.stream.endswith("/" + event.iss)


def _continues(entry: Entry, book: Book) -> Unmet | None:
    event = entry.event
    head = book.subject(event.subject).heads.get(event.stream)
    if head is None:
        if event.seq == 0:
            return None
        return Unmet(rule="AD4", reason=f"the stream is empty; seq is {event.seq}, not 0",
                     hint="an earlier event of the stream is missing")  # fmt: skip
    if event.seq == head.seq + 1 and event.prev == head.id:
        return None
    return Unmet(
        rule="AD4",
        reason=f"it stands at position {event.seq}, the stream's head at {head.seq} is "
        f"{head.id.hex()[:16]}…",
        hint="read the newer events, decide again, and sign on the present head",
    )


def _fresh(entry: Entry, book: Book) -> Unmet | None:
    behind_s = book.time - entry.event.iat
    if behind_s <= MAX_AGE_S or (entry.body.OFFLINE and behind_s <= MAX_AGE_OFFLINE_S):
        return None
    return Unmet(
        rule="AD6",
        reason=f"signed {behind_s} s behind log time",
        hint="sign it again with the present time",
    )


def _seen(entry: Entry, book: Book) -> Unmet | None:
    seen = entry.event.seen
    if seen is None or (seen.size == 0 and entry.body.DECISION):
        if not entry.body.DECISION:
            return None
        return Unmet(rule="AD7", reason="a decision, endorsement or appeal says what was seen",
                     hint="state the size and root of the newest checkpoint")  # fmt: skip
    if seen.size <= entry.index and seen.root == book.root_at(seen.size):
        return None
    return Unmet(rule="AD7", reason=f"the log's root at size {seen.size} is another",
                 hint="the author saw another history than this log shows")  # fmt: skip


def _small_enough(entry: Entry, book: Book) -> Unmet | None:
    size = len(entry.event.raw)
    if size <= MAX_DECISION_BYTES or not (entry.body.DECISION or entry.body.AUTHORITY):
        return None
    return Unmet(rule="AD8", reason=f"{size} bytes; {MAX_DECISION_BYTES} allowed",
                 hint="put longer texts into an attachment")  # fmt: skip


def _cites_no_safe_space(entry: Entry, book: Book) -> Unmet | None:
    payload = entry.event.payload
    if _SAFE_SPACE not in payload:  # nearly always: then nothing is decoded
        return None
    waiting: list[object] = [encoding.decode(payload)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if str(node.get("stream", "")).startswith(SAFE_SPACE):
                return Unmet(rule="AD13", reason=f"it refers to {node['stream']}",
                             hint="leave it out: nobody is held to what is told there")  # fmt: skip
            waiting.extend(node.values())
        elif isinstance(node, list | tuple):
            waiting.extend(node)
    return None


def _entitled(entry: Entry, book: Book) -> Unmet | None:
    actor = entry.actor
    for capacity in entry.body.SIGNERS:
        if capacity.holds(actor, entry, book):
            return None
    capacities = " or ".join(capacity.name for capacity in entry.body.SIGNERS)
    return Unmet(rule="AD10", reason=f"{actor} is not {capacities} here", who=capacities)


_GENERAL: Final = (
    rulesets.unmet_ruleset,  # AD1
    _ledger_named,  # AD2
    _continues,  # AD4
    authority.unmet_key,  # AD5
    authority.unmet_confirmation,  # AC12
    _fresh,  # AD6
    _seen,  # AD7
    _small_enough,  # AD8
    authority.unmet_threshold,  # AD9
    authority.unmet_delegation,  # AD11
    _cites_no_safe_space,  # AD13
)
