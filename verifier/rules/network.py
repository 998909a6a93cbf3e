"""Links between partnerships, and the offices that stand behind one.

- NE1 Both partnerships are listed, and they are two; a stream holds one link and nothing before it.
- NE2 A part lies within a wider whole: local, national, regional, global [R28].
- NE3 Two partnerships have one link of a kind at a time.
- NE4 A link is agreed to by the partnership that it names, while it waits; what linking asks is
      asked again. Only then it counts. [R28]
- NE5 Either partnership ends a link, once.
- NE6 An office endorses a listed partnership once, until it takes the endorsement back. [R39]
- NE7 What is taken back was given by this office and stands.

The network of focal points is the roles ``focal_point`` that executive heads, Permanent Missions
and Resident Coordinators give and take back (R51). Sources: R28, R39; domain C2.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import partnership
from verifier.rules.authority.state import office, organization_of
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import EventRef, Texts
from verifier.rules.partnership import Partnership

__all__ = [
    "EVENTS",
    "EndorsementRecorded",
    "EndorsementRevoked",
    "Endorsing",
    "Link",
    "PartnershipLinkAgreed",
    "PartnershipLinked",
    "PartnershipUnlinked",
]

SCALES: Final = ("local", "national", "regional", "global")

PartnershipId = Annotated[str, Meta(pattern=r"^p-[a-z0-9][a-z0-9._:-]{0,61}\Z")]
Kind = Literal["part_of", "affiliate", "learning"]

_ours: Final = (partnership.secretariat, partnership.lead)


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link to another partnership; the thing ``link:<id>`` of the one that proposed it."""

    ref: EventRef
    to: str
    kind: Kind
    state: str = "proposed"
    """proposed, agreed or ended."""


class Endorsing(msgspec.Struct, frozen=True):
    """An office's endorsement of a partnership; the thing ``endorsing:<office>``."""

    ref: EventRef
    revoked: EventRef | None = None


def _is_listed(found: Partnership | None) -> bool:
    return found is not None and found.listing in ("listed", "suspended")


def _unmet_pair(own: str, other: str, kind: Kind, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of NE1 and NE2 by two partnerships."""
    here, there = partnership.of(book.subject(own)), partnership.of(book.subject(other))
    for name, found in ((own, here), (other, there)):
        if not _is_listed(found):
            yield Unmet(rule="NE1", reason=f"{name} is not listed", who="registry")
    if own == other:
        yield Unmet(rule="NE1", reason="a partnership is not linked to itself")
    elif (
        kind == "part_of" and here is not None and there is not None
        and SCALES.index(here.scale) >= SCALES.index(there.scale)
    ):  # fmt: skip
        yield Unmet(rule="NE2", reason=f"a {here.scale} partnership is no part of a "
                    f"{there.scale} one")  # fmt: skip


def _key(event: Event) -> str:
    return "link:" + event.stream.rpartition("/")[2]


class PartnershipLinked(Body, frozen=True, kw_only=True):
    """A partnership proposes a link to another; it counts once the other agrees (NE1 to NE3)."""

    TYPE: ClassVar[str] = "PartnershipLinked/1"
    STREAM: ClassVar[str] = "p-*/link/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _ours
    MISSION: ClassVar[tuple[int, ...]] = (28,)

    to: PartnershipId
    kind: Kind
    """``part_of`` the other, an ``affiliate`` of it, or ``learning`` from it."""
    text: Texts

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the other partnership."""
        return (self.to,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of NE1 to NE3."""
        own = entry.event.subject
        if entry.event.seq != 0:
            yield Unmet(rule="NE1", reason="this stream holds a link", hint="name another")
        yield from _unmet_pair(own, self.to, self.kind, book)
        if any(
            link.to == self.to and link.kind == self.kind and link.state != "ended"
            for link in book.subject(own).all(Link)
        ):
            yield Unmet(rule="NE3", reason=f"there is a link {self.kind} {self.to} already")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the link on record, as proposed."""
        yield _key(entry.event), Link(ref=entry.ref, to=self.to, kind=self.kind)


def _acts_for_other(actor: str, entry: Entry, book: Book) -> bool:
    body = entry.body
    if not isinstance(body, PartnershipLinkAgreed | PartnershipUnlinked):
        return False
    link = book.thing(entry.event.subject, _key(entry.event), Link)
    if link is None or link.to != body.partnership:
        return False
    other = partnership.of(book.subject(body.partnership))
    return other is not None and (
        actor == other.secretariat or organization_of(actor, book) == other.lead
    )


def _acts_for_own(actor: str, entry: Entry, book: Book) -> bool:
    body = entry.body
    return (
        isinstance(body, PartnershipUnlinked)
        and body.partnership == entry.event.subject
        and any(capacity.holds(actor, entry, book) for capacity in _ours)
    )


_other: Final = Capacity("secretariat or lead of the other partnership", _acts_for_other)
_own: Final = Capacity("secretariat or lead of this partnership", _acts_for_own)


class _OfLink(Body, frozen=True, kw_only=True):
    """What the answers to a link have in common."""

    STREAM: ClassVar[str] = "p-*/link/*"
    MISSION: ClassVar[tuple[int, ...]] = (28,)

    partnership: PartnershipId
    """In whose name it is signed."""

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the partnership that answers."""
        return (self.partnership,)


class PartnershipLinkAgreed(_OfLink, frozen=True, kw_only=True):
    """The other partnership agrees to a link (NE4)."""

    TYPE: ClassVar[str] = "PartnershipLinkAgreed/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (_other,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of NE1, NE2 and NE4."""
        link = book.thing(entry.event.subject, _key(entry.event), Link)
        if link is None or link.to != self.partnership:
            yield Unmet(rule="NE4", reason=f"no link to {self.partnership} is proposed here")
            return
        if link.state != "proposed":
            yield Unmet(rule="NE4", reason=f"the link is {link.state}")
        yield from _unmet_pair(entry.event.subject, self.partnership, link.kind, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Let the link count."""
        key = _key(entry.event)
        yield key, msgspec.structs.replace(subject.things[key], state="agreed")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the consent to each link that waits for it."""
        for link in subject.all(Link):
            if link.state == "proposed":
                yield link.ref.stream, cls(partnership=link.to)


class PartnershipUnlinked(_OfLink, frozen=True, kw_only=True):
    """One of the two ends a link, or takes back or declines a proposed one (NE5)."""

    TYPE: ClassVar[str] = "PartnershipUnlinked/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (_own, _other)

    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of NE5."""
        link = book.thing(entry.event.subject, _key(entry.event), Link)
        if link is None or link.state == "ended":
            yield Unmet(rule="NE5", reason="there is no link here that could end")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the link."""
        key = _key(entry.event)
        yield key, msgspec.structs.replace(subject.things[key], state="ended")


_leaders: Final = (
    office("executive_head"), office("permanent_mission"), office("presiding_officer"),
)  # fmt: skip


def _endorsing(entry: Entry) -> str:
    return "endorsing:" + entry.event.stream.rpartition("/")[2]


class EndorsementRecorded(Body, frozen=True, kw_only=True):
    """A high office stands behind a partnership, over its own signature (NE6)."""

    TYPE: ClassVar[str] = "EndorsementRecorded/1"
    STREAM: ClassVar[str] = "p-*/leadership/@"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _leaders
    MISSION: ClassVar[tuple[int, ...]] = (39,)

    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of NE6."""
        subject = book.subject(entry.event.subject)
        if not _is_listed(partnership.of(subject)):
            yield Unmet(rule="NE6", reason="the partnership is not listed", who="registry")
        found = subject.get(_endorsing(entry), Endorsing)
        if found is not None and found.revoked is None:
            yield Unmet(rule="NE6", reason="this office endorses it already")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the endorsement on record."""
        yield _endorsing(entry), Endorsing(entry.ref)


class EndorsementRevoked(Body, frozen=True, kw_only=True):
    """An office takes its endorsement back and says why (NE7)."""

    TYPE: ClassVar[str] = "EndorsementRevoked/1"
    STREAM: ClassVar[str] = "p-*/leadership/@"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _leaders
    MISSION: ClassVar[tuple[int, ...]] = (39,)

    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of NE7."""
        found = book.thing(entry.event.subject, _endorsing(entry), Endorsing)
        if found is None or found.revoked is not None:
            yield Unmet(rule="NE7", reason="this office has no endorsement here that stands")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note that it was taken back."""
        key = _endorsing(entry)
        yield key, msgspec.structs.replace(subject.things[key], revoked=entry.ref)


EVENTS: Final[tuple[type[Body], ...]] = (
    PartnershipLinked,
    PartnershipLinkAgreed,
    PartnershipUnlinked,
    EndorsementRecorded,
    EndorsementRevoked,
)
