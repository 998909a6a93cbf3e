"""The use of the name of the United Nations: authorised, revoked, and ended with the listing.

- AA1 The use of the name is authorised by legal affairs for a partnership that is listed, on a
      stream of its own; who authorises belongs to no partner that is not of the UN. [R42]
- AA2 It ends on a day to come, at most the time of the profile away. [R42]
- AA3 What is revoked is in force, and the revocation says why. [R42]
- AA4 None is authorised while an interim measure is in force. [R42]

It is in force while the partnership is listed, and rests while it is suspended or an interim
measure lasts; a removal or any other end of the listing ends it, and a return does not bring it
back. ``in_force`` is a pure function of the record. Sources: R42; domain C2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

import msgspec

from verifier.rules import dates
from verifier.rules.authority.state import organization_of, role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting.integrity import measure_in_force
from verifier.rules.fields import Day, EventRef, Texts
from verifier.rules.partnership.state import UNDECIDED, entities, is_partner, of, profile_of

__all__ = ["EVENTS", "Association", "AssociationAuthorised", "AssociationRevoked", "in_force"]

NAME_WITHDRAWN: Final = "un_name_withdrawn"
"""What an interim measure says where it withdraws the name."""

legal_affairs: Final = role("legal_affairs")


class Association(msgspec.Struct, frozen=True, kw_only=True):
    """An authorised use of the name; the thing ``association:<id>``. Days are ISO 8601."""

    ref: EventRef
    until: str
    listed_on: str | None
    """The listing under which it was given."""
    revoked: EventRef | None = None


def in_force(association: Association, subject: Subject, day: str) -> bool:
    """Say whether a use of the name is in force on a day."""
    found, measure = of(subject), measure_in_force(subject, dates.parse_day(day))
    return (
        association.revoked is None and day <= association.until
        and found is not None and found.listing == "listed"
        and found.listed_on == association.listed_on
        and (measure is None or NAME_WITHDRAWN not in measure.what)
    )  # fmt: skip


def _key(entry: Entry) -> str:
    return "association:" + entry.event.stream.rpartition("/")[2]


class AssociationAuthorised(Body, frozen=True, kw_only=True):
    """Legal affairs lets a partnership use the name of the United Nations (AA1, AA2, AA4)."""

    TYPE: ClassVar[str] = "AssociationAuthorised/1"
    STREAM: ClassVar[str] = "p-*/association/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (legal_affairs,)
    MISSION: ClassVar[tuple[int, ...]] = (42,)

    use: Texts
    """Which name or emblem, where, and for what."""
    until: Day

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AA1, AA2 and AA4."""
        subject = book.subject(entry.event.subject)
        found, measure = of(subject), measure_in_force(subject, dates.day_of(entry.at))
        if measure is not None:
            yield Unmet(rule="AA4", reason=f"an interim measure is in force until {measure.until}",
                        hint="wait for its end")  # fmt: skip
        if entry.event.seq != 0:
            yield Unmet(rule="AA1", reason="this stream holds a use of the name",
                        hint="name another")  # fmt: skip
        if found is None or found.listing != "listed":
            state = "not on record" if found is None else found.listing
            yield Unmet(rule="AA1", reason=f"the partnership is {state}", who="registry")
            return
        for signer in entry.signers:
            own = organization_of(signer, book)
            if is_partner(found, own) and own not in entities(found.partners):
                yield Unmet(rule="AA1", reason=f"{signer} belongs to a partner")
        profile, today = profile_of(found, book), dates.day_of(entry.at)
        longest = dates.add(today, profile.association_at_most).isoformat() if profile else ""
        if not (dates.is_day(self.until) and today.isoformat() <= self.until <= longest):
            yield Unmet(rule="AA2", reason=f"it ends by {longest} at the latest")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the use on record."""
        found = subject.things["partnership"]
        yield _key(entry), Association(
            ref=entry.ref, until=self.until, listed_on=found.listed_on
        )  # fmt: skip


class AssociationRevoked(Body, frozen=True, kw_only=True):
    """Legal affairs takes a use of the name back (AA3)."""

    TYPE: ClassVar[str] = "AssociationRevoked/1"
    STREAM: ClassVar[str] = "p-*/association/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (legal_affairs,)
    MISSION: ClassVar[tuple[int, ...]] = (42,)

    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AA3."""
        subject = book.subject(entry.event.subject)
        found = subject.get(_key(entry), Association)
        if found is None or not in_force(found, subject, dates.day_text(entry.at)):
            yield Unmet(rule="AA3", reason="no such use of the name is in force",
                        who=legal_affairs.name)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the use."""
        yield _key(entry), msgspec.structs.replace(
            subject.things[_key(entry)], revoked=entry.ref
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer to take back what is in force."""
        for found in subject.all(Association):
            if in_force(found, subject, dates.day_text(book.time)):
                yield found.ref.stream, cls(reason=UNDECIDED)


EVENTS: Final[tuple[type[Body], ...]] = (AssociationAuthorised, AssociationRevoked)
