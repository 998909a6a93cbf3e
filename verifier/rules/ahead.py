"""What may happen next to a subject: every type's proposals of itself, judged by its own rules.

1. Each event type offers the bodies that could come next (``Body.ahead``); an open proposal offers
   its endorsement.
2. Each is judged by the type's own ``unmet`` as if it stood at the next index at a given log time,
   by an author of whom nothing is known: who may sign is told, not decided.
3. ``earliest`` is told only where time alone would meet everything that is unmet.

The bodies hold placeholders where their author decides, so a step that is «lawful now» says that
nothing on record stands against it, not that any content would do.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Final

import msgspec

from verifier.event import Event, EventId, StreamId
from verifier.keys import Kid
from verifier.rules import dates
from verifier.rules.book import Body, Book, Entry, Head, Subject, Unmet
from verifier.rules.proposal import Endorsed, Proposal, endorsement_stream, has_lapsed
from verifier.rules.table import EVENTS

__all__ = ["Step", "steps"]

NOBODY: Final = ""
UNSIGNED: Final = bytes(64)


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event that could come next, and what still stands against it."""

    type: str
    stream: str
    """Ends in ``*`` where each author has a stream of its own."""
    lawful: bool
    unmet: tuple[Unmet, ...] = ()
    earliest: int | None = None
    """The first second of log time at which time alone would make it lawful."""
    due: str | None = None
    """The day by which it is owed, where the event states one."""
    latest: str | None = None
    """The last day on which it is in time, where there is one (``Body.in_time_until``)."""
    who: tuple[str, ...]
    """The capacities in which it may be signed."""


def steps(subject_id: str, book: Book, at: int) -> list[Step]:
    """Return what may happen next to a subject, as of a log time in seconds.

    Steps that are lawful now come first, then those that time alone makes lawful, by their day,
    then the rest.
    """
    subject = book.subject(subject_id)
    at = max(at, book.time)
    book = copy(book)  # so that the days in a body are of that time; subjects stay shared
    book.time = at
    found = [
        _step(stream, body, subject, book, at)
        for event_type in EVENTS.values()
        for stream, body in event_type.ahead(subject, book)
    ]
    found.extend(_endorsements(subject, book, at))
    return sorted(found, key=_order)


def _step(stream: str, body: Body, subject: Subject, book: Book, at: int) -> Step:
    entry = Entry(book.size, _hypothetical(stream, body, subject, book, at), body, at)
    unmet = tuple(body.unmet(entry, book))
    latest = body.in_time_until(entry, book)
    return Step(
        type=body.TYPE, stream=stream, lawful=not unmet, unmet=unmet, earliest=_earliest(unmet),
        due=getattr(body, "due", None),
        latest=latest.isoformat() if latest else None,
        who=tuple(capacity.name for capacity in body.SIGNERS),
    )  # fmt: skip


def _hypothetical(stream: str, body: Body, subject: Subject, book: Book, at: int) -> Event:
    """Return the event that would carry a body, unsigned and by nobody (rule 2)."""
    head: Head | None = subject.heads.get(stream)
    return Event(
        raw=b"", id=EventId(bytes(32)), kid=Kid(bytes(32)), iss=NOBODY, stream=StreamId(stream),
        subject=subject.id, iat=at, ledger=book.ledger, type=body.TYPE,
        seq=0 if head is None else head.seq + 1, prev=None if head is None else EventId(head.id),
        seen=None, protected=b"", payload=b"", signature=UNSIGNED,
    )  # fmt: skip


def _earliest(unmet: tuple[Unmet, ...]) -> int | None:
    times = [one.earliest for one in unmet if one.earliest is not None]
    return max(times) if times and len(times) == len(unmet) else None


def _endorsements(subject: Subject, book: Book, at: int) -> Iterator[Step]:
    for proposal in subject.all(Proposal):
        if proposal.effective is not None or has_lapsed(proposal, book):
            continue
        expires = dates.deadline(dates.parse_day(proposal.body.expires))
        expired = Unmet(rule="PR4", reason=f"the proposal expired on {proposal.body.expires}")
        yield Step(
            type=Endorsed.TYPE,
            stream=endorsement_stream(proposal.ref.stream, "*"),
            lawful=at < expires,
            unmet=() if at < expires else (expired,),
            due=proposal.body.expires,
            latest=proposal.body.expires,
            who=tuple(capacity.name for capacity in proposal.body.ENDORSERS),
        )


def _order(step: Step) -> tuple[int, int, str, str]:
    rank = 0 if step.lawful else 1 if step.earliest is not None else 2
    return rank, step.earliest or 0, step.type, step.stream
