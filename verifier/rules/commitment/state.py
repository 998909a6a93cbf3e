"""What is known of a commitment, and the questions asked of it.

1. ``claimed`` until the accountable organization acknowledges it, then ``active``; its end is
   ``fulfilled`` (in time or late), ``missed``, ``withdrawn`` or ``completed_with_lessons``.
2. The terms that it was made with stand beside the present ones for good.
3. What was missed is settled once it is fulfilled late or its lesson is told.

That a commitment is overdue is computed from its due day; «missed» is an acknowledgement.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.authority.state import organization_of
from verifier.rules.book import Book, Capacity, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, Day, Decimal, EventRef, Symbol, Texts

__all__ = [
    "NO_EVIDENCE",
    "Commitment",
    "Contributor",
    "Indicator",
    "Measure",
    "Milestone",
    "Money",
    "Terms",
    "Transfer",
    "accountable",
    "ended",
    "key_of",
    "local_of",
    "milestone_key",
    "moves_towards",
    "of",
    "on_stream",
    "unmet_day",
    "unmet_state",
    "unsettled",
]

NO_EVIDENCE: Final = bytes(32)
"""Stands for the evidence that the author of a possible next event has yet to name."""

Direction = Literal["increase", "decrease", "maintain"]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]


class Contributor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An organization that contributes, and its share in a hundred if it is stated."""

    organization: ActorId
    share: Annotated[int, Meta(ge=1, le=100)] | None = None


class Measure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value on a day, in the indicator's unit."""

    value: Decimal
    day: Day


class Indicator(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is measured, in which UCUM unit, from where to where."""

    baseline: Measure
    target: Measure
    unit: Symbol
    direction: Direction
    name: Texts
    code: Symbol | None = None
    """The code of an SDG indicator, where it is one."""


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount pledged, in an ISO 4217 currency."""

    pledged: Decimal
    currency: Currency


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What of a commitment can be revised: its due day, its target, the money pledged."""

    due: Day
    target: Measure
    money: Money | None = None


class Transfer(msgspec.Struct, frozen=True):
    """A transfer that was proposed and that its receiver has not taken over yet."""

    ref: EventRef
    to: str


class Commitment(msgspec.Struct, frozen=True, kw_only=True):
    """A commitment on record; the thing ``commitment:<id>``. Days are ISO 8601."""

    ref: EventRef
    accountable: str
    contributors: tuple[str, ...]
    sdg_target: str
    baseline: Measure
    direction: str
    original: Terms
    """As it was made; never changes (rule 2)."""
    terms: Terms
    """As they are now."""
    made_on: str
    state: str
    """claimed, active, fulfilled, missed, withdrawn or completed_with_lessons."""
    acknowledged_by: tuple[str, ...] = ()
    revisions: int = 0
    lowered: tuple[str, ...] = ()
    """What its revisions made easier: due, target, money."""
    transfer: Transfer | None = None
    transferred_from: tuple[str, ...] = ()
    """Who was accountable before."""
    reported_as_of: str = ""
    status: str = ""
    """The status that its partners last reported."""
    disbursed: str | None = None
    """In all, in the currency pledged, as last reported."""
    deliverables: int = 0
    fulfilled_on: str | None = None
    late: bool = False
    """Fulfilled after its due day."""
    failure: EventRef | None = None
    """The report of its failure and what was learned; nothing adverse rests on it (R29)."""

    @property
    def due(self) -> str:
        """Return its present due day."""
        return self.terms.due

    @property
    def is_open(self) -> bool:
        """Say whether it is neither final nor withdrawn."""
        return self.state in ("claimed", "active")


class Milestone(msgspec.Struct, frozen=True):
    """A step on the way; the thing ``milestone:<commitment>/<id>``. Days are ISO 8601."""

    ref: EventRef
    commitment: str
    id: str
    due: str
    value: str | None = None
    met_on: str | None = None
    replaced_by: str = ""

    @property
    def is_open(self) -> bool:
        """Say whether it is neither met nor replaced."""
        return self.met_on is None and not self.replaced_by


def local_of(entry: Entry) -> str:
    """Return the commitment's id within its partnership: the last segment of its stream."""
    return entry.event.stream.rpartition("/")[2]


def key_of(entry: Entry) -> str:
    """Return the key of the commitment that an event of its stream is about."""
    return "commitment:" + local_of(entry)


def milestone_key(commitment: str, milestone: str) -> str:
    """Return the key of a commitment's milestone; no id holds a slash, so no two share a key."""
    return f"milestone:{commitment}/{milestone}"


def of(subject: Subject, commitment: str) -> Commitment | None:
    """Return a commitment of a partnership by its id, or nothing."""
    return subject.get("commitment:" + commitment, Commitment)


def on_stream(entry: Entry, book: Book) -> Commitment | None:
    """Return the commitment that an event's stream holds, or nothing."""
    return book.thing(entry.event.subject, key_of(entry), Commitment)


def ended(found: Commitment) -> int:
    """Return the first second of log time after the due day has ended everywhere."""
    return dates.deadline(dates.parse_day(found.due))


def moves_towards(direction: str, start: str, end: str) -> bool:
    """Say whether the way from one value to another has the direction that is stated."""
    change = decimal.Decimal(end) - decimal.Decimal(start)
    return {"increase": change > 0, "decrease": change < 0, "maintain": change == 0}[direction]


def unsettled(subject: Subject) -> Iterator[Commitment]:
    """Yield every commitment that has no end yet, or whose failure has no lesson (rule 3).

    A partnership is completed when there is none (decision D3.23).
    """
    for found in subject.all(Commitment):
        if found.is_open or found.state == "missed":
            yield found


def _is_accountable(actor: str, entry: Entry, book: Book) -> bool:
    found = on_stream(entry, book)
    return found is not None and organization_of(actor, book) == found.accountable


accountable = Capacity("the accountable organization", _is_accountable)


def unmet_state(rule: str, states: tuple[str, ...], entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what stands against an event that asks a commitment in one of these states."""
    found = on_stream(entry, book)
    if found is None or found.state not in states:
        state = "not on record" if found is None else found.state
        who = found.accountable if found is not None and found.state == "claimed" else ""
        yield Unmet(rule=rule, reason=f"the commitment is {state}", who=who)


def unmet_day(rule: str, day: str, entry: Entry) -> Iterator[Unmet]:
    """Yield what stands against a day that does not exist or has not come."""
    if not dates.is_day(day):
        yield Unmet(rule=rule, reason=f"{day} is not a calendar day")
    elif day > dates.day_text(entry.at):
        yield Unmet(rule=rule, reason=f"{day} has not come yet")
