"""Support before severity: what partnerships ask for, what they are offered, and what came of it.

- SP1 The partnership is listed or suspended; each stream holds one offer, or one request.
- SP2 An offer made for an owed report names the one that the standing is about. [R11]
- SP3 An answer names the offer of its stream; accepted is what is offered, delivered what was
      accepted.
- SP4 The partnership declines only what it has not accepted; the other side may take back what it
      has not delivered. What is taken back counts as never offered, so a new offer is due.
- SP5 An offer that answers a request names one that is open, and is of its kind. [R37]
- SP6 A request is closed once; as met only after support for it was delivered.
- SP7 (whole log) Where a report is overdue, support for it is offered within the profile's time
      after the due day: if no focal point offers it, the registry must. [R11]

While accepted support is awaited the clock of a removal case stands still (CS4).
Sources: R11, R37; decision D3.27.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import dates, partnership
from verifier.rules.authority.state import role
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import EventRef, LocalId, Texts
from verifier.rules.partnership import UNDECIDED
from verifier.rules.review.state import free_stream
from verifier.rules.standing import standing_at

__all__ = [
    "EVENTS",
    "SupportAccepted",
    "SupportClosed",
    "SupportDelivered",
    "SupportEnded",
    "SupportOffer",
    "SupportOffered",
    "SupportRequest",
    "SupportRequested",
    "whole_log",
]

Kind = Literal["reporting", "expertise", "convening", "capacity", "financial", "technology", "data"]

_focal_point: Final = role("focal_point", partly=True)
_registry: Final = role("registry")
_providers: Final = (
    _focal_point,
    _registry,
    role("un_country_team", partly=True),
    role("lead_entity_officer"),
)
_receivers: Final = (partnership.secretariat, partnership.lead)
_LATE: Final = ("overdue", "non_communicating", "inactive")


class SupportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Support that a partnership asks for; the thing ``request:<id>``. Days are ISO 8601."""

    ref: EventRef
    kind: Kind
    requested_on: str
    state: str = "open"
    """open, met, not_met or withdrawn."""


class SupportOffer(msgspec.Struct, frozen=True, kw_only=True):
    """Support that was offered; the thing ``support:<id>``. Days are ISO 8601."""

    ref: EventRef
    obligation: int | None
    clock_from: str | None
    offered_on: str
    request: str | None = None
    state: str = "offered"
    """offered, accepted, delivered, declined or withdrawn."""
    accepted_on: str | None = None
    ended_on: str | None = None


def _ends_as(outcome: str, capacity: Capacity) -> Capacity:
    """Narrow a capacity to one way of ending an offer."""

    def holds(actor: str, entry: Entry, book: Book) -> bool:
        body = entry.body
        if not isinstance(body, SupportEnded) or body.outcome != outcome:
            return False
        return capacity.holds(actor, entry, book)

    return Capacity(capacity.name, holds)


def _unmet_listed(entry: Entry, book: Book) -> Iterator[Unmet]:
    found = partnership.of(book.subject(entry.event.subject))
    if found is None or found.listing not in ("listed", "suspended"):
        yield Unmet(rule="SP1", reason="the partnership is not listed", who=_registry.name)
    if entry.event.seq != 0:
        yield Unmet(rule="SP1", reason="this stream is in use", hint="name another")


class SupportRequested(Body, frozen=True, kw_only=True):
    """A partnership says which support it needs (SP1)."""

    TYPE: ClassVar[str] = "SupportRequested/1"
    STREAM: ClassVar[str] = "p-*/support-request/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _receivers
    MISSION: ClassVar[tuple[int, ...]] = (11, 37)

    kind: Kind
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of SP1."""
        yield from _unmet_listed(entry, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the request on record."""
        yield _request(entry.event), SupportRequest(
            ref=entry.ref, kind=self.kind, requested_on=dates.day_text(entry.at)
        )  # fmt: skip


class SupportClosed(Body, frozen=True, kw_only=True):
    """A partnership closes its request and says whether it was met (SP6)."""

    TYPE: ClassVar[str] = "SupportClosed/1"
    STREAM: ClassVar[str] = "p-*/support-request/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _receivers
    MISSION: ClassVar[tuple[int, ...]] = (11,)

    outcome: Literal["met", "not_met", "withdrawn"]
    remarks: Texts | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of SP6."""
        subject, key = book.subject(entry.event.subject), _request(entry.event)
        found = subject.get(key, SupportRequest)
        if found is None or found.state != "open":
            state = "not on record" if found is None else found.state
            yield Unmet(rule="SP6", reason=f"the request is {state}")
        local = key.partition(":")[2]
        if self.outcome == "met" and not any(
            offer.request == local and offer.state == "delivered"
            for offer in subject.all(SupportOffer)
        ):
            yield Unmet(rule="SP6", reason="no support for this request was delivered")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Close the request."""
        key = _request(entry.event)
        yield key, msgspec.structs.replace(subject.things[key], state=self.outcome)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the closing of each open request."""
        for request in subject.all(SupportRequest):
            if request.state == "open":
                yield request.ref.stream, cls(outcome="met")


class SupportOffered(Body, frozen=True, kw_only=True):
    """A focal point, or the registry in its place, offers support (SP1, SP2, SP5)."""

    TYPE: ClassVar[str] = "SupportOffered/1"
    STREAM: ClassVar[str] = "p-*/support/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _providers
    MISSION: ClassVar[tuple[int, ...]] = (11, 37)

    kind: Kind
    text: Texts
    obligation: Annotated[int, Meta(ge=1, le=200)] | None = None
    """The report that the support is for; without it the offer is a general one."""
    request: LocalId | None = None
    """The request that it answers."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of SP1, SP2 and SP5."""
        subject = book.subject(entry.event.subject)
        yield from _unmet_listed(entry, book)
        now = standing_at(subject, entry.at, book)
        if self.obligation is not None and self.obligation != now.obligation:
            yield Unmet(rule="SP2", reason=f"the report owed next is {now.obligation}")
        if self.request is not None:
            asked = subject.get("request:" + self.request, SupportRequest)
            if asked is None or asked.state != "open" or asked.kind != self.kind:
                told = "not on record" if asked is None else f"{asked.state}, for {asked.kind}"
                yield Unmet(rule="SP5", reason=f"the request {self.request} is {told}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the offer on record."""
        yield _key(entry), SupportOffer(
            ref=entry.ref, obligation=self.obligation,
            clock_from=subject.things["partnership"].clock_from,
            offered_on=dates.day_of(entry.at).isoformat(), request=self.request,
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer support for the report that is owed, unless an offer stands, and for requests."""
        owed = _owed(subject, book)
        if owed is not None and not _is_offered(owed, subject):
            yield (
                free_stream(subject, "support"),
                cls(kind="reporting", text=UNDECIDED, obligation=owed[0]),
            )
        for key, asked in subject.by_key(SupportRequest).items():
            if asked.state == "open":
                yield (
                    free_stream(subject, "support"),
                    cls(kind=asked.kind, text=UNDECIDED, request=key.partition(":")[2]),
                )


def _owed(subject: Subject, book: Book) -> tuple[int, str | None] | None:
    now, found = standing_at(subject, book.time, book), partnership.of(subject)
    return None if found is None or now.obligation is None else (now.obligation, found.clock_from)


def _is_offered(owed: tuple[int, str | None], subject: Subject) -> bool:
    """Say whether an offer for an owed report was made and not taken back (SP4)."""
    return any(
        offer.state != "withdrawn" and (offer.obligation, offer.clock_from) == owed
        for offer in subject.all(SupportOffer)
    )


class _Answers(Body, frozen=True, kw_only=True):
    """What changes the state of one offer (SP3, SP4)."""

    STREAM: ClassVar[str] = "p-*/support/*"
    FROM: ClassVar[tuple[str, ...]]
    MISSION: ClassVar[tuple[int, ...]] = (11,)

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


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is not met of SP7."""
    today = dates.day_of(book.time)
    for subject in book.subjects.values():
        found = partnership.of(subject)
        profile = partnership.profile_of(found, book) if found is not None else None
        if found is None or profile is None:
            continue
        now = standing_at(subject, book.time, book)
        if now.state not in _LATE or now.due is None or now.obligation is None:
            continue
        if _is_offered((now.obligation, found.clock_from), subject):
            continue
        until = dates.add(now.due, profile.support_offered_within)
        if until < today:
            yield Broken(
                rule="SP7", subject=subject.id, kind="omission", who=_registry.name,
                reason=f"no support was offered by {until} for report {now.obligation}, due "
                f"{now.due}",
            )  # fmt: skip


def _request(event: Event) -> str:
    return "request:" + event.stream.rpartition("/")[2]


def _key(entry: Entry) -> str:
    return "support:" + entry.event.stream.rpartition("/")[2]


def _ended(entry: Entry, subject: Subject, state: str) -> SupportOffer:
    offer: SupportOffer = subject.things[_key(entry)]
    return msgspec.structs.replace(offer, state=state, ended_on=dates.day_of(entry.at).isoformat())


EVENTS: Final[tuple[type[Body], ...]] = (
    SupportRequested,
    SupportClosed,
    SupportOffered,
    SupportAccepted,
    SupportDelivered,
    SupportEnded,
)
