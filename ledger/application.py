"""The ledger application. INTERFACE DRAFT: signatures are final, bodies follow."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Self

from ledger.config import Settings, load_settings
from ledger.outcome import Accepted, Outcome, Rejected, Reply
from verifier.rules.book import Head, Subject, Unmet

__all__ = ["Accepted", "Ledger", "Outcome", "Rejected", "Reply", "Settings", "load_settings"]


class Ledger:
    """submit() is the only door."""

    size: int
    ledger_id: bytes
    """Empty until the genesis is recorded."""
    origin: str

    @classmethod
    def open(cls, folder: Path, *, settings: Settings, signers: Any = None) -> Self:
        """signers: ledger.signer.Signers(checkpoint=Signer, ml_dsa=Signer|None); default: from DIR/keys."""
        raise NotImplementedError

    async def start(self) -> None: ...
    def close(self) -> Awaitable[None]:
        """`await ledger.close()` drains."""
        raise NotImplementedError

    async def submit(self, raws: Sequence[bytes]) -> Reply: ...
    def dry_run(self, raw: bytes) -> tuple[Unmet, ...]:
        """Raises PledgebookError (malformed, signature-false, event-type-unknown) as submit would reject."""
        raise NotImplementedError
    def ahead(self, subject: str, day: date) -> list[Any]: ...
    def checkpoint(self) -> bytes:
        """LedgerError entry-absent before the genesis."""
        raise NotImplementedError
    def receipt_checkpoint(self) -> tuple[int, bytes]:
        """(size, note with the Ed25519 line) of the newest signed tree: for fresh inclusion proofs."""
        raise NotImplementedError
    # reads, committed data only; absent -> LedgerError("entry-absent", status 404)
    def event_at(self, index: int) -> bytes: ...
    def index_of(self, event_id: bytes) -> int | None: ...
    def stream(self, stream: str, start_seq: int, limit: int) -> list[tuple[int, bytes]]: ...
    def subject_events(self, subject: str, after_index: int, limit: int) -> list[tuple[int, bytes]]:
        """after_index -1 for all."""
        raise NotImplementedError
    def head(self, stream: str) -> Head | None: ...
    def heads(self, subject: str) -> dict[str, Head]: ...
    def subject_state(self, subject: str) -> Subject: ...
    def tile(self, level: int, n: int, width: int) -> bytes: ...
    def bundle(self, n: int, width: int) -> bytes: ...
    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]: ...
    def counters(self) -> dict[str, int]: ...
    def ready(self) -> tuple[bool, str]:
        """(True, '') or (False, why appends are refused)."""
        raise NotImplementedError
