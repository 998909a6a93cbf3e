"""Signature checks beside the event loop: in batches, across requests, in processes or threads.

Rules:

1. While every seat is taken, checks of further requests gather; the next free seat takes them
   together.
2. A worker process is spoken to over a socket and computes beside the event loop for real. Threads
   need no start-up, but they must have the interpreter lock back after each signature, and beside a
   busy event loop they wait for it longer than they compute.
3. A worker that dies is replaced by a thread at once: its batch is checked again, nothing is lost.
   A worker whose ledger dies reads the end of its socket and ends.
4. Whoever computes, ``verifier.keys.verify_many`` decides, with the same engine.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from ledger.signature_worker import COUNT, frame
from verifier.keys import Check, verify_many

__all__ = ["SignatureChecks"]

MAX_BATCH: Final = 64  # checks that one seat takes at once: some milliseconds of work
MIN_BATCH: Final = 16  # fewer are not worth a message of their own
JOB: Final = 32  # larger requests are cut, so that seats can share them
SEATS_PER_WORKER: Final = 2  # one batch in work, one on the way, so that no worker waits
STOP_S: Final = 5.0  # for a worker to end after its socket did

_Job = tuple[Sequence[Check], "asyncio.Future[list[bool]]"]
_Seat = Callable[[list[Check]], Awaitable[list[bool]]]


class SignatureChecks:
    """The seats and the checks that wait for one; used from one event loop."""

    def __init__(self, *, engine: str, threads: int, processes: int) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="ledger-verify")
        self._workers = [_Worker(engine) for _ in range(processes)]
        self._seats: deque[_Seat] = deque([] if processes else [self._in_thread] * threads)
        self._waiting: deque[_Job] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self.batches = 0
        """How many times a seat was given work."""

    async def start(self) -> None:
        """Start the worker processes."""
        for worker in self._workers:
            await worker.start()
        self._seats.extend([worker.verify for worker in self._workers] * SEATS_PER_WORKER)

    async def verdicts(self, checks: Sequence[Check]) -> list[bool]:
        """Return one verdict per check, in order."""
        loop = asyncio.get_running_loop()
        jobs: list[_Job] = [
            (checks[at : at + JOB], loop.create_future()) for at in range(0, len(checks), JOB)
        ]
        if not self._waiting:  # at the end of this turn of the loop, with all that comes in it
            loop.call_soon(self._dispatch)
        self._waiting.extend(jobs)
        verdicts: list[bool] = []
        for _, future in jobs:
            verdicts += await future
        return verdicts

    def verdict_now(self, check: Check) -> bool:
        """Return one verdict at once, on the caller's thread."""
        return verify_many([check], engine=self._engine)[0]

    async def close(self) -> None:
        """End workers and threads."""
        await asyncio.gather(*self._tasks)
        for worker in self._workers:
            await worker.close()
        self._pool.shutdown()

    def _dispatch(self) -> None:
        """Share what waits among the free seats."""
        while self._seats and self._waiting:
            waiting = sum(len(checks) for checks, _ in self._waiting)
            share = min(MAX_BATCH, max(MIN_BATCH, -(-waiting // len(self._seats))))
            batch = [self._waiting.popleft()]
            count = len(batch[0][0])
            while self._waiting and count + len(self._waiting[0][0]) <= share:
                batch.append(self._waiting.popleft())
                count += len(batch[-1][0])
            self.batches += 1
            task = asyncio.create_task(self._serve(self._seats.popleft(), batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, seat: _Seat, batch: list[_Job]) -> None:
        checks = [check for job, _ in batch for check in job]
        try:
            verdicts = await seat(checks)
        except ConnectionError:  # rule 3
            seat = self._in_thread
            verdicts = await seat(checks)
        at = 0
        for job, future in batch:
            if not future.done():
                future.set_result(verdicts[at : at + len(job)])
            at += len(job)
        self._seats.append(seat)
        self._dispatch()

    async def _in_thread(self, checks: list[Check]) -> list[bool]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._pool, lambda: verify_many(checks, engine=self._engine)
        )


class _Worker:
    """A process that verifies what comes over its socket, batch by batch, in order."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._asked: deque[asyncio.Future[list[bool]]] = deque()

    async def start(self) -> None:
        """Start the process; it need not be ready before the first batch is sent."""
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "ledger.signature_worker",
                       str(theirs.fileno()), self._engine]  # fmt: skip
            self._process = subprocess.Popen(  # noqa: S603, ASYNC220 - it does not wait
                command,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for the ledger, which then closes the socket
            )
        self._reader, self._writer = await asyncio.open_unix_connection(sock=ours)
        self._answers = asyncio.create_task(self._read())

    async def verify(self, checks: list[Check]) -> list[bool]:
        """Send a batch and wait for its verdicts.

        Raises:
            ConnectionError: the process has ended.
        """
        if self._answers.done():
            raise ConnectionResetError("the worker has ended")
        future: asyncio.Future[list[bool]] = asyncio.get_running_loop().create_future()
        self._asked.append(future)
        self._writer.write(frame(checks))
        return await future

    async def close(self) -> None:
        """Let the process end, and wait for it."""
        self._writer.close()
        await self._answers
        try:
            await asyncio.to_thread(self._process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    async def _read(self) -> None:
        """Hand answers to those who asked, until the socket ends."""
        try:
            while True:
                (count,) = COUNT.unpack(await self._reader.readexactly(COUNT.size))
                answer = await self._reader.readexactly(count)
                self._asked.popleft().set_result([byte == 1 for byte in answer])
        except (asyncio.IncompleteReadError, ConnectionError):
            while self._asked:
                self._asked.popleft().set_exception(ConnectionResetError("the worker has ended"))
