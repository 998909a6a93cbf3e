"""Concerns and observations about a partnership: anyone may raise one, and nobody decides by it.

- CN1 It is about a listed or suspended partnership; a stream holds one and nothing before it.
- CN2 The day that it states, by which an answer is awaited, is as far ahead as the profile says.
- CN3 Nobody decides on, answers or closes what it raised itself; who decides on a concern or closes
      it belongs to no partner.
- CN4 The partnership replies once, to what is not closed [R50].
- CN5 Whether a concern is eligible is decided once, with a reason. [R50]
- CN6 An eligible concern is closed once, after the partnership has replied or its time for that is
      over; a review that follows from it is open. [R50]
- CN7 A State raises a concern in its own name, and is answered once [R15].
- CN8 (whole log) The registry decides on a concern in time, and a State's concern is answered in
      time [R15].
- CN9 (whole log) An eligible concern is closed in time once the partnership has replied or its time
      for that is over: as long after as the registry has for its decision. [R50]

A concern that is not eligible ends there, with its reason on record; a single State's concern is
one like any other. Whose identity has to be protected is not in the log: an office files for it.
Sources: R15, R50; decision D2.16.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import calendar, dates, partnership
from verifier.rules.authority.state import Actor, is_registered, organization_of, role
from verifier.rules.body import mission
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Alpha3, Blob, Day, EventRef, LocalId, Texts
from verifier.rules.partnership import UNDECIDED, is_partner
from verifier.rules.review.state import Review

__all__ = [
    "EVENTS",
    "Concern",
    "ConcernClosed",
    "ConcernEligibilityDecided",
    "ConcernFiled",
    "MemberStateConcernAnswered",
    "MemberStateConcernRaised",
    "PartnershipReplied",
    "StakeholderObservationFiled",
    "whole_log",
]

Evidence = Annotated[tuple[Blob, ...], Meta(max_length=30)]

_registry: Final = role("registry")
_anyone: Final = Capacity(
    "any registered actor", lambda actor, entry, book: is_registered(actor, book)
)
_STATES: Final = (mission, role("member_state_office", partly=True))
_ANSWERERS: Final = (_registry, role("lead_entity_officer"), role("executive_head"))


class Concern(msgspec.Struct, frozen=True, kw_only=True):
    """A concern or observation; the thing ``concern:<id>`` of its partnership."""

    ref: EventRef
    kind: str
    """concern, observation or state."""
    by: tuple[str, ...]
    """Who raised it, and who signed for it."""
    until: str
    """The day by which an answer is awaited: of the registry, of the partnership, of the entity."""
    state: str = "open"
    """open, eligible, not_eligible, answered or closed."""
    replied: EventRef | None = None


def _key(event: Event) -> str:
    return "concern:" + event.stream.rpartition("/")[2]


def _found(entry: Entry, book: Book) -> Concern | None:
    return book.thing(entry.event.subject, _key(entry.event), Concern)


class _Raises(Body, frozen=True, kw_only=True):
    """What every concern and observation has in common (CN1, CN2)."""

    STREAM: ClassVar[str] = "p-*/concern/*"
    KIND: ClassVar[str]
    WITHIN: ClassVar[str]
    """The parameter of the profile that says by when an answer is awaited."""

    text: Texts
    until: Day
    """By when an answer is awaited."""
    evidence: Evidence = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CN1 and CN2."""
        found = partnership.of(book.subject(entry.event.subject))
        profile = partnership.profile_of(found, book) if found else None
        if found is None or profile is None or found.listing not in ("listed", "suspended"):
            yield Unmet(rule="CN1", reason="the partnership is not listed", who="registry")
        else:
            day = dates.add(dates.day_of(entry.at), getattr(profile, self.WITHIN)).isoformat()
            if self.until != day:
                yield Unmet(rule="CN2", reason=f"an answer is awaited by {day}",
                            hint="state this day")  # fmt: skip
        if entry.event.seq != 0:
            yield Unmet(rule="CN1", reason="this stream is in use", hint="name another")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put it on record."""
        yield _key(entry.event), Concern(
            ref=entry.ref, kind=self.KIND, by=entry.signers, until=self.until
        )  # fmt: skip


class ConcernFiled(_Raises, frozen=True, kw_only=True):
    """Anyone who is registered files a concern; the registry decides on it (CN1, CN2)."""

    TYPE: ClassVar[str] = "ConcernFiled/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (_anyone,)
    KIND: ClassVar[str] = "concern"
    WITHIN: ClassVar[str] = "concern_decided_within"
    MISSION: ClassVar[tuple[int, ...]] = (14, 32, 50)

    ground: Literal["principles", "integrity", "results", "governance", "harm", "substitution"]
    for_another: bool = False
    """Whether it is the concern of somebody whom the office that files it protects."""


class StakeholderObservationFiled(_Raises, frozen=True, kw_only=True):
    """A major group or convenor observes; it stands beside the official report (CN1, CN2)."""

    TYPE: ClassVar[str] = "StakeholderObservationFiled/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        role("major_group", partly=True), role("stakeholder_convenor", partly=True),
    )  # fmt: skip
    KIND: ClassVar[str] = "observation"
    WITHIN: ClassVar[str] = "reply_within"
    MISSION: ClassVar[tuple[int, ...]] = (50,)

    report: LocalId | None = None
    """The report beside which it stands."""


class MemberStateConcernRaised(_Raises, frozen=True, kw_only=True):
    """A State raises a concern (CN1, CN2, CN7)."""

    TYPE: ClassVar[str] = "MemberStateConcernRaised/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _STATES
    KIND: ClassVar[str] = "state"
    WITHIN: ClassVar[str] = "state_concern_answered_within"
    MISSION: ClassVar[tuple[int, ...]] = (15,)

    country: Alpha3

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CN1, CN2 and CN7."""
        yield from super().unmet(entry, book)
        known = book.thing(entry.actor, "actor", Actor)
        if known is None or known.country != self.country:
            yield Unmet(rule="CN7", reason=f"{entry.actor} does not speak for {self.country}")


class _Follows(Body, frozen=True, kw_only=True):
    """What is said to a concern on record."""

    STREAM: ClassVar[str] = "p-*/concern/*"

    def _moved(self, entry: Entry, subject: Subject, state: str) -> Change:
        key = _key(entry.event)
        return key, msgspec.structs.replace(subject.things[key], state=state)


def _unmet_raiser(entry: Entry, concern: Concern | None) -> Iterator[Unmet]:
    for signer in entry.signers:
        if concern is not None and signer in concern.by:
            yield Unmet(rule="CN3", reason=f"{signer} has raised it", hint="let another act")


def _unmet_party(entry: Entry, concern: Concern | None, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of CN3."""
    yield from _unmet_raiser(entry, concern)
    found = partnership.of(book.subject(entry.event.subject))
    for signer in entry.signers:
        if found is not None and is_partner(found, organization_of(signer, book)):
            yield Unmet(rule="CN3", reason=f"{signer} belongs to a partner", hint="let another act")


class PartnershipReplied(_Follows, frozen=True, kw_only=True):
    """The partnership uses its right of reply (CN4)."""

    TYPE: ClassVar[str] = "PartnershipReplied/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (partnership.secretariat, partnership.lead)
    MISSION: ClassVar[tuple[int, ...]] = (50,)

    text: Texts
    evidence: Evidence = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CN4."""
        found = _found(entry, book)
        if found is None or found.replied is not None or found.state in ("closed", "not_eligible"):
            told = "nothing" if found is None else "replied to" if found.replied else found.state
            yield Unmet(rule="CN4", reason=f"what stands here is {told}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the reply beside the concern."""
        key = _key(entry.event)
        yield key, msgspec.structs.replace(subject.things[key], replied=entry.ref)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the reply to whatever may be replied to."""
        for found in subject.all(Concern):
            if found.replied is None and found.state not in ("closed", "not_eligible"):
                yield found.ref.stream, cls(text=UNDECIDED)


class ConcernEligibilityDecided(_Follows, frozen=True, kw_only=True):
    """The registry decides whether a concern is taken further (CN3, CN5)."""

    TYPE: ClassVar[str] = "ConcernEligibilityDecided/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (_registry,)
    MISSION: ClassVar[tuple[int, ...]] = (14, 32, 50)

    eligible: bool
    reason: Texts
    reply_until: Day | None = None
    """Until when the inquiry awaits the partnership's reply, where it is eligible."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CN2, CN3 and CN5."""
        found = _found(entry, book)
        if found is None or found.kind != "concern" or found.state != "open":
            told = "no concern" if found is None or found.kind != "concern" else found.state
            yield Unmet(rule="CN5", reason=f"what stands here is {told}")
        yield from _unmet_party(entry, found, book)
        known = partnership.of(book.subject(entry.event.subject))
        profile = partnership.profile_of(known, book) if known else None
        if profile is not None:
            until = dates.add(dates.day_of(entry.at), profile.reply_within).isoformat()
            if self.reply_until != (until if self.eligible else None):
                yield Unmet(rule="CN2", reason=f"a reply is awaited until {until} where it is "
                            "eligible, and otherwise not")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Take the concern further, or end it."""
        key, changed = self._moved(entry, subject, "eligible" if self.eligible else "not_eligible")
        yield key, msgspec.structs.replace(changed, until=self.reply_until or changed.until)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the decision on each concern that waits for it."""
        for found in subject.all(Concern):
            if found.kind == "concern" and found.state == "open":
                yield found.ref.stream, cls(eligible=False, reason=UNDECIDED)


class ConcernClosed(_Follows, frozen=True, kw_only=True):
    """The registry closes the inquiry into an eligible concern (CN3, CN6)."""

    TYPE: ClassVar[str] = "ConcernClosed/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (_registry,)
    MISSION: ClassVar[tuple[int, ...]] = (14, 32, 50)

    outcome: Literal["no_measure", "advice", "mediation", "review"]
    reason: Texts
    review: LocalId | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CN3 and CN6."""
        found = _found(entry, book)
        if found is None or found.state != "eligible":
            told = "not on record" if found is None else found.state
            yield Unmet(rule="CN6", reason=f"the concern is {told}")
        elif found.replied is None and dates.day_text(entry.at) <= found.until:
            day = dates.add(dates.parse_day(found.until), "P1D")
            yield Unmet(rule="CN6", reason=f"the partnership may reply until {found.until}",
                        earliest=calendar.opens(day), who="the partnership")  # fmt: skip
        known = book.thing(entry.event.subject, f"review:{self.review}", Review)
        opened = known is not None and known.state == "open"
        if (self.outcome == "review") != opened or (self.review is None) == opened:
            yield Unmet(rule="CN6", reason="an outcome «review» names an open review, "
                        "and no other does")  # fmt: skip
        yield from _unmet_party(entry, found, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Close the concern."""
        yield self._moved(entry, subject, "closed")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the closing of each eligible concern."""
        for found in subject.all(Concern):
            if found.state == "eligible":
                yield found.ref.stream, cls(outcome="no_measure", reason=UNDECIDED)


class MemberStateConcernAnswered(_Follows, frozen=True, kw_only=True):
    """A State's concern is answered (CN3, CN7)."""

    TYPE: ClassVar[str] = "MemberStateConcernAnswered/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _ANSWERERS
    MISSION: ClassVar[tuple[int, ...]] = (15,)

    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CN3 and CN7."""
        found = _found(entry, book)
        if found is None or found.kind != "state" or found.state != "open":
            yield Unmet(rule="CN7", reason="no concern of a State waits for an answer here")
        yield from _unmet_raiser(entry, found)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note that it was answered."""
        yield self._moved(entry, subject, "answered")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the answer to each State's concern that waits."""
        for found in subject.all(Concern):
            if found.kind == "state" and found.state == "open":
                yield found.ref.stream, cls(text=UNDECIDED)


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is not met of CN8 and CN9."""
    today = dates.day_text(book.time)
    for subject in book.subjects.values():
        for found in subject.all(Concern):
            if found.state == "eligible":
                yield from _left_open(found, subject, today, book)
                continue
            if found.kind == "observation" or found.state != "open" or found.until >= today:
                continue
            who = _registry.name if found.kind == "concern" else "an entity's officer or registry"
            yield Broken(
                rule="CN8", subject=subject.id, kind="omission", who=who,
                reason=f"{found.ref.stream} was to be answered by {found.until}",
            )  # fmt: skip


def _left_open(found: Concern, subject: Subject, today: str, book: Book) -> Iterator[Broken]:
    """Yield what is not met of CN9 by an eligible concern."""
    known = partnership.of(subject)
    profile = partnership.profile_of(known, book) if known else None
    if profile is None:
        return
    last = dates.add(dates.parse_day(found.until), profile.concern_decided_within)
    due = calendar.extended(last, book).isoformat()
    if due < today:
        yield Broken(
            rule="CN9", subject=subject.id, kind="omission", who=_registry.name, due=due,
            stream=found.ref.stream, reason=f"{found.ref.stream} is eligible and was to be closed "
            f"by {due}",
        )  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (
    ConcernFiled,
    StakeholderObservationFiled,
    MemberStateConcernRaised,
    PartnershipReplied,
    ConcernEligibilityDecided,
    ConcernClosed,
    MemberStateConcernAnswered,
)
