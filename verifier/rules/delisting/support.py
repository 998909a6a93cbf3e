"""Support before severity: offers of support, their acceptance, delivery and end.

- SP1 The partnership is listed; each stream holds one offer.
- SP2 An offer made for an owed report names the one that the standing is about.
- SP3 An answer names the offer of its stream; accepted is what is offered, delivered what was
      accepted.
- SP4 The partnership declines only what it has not accepted; the other side may take back what it
      has not delivered. What is taken back counts as never offered, so a new offer is due.

While accepted support is awaited the clock of a removal case stands still (CS4). If no focal point
offers support within P30D of the due day the registry must: that is a whole-log rule.
Sources: R11, R37; decision D3.27.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import dates, partnership
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting.case import SupportOffer, focal_point, registry
from verifier.rules.fields import EventRef, Texts
from verifier.rules.partnership import UNDECIDED
from verifier.rules.review.state import free_stream
from verifier.rules.standing import standing_at

__all__ = ["EVENTS", "SupportAccepted", "SupportDelivered", "SupportEnded", "SupportOffered"]

_providers: Final = (focal_point, registry)
_receivers: Final = (partnership.secretariat, partnership.lead)


def _ends_as(outcome: str, capacity: Capacity) -> Capacity:
    """Narrow a capacity to one way of ending an offer."""

    def holds(actor: str, entry: Entry, book: Book) -> bool:
        body = entry.body
        if not isinstance(body, SupportEnded) or body.outcome != outcome:
            return False
        return capacity.holds(actor, entry, book)

    return Capacity(capacity.name, holds)


class SupportOffered(Body, frozen=True, kw_only=True):
    """A focal point, or the registry in its place, offers support (SP1, SP2)."""

    TYPE: ClassVar[str] = "SupportOffered/1"
    STREAM: ClassVar[str] = "p-*/support/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _providers

    kind: Literal["reporting", "expertise", "convening", "capacity"]
    text: Texts
    obligation: Annotated[int, Meta(ge=1, le=200)] | None = None
    """The report that the support is for; without it the offer is a general one."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of SP1 and SP2."""
        subject = book.subject(entry.event.subject)
        found = partnership.of(subject)
        if found is None or found.listing not in ("listed", "suspended"):
            yield Unmet(rule="SP1", reason="the partnership is not listed", who=registry.name)
        if entry.event.seq != 0:
            yield Unmet(rule="SP1", reason="this stream holds an offer", hint="name another")
        now = standing_at(subject, entry.at, book)
        if self.obligation is not None and self.obligation != now.obligation:
            yield Unmet(rule="SP2", reason=f"the report owed next is {now.obligation}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the offer on record."""
        yield _key(entry), SupportOffer(
            ref=entry.ref, obligation=self.obligation,
            clock_from=subject.things["partnership"].clock_from,
            offered_on=dates.day_of(entry.at).isoformat(),
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer support for the report that is owed, unless an offer for it stands."""
        now, found = standing_at(subject, book.time, book), partnership.of(subject)
        if found is None or now.obligation is None:
            return
        owed = (now.obligation, found.clock_from)
        offers = list(subject.all(SupportOffer))
        if all(o.state == "withdrawn" or (o.obligation, o.clock_from) != owed for o in offers):
            yield (
                free_stream(subject, "support"),
                cls(kind="reporting", text=UNDECIDED, obligation=now.obligation),
            )


class _Answers(Body, frozen=True, kw_only=True):
    """What changes the state of one offer (SP3, SP4)."""

    STREAM: ClassVar[str] = "p-*/support/*"
    FROM: ClassVar[tuple[str, ...]]

    offer: EventRef
    remarks: Texts | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of SP3 and SP4."""
        offer = book.thing(entry.event.subject, _key(entry), SupportOffer)
        if offer is not None and offer.ref != self.offer:
            yield Unmet(rule="SP3", reason="the offer named is not the one of this stream")
        if offer is None or offer.state not in self._from():
            state = "not on record" if offer is None else offer.state
            rule = "SP4" if isinstance(self, SupportEnded) else "SP3"
            yield Unmet(rule=rule, reason=f"the offer is {state}")

    def _from(self) -> tuple[str, ...]:
        return self.FROM

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer this step for each offer that awaits it."""
        for offer in subject.all(SupportOffer):
            if offer.state in cls.FROM:
                yield offer.ref.stream, cls._placeholder(offer.ref)

    @classmethod
    def _placeholder(cls, offer: EventRef) -> Body:
        return cls(offer=offer)


class SupportAccepted(_Answers, frozen=True, kw_only=True):
    """The partnership accepts an offer; the clock stands still until delivery (SP3)."""

    TYPE: ClassVar[str] = "SupportAccepted/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _receivers
    FROM: ClassVar[tuple[str, ...]] = ("offered",)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Accept the offer."""
        yield _key(entry), msgspec.structs.replace(
            subject.things[_key(entry)],
            state="accepted", accepted_on=dates.day_of(entry.at).isoformat(),
        )  # fmt: skip


class SupportDelivered(_Answers, frozen=True, kw_only=True):
    """The support was delivered; the clock runs again (SP3)."""

    TYPE: ClassVar[str] = "SupportDelivered/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _providers
    FROM: ClassVar[tuple[str, ...]] = ("accepted",)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the wait for support."""
        yield _key(entry), _ended(entry, subject, "delivered")


class SupportEnded(_Answers, frozen=True, kw_only=True):
    """An offer is declined by the partnership or taken back by the other side (SP4)."""

    TYPE: ClassVar[str] = "SupportEnded/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        *(_ends_as("declined", capacity) for capacity in _receivers),
        *(_ends_as("withdrawn", capacity) for capacity in _providers),
    )
    FROM: ClassVar[tuple[str, ...]] = ("offered", "accepted")

    outcome: Literal["declined", "withdrawn"]

    @classmethod
    def _placeholder(cls, offer: EventRef) -> Body:
        return cls(offer=offer, outcome="withdrawn")

    def _from(self) -> tuple[str, ...]:
        return ("offered",) if self.outcome == "declined" else self.FROM

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the offer."""
        yield _key(entry), _ended(entry, subject, self.outcome)


def _key(entry: Entry) -> str:
    return "support:" + entry.event.stream.rpartition("/")[2]


def _ended(entry: Entry, subject: Subject, state: str) -> SupportOffer:
    offer: SupportOffer = subject.things[_key(entry)]
    return msgspec.structs.replace(offer, state=state, ended_on=dates.day_of(entry.at).isoformat())


EVENTS: Final[tuple[type[Body], ...]] = (
    SupportOffered,
    SupportAccepted,
    SupportDelivered,
    SupportEnded,
)
