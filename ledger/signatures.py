"""Signature checks beside the event loop: in batches, across requests, in processes or threads.

Rules:

1. A seat is a process or a thread that checks one batch after the other. A batch goes to the seat
   with the least to do: at once when nothing is being checked, otherwise when it is worth a
   message of its own. Until then checks of further requests gather.
2. A worker process is spoken to over a socket and computes beside the event loop for real. Threads
   need no start-up, but they must have the interpreter lock back after each signature, and beside a
   busy event loop they wait for it longer than they compute.
3. A worker that dies is replaced by a thread at once: its batches are checked again, nothing is
   lost. A worker whose ledger dies reads the end of its socket and ends.
4. Whoever computes, ``verifier.keys.verify_many`` decides, with the same engine.
5. Verdicts are handed on by a call, not by a future of their own: a request waits once, for its
   commit.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from ledger.signature_worker import COUNT, frame
from verifier.keys import Check, verify_many

__all__ = ["SignatureChecks"]

MAX_BATCH: Final = 64  # checks that one seat takes at once: some milliseconds of work
MIN_BATCH: Final = 16  # fewer are not worth a message of their own while others are being checked
PART: Final = 32  # larger requests are cut, so that seats can share them
PER_WORKER: Final = 2  # batches: one in work, one on the way, so that no worker waits
STOP_S: Final = 5.0  # for a worker to end after its socket did

Done = Callable[[list[bool]], None]
"""Takes the verdicts, one for each check, in order."""


class _Job:
    """The checks of one request, and the verdicts as they come."""

    __slots__ = ("checks", "done", "missing", "verdicts")

    def __init__(self, checks: Sequence[Check], done: Done) -> None:
        self.checks = checks
        self.done = done
        self.verdicts = [False] * len(checks)
        self.missing = len(checks)

    def take(self, start: int, verdicts: list[bool]) -> None:
        """Take the verdicts of a part; the last part completes the job."""
        self.verdicts[start : start + len(verdicts)] = verdicts
        self.missing -= len(verdicts)
        if not self.missing:
            self.done(self.verdicts)


_Part = tuple[_Job, int, int]
"""A job, and the first and the end of the checks that are meant."""


class _Seat(Protocol):
    """Who checks batches."""

    room: int
    """How many more batches it takes now; negative after it took over a dead worker's."""

    def verify(self, checks: list[Check], done: Done) -> None:
        """Check a batch and hand on its verdicts, later."""


class SignatureChecks:
    """The seats and the checks that wait for one; used from one event loop."""

    def __init__(self, *, engine: str, threads: int, processes: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="ledger-verify")
        self._engine = engine
        self._workers = [_Worker(engine, self._replace) for _ in range(processes)]
        self._seats: list[_Seat] = [] if processes else [self._thread() for _ in range(threads)]
        self._waiting: deque[_Part] = deque()
        self._count = 0
        """How many checks wait."""
        self._under_way = 0
        """How many batches are being checked."""
        self._scheduled = False
        """Whether this turn of the loop ends with a dispatch."""
        self._settled = asyncio.Event()
        self.batches = 0
        """How many times a seat was given work."""

    async def start(self) -> None:
        """Start the worker processes."""
        for worker in self._workers:
            await worker.start()
            self._seats.append(worker)

    def put(self, checks: Sequence[Check], done: Done) -> None:
        """Have checks made, one at least; *done* gets their verdicts in order (rule 5)."""
        if not self._scheduled:  # at the end of this turn of the loop, with all that comes in it
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn_ends)
        job = _Job(checks, done)
        count = len(checks)
        self._count += count
        for start in range(0, count, PART):
            self._waiting.append((job, start, min(start + PART, count)))

    def verdict_now(self, check: Check) -> bool:
        """Return one verdict at once, on the caller's thread."""
        return verify_many([check], engine=self._engine)[0]

    async def close(self) -> None:
        """Finish what was put, then end workers and threads."""
        while self._waiting or self._under_way:
            self._settled.clear()
            await self._settled.wait()
        for worker in self._workers:
            await worker.close()
        self._pool.shutdown()

    def _turn_ends(self) -> None:
        self._scheduled = False
        self._dispatch()

    def _dispatch(self) -> None:
        """Share what waits among the seats that have room (rule 1)."""
        while self._waiting and (not self._under_way or self._count >= MIN_BATCH):
            rooms = [seat for seat in self._seats if seat.room > 0]
            if not rooms:
                return
            share = min(MAX_BATCH, max(MIN_BATCH, -(-self._count // len(rooms))))
            self._begin(max(rooms, key=_room), share)

    def _begin(self, seat: _Seat, share: int) -> None:
        parts = [self._waiting.popleft()]
        checks: list[Check] = []
        count = parts[0][2] - parts[0][1]
        while (
            self._waiting and (more := self._waiting[0][2] - self._waiting[0][1]) + count <= share
        ):
            count += more
            parts.append(self._waiting.popleft())
        for job, start, end in parts:
            checks += job.checks[start:end]
        self._count -= count
        self._under_way += 1
        self.batches += 1
        seat.verify(checks, lambda verdicts: self._hand_on(parts, verdicts))

    def _hand_on(self, parts: list[_Part], verdicts: list[bool]) -> None:
        self._under_way -= 1
        self._dispatch()  # first, so that the seat computes while the verdicts are handed on
        at = 0
        for job, start, end in parts:
            job.take(start, verdicts[at : at + end - start])
            at += end - start
        self._settled.set()

    def _thread(self) -> _Thread:
        return _Thread(self._pool, self._engine)

    def _replace(self, worker: _Worker, unanswered: Sequence[tuple[list[Check], Done]]) -> None:
        """Put a thread in the place of a worker that ended (rule 3)."""
        thread = self._thread()
        self._seats = [seat for seat in self._seats if seat is not worker] + [thread]
        for checks, done in unanswered:
            thread.verify(checks, done)
        self._dispatch()


def _room(seat: _Seat) -> int:
    return seat.room


class _Thread:
    """A seat in a thread of the pool."""

    def __init__(self, pool: ThreadPoolExecutor, engine: str) -> None:
        self._pool = pool
        self._engine = engine
        self.room = 1

    def verify(self, checks: list[Check], done: Done) -> None:
        """Check a batch in a thread."""
        self.room -= 1
        future = asyncio.get_running_loop().run_in_executor(
            self._pool, lambda: verify_many(checks, engine=self._engine)
        )
        future.add_done_callback(lambda finished: self._finished(finished.result(), done))

    def _finished(self, verdicts: list[bool], done: Done) -> None:
        self.room += 1
        done(verdicts)


class _Worker(asyncio.Protocol):
    """A process that verifies what comes over its socket, batch by batch, in order."""

    def __init__(
        self,
        engine: str,
        lost: Callable[[_Worker, Sequence[tuple[list[Check], Done]]], None],
    ) -> None:
        self._engine = engine
        self._lost = lost
        self._asked: deque[tuple[list[Check], Done]] = deque()
        self._answer = b""
        self._closing = False
        self._ended = asyncio.Event()
        self.room = PER_WORKER

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
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_unix_connection(lambda: self, sock=ours)

    def verify(self, checks: list[Check], done: Done) -> None:
        """Send a batch; what the process does not answer goes to whoever replaces it."""
        self.room -= 1
        self._asked.append((checks, done))
        self._transport.write(frame(checks))

    async def close(self) -> None:
        """Let the process end, and wait for it."""
        self._closing = True
        self._transport.close()
        await self._ended.wait()
        try:
            await asyncio.to_thread(self._process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    def data_received(self, data: bytes) -> None:
        """Hand every whole answer to whoever asked."""
        answer = self._answer + data
        while len(answer) >= COUNT.size:
            end = COUNT.size + COUNT.unpack_from(answer)[0]
            if len(answer) < end:
                break
            verdicts = [byte == 1 for byte in answer[COUNT.size : end]]
            answer = answer[end:]
            self.room += 1
            self._asked.popleft()[1](verdicts)
        self._answer = answer

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the library's signature
        """Give back what was not answered."""
        self._ended.set()
        if not self._closing:
            unanswered, self._asked = self._asked, deque()
            self._lost(self, unanswered)
