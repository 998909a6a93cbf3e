"""The signing state: the newest tree that the log's keys have signed, kept apart from the data.

A log that signs two different trees of one size, or a smaller tree after a larger one, has forked.
The commonest way there is innocent: a backup is restored and the service started. So what was
signed is remembered in another file, better on another disk, and compared at start.

Rules:

1. The file is made once, beside its place, at its full size, with two slots. A state is written
   over the older slot by one ``pwrite`` and one ``fdatasync``: no length changes, no file is
   renamed, and a torn write leaves the other slot whole.
2. A slot is counter, size, root, ledger id and a SHA-256 over them. The valid slot with the
   greatest counter is the state.
3. The state never goes back and never sideways: a smaller size, or another root at the same size,
   is refused here whoever asks.
4. One process holds the file (an advisory lock), hence one process appends to a ledger.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.errors import LedgerError
from verifier.tree import EMPTY_ROOT

__all__ = ["SigningFile", "SigningState"]

MAGIC: Final = b"pledgebook signing state 1\n\0\0\0\0\0"
SLOT_BYTES: Final = 4096  # a page: the slots never share a sector of any disk
BODY: Final = struct.Struct(">32sQQ32s32s")
CHECKED: Final = BODY.size
NO_LEDGER: Final = bytes(32)

_datasync: Final = getattr(os, "fdatasync", os.fsync)


@dataclass(frozen=True, slots=True)
class SigningState:
    """What was signed last, or is about to be: size and root of the tree, and of which ledger."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    ledger: bytes = NO_LEDGER


class SigningFile:
    """The open, locked file of a signing state."""

    def __init__(self, fd: int, path: Path) -> None:
        self._fd = fd
        self._path = path
        self._counter, self.state = self._read()

    @classmethod
    def create(cls, path: Path, state: SigningState | None = None) -> SigningFile:
        """Make the file for a new ledger, or with the state that an operator has established.

        Durable on return, with its folder's entry.

        Raises:
            LedgerError: code ``signing-state-damaged``; there is one already, or it cannot be made.
        """
        beside = path.with_name(f"{path.name}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            os.pwrite(fd, bytes(2 * SLOT_BYTES), 0)
            os.pwrite(fd, _slot(1, state or SigningState()), SLOT_BYTES)
            os.fsync(fd)
            # Killed until here: there is no signing state yet, and the next start makes one.
            os.link(beside, path)  # never over another one
            beside.unlink()
            folder = os.open(path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        except OSError as error:
            raise LedgerError("signing-state-damaged", f"{path}: {error.strerror}") from None
        return cls._locked(fd, path)

    @classmethod
    def open(cls, path: Path) -> SigningFile:
        """Open and lock the file.

        Raises:
            LedgerError: code ``signing-state-missing``, ``signing-state-damaged`` or
                ``ledger-locked``.
        """
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            raise LedgerError("signing-state-missing", f"{path} does not exist") from None
        except OSError as error:
            raise LedgerError("signing-state-damaged", f"{path}: {error.strerror}") from None
        return cls._locked(fd, path)

    @classmethod
    def _locked(cls, fd: int, path: Path) -> SigningFile:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return cls(fd, path)
        except OSError:
            os.close(fd)
            raise LedgerError("ledger-locked", f"another process holds {path}") from None
        except LedgerError:
            os.close(fd)
            raise

    def advance(self, state: SigningState) -> None:
        """Make a newer state durable: after the return it survives a loss of power.

        The same state again is no write. On an error the older state still stands.

        Raises:
            LedgerError: code ``signing-state-ahead`` or ``signing-state-fork`` (rule 3).
            OSError: the disk refused.
        """
        if state == self.state:
            return
        if state.size < self.state.size:
            reason = f"a tree of {self.state.size} entries was signed, this one has {state.size}"
            raise LedgerError("signing-state-ahead", reason)
        if state.size == self.state.size and self.state.ledger in (NO_LEDGER, state.ledger):
            if state.root != self.state.root:
                raise LedgerError("signing-state-fork", f"another tree of size {state.size}")
        elif self.state.ledger not in (NO_LEDGER, state.ledger):
            raise LedgerError("signing-state-fork", "the signing state is of another ledger")
        counter = self._counter + 1
        os.pwrite(self._fd, _slot(counter, state), (counter & 1) * SLOT_BYTES)
        # Killed here: this slot is old, new or torn; the other slot holds the state before. Either
        # way nothing was signed yet, and the next start compares with the data again.
        _datasync(self._fd)
        self._counter, self.state = counter, state

    def close(self) -> None:
        """Close the file and give the lock back. Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _read(self) -> tuple[int, SigningState]:
        found = [_parse(os.pread(self._fd, SLOT_BYTES, at)) for at in (0, SLOT_BYTES)]
        valid = [slot for slot in found if slot is not None]
        if not valid:
            raise LedgerError("signing-state-damaged", f"{self._path} has no valid slot")
        return max(valid, key=lambda slot: slot[0])


def _slot(counter: int, state: SigningState) -> bytes:
    body = BODY.pack(MAGIC, counter, state.size, state.root, state.ledger)
    return (body + hashlib.sha256(body).digest()).ljust(SLOT_BYTES, b"\0")


def _parse(data: bytes) -> tuple[int, SigningState] | None:
    body, check = data[:CHECKED], data[CHECKED : CHECKED + 32]
    if len(check) < 32 or hashlib.sha256(body).digest() != check:
        return None
    magic, counter, size, root, ledger = BODY.unpack(body)
    return (counter, SigningState(size, root, ledger)) if magic == MAGIC else None
