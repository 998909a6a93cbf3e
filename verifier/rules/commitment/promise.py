"""Promises: claimed by whoever records them, a promise once the promiser has acknowledged it.

- CO1 A commitment is made in a listed partnership; a stream holds one.
- CO2 Its accountable organization is a partner; each contributor is a partner and another
      organization, and stands once; their shares come to at most 100. [R36]
- CO3 Its due day exists and lies ahead.
- CO4 Its indicator's days exist, the baseline's before the target's; the target lies on the side of
      the baseline that the direction says.
- CO5 The accountable organization and each contributor acknowledge it once, for themselves, as
      long as it is neither withdrawn nor final. [R36]
- CO6 An active commitment is withdrawn by its accountable organization until the due day has ended;
      after that day it is fulfilled or missed. A claim is no promise: while nobody has
      acknowledged it for the accountable organization, that one or the secretariat withdraws it.
- CO7 Its accountable organization proposes to transfer it, while it is active and the due day has
      not ended, to another partner.
- CO8 It is transferred once the receiver takes it over, on the proposal that stands, and CO7 holds
      still. Who contributes acknowledges it anew. [R36]
- CO9 A commitment of the short horizon is due within P2Y, the others later. [R8]

Sources: R7, R8, R29, R36; domain C2.3; decisions D1.6, D3.23, D3.24.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import dates, partnership
from verifier.rules.authority.state import organization_of
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.commitment.state import (
    Commitment,
    Contributor,
    Indicator,
    Money,
    Terms,
    Transfer,
    accountable,
    ended,
    key_of,
    moves_towards,
    on_stream,
    unmet_state,
)
from verifier.rules.fields import ActorId, Alpha3, Day, EventRef, SdgTarget, Texts

__all__ = [
    "EVENTS",
    "CommitmentAcknowledged",
    "CommitmentMade",
    "CommitmentTransferProposed",
    "CommitmentTransferred",
    "CommitmentWithdrawn",
]

SHORT: Final = "P2Y"
"""The longest of the short horizon (R8)."""


def _is_named(actor: str, entry: Entry, book: Book) -> bool:
    body = entry.body
    return (
        isinstance(body, CommitmentAcknowledged)
        and organization_of(actor, book) == body.organization
    )


def _is_receiver(actor: str, entry: Entry, book: Book) -> bool:
    found = on_stream(entry, book)
    return (
        found is not None
        and found.transfer is not None
        and organization_of(actor, book) == found.transfer.to
    )


def _keeps_a_claim(actor: str, entry: Entry, book: Book) -> bool:
    found = on_stream(entry, book)
    return (
        found is not None
        and found.state == "claimed"
        and partnership.secretariat.holds(actor, entry, book)
    )


named = Capacity("the organization that acknowledges", _is_named)
receiver = Capacity("the organization that it is transferred to", _is_receiver)
claimant = Capacity("the secretariat, as long as it is claimed", _keeps_a_claim)


class CommitmentMade(Body, frozen=True, kw_only=True):
    """Someone of the partnership records a commitment; it is claimed (CO1 to CO4, CO9)."""

    TYPE: ClassVar[str] = "CommitmentMade/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (partnership.secretariat, partnership.partner)
    MISSION: ClassVar[tuple[int, ...]] = (7, 8, 36)

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
        """Yield what is not met of CO1 to CO4 and CO9."""
        found = partnership.of(book.subject(entry.event.subject))
        if found is None or found.listing != "listed":
            state = "not registered" if found is None else found.listing
            yield Unmet(rule="CO1", reason=f"the partnership is {state}", who="registry")
        else:
            yield from self._unmet_partners(found)
        if entry.event.seq != 0:
            yield Unmet(rule="CO1", reason="this stream's commitment is on record")
        yield from self._unmet_due(entry)
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

    def _unmet_due(self, entry: Entry) -> Iterator[Unmet]:
        today = dates.day_of(entry.at)
        if not dates.is_day(self.due):
            yield Unmet(rule="CO3", reason=f"{self.due} is not a calendar day")
        elif self.due <= today.isoformat():
            yield Unmet(rule="CO3", reason=f"it was due on {self.due}",
                        hint="a promise is about days to come")  # fmt: skip
        elif (self.due <= dates.add(today, SHORT).isoformat()) != (self.horizon == "short"):
            yield Unmet(rule="CO9", reason=f"due on {self.due}, its horizon is not {self.horizon}",
                        hint=f"the short horizon ends {SHORT} after it is made")  # fmt: skip

    def _unmet_indicator(self) -> Iterator[Unmet]:
        baseline, target = self.indicator.baseline, self.indicator.target
        if not (dates.is_day(baseline.day) and dates.is_day(target.day)):
            yield Unmet(rule="CO4", reason="a day of the indicator does not exist")
        elif target.day <= baseline.day:
            yield Unmet(rule="CO4", reason="the target's day lies after the baseline's")
        if not moves_towards(self.indicator.direction, baseline.value, target.value):
            yield Unmet(rule="CO4", reason=f"from {baseline.value} to {target.value} is no "
                        f"{self.indicator.direction}")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the commitment on record as claimed."""
        terms = Terms(self.due, self.indicator.target, self.money)
        yield key_of(entry), Commitment(
            ref=entry.ref, accountable=self.accountable, sdg_target=self.sdg_target,
            baseline=self.indicator.baseline, direction=self.indicator.direction,
            original=terms, terms=terms, made_on=dates.day_text(entry.at), state="claimed",
            contributors=tuple(c.organization for c in self.contributors),
        )  # fmt: skip


class CommitmentAcknowledged(Body, frozen=True, kw_only=True):
    """An organization says: this is my promise, or my contribution to it (CO5)."""

    TYPE: ClassVar[str] = "CommitmentAcknowledged/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (named,)
    MISSION: ClassVar[tuple[int, ...]] = (36,)

    organization: ActorId

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO5."""
        found = on_stream(entry, book)
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
        found: Commitment = subject.things[key_of(entry)]
        yield (
            key_of(entry),
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


class CommitmentWithdrawn(Body, frozen=True, kw_only=True):
    """A commitment is withdrawn, and it is said why (CO6)."""

    TYPE: ClassVar[str] = "CommitmentWithdrawn/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (accountable, claimant)
    MISSION: ClassVar[tuple[int, ...]] = (7,)

    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO6."""
        yield from unmet_state("CO6", ("claimed", "active"), entry, book)
        found = on_stream(entry, book)
        if found is not None and found.state == "active" and entry.at >= ended(found):
            yield Unmet(rule="CO6", reason=f"it was due on {found.due}",
                        hint="say that it was fulfilled, or acknowledge the miss")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Withdraw the commitment; it stays on record."""
        yield key_of(entry), msgspec.structs.replace(
            subject.things[key_of(entry)], state="withdrawn", transfer=None
        )  # fmt: skip


class CommitmentTransferProposed(Body, frozen=True, kw_only=True):
    """The accountable organization would hand a commitment on to another partner (CO7)."""

    TYPE: ClassVar[str] = "CommitmentTransferProposed/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (accountable,)
    MISSION: ClassVar[tuple[int, ...]] = (36,)

    to: ActorId
    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO7."""
        yield from _unmet_transfer("CO7", self.to, entry, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Let the receiver take it over; an earlier proposal counts no more."""
        yield key_of(entry), msgspec.structs.replace(
            subject.things[key_of(entry)], transfer=Transfer(entry.ref, self.to)
        )  # fmt: skip


class CommitmentTransferred(Body, frozen=True, kw_only=True):
    """The receiver takes a commitment over and is accountable from now on (CO8)."""

    TYPE: ClassVar[str] = "CommitmentTransferred/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (receiver,)
    MISSION: ClassVar[tuple[int, ...]] = (36,)

    proposal: EventRef
    organization: ActorId
    """The receiver, in whose name it is taken over."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO8."""
        found = on_stream(entry, book)
        stands = found.transfer if found is not None else None
        if stands is None or (stands.ref, stands.to) != (self.proposal, self.organization):
            yield Unmet(rule="CO8", reason="no such transfer is proposed",
                        who=accountable.name)  # fmt: skip
        else:
            yield from _unmet_transfer("CO8", self.organization, entry, book)

    def in_time_until(self, entry: Entry, book: Book) -> date | None:
        """Return the due day: who was accountable then stays so."""
        found = on_stream(entry, book)
        return dates.parse_day(found.due) if found is not None else None

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Make the receiver accountable; contributors acknowledge it anew."""
        found: Commitment = subject.things[key_of(entry)]
        to = self.organization
        yield key_of(entry), msgspec.structs.replace(
            found, accountable=to, acknowledged_by=(to,), transfer=None,
            contributors=tuple(c for c in found.contributors if c != to),
            transferred_from=(*found.transferred_from, found.accountable),
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the taking over of what is to be transferred."""
        for found in subject.all(Commitment):
            if found.transfer is not None:
                yield found.ref.stream, cls(
                    proposal=found.transfer.ref, organization=found.transfer.to
                )  # fmt: skip


def _unmet_transfer(rule: str, to: str, entry: Entry, book: Book) -> Iterator[Unmet]:
    yield from unmet_state(rule, ("active",), entry, book)
    found = on_stream(entry, book)
    if found is None:
        return
    if entry.at >= ended(found):
        yield Unmet(rule=rule, reason=f"it was due on {found.due}",
                    hint="who was accountable on the due day stays so")  # fmt: skip
    whole = partnership.of(book.subject(entry.event.subject))
    if to == found.accountable or whole is None or not partnership.is_partner(whole, to):
        yield Unmet(rule=rule, reason=f"{to} is not another partner")


EVENTS: Final[tuple[type[Body], ...]] = (
    CommitmentMade,
    CommitmentAcknowledged,
    CommitmentWithdrawn,
    CommitmentTransferProposed,
    CommitmentTransferred,
)
