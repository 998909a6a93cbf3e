"""Witnesses asked by the log: cosignatures are collected beside the work, never before a receipt.

Rules (C2SP tlog-witness, as a client):

1. Which witnesses are asked, and how many are enough, says a trust policy in the operator's own
   hands (``witness_policy``); every witness in it has an address.
2. Each witness is asked for the newest signed tree, from the size that it cosigned last; where it
   answers with another size (409), from that one, once more. A line counts only if it verifies.
3. When the quorum is met, the checkpoint with all lines is what ``/checkpoint`` serves, until a
   newer one is witnessed. After ``PATIENCE_S`` without, the newest is served as it is: a reader
   whose policy asks for witnesses is told by its own verifier.
4. An idle log is witnessed again every ``REFRESH_S``, so that a reader sees how fresh it is.
5. A witness that claims to have cosigned another tree than this log's is asked for it. Only a
   checkpoint that this log's own key signed, and that is none of this log now, proves that entries
   were lost or the log forked: then nothing more is appended. A bare claim is logged, and halts
   nobody.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from ledger.errors import LedgerError
from ledger.observe import say
from ledger.publisher import Publisher
from ledger.sqlite import SQLiteRecorder
from verifier.errors import PledgebookError
from verifier.note import Checkpoint, encode_base64, format_note, parse_note, verify_note
from verifier.policy import Policy, Witness, parse_policy
from verifier.tiles import TileHashes
from verifier.tree import consistency_proof, root_from

__all__ = ["Witnesses", "ask_for", "format_request", "read_policy"]

INTERVAL_S: Final = 0.2
REFRESH_S: Final = 600.0
PATIENCE_S: Final = 60.0
LONGEST_WAIT_S: Final = 60.0
TIMEOUT_S: Final = 10.0
MAX_ANSWER_BYTES: Final = 64 * 1024
SIZE_TYPE: Final = "text/x.tlog.size"

Proof = Callable[[int, int], tuple[bytes, ...]]
"""The consistency proof between two sizes of the log."""

logger = logging.getLogger(__name__)


def read_policy(path: Path) -> Policy:
    """Read the operator's policy of witnesses.

    Raises:
        LedgerError: code ``config-invalid``.
    """
    try:
        return parse_policy(path.read_bytes())
    except (OSError, PledgebookError) as error:
        raise LedgerError("config-invalid", f"{path}: {error}") from None


def ask_for(
    path: Path, recorder: SQLiteRecorder, publisher: Publisher, halt: Callable[[str], None]
) -> Witnesses:
    """Begin to ask the witnesses of a policy file for a log; in the running event loop.

    Raises:
        LedgerError: code ``config-invalid``.
    """

    def newest() -> bytes | None:
        return publisher.checkpoint() if publisher.newest else None

    def proof(old: int, new: int) -> tuple[bytes, ...]:
        return consistency_proof(old, new, TileHashes(recorder, new))

    def holds(seen: Checkpoint) -> bool:
        here = seen.size <= recorder.size
        return here and root_from(seen.size, TileHashes(recorder, seen.size)) == seen.root

    witnesses = Witnesses(read_policy(path), newest=newest, proof=proof, holds=holds, halt=halt)
    witnesses.start()
    return witnesses


def format_request(old: int, proof: tuple[bytes, ...], note: bytes) -> bytes:
    """Return the body of a request to cosign a checkpoint from an old size."""
    lines = [f"old {old}", *(encode_base64(node) for node in proof)]
    return "\n".join(lines).encode() + b"\n\n" + note


@dataclass(slots=True)
class _Asked:
    """What a witness cosigned last, as far as this process knows."""

    witness: Witness
    size: int = 0
    line: bytes = b""
    told_at: float = float("-inf")
    failures: int = 0
    retry_at: float = float("-inf")


class Witnesses:
    """Collects cosignatures of the newest signed tree from the witnesses of a policy."""

    def __init__(
        self, policy: Policy, *, newest: Callable[[], bytes | None], proof: Proof,
        holds: Callable[[Checkpoint], bool], halt: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """*newest* gives the checkpoint with the log's lines, *holds* says whether a tree is one of
        this log, *halt* stops the appending.
        """
        for witness in policy.witnesses:
            if not witness.url:
                raise LedgerError("config-invalid", f"witness {witness.name} has no address")
        self._policy = policy
        self._newest = newest
        self._proof = proof
        self._holds = holds
        self._halt = halt
        self._clock = clock
        self._asked = [_Asked(witness) for witness in policy.witnesses]
        self._witnessed: tuple[float, int, bytes] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to ask, in the running event loop."""
        self._task = asyncio.create_task(self._run(), name="witnesses")

    async def close(self) -> None:
        """Stop asking."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def checkpoint(self, plain: bytes) -> bytes:
        """Return what is served in place of the plain newest checkpoint (rule 3)."""
        if self._witnessed is None:
            return plain
        at, size, note = self._witnessed
        behind = _size(plain) > size
        return plain if behind and self._clock() - at > PATIENCE_S else note

    def witnessed(self) -> bytes | None:
        """Return the newest checkpoint that the quorum has cosigned, with all lines."""
        return None if self._witnessed is None else self._witnessed[2]

    async def _run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session:
            while True:
                note = self._newest()
                if note is not None:
                    await self._collect(session, note)
                await asyncio.sleep(INTERVAL_S)

    async def _collect(self, session: aiohttp.ClientSession, note: bytes) -> None:
        """Ask every witness that has not told of this tree, and publish what comes together."""
        checkpoint = Checkpoint.parse(parse_note(note).text)
        now = self._clock()
        waiting = [asked for asked in self._asked if now >= asked.retry_at and (
            asked.size != checkpoint.size or now - asked.told_at > REFRESH_S)]  # fmt: skip
        if not waiting:
            return
        await asyncio.gather(*(self._ask(session, asked, checkpoint, note) for asked in waiting))
        lines = [asked.line for asked in self._asked if asked.size == checkpoint.size]
        if not lines:
            return
        whole = format_note(checkpoint.text(), [*_lines(note), *lines])
        if self._policy.judge(whole, require_quorum=False).quorum_met:
            self._witnessed = (self._clock(), checkpoint.size, whole)

    async def _ask(
        self, session: aiohttp.ClientSession, asked: _Asked, checkpoint: Checkpoint, note: bytes
    ) -> None:
        """Ask one witness (rule 2); one that fails is asked again ever more rarely."""
        old, failures = asked.size, asked.failures
        asked.failures = failures + 1
        asked.retry_at = self._clock() + min(INTERVAL_S * 2**failures, LONGEST_WAIT_S)
        try:
            for _ in range(2):
                proof = () if old in (0, checkpoint.size) else self._proof(old, checkpoint.size)
                status, kind, body = await self._post(session, asked.witness, old, proof, note)
                if status == 200:
                    self._take(asked, checkpoint, body)
                    return
                if status != 409 or kind != SIZE_TYPE or not body.strip().isdigit():
                    break
                old = int(body[:20])
                if old > checkpoint.size:
                    break
            if status in (409, 422):
                await self._examine(session, asked.witness)
            say(logger, logging.WARNING, "witness refused", witness=asked.witness.name,
                status=status)  # fmt: skip
        except (aiohttp.ClientError, TimeoutError, PledgebookError) as error:
            say(logger, logging.WARNING, "witness not reached", witness=asked.witness.name,
                reason=type(error).__name__)  # fmt: skip

    async def _post(
        self, session: aiohttp.ClientSession, witness: Witness, old: int,
        proof: tuple[bytes, ...], note: bytes,
    ) -> tuple[int, str, bytes]:  # fmt: skip
        url = witness.url.rstrip("/") + "/add-checkpoint"
        body = format_request(old, proof, note)
        async with session.post(url, data=body, allow_redirects=False) as answer:
            told = await answer.content.read(MAX_ANSWER_BYTES)
            return answer.status, answer.content_type, told

    def _take(self, asked: _Asked, checkpoint: Checkpoint, body: bytes) -> None:
        """Take over a cosignature that verifies; whatever else is in the answer is dropped."""
        answered = parse_note(checkpoint.text() + b"\n" + body)
        key = asked.witness.key
        verify_note(answered, [key])
        asked.line = next(s.line for s in answered.signatures
                          if (s.name, s.key_id) == (key.name, key.key_id))  # fmt: skip
        asked.size, asked.told_at = checkpoint.size, self._clock()
        asked.failures, asked.retry_at = 0, float("-inf")

    async def _examine(self, session: aiohttp.ClientSession, witness: Witness) -> None:
        """Ask a witness for what it cosigned; stop the appending if this log signed it and has it
        no more (rule 5).
        """
        name = hashlib.sha256(self._policy.origin.encode()).hexdigest()
        url = f"{witness.url.rstrip('/')}/{name}/checkpoint"
        async with session.get(url, allow_redirects=False) as answer:
            note = await answer.content.read(MAX_ANSWER_BYTES)
        seen = self._policy.judge(note, require_quorum=False).checkpoint
        if not self._holds(seen):
            say(logger, logging.CRITICAL, "a signed tree is lost", witness=witness.name,
                size=seen.size, root=seen.root.hex())  # fmt: skip
            self._halt(f"this log signed {seen.size} entries that it does not have; witness "
                       f"{witness.name} shows the checkpoint")  # fmt: skip


def _size(note: bytes) -> int:
    return Checkpoint.parse(parse_note(note).text).size


def _lines(note: bytes) -> list[bytes]:
    return [signature.line for signature in parse_note(note).signatures]
