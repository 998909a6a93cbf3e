"""The log's upkeep: what the service signs by itself, in the name of an actor of its own.

Rules:

1. The service signs as one actor (setting ``service_actor``) with its own enrolled key
   (``keys/service.key``); the log admits it by its role like anyone. Without such an actor nothing
   is signed by itself, and what is owed is told by every audit.
2. A chore says what is due now, if anything, and on which stream; it decides by the log and the
   time. One chore at a time, each asked about once a second.
3. What is due goes through the same door as everything else (``submit``), on the head that the
   ledger has then. A refusal is logged and the chore rests for ``REST_S``; nothing is repeated that
   the log holds already, so a restart needs no memory.
4. No receipt ever waits for a chore.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from ledger.author import Author, Statement
from ledger.observe import say
from ledger.outcome import Rejected, Reply
from verifier.errors import PledgebookError
from verifier.rules.book import Body, Head

__all__ = ["Chore", "Keeper"]

INTERVAL_S: Final = 1.0
REST_S: Final = 60.0

logger = logging.getLogger(__name__)


class Chore(Protocol):
    """Something that the service owes the log at a cadence (rule 2)."""

    stream: str

    async def due(self) -> Body | None:
        """Return what is to be recorded now, or nothing.

        Raises:
            PledgebookError: it is due and cannot be made; the chore rests.
        """
        ...


class Keeper:
    """Does the chores of one ledger, in the running event loop."""

    def __init__(
        self, author: Author, chores: Sequence[Chore], *,
        submit: Callable[[Sequence[bytes]], Awaitable[Reply]],
        head: Callable[[str], Head | None], ledger_id: Callable[[], bytes],
        interval_s: float = INTERVAL_S,
    ) -> None:  # fmt: skip
        self._author = author
        self._chores = chores
        self._submit = submit
        self._head = head
        self._ledger_id = ledger_id
        self._interval_s = interval_s
        self._rests = [float("-inf")] * len(chores)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the running event loop."""
        self._task = asyncio.create_task(self._run(), name="keeper")

    async def close(self) -> None:
        """Stop; what was taken at the door is finished by the ledger's own closing."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            for number, chore in enumerate(self._chores):
                if time.monotonic() >= self._rests[number] and not await self._do(chore):
                    self._rests[number] = time.monotonic() + REST_S
            await asyncio.sleep(self._interval_s)

    async def _do(self, chore: Chore) -> bool:
        """Do a chore if it is due; return false where it was due and could not be done."""
        try:
            body = await chore.due()
            if body is None:
                return True
            statement = Statement.of(chore.stream, body)
            self._author.ledger_id = self._ledger_id()
            self._author.withdraw(chore.stream)
            self._author.adopt(chore.stream, self._head(chore.stream))
            (outcome,) = (await self._submit([self._author.sign(statement).raw])).outcomes
        except PledgebookError as error:
            say(logger, logging.WARNING, "upkeep was not possible", stream=chore.stream,
                code=error.code, reason=error.reason)  # fmt: skip
            return False
        except Exception:
            logger.exception("upkeep failed")
            return False
        if isinstance(outcome, Rejected):
            say(logger, logging.WARNING, "upkeep was refused", stream=chore.stream,
                code=outcome.code, reason=outcome.reason)  # fmt: skip
            return False
        say(logger, logging.INFO, "upkeep recorded", stream=chore.stream, index=outcome.index)
        return True
