"""What an auditor remembers from one audit to the next: one file, its own and nobody else's.

Rules:

1. The file holds the last checkpoint as it was served, the tree's hashes, the state of every
   subject and what the rules over the whole log said of it. It is written when the verdict has been
   told, in one transaction: a crash leaves the state before or the state after.
2. It is read by the very code that wrote it, else not: ``RULES`` is a digest of the verifier's own
   source. After any change of it the log is audited anew, and only the checkpoint still counts.
3. What is read is checked against a digest: the index against its own, each subject against the one
   in the index. This finds damage, not forgery: **the auditor trusts its own file**. Whoever can
   write it can make the next audit say anything about the entries that it covers.
4. Subjects are read when they are asked for, so that an audit costs what is new.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from verifier import anchors, attachments
from verifier.errors import UndecidedError
from verifier.kept import subject_from, subject_to
from verifier.rules.book import Broken, Subject
from verifier.rules.registered import Kept
from verifier.verdict import Checked
from verifier.whole_log import Answer, concerned

__all__ = ["MAGIC", "Known", "Lookup", "Memory", "Remembered", "Shelf", "note_of", "rules_digest"]

MAGIC: Final = b"SQLite format 3\0"
FORMAT: Final = "pledgebook audit state 1"
CHECK_BYTES: Final = 8
NAMED: Final = b"n"
BY_EVENT: Final = b"e"
LAYOUT: Final = """
    CREATE TABLE state (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE subject (place INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;
    CREATE TABLE lookup (name BLOB PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
"""


Names = tuple[dict[bytes, Any], dict[bytes, Any]]
"""What is looked up by name and is new: who names each attachment, and what each event names."""


class Known(msgspec.Struct, array_like=True):
    """What the index says of a subject: where it lies, its digest, and its answer in short."""

    place: int
    digest: bytes
    until: int
    breaches: int = 0
    omissions: int = 0
    about: int = 0
    """Which rules that compare subjects are about it, a bit for each."""
    reads: tuple[str, ...] = ()


class Remembered(msgspec.Struct, kw_only=True):
    """Where an audit ended (rule 1)."""

    format: str = FORMAT
    rules: str
    note: bytes
    size: int
    root: bytes
    time: int
    ledger: bytes | None
    unjudged: str
    checked: Checked
    keys: dict[bytes, bytes]
    block: list[bytes]
    levels: list[bytes]
    across: tuple[Broken, ...] = ()
    """What was said by the rules that compare subjects."""
    register: Kept
    leaves: bytes
    """The digest of the leaves of the register, which are kept beside the index."""
    anchors: anchors.Kept
    attachments: attachments.Kept
    subjects: dict[str, Known] = msgspec.field(default_factory=dict)


class Memory:
    """A state file that is open for one audit."""

    def __init__(self, path: Path, *, trust: str = "") -> None:
        """Open the file and read what it remembers; a file that is not there remembers nothing.

        *trust* is the policy in words: what was judged by another one is judged anew.

        Raises:
            UndecidedError: code ``state-unreadable``; it is damaged, or no state file at all.
        """
        self.path = path
        self.rules = sha256(f"{rules_digest()} {trust}".encode()).hexdigest()
        self.past: Remembered | None = None
        self.note: bytes | None = None
        """The last checkpoint, also where the rest was written by other rules (rule 2)."""
        self._database: sqlite3.Connection | None = None
        if path.exists():
            self._read()

    def close(self) -> None:
        """Let go of the file."""
        if self._database is not None:
            self._database.close()

    def _read(self) -> None:
        try:
            self._database = sqlite3.connect(
                f"file:{quote(str(self.path))}?mode=rw", uri=True, timeout=1, isolation_level=None
            )
            self._database.execute("BEGIN IMMEDIATE")  # one audit at a time
            rows = dict(
                self._database.execute(
                    "SELECT name, value FROM state WHERE name != 'leaves'"
                ).fetchall()
            )
            raw, digest, self.note = rows["index"], rows["digest"], rows["note"]
        except (sqlite3.Error, KeyError) as error:
            raise self._unreadable(str(error)) from None
        if sha256(raw + rows["rules"] + rows["note"]).digest() != digest:
            raise self._unreadable("it differs from its own digest")
        if rows["rules"] != self.rules.encode():
            return
        try:
            self.past = msgspec.msgpack.decode(raw, type=Remembered)
        except msgspec.MsgspecError as error:
            raise self._unreadable(str(error)) from None

    def read(self, known: Known) -> tuple[Subject, Answer]:
        """Read a subject and what was said of it (rule 3)."""
        assert self._database is not None
        try:
            found = self._database.execute(
                "SELECT value FROM subject WHERE place = ?", (known.place,)
            ).fetchone()
        except sqlite3.Error as error:
            raise self._unreadable(str(error)) from None
        if found is None or sha256(found[0]).digest() != known.digest:
            raise self._unreadable("a subject differs from its digest")
        state, answer = msgspec.msgpack.decode(found[0], type=tuple[bytes, Answer])
        return subject_from(state), answer

    def leaves(self) -> dict[str, list[bytes]]:
        """Read the leaves of the register."""
        assert self._database is not None
        assert self.past is not None
        found = self._database.execute("SELECT value FROM state WHERE name = 'leaves'").fetchone()
        if found is None or sha256(found[0]).digest() != self.past.leaves:
            raise self._unreadable("the register's leaves differ from their digest")
        return msgspec.msgpack.decode(found[0], type=dict[str, list[bytes]])

    def looked_up(self, kind: bytes, name: bytes) -> Any:
        """Return what was kept under a name, or nothing."""
        assert self._database is not None
        key = kind + name
        found = self._database.execute("SELECT value FROM lookup WHERE name = ?", (key,)).fetchone()
        if found is None:
            return None
        value, check = found[0][:-CHECK_BYTES], found[0][-CHECK_BYTES:]
        if sha256(key + value).digest()[:CHECK_BYTES] != check:
            raise self._unreadable("what was kept under a name differs from its digest")
        return msgspec.msgpack.decode(value)

    def write(
        self, now: Remembered, changed: Iterable[tuple[Subject, Answer]],
        leaves: dict[str, list[bytes]] | None, names: Names, *, anew: bool,
    ) -> None:  # fmt: skip
        """Remember an audit (rule 1); with *anew* nothing of the old state is kept.

        *leaves* are those of the register, if they were made anew.

        Raises:
            UndecidedError: code ``state-unreadable``; the file cannot be written.
        """
        try:
            if anew:
                self._write_anew(now, changed, leaves, names)
            else:
                assert self._database is not None
                _write(self._database, now, changed, leaves, names)
                self._database.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise self._unreadable(f"it cannot be written: {error}") from None

    def _write_anew(
        self, now: Remembered, changed: Iterable[tuple[Subject, Answer]],
        leaves: dict[str, list[bytes]] | None, names: Names,
    ) -> None:  # fmt: skip
        fresh = self.path.with_name(f"{self.path.name}.new")
        fresh.unlink(missing_ok=True)
        with closing(sqlite3.connect(fresh)) as database:
            database.executescript(LAYOUT)
            with database:
                _write(database, now, changed, leaves, names)
        fresh.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _unreadable(self, reason: str) -> UndecidedError:
        return UndecidedError("state-unreadable", f"{self.path}: {reason}")


def _write(
    database: sqlite3.Connection, now: Remembered, changed: Iterable[tuple[Subject, Answer]],
    leaves: dict[str, list[bytes]] | None, names: Names,
) -> None:  # fmt: skip
    """Write the subjects that changed and the index over all, within a transaction."""
    next_place = max((known.place for known in now.subjects.values()), default=0) + 1
    for subject, answer in changed:
        value = msgspec.msgpack.encode((subject_to(subject), answer))
        known = now.subjects.get(subject.id)
        place = next_place if known is None else known.place
        next_place += known is None
        database.execute("INSERT OR REPLACE INTO subject VALUES (?, ?)", (place, value))
        breaches = sum(one.kind == "breach" for one in answer.broken)
        now.subjects[subject.id] = Known(
            place, sha256(value).digest(), answer.until, breaches,
            len(answer.broken) - breaches, concerned(subject), answer.reads,
        )  # fmt: skip
    rows: dict[str, Any] = {}
    if leaves is not None:
        rows["leaves"] = msgspec.msgpack.encode(leaves)
        now.leaves = sha256(rows["leaves"]).digest()
    for kind, found in zip((NAMED, BY_EVENT), names, strict=True):
        for name, told in dict.items(found):
            key, value = kind + name, msgspec.msgpack.encode(told)
            check = sha256(key + value).digest()[:CHECK_BYTES]
            database.execute("INSERT OR REPLACE INTO lookup VALUES (?, ?)", (key, value + check))
    raw, rules = msgspec.msgpack.encode(now), now.rules.encode()
    rows |= {
        "index": raw, "rules": rules, "note": now.note,
        "digest": sha256(raw + rules + now.note).digest(),
    }  # fmt: skip
    database.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", rows.items())


def note_of(path: Path) -> bytes:
    """Return the checkpoint that a state file remembers."""
    with closing(Memory(path)) as memory:
        return memory.note or b""


class Lookup(dict[bytes, Any]):
    """What is kept under names, asked one by one; itself it holds only what is new."""

    def __init__(self, memory: Memory, kind: bytes, count: int) -> None:
        super().__init__()
        self._memory, self._kind, self._count = memory, kind, count

    def get(self, key: bytes, default: Any = None) -> Any:
        """Return what is new or was kept under a name."""
        found = super().get(key)
        found = self._memory.looked_up(self._kind, key) if found is None else found
        return default if found is None else found

    def setdefault(self, key: bytes, default: Any = None) -> Any:
        """Return what stands under a name, or put something there."""
        found = self.get(key)
        return super().setdefault(key, default) if found is None else found

    def __len__(self) -> int:
        return self._count + super().__len__()


class Shelf(dict[str, Subject]):
    """The subjects of a book, read out of the memory when they are asked for (rule 4)."""

    def __init__(self, memory: Memory, known: dict[str, Known]) -> None:
        super().__init__()
        self._memory = memory
        self._known = known
        self.answers: dict[str, Answer] = {}
        """What was said of the subjects that were read."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return a subject, read if it is remembered."""
        found = super().get(key)
        if found is None and key in self._known:
            found, self.answers[key] = self._memory.read(self._known[key])
            self[key] = found
        return default if found is None else found

    def __getitem__(self, key: str) -> Subject:
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return found  # type: ignore[no-any-return]

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return a subject, or put a new one in its place."""
        found = self.get(key)
        return super().setdefault(key, default) if found is None else found

    def __iter__(self) -> Iterator[str]:
        yield from self._known
        yield from (name for name in dict.__iter__(self) if name not in self._known)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or key in self._known

    def values(self) -> Any:
        """Read and return every subject, in order of first appearance."""
        names = [*self._known, *(name for name in dict.__iter__(self) if name not in self._known)]
        return [self[name] for name in names]

    def fresh(self) -> Iterator[Subject]:
        """Yield the subjects that were read or made so far, and read no other."""
        yield from super().values()


@cache
def rules_digest() -> str:
    """Return the digest of the verifier's own source (rule 2)."""
    digest = sha256()
    waiting: list[tuple[str, Traversable]] = [("", files("verifier"))]
    while waiting:
        name, found = waiting.pop()
        if found.is_dir():
            waiting += sorted((f"{name}/{one.name}", one) for one in found.iterdir()
                              if one.name != "__pycache__")  # fmt: skip
        elif name.endswith(".py"):
            digest.update(f"{name}\n".encode() + sha256(found.read_bytes()).digest())
    return digest.hexdigest()
