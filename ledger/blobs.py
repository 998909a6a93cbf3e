"""The attachments beside the log: kept under the names that events refer to, erased on record.

Rules:

1. An object is stored only if an event on record names it (the caller shows which) and its bytes
   have that name. So nobody stores what no enrolled author has signed for, and sending it again
   changes nothing.
2. ``put`` returns when the object survives a loss of power: written beside its place, synced,
   renamed, the folder synced.
3. ``erase`` leaves a mark with the ground and the event, then deletes the object; each step is
   durable before the next. What is marked is never stored again. Doing it twice is doing it once.
4. Erasures follow the log: ``catch_up`` reads every ``ErasureRecorded`` from where it stopped and
   remembers the place after the deletion. A start and a later moment run the same code, so a crash
   between the event and the deletion is repaired by the next start.
5. One lock orders ``put`` and ``erase``: what arrives while it is being erased is refused or gone.
6. The sum of all objects has a ceiling (setting ``max_blobs_bytes``).
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from ledger.errors import LedgerError
from ledger.recorder import LedgerRecorder
from verifier.blob import content_of
from verifier.event import parse
from verifier.rules import admission
from verifier.rules.erasure import ErasureRecorded

__all__ = ["BlobStore", "Mark"]

CURSOR: Final = "erased-up-to"
MARK: Final = ".erased"
FRESH: Final = ".new"
PAGE: Final = 500
NOTED_EVERY: Final = 10_000  # entries; so many a start reads again at most
FOLLOW_S: Final = 0.5  # how soon an erasure on record is carried out

logger = logging.getLogger(__name__)


class Mark(msgspec.Struct, frozen=True):
    """What is left of an erased object: the event that had it erased, and why."""

    index: int
    ground: str
    authority: str


class BlobStore:
    """The objects in one folder; safe for several threads."""

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        """Open the folder, make it if need be, and drop what was never finished."""
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._reached = -1
        self._noted = 0
        self.bytes = 0
        """Of all objects together."""
        for path in self._files():
            if path.suffix == FRESH:
                path.unlink()
            elif not path.suffix:
                self.bytes += path.stat().st_size

    def _files(self) -> Iterator[Path]:
        for shard in self._folder.iterdir():
            if shard.is_dir():
                yield from shard.iterdir()

    def _path(self, name: bytes) -> Path:
        return self._folder / name[:1].hex() / name.hex()

    def get(self, name: bytes) -> bytes:
        """Return a stored object; raises as ``place``."""
        try:
            return self.place(name).read_bytes()
        except FileNotFoundError:  # erased at this moment
            return self.place(name).read_bytes()

    def place(self, name: bytes) -> Path:
        """Return where an object lies, so that it can be sent without being held in memory.

        Raises:
            LedgerError: code ``blob-erased`` with the ground, or ``entry-absent``.
        """
        self._require_unmarked(name)
        path = self._path(name)
        if not path.exists():
            raise LedgerError("entry-absent", f"there is no attachment {name.hex()}")
        return path

    def put(self, name: bytes, stored: bytes) -> bool:
        """Store an object durably; return whether it was new (rules 1 and 2).

        Raises:
            FalseError: code ``blob-altered``; its bytes do not have this name.
            LedgerError: code ``blob-erased``, or ``T-storage-full`` beyond the ceiling.
        """
        content_of(name, stored)
        path = self._path(name)
        with self._lock:
            self._require_unmarked(name)
            if path.exists():
                return False
            if self.bytes + len(stored) > self._max_bytes:
                reason = (
                    f"{self.bytes:,} bytes of attachments are kept, {self._max_bytes:,} allowed"
                )
                raise LedgerError("T-storage-full", reason)
            try:
                _write(path, stored)
            except OSError as error:
                raise LedgerError("T-storage", f"the attachment: {error.strerror}") from None
            self.bytes += len(stored)
            return True

    def mark(self, name: bytes) -> Mark | None:
        """Return the mark of an erased object, or nothing."""
        try:
            data = self._path(name).with_suffix(MARK).read_bytes()
        except FileNotFoundError:
            return None
        return msgspec.json.decode(data, type=Mark)

    def _require_unmarked(self, name: bytes) -> None:
        mark = self.mark(name)
        if mark is not None:
            reason = f"erased under {mark.ground} ({mark.authority}), by entry {mark.index}"
            raise LedgerError("blob-erased", reason)

    def erase(self, name: bytes, mark: Mark) -> None:
        """Mark an object as erased, then delete it (rule 3); an earlier mark stays."""
        path = self._path(name)
        with self._lock:
            if self.mark(name) is None:
                _write(path.with_suffix(MARK), msgspec.json.encode(mark))
            # Killed here: nobody is served it any more, and the next start deletes it.
            if path.exists():
                self.bytes -= path.stat().st_size
                path.unlink()
                _sync(path.parent)

    def catch_up(self, recorder: LedgerRecorder) -> int:
        """Erase what the log says since the last time (rule 4); return how many events said so."""
        done = self._reached if self._reached >= 0 else self._cursor()
        count, size = 0, recorder.size
        while done < size:
            found = recorder.select_notifications(
                done + 1, PAGE, stop=size, topics=(ErasureRecorded.TYPE,)
            )
            for one in found:
                self._obey(one.state, one.id - 1)
                count += 1
            # Killed here: the same events are read again, and erase what is erased.
            done = found[-1].id if len(found) == PAGE else size
        self._reached = done
        if count or done - self._noted >= NOTED_EVERY:
            self._note(done)
        return count

    async def follow(self, recorder: LedgerRecorder, stop: asyncio.Event) -> None:
        """Catch up whenever the log has grown, until told to stop."""
        seen = -1
        while not stop.is_set():
            if recorder.size != seen:
                size = recorder.size
                try:
                    await asyncio.to_thread(self.catch_up, recorder)
                    seen = size
                except Exception:  # the disk: it is tried again, and at the next start
                    logger.exception("attachments could not be erased")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), FOLLOW_S)

    def _obey(self, raw: bytes, index: int) -> None:
        body = admission.read_body(parse(raw))
        assert isinstance(body, ErasureRecorded)
        for name in body.blobs:
            self.erase(name, Mark(index, body.ground, body.authority))

    def _cursor(self) -> int:
        """Return up to which size the log's erasures are known to be done."""
        with suppress(FileNotFoundError):
            self._noted = int((self._folder / CURSOR).read_bytes())
        return self._noted

    def _note(self, done: int) -> None:
        """Remember the place; where the disk is full, the next start only reads more."""
        with suppress(OSError):
            _write(self._folder / CURSOR, b"%d" % done)
            self._noted = done


def _write(path: Path, data: bytes) -> None:
    if not path.parent.exists():
        path.parent.mkdir()
        _sync(path.parent.parent)
    beside = path.with_name(path.name + FRESH)
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
