"""The log as views follow it: page by page, each page shown to lie under a signed checkpoint.

Rules:

1. A checkpoint counts only if the trust policy accepts it; the policy is never taken from the
   source. A ledger id that the policy pins must be the id of entry 0.
2. A page is handed on only when the tree over everything up to its end is the checkpoint's own
   tree, or a prefix of it by a consistency proof. So rows never rest on bytes that no log signed.
3. Log time is the running maximum of the times at which events were signed.
4. A checkpoint older than what is known is no reason to go back; one of the same size with another
   root is a fork, and following stops.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from projections.reading import Recorded, recorded
from verifier.errors import FalseError, MalformedError
from verifier.policy import Policy, VerifiedCheckpoint
from verifier.sources import Source, read_bundles
from verifier.tiles import TileHashes
from verifier.tree import Frontier, consistency_proof, verify_consistency

__all__ = ["BULK_PAGE", "NO_EVENT", "PAGE", "Feed", "Page", "Place"]

PAGE: Final = 4_096  # 16 bundles: a transaction of some 30 ms, and a few MB in memory
NO_EVENT: Final = frozenset({"event-malformed", "event-too-large"})
BULK_PAGE: Final = 16_384  # of a rebuild: fewer rewrites of rows that change often; about 30 MB


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader stands in the log: the tree so far and the log time there."""

    frontier: Frontier
    time: int

    @property
    def size(self) -> int:
        """How many entries were read: the index of the next."""
        return self.frontier.size

    @classmethod
    def start(cls) -> Place:
        """Return the place before the first entry."""
        return cls(Frontier(), 0)


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries in order, the place after them, and the checkpoint that covers them."""

    entries: tuple[Recorded, ...]
    place: Place
    under: VerifiedCheckpoint

    def part(self, entries: Sequence[Recorded], before: Place) -> Page:
        """Return the page of some consecutive entries of this one, which start at *before*."""
        frontier = before.frontier.copy()
        frontier.extend(entry.id for entry in entries)
        return Page(tuple(entries), Place(frontier, entries[-1].at), self.under)


class Feed:
    """A source, judged by a trust policy. Safe for several threads at once."""

    def __init__(
        self, source: Source, *, policy: Policy, executor: Executor, page: int = PAGE
    ) -> None:
        """*executor* runs threads that fetch ahead; *page* is how many entries go together."""
        self.source = source
        self.policy = policy
        self.page = page
        self._executor = executor

    def head(self) -> VerifiedCheckpoint:
        """Fetch and judge the newest checkpoint (rule 1).

        Raises:
            UndecidedError: the source cannot be read, or has no checkpoint yet.
            FalseError, MalformedError, PolicyError: the policy does not accept it.
        """
        return self.policy.judge(self.source.checkpoint())

    def require_same(self, place: Place, head: VerifiedCheckpoint) -> None:
        """Require that a place at the head's size has the head's root (rule 4).

        Raises:
            FalseError: code ``proof-false``.
        """
        checkpoint = head.checkpoint
        if place.size == checkpoint.size and place.frontier.root() != checkpoint.root:
            raise FalseError("proof-false", f"another root at size {checkpoint.size} than was read")

    def pages(
        self, place: Place, head: VerifiedCheckpoint, *, stop: int | None = None, bulk: bool = False
    ) -> Iterator[Page]:
        """Yield the entries from a place to *stop* (default: the head's size), page by page.

        In bulk only the last page is proved: a rebuild shows nothing before it.

        Raises:
            FalseError: code ``proof-false``; the entries are not those of the checkpoint (rule 2).
            MalformedError: the next entry is no event (codes ``NO_EVENT``), or a bundle is framed
                wrongly. A page ends before an entry that is no event.
            UndecidedError: the source cannot be read.
        """
        size = head.checkpoint.size
        stop = size if stop is None else min(stop, size)
        while place.size < stop:
            end = min(place.size + (BULK_PAGE if bulk else self.page), stop)
            read = self._read(place, end, head)
            if read.place.size == stop or not bulk:
                self._prove(read.place, head)
            yield read
            place = read.place

    def _read(self, place: Place, end: int, head: VerifiedCheckpoint) -> Page:
        """Read entries up to *end*, or up to the first that is no event."""
        entries: list[Recorded] = []
        frontier, time = place.frontier.copy(), place.time
        bundles = read_bundles(
            self.source, place.size, end, executor=self._executor, size=head.checkpoint.size
        )
        for first, raws in bundles:
            ids = [sha256(b"\x00" + raw).digest() for raw in raws]  # leaf hashes
            if first == 0 and self.policy.ledger not in (None, ids[0]):
                raise FalseError("proof-false", "the log is not the ledger that the policy pins")
            try:
                batch = list(recorded(first, raws, ids, time=time))
            except MalformedError as error:
                batch = list(_readable(first, raws, ids, time=time))
                entries += batch
                frontier.extend(entry.id for entry in batch)
                if not entries:
                    reason = f"entry {place.size}: {error.reason}"
                    raise MalformedError(error.code, reason) from error
                break
            entries += batch
            frontier.extend(ids)
            time = entries[-1].at
        return Page(tuple(entries), Place(frontier, entries[-1].at), head)

    def _prove(self, place: Place, head: VerifiedCheckpoint) -> None:
        self.require_same(place, head)
        new = head.checkpoint
        if place.size < new.size:
            proof = consistency_proof(place.size, new.size, TileHashes(self.source, new.size))
            verify_consistency(
                proof, old=place.size, new=new.size,
                old_root=place.frontier.root(), new_root=new.root,
            )  # fmt: skip


def _readable(first: int, raws: list[bytes], ids: list[bytes], *, time: int) -> Iterator[Recorded]:
    """Yield the entries before the first that is no event."""
    with suppress(MalformedError):
        yield from recorded(first, raws, ids, time=time)
