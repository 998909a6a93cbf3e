"""Commitments: claimed by whoever records them, a promise once the promiser has acknowledged it.

- CO1 A commitment is made in a listed partnership; a stream holds one.
- CO2 Its accountable organization is a partner; each contributor is a partner and another
      organization, and stands once; their shares come to at most 100.
- CO3 Its due day exists and lies ahead.
- CO4 Its indicator's days exist, the baseline's before the target's; the target lies on the side of
      the baseline that the direction says.
- CO5 The accountable organization and each contributor acknowledge it once, for themselves, as
      long as it is neither withdrawn nor final.
- CO6 Progress is reported while it is open, as of a day that has come and is not before the last.
- CO7 It is fulfilled by its accountable organization, on a day that has come, once acknowledged;
      also after it was missed, then late.
- CO8 A miss is acknowledged after the due day has ended, by the accountable organization.
- CO9 It is withdrawn by its accountable organization, while it is open and the due day has not
      ended; after that day it is fulfilled or missed.

That a commitment is overdue is computed; «missed» is an acknowledgement. Commitments outlive the
listing of their partnership. Sources: R7, R29, R36; domain C2.3; decisions D1.6, D3.23, D3.24.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import dates, partnership
from verifier.rules.authority.state import organization_of
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import (
    ActorId,
    Alpha3,
    Day,
    Decimal,
    EventRef,
    Hash,
    SdgTarget,
    Symbol,
    Texts,
)
from verifier.rules.partnership import UNDECIDED

__all__ = [
    "EVENTS",
    "Commitment",
    "CommitmentAcknowledged",
    "CommitmentFulfilled",
    "CommitmentMade",
    "CommitmentMissed",
    "CommitmentWithdrawn",
    "Contributor",
    "Indicator",
    "Measure",
    "Money",
    "ProgressReported",
    "accountable",
]

NO_EVIDENCE: Final = bytes(32)
"""Stands for the evidence that the author of a possible next event has yet to name."""


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
    direction: Literal["increase", "decrease", "maintain"]
    name: Texts
    code: Symbol | None = None
    """The code of an SDG indicator, where it is one."""


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount pledged, in an ISO 4217 currency."""

    pledged: Decimal
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]


class Commitment(msgspec.Struct, frozen=True, kw_only=True):
    """A commitment on record; the thing ``commitment:<id>``. Days are ISO 8601."""

    ref: EventRef
    accountable: str
    contributors: tuple[str, ...]
    due: str
    state: str
    """claimed, active, fulfilled, missed or withdrawn."""
    acknowledged_by: tuple[str, ...] = ()
    reported_as_of: str = ""
    fulfilled_on: str | None = None
    late: bool = False
    """Fulfilled after its due day."""

    @property
    def is_open(self) -> bool:
        """Say whether it is neither final nor withdrawn."""
        return self.state in ("claimed", "active")


def _commitment(entry: Entry, book: Book) -> Commitment | None:
    return book.thing(entry.event.subject, _key(entry), Commitment)


def _is_accountable(actor: str, entry: Entry, book: Book) -> bool:
    found = _commitment(entry, book)
    return found is not None and organization_of(actor, book) == found.accountable


def _is_named(actor: str, entry: Entry, book: Book) -> bool:
    body = entry.body
    return (
        isinstance(body, CommitmentAcknowledged)
        and organization_of(actor, book) == body.organization
    )


accountable = Capacity("the accountable organization", _is_accountable)
named = Capacity("the organization that acknowledges", _is_named)


class CommitmentMade(Body, frozen=True, kw_only=True):
    """Someone of the partnership records a commitment; it is claimed (CO1 to CO4)."""

    TYPE: ClassVar[str] = "CommitmentMade/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (partnership.secretariat, partnership.partner)

    text: Texts
    accountable: ActorId
    contributors: Annotated[tuple[Contributor, ...], Meta(max_length=50)] = ()
    due: Day
    sdg_target: SdgTarget
    indicator: Indicator
    horizon: Literal["short", "medium", "long"]
    result_level: Literal["output", "outcome", "impact"]
    beneficiaries: Texts | None = None
    places: Annotated[tuple[Alpha3, ...], Meta(max_length=250)] = ()
    money: Money | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO1 to CO4."""
        found = partnership.of(book.subject(entry.event.subject))
        if found is None or found.listing != "listed":
            state = "not registered" if found is None else found.listing
            yield Unmet(rule="CO1", reason=f"the partnership is {state}", who="registry")
        else:
            yield from self._unmet_partners(found)
        if entry.event.seq != 0:
            yield Unmet(rule="CO1", reason="this stream's commitment is on record")
        if not dates.is_day(self.due):
            yield Unmet(rule="CO3", reason=f"{self.due} is not a calendar day")
        elif self.due <= dates.day_of(entry.at).isoformat():
            yield Unmet(rule="CO3", reason=f"it was due on {self.due}",
                        hint="a promise is about days to come")  # fmt: skip
        yield from self._unmet_indicator()

    def _unmet_partners(self, found: partnership.Partnership) -> Iterator[Unmet]:
        contributors = [c.organization for c in self.contributors]
        for organization in (self.accountable, *contributors):
            if not partnership.is_partner(found, organization):
                yield Unmet(rule="CO2", reason=f"{organization} is not a partner")
        if len({self.accountable, *contributors}) <= len(contributors):
            yield Unmet(rule="CO2", reason="an organization stands twice")
        if sum(c.share or 0 for c in self.contributors) > 100:
            yield Unmet(rule="CO2", reason="the shares come to more than 100")

    def _unmet_indicator(self) -> Iterator[Unmet]:
        baseline, target = self.indicator.baseline, self.indicator.target
        if not (dates.is_day(baseline.day) and dates.is_day(target.day)):
            yield Unmet(rule="CO4", reason="a day of the indicator does not exist")
        elif target.day <= baseline.day:
            yield Unmet(rule="CO4", reason="the target's day lies after the baseline's")
        change = decimal.Decimal(target.value) - decimal.Decimal(baseline.value)
        directions = {"increase": change > 0, "decrease": change < 0, "maintain": change == 0}
        if not directions[self.indicator.direction]:
            yield Unmet(rule="CO4", reason=f"from {baseline.value} to {target.value} is no "
                        f"{self.indicator.direction}")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the commitment on record as claimed."""
        yield _key(entry), Commitment(
            ref=entry.ref, accountable=self.accountable, due=self.due, state="claimed",
            contributors=tuple(c.organization for c in self.contributors),
        )  # fmt: skip


class CommitmentAcknowledged(Body, frozen=True, kw_only=True):
    """An organization says: this is my promise, or my contribution to it (CO5)."""

    TYPE: ClassVar[str] = "CommitmentAcknowledged/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (named,)

    organization: ActorId

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO5."""
        found = _commitment(entry, book)
        if found is None or not found.is_open:
            state = "not on record" if found is None else found.state
            yield Unmet(rule="CO5", reason=f"the commitment is {state}")
        elif self.organization not in (found.accountable, *found.contributors):
            yield Unmet(rule="CO5", reason=f"{self.organization} is neither accountable "
                        "nor a contributor", who=found.accountable)  # fmt: skip
        elif self.organization in found.acknowledged_by:
            yield Unmet(rule="CO5", reason=f"{self.organization} has acknowledged it")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note who acknowledged it; it is active once the accountable organization did."""
        found: Commitment = subject.things[_key(entry)]
        yield (
            _key(entry),
            msgspec.structs.replace(
                found,
                state="active" if self.organization == found.accountable else found.state,
                acknowledged_by=(*found.acknowledged_by, self.organization),
            ),
        )

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the acknowledgements that are missing."""
        for found in subject.all(Commitment):
            for organization in (found.accountable, *found.contributors):
                if found.is_open and organization not in found.acknowledged_by:
                    yield found.ref.stream, cls(organization=organization)


class ProgressReported(Body, frozen=True, kw_only=True):
    """A partner or the secretariat says how far a commitment has come (CO6)."""

    TYPE: ClassVar[str] = "ProgressReported/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (partnership.secretariat, partnership.partner)

    as_of: Day
    status: Literal[
        "on_track", "off_track", "financial_issues", "completed", "cancelled", "inactive"
    ]
    value: Decimal | None = None
    remarks: Texts | None = None
    evidence: Annotated[tuple[Hash, ...], Meta(max_length=50)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO6."""
        found = _commitment(entry, book)
        if found is None or not found.is_open:
            state = "not on record" if found is None else found.state
            yield Unmet(rule="CO6", reason=f"the commitment is {state}")
        elif self.as_of < found.reported_as_of:
            yield Unmet(rule="CO6", reason=f"progress was reported as of {found.reported_as_of}")
        yield from _unmet_day("CO6", self.as_of, entry)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note as of which day progress was reported."""
        yield (
            _key(entry),
            msgspec.structs.replace(subject.things[_key(entry)], reported_as_of=self.as_of),
        )


class CommitmentFulfilled(Body, frozen=True, kw_only=True):
    """The accountable organization says that the promise is kept, and shows by what (CO7)."""

    TYPE: ClassVar[str] = "CommitmentFulfilled/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (accountable,)

    on: Day
    evidence: Annotated[tuple[Hash, ...], Meta(min_length=1, max_length=50)]
    value: Decimal | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO7."""
        yield from _unmet_state("CO7", ("active", "missed"), entry, book)
        yield from _unmet_day("CO7", self.on, entry)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Fulfil the commitment, in time or late."""
        found: Commitment = subject.things[_key(entry)]
        yield (
            _key(entry),
            msgspec.structs.replace(
                found, state="fulfilled", fulfilled_on=self.on, late=self.on > found.due
            ),
        )

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the fulfilment of what is active or was missed."""
        today = dates.day_of(book.time).isoformat()
        for found in subject.all(Commitment):
            if found.state in ("active", "missed"):
                yield found.ref.stream, cls(on=today, evidence=(NO_EVIDENCE,))


class CommitmentMissed(Body, frozen=True, kw_only=True):
    """The accountable organization acknowledges a miss, and what it learned from it (CO8)."""

    TYPE: ClassVar[str] = "CommitmentMissed/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (accountable,)

    what: Texts
    why: Texts
    changed: Texts | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO8."""
        yield from _unmet_state("CO8", ("active",), entry, book)
        found = _commitment(entry, book)
        if found is not None and entry.at < (ended := _ended(found)):
            yield Unmet(rule="CO8", reason=f"it is due on {found.due}", earliest=ended)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the miss."""
        yield _key(entry), msgspec.structs.replace(subject.things[_key(entry)], state="missed")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the acknowledgement of a miss of what is active."""
        for found in subject.all(Commitment):
            if found.state == "active":
                yield found.ref.stream, cls(what=UNDECIDED, why=UNDECIDED)


class CommitmentWithdrawn(Body, frozen=True, kw_only=True):
    """The accountable organization withdraws a commitment and says why (CO9)."""

    TYPE: ClassVar[str] = "CommitmentWithdrawn/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (accountable,)

    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO9."""
        yield from _unmet_state("CO9", ("claimed", "active"), entry, book)
        found = _commitment(entry, book)
        if found is not None and entry.at >= _ended(found):
            yield Unmet(rule="CO9", reason=f"it was due on {found.due}",
                        hint="say that it was fulfilled, or acknowledge the miss")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Withdraw the commitment; it stays on record."""
        yield _key(entry), msgspec.structs.replace(subject.things[_key(entry)], state="withdrawn")


def _key(entry: Entry) -> str:
    return "commitment:" + entry.event.stream.rpartition("/")[2]


def _ended(found: Commitment) -> int:
    """Return the first second of log time after the due day has ended everywhere."""
    return dates.deadline(dates.parse_day(found.due))


def _unmet_state(rule: str, states: tuple[str, ...], entry: Entry, book: Book) -> Iterator[Unmet]:
    found = _commitment(entry, book)
    if found is None or found.state not in states:
        state = "not on record" if found is None else found.state
        who = found.accountable if found is not None and found.state == "claimed" else ""
        yield Unmet(rule=rule, reason=f"the commitment is {state}", who=who)


def _unmet_day(rule: str, day: str, entry: Entry) -> Iterator[Unmet]:
    if not dates.is_day(day):
        yield Unmet(rule=rule, reason=f"{day} is not a calendar day")
    elif day > dates.day_of(entry.at).isoformat():
        yield Unmet(rule=rule, reason=f"{day} has not come yet")


EVENTS: Final[tuple[type[Body], ...]] = (
    CommitmentMade,
    CommitmentAcknowledged,
    ProgressReported,
    CommitmentFulfilled,
    CommitmentMissed,
    CommitmentWithdrawn,
)
