"""Actors and their keys.

- AC1 An actor is registered once; its principal is itself or a registered actor.
- AC2 An organization is its own principal or counts as another organization; an office or a
      machine counts for its organization.
- AC3 A key is canonical and of prime order, and was never enrolled before, to anyone.
- AC4 The new key proves possession: it signs the ledger, the actor, itself and its place.
- AC5 An actor enrols its further keys itself; only while it has no active key may the registry or
      a root enrol one for it.
- AC6 Where the old key names its successor, only that key may follow it.
- AC7 A revocation names a key of the actor that is still active.
- AC8 A root's keys change only by the roots together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier import encoding
from verifier.errors import FalseError, MalformedError
from verifier.event import cose_bytes, cose_text
from verifier.keys import Kid, require_strict_key, thumbprint, verify
from verifier.rules.authority.state import Actor, Key, Roots, is_registered, itself, role, root
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, Alpha3, Code, Hash, PublicKey, Symbol, Texts

__all__ = [
    "EVENTS",
    "POSSESSION_TYP",
    "ActorRegistered",
    "KeyEnrolled",
    "KeyRevoked",
    "KeyRotated",
    "possession_statement",
]

POSSESSION_TYP: Final = "application/vnd.pledgebook.key-possession+cose"
OrgId = Annotated[
    str, Meta(pattern=r"^[A-Z]{2,4}(-[A-Z0-9]{1,10}){1,3}-[A-Za-z0-9._/-]{1,60}\Z", max_length=100)
]
"""An identifier of org-id.guide: the list's code, then the identifier in that list."""

_registrars: Final = (role("registry"), root)


def possession_statement(
    *, ledger: bytes, actor: str, kid: bytes, stream: str, seq: int, prev: bytes | None
) -> bytes:
    """Return the bytes that a new key signs to prove possession (record format §4).

    The ``Sig_structure`` of a detached ``COSE_Sign1`` over the place where the key is enrolled.
    """
    place = {"actor": actor, "kid": kid, "ledger": ledger, "seq": seq, "stream": stream}
    payload = encoding.encode(place if prev is None else place | {"prev": prev})
    protected = (
        b"\xa4\x01\x27\x03" + cose_text("application/vnd.msgpack")
        + b"\x04\x58\x20" + kid + b"\x10" + cose_text(POSSESSION_TYP)
    )  # fmt: skip
    return b"\x84\x6aSignature1" + cose_bytes(protected) + b"\x40" + cose_bytes(payload)


class ActorRegistered(Body, frozen=True, kw_only=True):
    """An organization, an office or a machine becomes known to the ledger (AC1, AC2)."""

    TYPE: ClassVar[str] = "ActorRegistered/1"
    STREAM: ClassVar[str] = "actor-*/profile"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _registrars
    AUTHORITY: ClassVar[bool] = True

    kind: Literal["organization", "office", "machine"]
    name: Texts
    principal: ActorId
    stakeholder_type: Code
    country: Alpha3 | None = None
    org_id: OrgId | None = None

    def touches(self, event: object) -> Iterable[str]:
        """Look at the principal."""
        return (self.principal,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AC1 and AC2."""
        own = entry.event.subject
        if is_registered(own, book):
            yield Unmet(rule="AC1", reason=f"{own} is registered already")
        if self.principal == own:
            if self.kind != "organization":
                yield Unmet(rule="AC2", reason=f"an {self.kind} counts for its organization")
        elif not is_registered(self.principal, book):
            yield Unmet(rule="AC1", reason=f"the principal {self.principal} is not registered")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the actor on record."""
        yield "actor", Actor(self.kind, self.principal, self.stakeholder_type, self.country)


class _NewKey(Body, frozen=True, kw_only=True):
    """What the enrolment of any key has in common (AC3, AC4, AC8)."""

    AUTHORITY: ClassVar[bool] = True

    public: PublicKey
    pop: Annotated[bytes, Meta(min_length=64, max_length=64)]
    """The new key's signature over ``possession_statement``."""
    next: Hash | None = None

    def enrols(self) -> Iterable[bytes]:
        """Return the new key."""
        return (self.public,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AC3, AC4 and AC8."""
        if not is_registered(entry.event.subject, book):
            yield Unmet(rule="AC1", reason=f"{entry.event.subject} is not registered")
        roots = book.thing("ledger", "roots", Roots)
        if roots and any(r.actor == entry.event.subject for r in roots.members):
            yield Unmet(rule="AC8", reason="a root's keys change only by the roots together")
        if thumbprint(self.public) in book.public_keys:
            yield Unmet(rule="AC3", reason="this key was enrolled before",
                        hint="make a new key: a key is enrolled once, to one actor")  # fmt: skip
        try:
            require_strict_key(self.public)
            verify(self.public, self.pop, self._statement(entry, book))
        except MalformedError as error:
            yield Unmet(rule="AC3", reason=error.reason)
        except FalseError:
            yield Unmet(rule="AC4", reason="the new key did not sign its own enrolment here")

    def _statement(self, entry: Entry, book: Book) -> bytes:
        event = entry.event
        return possession_statement(
            ledger=book.ledger or b"", actor=event.subject, kid=thumbprint(self.public),
            stream=event.stream, seq=event.seq, prev=event.prev,
        )  # fmt: skip

    def _new(self) -> Change:
        return _key_thing(thumbprint(self.public)), Key(self.public, self.next)


class KeyEnrolled(_NewKey, frozen=True, kw_only=True):
    """A key is enrolled to an actor (AC3 to AC5, AC8)."""

    TYPE: ClassVar[str] = "KeyEnrolled/1"
    STREAM: ClassVar[str] = "actor-*/keys"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (itself, *_registrars)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AC3 to AC5 and AC8."""
        yield from super().unmet(entry, book)
        active = any(k.ended is None for k in book.subject(entry.event.subject).all(Key))
        if active and entry.actor != entry.event.subject:
            yield Unmet(rule="AC5", reason=f"{entry.event.subject} has an active key",
                        who=entry.event.subject)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Enrol the key."""
        yield self._new()


class KeyRotated(_NewKey, frozen=True, kw_only=True):
    """An actor replaces the key it signs this with by a new one (AC3, AC4, AC6, AC8)."""

    TYPE: ClassVar[str] = "KeyRotated/1"
    STREAM: ClassVar[str] = "actor-*/keys"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (itself,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AC3, AC4, AC6 and AC8."""
        yield from super().unmet(entry, book)
        old = book.thing(entry.event.subject, _key_thing(entry.event.kid), Key)
        if old is not None and old.next not in (None, thumbprint(self.public)):
            yield Unmet(rule="AC6", reason="the old key names another key as its successor")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the old key and enrol the new one."""
        old = _key_thing(entry.event.kid)
        yield old, _ended(subject.things[old], entry.index, "rotated")
        yield self._new()


class KeyRevoked(Body, frozen=True, kw_only=True):
    """A key signs no more, from here on (AC7)."""

    TYPE: ClassVar[str] = "KeyRevoked/1"
    STREAM: ClassVar[str] = "actor-*/keys"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (itself, *_registrars)
    AUTHORITY: ClassVar[bool] = True

    kid: Hash
    reason: Literal["compromised", "lost", "superseded", "no_longer_needed"]
    mandate: Symbol | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AC7."""
        key = book.thing(entry.event.subject, _key_thing(self.kid), Key)
        if key is None or key.ended is not None:
            yield Unmet(rule="AC7", reason=f"{entry.event.subject} has no such active key")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the key."""
        key = _key_thing(self.kid)
        yield key, _ended(subject.things[key], entry.index, "revoked")


def _key_thing(kid: bytes | Kid) -> str:
    return "key:" + kid.hex()


def _ended(key: Key, index: int, why: str) -> Key:
    return msgspec.structs.replace(key, ended=index, why=why)


EVENTS: Final[tuple[type[Body], ...]] = (ActorRegistered, KeyEnrolled, KeyRotated, KeyRevoked)
