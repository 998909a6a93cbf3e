"""The chore of anchoring: the newest checkpoint that others vouch for, recorded in the log.

Rules:

1. Anchored is what the quorum of the operator's witnesses has cosigned (``witnesses``), with the
   RFC 3161 time stamp of an authority where one is configured. Where no witness is asked the newest
   checkpoint is stamped alone.
2. It is due at most every ``anchor_interval_s`` and at least twice in the genesis's
   ``anchor_every``, and only while something other than upkeep is recorded (AN3).
3. A time stamp is recorded only if it answers the request: granted, over this checkpoint, with its
   nonce. Whether its authority is to be trusted is the auditor's to decide. An authority that fails
   delays no anchor that witnesses vouch for.
4. On a ledger whose clock is stated nothing is anchored.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

import aiohttp

from ledger.errors import LedgerError
from ledger.observe import say
from verifier.errors import PledgebookError
from verifier.note import Checkpoint, format_note, parse_note
from verifier.rules import anchor, dates
from verifier.rules.anchor import (
    MAX_NOTE,
    MAX_TOKEN,
    Anchored,
    CheckpointAnchored,
    covers_anything_new,
)
from verifier.rules.authority.genesis import LedgerOpened
from verifier.rules.book import Body, Book
from verifier.timestamps import Query

__all__ = ["Anchoring"]

TIMEOUT_S: Final = 20.0
QUERY_TYPE: Final = "application/timestamp-query"

logger = logging.getLogger(__name__)


class Anchoring:
    """Says when a checkpoint is to be anchored, and makes the payload (``keeper.Chore``)."""

    stream = anchor.STREAM

    def __init__(
        self, book: Book, *, witnessed: Callable[[], bytes | None],
        newest: Callable[[], bytes | None], interval_s: float, authority: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        """*witnessed* gives the newest checkpoint that a quorum cosigned, *newest* any; *authority*
        is the address of a time-stamping authority.
        """
        self._book = book
        self._witnessed = witnessed
        self._newest = newest
        self._interval_s = interval_s
        self._authority = authority
        self._clock = clock

    async def due(self) -> Body | None:
        """Return the anchor that is due, or nothing.

        Raises:
            LedgerError: code ``authority-failed``; nobody else vouches for it.
        """
        genesis = self._book.thing("ledger", "genesis", LedgerOpened)
        if genesis is None or genesis.clock != "real" or not self._is_time(genesis.anchor_every):
            return None
        note = self._witnessed()
        cosigned = note is not None
        if note is None and self._authority:
            note = self._newest()
        if note is None or not self._is_new(note):
            return None
        token = await self._stamp(note, needed=not cosigned) if self._authority else None
        return CheckpointAnchored(note=_fitting(note), token=token)

    def _is_time(self, every: str) -> bool:
        before = self._book.thing("ledger", "anchored", Anchored)
        if before is None:
            return True
        day = dates.day_of(before.at)
        half_s = (dates.add(day, every) - day).total_seconds() / 2
        return self._clock() >= before.at + min(self._interval_s, half_s)

    def _is_new(self, note: bytes) -> bool:
        """Say whether an anchor of this checkpoint would meet AN3."""
        size = Checkpoint.parse(parse_note(note).text).size
        return covers_anything_new(size, self._book.size, self._book.subject("ledger"))

    async def _stamp(self, note: bytes, *, needed: bool) -> bytes | None:
        """Return the authority's time stamp of a checkpoint; nothing where it fails (rule 3)."""
        try:
            query = Query(parse_note(note).text)
            answer = await self._ask(query.der)
            query.require_answer(answer)
        except (aiohttp.ClientError, TimeoutError, PledgebookError) as error:
            reason = str(error) or type(error).__name__
            if needed:
                raise LedgerError("authority-failed", reason) from None
            say(logger, logging.WARNING, "the time-stamping authority failed", reason=reason)
            return None
        return answer

    async def _ask(self, der: bytes) -> bytes:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with (
            aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session,
            session.post(self._authority, data=der, allow_redirects=False,
                         headers={"Content-Type": QUERY_TYPE}) as answer,
        ):  # fmt: skip
            answer.raise_for_status()
            told = bytearray()
            while chunk := await answer.content.read(MAX_TOKEN + 1 - len(told)):
                told += chunk
            return bytes(told)


def _fitting(note: bytes) -> bytes:
    """Return a note that fits into an anchor: its longest lines are left out if need be."""
    parsed = parse_note(note)
    lines = [signature.line for signature in parsed.signatures]
    while len(format_note(parsed.text, lines)) > MAX_NOTE:
        lines.remove(max(lines, key=len))
    return format_note(parsed.text, lines)
