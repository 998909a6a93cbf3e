"""Anchors: an earlier checkpoint of the log, recorded with what others say of when they saw it.

- AN1 It records a checkpoint of this log, signed by the log's own key: the ledger's origin, a size
      of at most its own index, and the root that the log has at that size.
- AN2 Somebody else vouches for it: at least one cosignature that states a time, or a time-stamp
      token.
- AN3 It covers something other than upkeep that the anchor before it does not: anchors alone call
      for none.
- AN4 Where the clock is real, every other event is covered by an anchor within the genesis's
      ``anchor_every`` (whole log).

Cosignatures and tokens are claims. Which witnesses and authorities count says the auditor's trust
policy, never the log; admission checks no signature but the log's own. What an anchor bounds is
told by ``verifier.anchors``: an event after it was recorded after the times it states, an event
that its checkpoint covers before them. Source: record format §5; RFC 3161.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.errors import PledgebookError
from verifier.note import (
    ED25519,
    SIGNATURE_BYTES,
    Checkpoint,
    Note,
    VerifierKey,
    parse_note,
    verify_note,
)
from verifier.rules.authority.genesis import LedgerOpened
from verifier.rules.authority.state import role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.upkeep import is_idle_since, kept

__all__ = ["EVENTS", "STREAM", "Anchored", "CheckpointAnchored", "covers_anything_new"]

STREAM: Final = "ledger/anchors"
MAX_NOTE: Final = 30_000
MAX_TOKEN: Final = 12_000
_TIMED: Final = frozenset(8 + size for size in SIGNATURE_BYTES.values())
"""Lengths of the signature lines that begin with a time (types 0x04 and 0x06)."""


class Anchored(msgspec.Struct, frozen=True):
    """The thing ``anchored`` of the ledger: the newest anchor, its place and what it covers."""

    index: int
    size: int
    at: int
    """Log time of its recording."""
    new_from: int
    """The first index at which there may be something that it does not cover, other than itself."""


class CheckpointAnchored(Body, frozen=True, kw_only=True):
    """An earlier checkpoint with its witnesses' cosignatures and, if any, a token (AN1 to AN3)."""

    TYPE: ClassVar[str] = "CheckpointAnchored/1"
    STREAM: ClassVar[str] = STREAM
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("registry_service"), role("registry"))
    UPKEEP: ClassVar[bool] = True

    note: Annotated[bytes, Meta(min_length=100, max_length=MAX_NOTE)]
    """The checkpoint as a signed note, with every line that it was served with."""
    token: Annotated[bytes, Meta(min_length=50, max_length=MAX_TOKEN)] | None = None
    """A ``TimeStampResp`` (RFC 3161, DER) over the three lines of the checkpoint."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AN1 to AN3."""
        try:
            parsed = parse_note(self.note)
            checkpoint = Checkpoint.parse(parsed.text)
        except PledgebookError as error:
            yield Unmet(rule="AN1", reason=f"it holds no checkpoint: {error.reason}")
            return
        reason = _other_than_ours(parsed, checkpoint, entry, book)
        if reason:
            yield Unmet(rule="AN1", reason=reason)
        if self.token is None and not _has_cosignature(parsed, checkpoint.origin):
            yield Unmet(rule="AN2", reason="nobody but the log vouches for this checkpoint",
                        hint="anchor it when a witness has cosigned it")  # fmt: skip
        if not covers_anything_new(checkpoint.size, entry.index, book.subject("ledger")):
            yield Unmet(rule="AN3", reason="it covers nothing new since the anchor before it")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Remember the newest anchor."""
        size = self.checkpoint().size
        new_from = entry.index + 1 if is_idle_since(size, entry.index, subject) else size
        yield "anchored", Anchored(entry.index, size, entry.at, new_from)
        yield kept(entry.index, subject)

    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint that is anchored.

        Raises:
            MalformedError: code ``note-malformed``; never of an event that was admitted.
        """
        return Checkpoint.parse(parse_note(self.note).text)


def covers_anything_new(size: int, index: int, ledger: Subject) -> bool:
    """Say whether an anchor of this size, at this index, covers what none before it did (AN3)."""
    before = ledger.get("anchored", Anchored)
    if before is None:
        return True
    return size > before.new_from and not is_idle_since(before.new_from, index, ledger)


def _other_than_ours(note: Note, checkpoint: Checkpoint, entry: Entry, book: Book) -> str:
    """Say in which respect it is no checkpoint of this log; nothing where it is one (AN1)."""
    genesis = book.thing("ledger", "genesis", LedgerOpened)
    if genesis is None or checkpoint.origin != genesis.origin:
        return f"it is a checkpoint of {checkpoint.origin}"
    if not 1 <= checkpoint.size <= entry.index:
        return f"it has size {checkpoint.size}; there are {entry.index} entries before it"
    if checkpoint.root != book.root_at(checkpoint.size):
        return f"the log's root at size {checkpoint.size} is another"
    key = VerifierKey(genesis.origin, ED25519, genesis.log_keys.checkpoint)
    try:
        verify_note(note, [key])
    except PledgebookError as error:
        return f"the log did not sign it: {error.reason}"
    return ""


def _has_cosignature(note: Note, origin: str) -> bool:
    """Say whether somebody else's line states a time (AN2)."""
    return any(
        line.name != origin and len(line.body) in _TIMED and any(line.body[:8])
        for line in note.signatures
    )


EVENTS: Final[tuple[type[Body], ...]] = (CheckpointAnchored,)
