"""The register of a ledger that runs: computed for a publication, and shown from the last one.

Rules:

1. The database has the records of the last publication (``register_table``). For the next one the
   records of the subjects with an event since are made anew, out of their states, and the tree is
   hashed over all. Nothing of it stays in memory.
2. What is computed stands for the present state of the book, with what an open group assumes. It
   is kept until the next event, and written when the publication that needs it is.
3. Proofs are made out of the last publication alone. The hashes of its tree are kept once somebody
   has asked for one: 64 bytes for each stream.
"""

from __future__ import annotations

import asyncio
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from ledger.errors import LedgerError
from ledger.register_table import RegisterTable, Snapshot, Stored
from verifier.note import Checkpoint
from verifier.proof import Proof, format_proof
from verifier.ranges import range_proof
from verifier.records import bounds, records_of, require_name
from verifier.register import RegisterProof
from verifier.rules.book import Subject
from verifier.rules.registered import Commitment, Public, Registered
from verifier.tree import HASH_BYTES, Frontier, leaf_hash, node_hash

__all__ = ["LedgerRegister", "RegisterReader"]

MARK_EVERY: Final = 256  # streams between two whose rank is remembered
END: Final = "~"  # after every stream: they begin with a letter or a digit


class LedgerRegister(Registered):
    """The register as admission computes it; used by the thread that uses the book."""

    __slots__ = ("_computed", "_table", "_touched", "changes")

    def __init__(self, table: RegisterTable) -> None:
        super().__init__()
        self._table = table
        self._touched: set[str] = set()
        self._computed: Commitment | None = None
        self.changes: list[Stored] = []
        """The records that changed since the last publication, when it was computed last."""

    def touch(self, subject: str, index: int, at: int, *, upkeep: bool = False) -> None:
        """Take note of an assumed event (rule 2); on which day is asked of an audit alone."""
        del index, at, upkeep
        self._touched.add(subject)
        self._computed = None

    def forget(self) -> None:
        """Forget what was assumed: it is committed now, or it failed."""
        self._touched.clear()
        self._computed = None

    def commitment(self, state: Callable[[str], Subject], public: Public) -> Commitment:
        """Return the register over the present states (rules 1 and 2).

        Raises:
            StorageError: the database cannot be read.
        """
        if self._computed is None:
            self._refresh(state, public)
            self._computed = self._fold()
        return self._computed

    async def compute(self, state: Callable[[str], Subject], public: Public) -> None:
        """Compute the register beside the event loop, for a ``commitment`` at this very size.

        Nothing may be assumed or settled meanwhile.

        Raises:
            StorageError: the database cannot be read.
        """
        if self._computed is None:
            self._refresh(state, public)
            self._computed = await asyncio.to_thread(self._fold)

    def _refresh(self, state: Callable[[str], Subject], public: Public) -> None:
        with self._table.snapshot() as snapshot:
            names = {*snapshot.subjects_since(snapshot.size), *self._touched}
        self.changes = sorted(_fresh(names, state, public))

    def _fold(self) -> Commitment:
        frontier = Frontier()
        with self._table.snapshot() as snapshot:
            frontier.extend(
                leaf_hash(record) for _, record in _merged(snapshot.all(), self.changes)
            )
        return Commitment(frontier.size, frontier.root())


def _fresh(
    names: Iterable[str], state: Callable[[str], Subject], public: Public
) -> Iterator[Stored]:
    for name in names:
        subject = state(name)
        heads = ((stream, head.seq, head.id) for stream, head in subject.heads.items())
        yield from records_of(heads, public(subject))


def _merged(stored: Iterable[Stored], changes: list[Stored]) -> Iterator[Stored]:
    """Yield every record in order, the changed ones in place of the stored."""
    waiting = iter(changes)
    stream, record = next(waiting, (END, b""))
    for old in stored:
        while stream < old[0]:
            yield stream, record
            stream, record = next(waiting, (END, b""))
        if stream == old[0]:
            yield stream, record
            stream, record = next(waiting, (END, b""))
        else:
            yield old
    while stream != END:
        yield stream, record
        stream, record = next(waiting, (END, b""))


class Log(Protocol):
    """What is asked of the ledger for a proof."""

    def checkpoint(self) -> bytes:
        """Return the checkpoint that is served."""
        ...

    def receipt_checkpoint(self) -> tuple[int, bytes]:
        """Return (size, note) of the newest signed tree."""
        ...

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """Return the inclusion path of an entry in the tree of a size."""
        ...

    def event_at(self, index: int) -> bytes:
        """Return the bytes of the event at an index."""
        ...


class RegisterReader:
    """Makes proofs out of the last publication (rule 3)."""

    def __init__(self, table: RegisterTable, log: Log) -> None:
        self._table = table
        self._log = log
        self._lock = threading.Lock()
        self._size = 0
        self._levels: list[bytes] = []
        self._marks: list[str] = []

    def published(self) -> int:
        """Return the index of the last publication.

        Raises:
            LedgerError: code ``entry-absent``; nothing was published yet.
        """
        with self._table.snapshot() as snapshot:
            return _published(snapshot)

    def publication(self, index: int) -> bytes:
        """Return the proof file of the event at an index, under the best checkpoint that has it.

        For the thread that serves checkpoints.
        """
        note = self._log.checkpoint()
        if _size_of(note) <= index:  # what is served lags by a second, or waits for witnesses
            note = self._log.receipt_checkpoint()[1]
        path = self._log.inclusion(index, _size_of(note))
        return format_proof(Proof(index, path, note, self._log.event_at(index)))

    def prove(self, name: str) -> tuple[int, RegisterProof]:
        """Return the index of the last publication, and the proof of a name without it.

        May be called from any thread.

        Raises:
            LedgerError: code ``entry-absent``; nothing was published yet.
            MalformedError: code ``register-malformed``; nothing is named so.
            StorageError: the database cannot be read.
        """
        low, high = bounds(require_name(name))
        with self._table.snapshot() as snapshot:
            size = _published(snapshot)
            levels, marks = self._tree(size, snapshot)
            place = bisect_right(marks, low) - 1
            mark, rank = (marks[place], place * MARK_EVERY) if place >= 0 else ("", 0)
            first, before, own, after = snapshot.around(low, high, mark=mark, rank=rank)
        run = [one for one in (before, *own, after) if one is not None]

        def read(level: int, index: int) -> bytes:
            return levels[level][index * HASH_BYTES : (index + 1) * HASH_BYTES]

        path = range_proof(first, first + len(run), len(levels[0]) // HASH_BYTES, read)
        records = tuple(record for _, record in run)
        return size, RegisterProof(name, first, records, path, b"")

    def _tree(self, size: int, snapshot: Snapshot) -> tuple[list[bytes], list[str]]:
        """Return the hashes of a publication's complete subtrees, by level, and its marks."""
        with self._lock:
            if self._size != size:
                leaves, marks = bytearray(), []
                for rank, (stream, record) in enumerate(snapshot.all()):
                    leaves += leaf_hash(record)
                    if rank % MARK_EVERY == 0:
                        marks.append(stream)
                self._levels, self._marks, self._size = _levels(bytes(leaves)), marks, size
            return self._levels, self._marks


def _published(snapshot: Snapshot) -> int:
    size = snapshot.size
    if not size:
        raise LedgerError("entry-absent", "no register was published yet")
    return size


def _size_of(note: bytes) -> int:
    """Return the size that a checkpoint of this log states."""
    return Checkpoint.parse(note.partition(b"\n\n")[0] + b"\n").size


def _levels(leaves: bytes) -> list[bytes]:
    levels = [leaves]
    while (count := len(levels[-1]) // HASH_BYTES) > 1:
        below, pair = levels[-1], 2 * HASH_BYTES
        levels.append(
            b"".join(
                node_hash(below[at : at + HASH_BYTES], below[at + HASH_BYTES : at + pair])
                for at in range(0, count // 2 * pair, pair)
            )
        )
    return levels
