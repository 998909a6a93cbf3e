"""The first event: what the ledger is, who its roots are, and by which rules it is judged.

- GE1 At least one root; no actor and no raw key twice; every key canonical and of prime order.
- GE2 The threshold is at least one and at most the number of distinct principals.
- GE3 The ruleset is one that this verifier knows; otherwise nothing can be decided.
- GE4 The origin is a C2SP log name: no spaces, no plus sign.
- GE5 A root counts only from its own endorsement, on its own stream; the signature under the
      genesis is not one.
- GE6 The log's, receipts' and refusals' keys are distinct, and none is a root's; the Ed25519 keys
      are canonical and of prime order, the receipts' key is a point of P-256.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from msgspec import Meta

from verifier.errors import MalformedError
from verifier.keys import require_strict_key
from verifier.rules import dates
from verifier.rules.authority.roots import Joined, Root, Roots, root
from verifier.rules.authority.rulesets import CodeLists, CodeListVersion, Ruleset, is_known
from verifier.rules.authority.state import Opened
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Code, Duration, Hash, PublicKey, Symbol
from verifier.rules.proposal import Endorsement, Proposal, ProposalBody

__all__ = ["EVENTS", "Begun", "CodeList", "LedgerOpened", "LogKeys", "Predecessor"]


class CodeList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code list in force, by the hash of its file."""

    list: Code
    version: Symbol
    sha256: Hash


class Predecessor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ledger that this one continues, at the size and root where it ended."""

    ledger: Hash
    size: Annotated[int, Meta(ge=1)]
    root: Hash


class LogKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The log's own public keys, one purpose each (record format §7)."""

    checkpoint: PublicKey
    checkpoint_ml_dsa_44: Annotated[bytes, Meta(min_length=1312, max_length=1312)] | None = None
    refusal: PublicKey | None = None
    receipt_p256: Annotated[bytes, Meta(min_length=65, max_length=65)] | None = None
    """Uncompressed SEC 1 point."""

    def unmet(self) -> Iterator[Unmet]:
        """Yield what is not met of GE6 by each key alone."""
        for public in filter(None, (self.checkpoint, self.refusal)):
            try:
                require_strict_key(public)
            except MalformedError as error:
                yield Unmet(rule="GE6", reason=error.reason)
        if self.receipt_p256 is not None:
            try:
                EllipticCurvePublicKey.from_encoded_point(SECP256R1(), self.receipt_p256)
            except ValueError:
                yield Unmet(rule="GE6", reason="the receipts' key is no point of P-256")


class Begun(msgspec.Struct, frozen=True):
    """When the ledger began, in log time; the thing ``begun``."""

    at: int


class LedgerOpened(ProposalBody, frozen=True, kw_only=True):
    """A ledger begins; it takes other events once its roots' threshold is endorsed (GE1 to GE6)."""

    TYPE: ClassVar[str] = "LedgerOpened/1"
    STREAM: ClassVar[str] = "ledger/genesis"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (root,)
    ENDORSERS: ClassVar[tuple[Capacity, ...]] = (root,)
    DECISION: ClassVar[bool] = False
    AUTHORITY: ClassVar[bool] = True
    OFFLINE: ClassVar[bool] = True
    LATE_VOICES: ClassVar[bool] = True

    origin: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._~/:-]{3,200}\Z")]
    roots: Annotated[tuple[Root, ...], Meta(min_length=1, max_length=20)]
    ruleset: Symbol
    ruleset_digest: Hash | None = None
    """SHA-256 of its text, once that is frozen: then a later text is another ruleset."""
    clock: Literal["real", "stated"]
    anchor_every: Duration
    register_every: Duration
    log_keys: LogKeys
    code_lists: Annotated[tuple[CodeList, ...], Meta(min_length=1, max_length=20)] | None = None
    predecessor: Predecessor | None = None
    demonstration: bool = False

    def enrols(self) -> Iterable[bytes]:
        """Return the roots' keys."""
        return (r.public for r in self.roots)

    def required_quorum(self, entry: Entry, book: Book) -> int:
        """Take the threshold that the genesis itself states; GE2 bounds it."""
        return self.quorum

    def unmet_here(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GE1 to GE3 and GE6."""
        actors, publics = {r.actor for r in self.roots}, {r.public for r in self.roots}
        if min(len(actors), len(publics)) < len(self.roots):
            yield Unmet(rule="GE1", reason="a root's actor or key is listed twice")
        for public in publics:
            try:
                require_strict_key(public)
            except MalformedError as error:
                yield Unmet(rule="GE1", reason=error.reason)
        if self.quorum > len({r.principal for r in self.roots}):
            yield Unmet(rule="GE2", reason="the threshold exceeds the number of principals")
        if not is_known(self.ruleset, self.ruleset_digest):
            yield Unmet(rule="GE3", reason=f"ruleset {self.ruleset} is not known here, or not "
                        "under this digest")  # fmt: skip
        keys = [self.log_keys.checkpoint, *filter(None, [self.log_keys.refusal]), *publics]
        if len(set(keys)) < len(keys):
            yield Unmet(rule="GE6", reason="one key serves two purposes")
        yield from self.log_keys.unmet()

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Name the roots, the ruleset, the lists; put the genesis up for endorsement."""
        yield from super().evolve(entry, subject, book)
        yield "genesis", self
        yield "begun", Begun(entry.at)
        yield "roots", Roots(self.quorum, self.roots)
        yield "ruleset", Ruleset(self.ruleset, self.ruleset_digest)
        for one in self.code_lists or ():
            first = CodeListVersion(one.version, one.sha256, dates.day_text(entry.at), entry.index)
            yield "code-list:" + one.list, CodeLists((first,))

    def voiced(self, voice: Endorsement) -> Iterator[Change]:
        """Let a root count from its own endorsement (GE5)."""
        yield "root:" + voice.actor, Joined(voice.index)

    def effect(
        self, proposal: Proposal, entry: Entry, subject: Subject, book: Book
    ) -> Iterator[Change]:
        """Open the ledger to other events."""
        yield "opened", Opened(entry.index)


EVENTS: Final[tuple[type[Body], ...]] = (LedgerOpened,)
