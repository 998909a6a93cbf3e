"""The countries where a partnership is at work: their governments are told, and have their say.

- GV1 It is about a listed or suspended partnership, and about a country where it is at work.
- GV2 A government is told once, and asked to answer as far ahead as the profile says.
- GV3 A government speaks for its own country alone; it does not say again what it has said last.
      [R17]
- GV4 An objection is taken up once, by a review on record that was not over; nothing else follows
      from it. [R17]
- GV5 (whole log) An objection is taken up within the time that the profile gives a government, as
      long as the partnership is on the register. [R17]

An acknowledgement is no condition of a listing, and an objection no veto: it is shown, and opens a
review. The last word of a government counts, and the words before it stay. Sources: R17, R18;
decision D2.16.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

import msgspec

from verifier.rules import dates, partnership
from verifier.rules.authority.state import Actor, Grant, grant_in_force, role
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Alpha3, Day, EventRef, LocalId, Texts
from verifier.rules.review.state import Review, open_reviews

__all__ = [
    "EVENTS",
    "GovernmentAcknowledged",
    "GovernmentObjectionRecorded",
    "Host",
    "HostGovernmentNotified",
    "ObjectionTakenUp",
    "whole_log",
]

OFFICES: Final = frozenset({"host_government", "permanent_mission", "member_state_office"})


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """What was said to and by a government; the thing ``host:<country>``. Days are ISO 8601."""

    country: str
    notified: EventRef | None = None
    respond_by: str | None = None
    word: str = ""
    """acknowledged or objected: its last word."""
    said: EventRef | None = None
    take_up_by: str | None = None
    """By when an objection is to be taken up by a review."""
    review: str | None = None


def _speaks(actor: str, entry: Entry, book: Book) -> bool:
    return any(
        grant.role in OFFICES and grant_in_force(grant, entry.at)
        for grant in book.subject(actor).all(Grant)
    )


government: Final = Capacity("an office of the government", _speaks)
_registry: Final = role("registry")


def _today_and(parameter: str, entry: Entry, book: Book) -> str | None:
    """Return the day that lies as far ahead as the profile says."""
    found = partnership.of(book.subject(entry.event.subject))
    profile = partnership.profile_of(found, book) if found else None
    if profile is None:
        return None
    return dates.add(dates.day_of(entry.at), getattr(profile, parameter)).isoformat()


class _OfCountry(Body, frozen=True, kw_only=True):
    """What is said to or by a government (GV1)."""

    STREAM: ClassVar[str] = "p-*/host/*"

    country: Alpha3

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GV1."""
        found = partnership.of(book.subject(entry.event.subject))
        if found is None or found.listing not in ("listed", "suspended"):
            yield Unmet(rule="GV1", reason="the partnership is not listed", who="registry")
        elif self.country not in found.countries:
            yield Unmet(rule="GV1", reason=f"it is not at work in {self.country}")

    def host(self, subject: Subject) -> Host:
        """Return what is on record of this government."""
        return subject.get("host:" + self.country, Host) or Host(country=self.country)


class HostGovernmentNotified(_OfCountry, frozen=True, kw_only=True):
    """The government of a country is told of a partnership there (GV1, GV2)."""

    TYPE: ClassVar[str] = "HostGovernmentNotified/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        _registry, partnership.secretariat, partnership.lead, role("resident_coordinator"),
    )  # fmt: skip
    MISSION: ClassVar[tuple[int, ...]] = (17,)

    respond_by: Day
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GV1 and GV2."""
        yield from super().unmet(entry, book)
        if self.host(book.subject(entry.event.subject)).notified is not None:
            yield Unmet(rule="GV2", reason="this government was told already")
        day = _today_and("government_notice", entry, book)
        if day is not None and self.respond_by != day:
            yield Unmet(rule="GV2", reason=f"its answer is asked for by {day}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note that the government was told."""
        yield "host:" + self.country, msgspec.structs.replace(
            self.host(subject), notified=entry.ref, respond_by=self.respond_by
        )  # fmt: skip


class _Word(_OfCountry, frozen=True, kw_only=True):
    """A government's word on a partnership (GV1, GV3)."""

    SIGNERS: ClassVar[tuple[Capacity, ...]] = (government,)
    WORD: ClassVar[str]

    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GV1 and GV3."""
        yield from super().unmet(entry, book)
        known = book.thing(entry.actor, "actor", Actor)
        if known is None or known.country != self.country:
            yield Unmet(rule="GV3", reason=f"{entry.actor} does not speak for {self.country}")
        if self.host(book.subject(entry.event.subject)).word == self.WORD:
            yield Unmet(rule="GV3", reason=f"this government has {self.WORD} already")


class GovernmentAcknowledged(_Word, frozen=True, kw_only=True):
    """A government acknowledges that a partnership is at work in its country (GV1, GV3)."""

    TYPE: ClassVar[str] = "GovernmentAcknowledged/1"
    WORD: ClassVar[str] = "acknowledged"
    MISSION: ClassVar[tuple[int, ...]] = (17,)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the acknowledgement."""
        yield "host:" + self.country, msgspec.structs.replace(
            self.host(subject), word=self.WORD, said=entry.ref, take_up_by=None, review=None
        )  # fmt: skip


class GovernmentObjectionRecorded(_Word, frozen=True, kw_only=True):
    """A government objects; a review takes the objection up (GV1 to GV3)."""

    TYPE: ClassVar[str] = "GovernmentObjectionRecorded/1"
    WORD: ClassVar[str] = "objected"
    MISSION: ClassVar[tuple[int, ...]] = (1, 17)

    take_up_by: Day
    """By when a review takes it up."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GV1 to GV3."""
        yield from super().unmet(entry, book)
        day = _today_and("government_notice", entry, book)
        if day is not None and self.take_up_by != day:
            yield Unmet(rule="GV2", reason=f"a review is to take it up by {day}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the objection."""
        yield "host:" + self.country, msgspec.structs.replace(
            self.host(subject), word=self.WORD, said=entry.ref, take_up_by=self.take_up_by,
            review=None,
        )  # fmt: skip


class ObjectionTakenUp(_OfCountry, frozen=True, kw_only=True):
    """A review takes an objection up (GV4)."""

    TYPE: ClassVar[str] = "ObjectionTakenUp/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        _registry, role("reviewer"), role("body_secretary"),
    )  # fmt: skip
    MISSION: ClassVar[tuple[int, ...]] = (1, 17)

    objection: EventRef
    review: LocalId

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GV1 and GV4."""
        yield from super().unmet(entry, book)
        subject = book.subject(entry.event.subject)
        host = self.host(subject)
        if host.word != "objected" or host.said != self.objection or host.review is not None:
            yield Unmet(rule="GV4", reason="no such objection waits for a review")
        review = subject.get("review:" + self.review, Review)
        if review is None or review.state != "open":
            yield Unmet(rule="GV4", reason=f"no review {self.review} is open", who="reviewer")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the review."""
        yield "host:" + self.country, msgspec.structs.replace(
            self.host(subject), review=self.review
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the review of each objection that waits for it."""
        review = next((local for local, _ in open_reviews(subject)), "undecided")
        for host in subject.all(Host):
            if host.word == "objected" and host.said is not None and host.review is None:
                yield host.said.stream, cls(
                    country=host.country, objection=host.said, review=review
                )  # fmt: skip


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is not met of GV5."""
    today = dates.day_text(book.time)
    for subject in book.subjects.values():
        found = partnership.of(subject)
        if found is None or found.listing not in ("listed", "suspended"):
            continue
        for host in subject.all(Host):
            due = host.take_up_by
            if host.word == "objected" and host.review is None and due is not None and due < today:
                yield Broken(
                    rule="GV5", subject=subject.id, kind="omission", who=_registry.name,
                    reason=f"the objection of {host.country} was to be taken up by {due}",
                )  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (
    HostGovernmentNotified,
    GovernmentAcknowledged,
    GovernmentObjectionRecorded,
    ObjectionTakenUp,
)
