"""Signature checks beside the event loop: in threads, in batches, across requests.

The engines let go of the interpreter lock while they compute. While all threads are busy, checks
of further requests gather; the next free thread takes them together.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from verifier.keys import Check, verify_many

__all__ = ["SignatureChecks"]

BATCH: Final = 64  # checks that one thread takes at once: some milliseconds of work

_Job = tuple[Sequence[Check], "asyncio.Future[list[bool]]"]


class SignatureChecks:
    """A pool of threads that verifies; used from one event loop."""

    def __init__(self, *, engine: str, threads: int) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="ledger-verify")
        self._free = threads
        self._waiting: deque[_Job] = deque()
        self.batches = 0
        """How many times a thread was given work."""

    async def verdicts(self, checks: Sequence[Check]) -> list[bool]:
        """Return one verdict per check, in order."""
        loop = asyncio.get_running_loop()
        jobs: list[_Job] = [
            (checks[at : at + BATCH], loop.create_future()) for at in range(0, len(checks), BATCH)
        ]
        self._waiting.extend(jobs)
        self._dispatch(loop)
        verdicts: list[bool] = []
        for _, future in jobs:
            verdicts += await future
        return verdicts

    def verify_now(self, check: Check) -> bool:
        """Return one verdict at once, on the caller's thread."""
        return verify_many([check], engine=self._engine)[0]

    def close(self) -> None:
        """Wait for the threads and end them."""
        self._pool.shutdown()

    def _dispatch(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._free and self._waiting:
            batch = [self._waiting.popleft()]
            count = len(batch[0][0])
            while self._waiting and count + len(self._waiting[0][0]) <= BATCH:
                batch.append(self._waiting.popleft())
                count += len(batch[-1][0])
            self._free -= 1
            self.batches += 1
            checks = [check for job, _ in batch for check in job]
            work = loop.run_in_executor(self._pool, self._verify, checks)
            work.add_done_callback(partial(self._deliver, loop, batch))

    def _verify(self, checks: list[Check]) -> list[bool]:
        return verify_many(checks, engine=self._engine)

    def _deliver(
        self, loop: asyncio.AbstractEventLoop, batch: list[_Job], done: asyncio.Future[list[bool]]
    ) -> None:
        self._free += 1
        at = 0
        error = done.exception()
        for checks, future in batch:
            if not future.done():
                if error is not None:
                    future.set_exception(error)
                else:
                    future.set_result(done.result()[at : at + len(checks)])
            at += len(checks)
        self._dispatch(loop)
