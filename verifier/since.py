"""An audit that goes on where the last one ended.

Rules:

1. The tree served must begin with the tree remembered: its root at the size remembered is computed
   out of the published tiles, which count only if they lead to the signed root.
2. A smaller tree that is a beginning of the one remembered is a rollback: its tail was cut, or an
   old database was restored. One that is not, or a larger one that does not begin with the tree
   remembered, is another history: restored and continued otherwise, or shown to some alone. Of full
   blocks only the hash is remembered: what differs inside the last, partial block of a smaller tree
   cannot be seen, and how far the two are alike is said.
3. Only entries from there on are read. The rules over the whole log stand for every subject: they
   are asked about those that changed, that look up one that did, or whose time has come
   (``whole_log``); a change of the singletons asks about all. What was told before and still
   stands is counted and not told again.
4. Nothing is remembered of an audit that found the log cut, changed or forked, or that could not
   decide something: the next one begins where the last good one ended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from verifier.anchors import Anchors
from verifier.attachments import Attachments
from verifier.errors import FalseError, PledgebookError
from verifier.memory import BY_EVENT, NAMED, Known, Lookup, Memory, Remembered, Shelf
from verifier.note import Checkpoint
from verifier.regrown import RegrownTree
from verifier.rules.book import SINGLETONS, Book, Broken, Subject
from verifier.rules.registered import Registered
from verifier.sources import Source
from verifier.tiles import FULL_WIDTH, TILE_HEIGHT, TileHashes
from verifier.tree import root_from
from verifier.verdict import Checked
from verifier.whole_log import Answer, across, ask, concerned

if TYPE_CHECKING:
    from verifier.audit import Audit

__all__ = ["Since"]


class Since:
    """What one audit takes from a memory, and gives to it."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.past = memory.past
        self.changed: set[str] = set()
        """The subjects that have new events."""
        self._answers: dict[str, Answer] = {}
        self._across: tuple[Broken, ...] = ()
        self._kept: Checked | None = None

    @property
    def size(self) -> int:
        """How many entries were audited before."""
        return self.past.size if self.past is not None else 0

    def restore(
        self, tree: RegrownTree, book: Book, anchors: Anchors, attachments: Attachments
    ) -> Checked:
        """Stand where the last audit ended."""
        past = self.past
        assert past is not None
        tree.restore(past.size, past.block, past.levels)
        book.size, book.time, book.ledger = past.size, past.time, past.ledger
        book.public_keys = past.keys
        book.register = Registered.restored(past.register, self.memory.leaves)
        book.subjects = Shelf(self.memory, past.subjects)
        anchors.restore(past.anchors)
        named = Lookup(self.memory, NAMED, past.attachments.named)
        attachments.restore(past.attachments, named, Lookup(self.memory, BY_EVENT, 0))
        return past.checked

    # 1 and 2: what is served begins with what was seen

    def gap(self, checkpoint: Checkpoint, source: Source, tree: RegrownTree) -> FalseError | None:
        """Return what is wrong between the tree remembered and the one served, or nothing."""
        past = self.past
        assert past is not None
        served = TileHashes(source, checkpoint.size)
        if checkpoint.size < past.size:
            return self._shorter(checkpoint, served, tree)
        if checkpoint.size == past.size:
            same = checkpoint.root == past.root
            return None if same else self._forked(checkpoint, served, tree)
        try:
            begins = root_from(past.size, served) == past.root
            leads = root_from(checkpoint.size, served) == checkpoint.root
        except PledgebookError:
            return None  # what is missing or malformed is told as it is read
        return self._forked(checkpoint, served, tree) if leads and not begins else None

    def _shorter(self, checkpoint: Checkpoint, served: TileHashes, tree: RegrownTree) -> FalseError:
        def read(level: int, index: int) -> bytes:
            return tree.node(level, index) if tree.holds(level, index) else served(level, index)

        try:
            beginning = root_from(checkpoint.size, read) == checkpoint.root
        except PledgebookError:
            beginning = False
        if not beginning:
            return self._forked(checkpoint, served, tree)
        alike = checkpoint.size
        if alike // FULL_WIDTH < self.size // FULL_WIDTH:  # leaves of old blocks are not kept
            alike -= alike % FULL_WIDTH
        return FalseError(
            "rolled-back", f"{checkpoint.size} entries are served, {self.size} were audited "
            f"before, alike to entry {alike}: the tail was cut, or an old database restored",
        )  # fmt: skip

    def _forked(self, checkpoint: Checkpoint, served: TileHashes, tree: RegrownTree) -> FalseError:
        assert self.past is not None
        part = _first_other(min(self.size, checkpoint.size), served, tree)
        return FalseError(
            "history-forked", f"the {checkpoint.size} entries served do not begin with the "
            f"{self.size} that were audited before, whose root was {self.past.root.hex()}; {part}: "
            "an old database was restored and continued otherwise, or two histories are shown",
            hint=f"pledgebook-verify compare {self.memory.path} SOURCE --proof FILE proves it",
        )  # fmt: skip

    # 3: the rules over the whole log

    def broken(self, book: Book, extra: tuple[Broken, ...]) -> Iterator[tuple[Broken, bool]]:
        """Yield what is broken, and whether it was told before; the rest is ``standing``.

        *extra* is what others than the rules found in the whole log.
        """
        known = self.past.subjects if self.past is not None else {}
        shelf = book.subjects
        old = shelf.answers if isinstance(shelf, Shelf) else {}
        for subject in self._due(book, known):
            told = old.get(subject.id)
            answer = self._answers[subject.id] = ask(subject, book)
            for one in answer.broken:
                yield one, told is not None and one in told.broken
        compared = (*across(book, self._about(known, book)), *extra)
        before = self.past.across if self.past is not None else ()
        for one in compared:
            yield one, one in before
        self._across = compared

    def standing(self) -> tuple[int, int]:
        """Return how many breaches and omissions stand of subjects that were not asked about."""
        known = self.past.subjects if self.past is not None else {}
        rest = [one for name, one in known.items() if name not in self._answers]
        return sum(one.breaches for one in rest), sum(one.omissions for one in rest)

    def _due(self, book: Book, known: dict[str, Known]) -> list[Subject]:
        if self.past is None:
            return list(book.subjects.values())
        everything = not self.changed.isdisjoint(SINGLETONS)
        due = self.changed | {
            name for name, one in known.items()
            if everything or one.until <= book.time or not self.changed.isdisjoint(one.reads)
        }  # fmt: skip
        return [book.subject(name) for name in sorted(due)]

    def _about(self, known: dict[str, Known], book: Book) -> dict[int, set[str]]:
        """Return which subjects the rules that compare them are about."""
        found: dict[int, set[str]] = defaultdict(set)
        if self.past is None:
            bits = {one.id: concerned(one) for one in book.subjects.values()}
        else:
            bits = {name: one.about for name, one in known.items() if one.about}
            bits |= {name: concerned(book.subject(name)) for name in self.changed}
        for name, about in bits.items():
            for number in range(about.bit_length()):
                if about >> number & 1:
                    found[number].add(name)
        return found

    # 4: remembering

    def keep(self, checked: Checked) -> None:
        """Keep what was counted before the rules over the whole log, as it stands now."""
        self._kept = msgspec.msgpack.decode(msgspec.msgpack.encode(checked), type=Checked)

    def remember(self, audit: Audit) -> bool:
        """Write the memory anew, or what changed of it, where there is cause to (rule 4)."""
        spoiled = audit.checked.unknown | (audit.checked.false - {"signed"})
        if audit.ended is None or self._kept is None or spoiled:
            return False
        book = audit.book
        block, levels = audit.tree.kept()
        now = Remembered(
            rules=self.memory.rules, note=audit.served, size=audit.ended.size,
            root=audit.ended.root, time=book.time, ledger=book.ledger, unjudged=audit.unjudged,
            checked=self._kept, keys=book.public_keys, block=block, levels=levels,
            across=self._across, register=book.register.kept(),
            leaves=self.past.leaves if self.past is not None else b"",
            anchors=audit.anchors.kept(), attachments=audit.attachments.kept(),
            subjects=self.past.subjects if self.past is not None else {},
        )  # fmt: skip
        changed = ((book.subject(name), answer) for name, answer in self._answers.items())
        leaves, names = book.register.leaves(), audit.attachments.fresh()
        self.memory.write(now, changed, leaves, names, anew=self.past is None)
        return True


def _first_other(size: int, served: TileHashes, tree: RegrownTree) -> str:
    """Say where two trees part, to a block of entries; blocks are searched by halves."""
    try:
        low, high = 0, size // FULL_WIDTH
        level = high.bit_length()
        while level > 0 and low < high:  # down from the largest subtree that may be equal
            level -= 1
            while (
                low + (1 << level) <= high
                and low % (1 << level) == 0
                and (
                    tree.node(TILE_HEIGHT + level, low >> level)
                    == served(TILE_HEIGHT + level, low >> level)
                )
            ):
                low += 1 << level
    except PledgebookError:
        return "where they part cannot be read"
    return (
        f"they part at entry {low * FULL_WIDTH} or after"
        if low == high
        else (f"they part between the entries {low * FULL_WIDTH} and {(low + 1) * FULL_WIDTH - 1}")
    )
