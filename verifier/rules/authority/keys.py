"""Keys: enrolled, rotated, revoked, recovered.

- AC3 A key is canonical and of prime order, and was never enrolled before, to anyone; it is none of
      the log's own.
- AC4 The new key proves possession: it signs the ledger, the actor, itself and its place.
- AC5 An actor gets its first key from the registry or a root and enrols its further keys itself.
      Who has no active key any more gets the next one from the roots together, so that nobody
      alone puts a key of its own in another's place.
- AC6 A key that names its successor enrols that key and no other.
- AC7 A revocation names a key of the actor that is still active. It is the actor's own, or the
      organization's that an office counts for: no registrar silences anybody by it while a time
      to answer runs. Anyone else's key the roots end together (KD1).
- AC8 A root's keys change only by the roots together.
- AC9 A body holds no key: it acts by decisions that two of its offices certify.
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
from verifier.rules.authority.genesis import LedgerOpened
from verifier.rules.authority.roots import is_member, root, roots_at, threshold
from verifier.rules.authority.state import (
    Actor,
    Confirmed,
    Key,
    is_registered,
    itself,
    registrars,
)
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Hash, PublicKey, Symbol
from verifier.rules.proposal import Proposal, ProposalBody

__all__ = [
    "EVENTS",
    "POSSESSION_TYP",
    "KeyEnrolled",
    "KeyRecoveryProposed",
    "KeyRevoked",
    "KeyRotated",
    "possession_statement",
    "unmet_possession",
]

POSSESSION_TYP: Final = "application/vnd.pledgebook.key-possession+cose"


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


class _NewKey(Body, frozen=True, kw_only=True):
    """What the enrolment of any key has in common (AC3, AC4, AC6, AC8)."""

    AUTHORITY: ClassVar[bool] = True

    public: PublicKey
    pop: Annotated[bytes, Meta(min_length=64, max_length=64)]
    """The new key's signature over ``possession_statement``."""
    next: Hash | None = None

    def enrols(self) -> Iterable[bytes]:
        """Return the new key."""
        return (self.public,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AC3, AC4, AC6 and AC8."""
        yield from _unmet_new_key(self.public, self.pop, entry, book)
        signer = book.thing(entry.event.subject, _key_thing(entry.event.kid), Key)
        if signer is not None and signer.next not in (None, thumbprint(self.public)):
            yield Unmet(rule="AC6", reason="the key that signs names another as its successor")

    def _new(self, by: str) -> Change:
        return _key_thing(thumbprint(self.public)), Key(self.public, self.next, by=by)


def _unmet_new_key(public: bytes, pop: bytes, entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of AC3, AC4 and AC8 by a key that is to be an actor's."""
    event = entry.event
    if not is_registered(event.subject, book):
        yield Unmet(rule="AC1", reason=f"{event.subject} is not registered")
    if is_member(event.subject, book):
        yield Unmet(rule="AC8", reason="a root's keys change only by the roots together")
    known = book.thing(event.subject, "actor", Actor)
    if known is not None and known.kind == "body":
        yield Unmet(
            rule="AC9", reason=f"{event.subject} is a body", hint="enrol a key to its office"
        )
    yield from unmet_possession(public, pop, event.subject, entry, book)


def unmet_possession(
    public: bytes, pop: bytes, actor: str, entry: Entry, book: Book
) -> Iterator[Unmet]:
    """Yield what is not met of AC3 and AC4 by a key that an event gives to an actor."""
    event = entry.event
    if thumbprint(public) in book.public_keys:
        yield Unmet(rule="AC3", reason="this key was enrolled before",
                    hint="make a new key: a key is enrolled once, to one actor")  # fmt: skip
    genesis = book.thing("ledger", "genesis", LedgerOpened)
    if genesis is not None and public in (genesis.log_keys.checkpoint, genesis.log_keys.refusal):
        yield Unmet(rule="AC3", reason="this key is one of the log's own")
    statement = possession_statement(
        ledger=book.ledger or b"", actor=actor, kid=thumbprint(public),
        stream=event.stream, seq=event.seq, prev=event.prev,
    )  # fmt: skip
    try:
        require_strict_key(public)
        verify(public, pop, statement)
    except MalformedError as error:
        yield Unmet(rule="AC3", reason=error.reason)
    except FalseError:
        yield Unmet(rule="AC4", reason="the new key did not sign its own enrolment here")


class KeyEnrolled(_NewKey, frozen=True, kw_only=True):
    """A key is enrolled to an actor (AC3 to AC6, AC8)."""

    TYPE: ClassVar[str] = "KeyEnrolled/1"
    STREAM: ClassVar[str] = "actor-*/keys"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (itself, *registrars)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AC3 to AC6 and AC8."""
        yield from super().unmet(entry, book)
        own = entry.event.subject
        if entry.actor != own and any(book.subject(own).all(Key)):
            active = _is_active(own, book)
            yield Unmet(rule="AC5", reason=f"{own} has {'an active' if active else 'had a'} key",
                        hint="" if active else "the roots together give it its next key",
                        who=own if active else root.name)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Enrol the key; what a root gives that is the roots together is confirmed by that."""
        yield self._new(entry.actor)
        roots = roots_at(entry.index, book)
        if roots and roots.threshold == 1 and any(r.actor == entry.actor for r in roots.members):
            yield "confirmed", Confirmed(entry.index)


class KeyRotated(_NewKey, frozen=True, kw_only=True):
    """An actor replaces the key it signs this with by a new one (AC3, AC4, AC6, AC8)."""

    TYPE: ClassVar[str] = "KeyRotated/1"
    STREAM: ClassVar[str] = "actor-*/keys"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (itself,)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the old key and enrol the new one."""
        old = _key_thing(entry.event.kid)
        yield old, _ended(subject.things[old], entry.index, "rotated")
        yield self._new(entry.actor)


class KeyRecoveryProposed(ProposalBody, frozen=True, kw_only=True):
    """The roots give an actor without an active key its next one (AC3 to AC5, AC8).

    The key is taken from the proposal on: whether or not it takes effect, it is enrolled to nobody
    else.
    """

    TYPE: ClassVar[str] = "KeyRecoveryProposed/1"
    STREAM: ClassVar[str] = "actor-*/recovery/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (root,)
    ENDORSERS: ClassVar[tuple[Capacity, ...]] = (root,)
    AUTHORITY: ClassVar[bool] = True

    public: PublicKey
    pop: Annotated[bytes, Meta(min_length=64, max_length=64)]
    """The new key's signature over ``possession_statement``, on the proposal's own place."""
    next: Hash | None = None

    def enrols(self) -> Iterable[bytes]:
        """Return the new key."""
        return (self.public,)

    def required_quorum(self, entry: Entry, book: Book) -> int:
        """Ask the roots' threshold."""
        return threshold(book)

    def unmet_here(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AC3 to AC5 and AC8."""
        yield from _unmet_new_key(self.public, self.pop, entry, book)
        yield from self.bars("", "", entry, book)

    def bars(self, actor: str, organization: str, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AC5 at an endorsement."""
        if _is_active(entry.event.subject, book):
            yield Unmet(rule="AC5", reason=f"{entry.event.subject} has an active key",
                        who=entry.event.subject)  # fmt: skip

    def effect(
        self, proposal: Proposal, entry: Entry, subject: Subject, book: Book
    ) -> Iterator[Change]:
        """Enrol the key, and confirm by it who was never confirmed."""
        new = Key(self.public, self.next, by=proposal.by)
        yield _key_thing(thumbprint(self.public)), new
        if "confirmed" not in subject.things:
            yield "confirmed", Confirmed(entry.index)


def _is_its_organization(actor: str, entry: Entry, book: Book) -> bool:
    known = book.thing(entry.event.subject, "actor", Actor)
    return known is not None and known.principal == actor


class KeyRevoked(Body, frozen=True, kw_only=True):
    """A key signs no more, from here on (AC7)."""

    TYPE: ClassVar[str] = "KeyRevoked/1"
    STREAM: ClassVar[str] = "actor-*/keys"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        itself, Capacity("its organization itself", _is_its_organization),
    )  # fmt: skip
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


def _is_active(actor: str, book: Book) -> bool:
    return any(key.ended is None for key in book.subject(actor).all(Key))


def _ended(key: Key, index: int, why: str) -> Key:
    return msgspec.structs.replace(key, ended=index, why=why)


EVENTS: Final[tuple[type[Body], ...]] = (
    KeyEnrolled,
    KeyRotated,
    KeyRevoked,
    KeyRecoveryProposed,
)
