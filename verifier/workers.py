"""Processes that check signatures while the rules run: one pipe to each, one back.

Rules:

1. A batch goes to the process with the fewest batches in hand; each answers in its order. Where
   all have enough in hand (``has_room``) whoever asks does better to check a batch itself: then
   nobody waits, and one process for each processor is enough, the first one included.
2. A message is, for each check, key (32) ‖ signature (64) ‖ length (uint32be) ‖ message; the answer
   is one byte for each, 1 for true. Bytes cost a fraction of what pickled objects do.
3. A process that ends early is «could not decide», never a verdict. Nothing waits for it.

Processes and not threads: the engines let go of the interpreter lock, but taking it back for every
signature, beside a busy thread, costs more than the signature. No executor either: its threads
would fight the rules for the same lock.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Final, Self

from verifier.errors import UndecidedError
from verifier.keys import PUBLIC_BYTES, SIGNATURE_BYTES, Check, verify_many

__all__ = ["Batch", "Workers"]

PIPE_BYTES: Final = 1 << 20  # some five batches of 256 events; what Linux gives without privilege
BATCHES_EACH: Final = 4  # in hand of a process: it never waits for the next
_HEAD: Final = PUBLIC_BYTES + SIGNATURE_BYTES


class Batch:
    """A batch that a process has in hand."""

    __slots__ = ("_verdicts", "_worker")

    def __init__(self, worker: _Worker) -> None:
        self._worker = worker
        self._verdicts: list[bool] | None = None

    def result(self) -> list[bool]:
        """Return one verdict per check, in order; waits for it.

        Raises:
            UndecidedError: code ``worker-lost``.
        """
        while self._verdicts is None:
            self._worker.receive()
        return self._verdicts

    def settle(self, answer: bytes) -> None:
        """Take the answer."""
        self._verdicts = [byte == 1 for byte in answer]


class Workers:
    """Some processes that verify with one engine; a context that ends them.

    They start with the first batch, so that a log too small for them starts none.
    """

    def __init__(self, count: int, *, engine: str) -> None:
        self._count = count
        self._engine = engine
        self._workers: list[_Worker] = []

    @property
    def most(self) -> int:
        """How many batches all of them have in hand at most, where one asks for room first."""
        return self._count * BATCHES_EACH

    def has_room(self) -> bool:
        """Say whether a process can do with another batch."""
        for worker in self._workers:
            worker.collect()
        return not self._workers or min(map(_Worker.load, self._workers)) < BATCHES_EACH

    def submit(self, checks: Sequence[Check]) -> Batch:
        """Give a batch to a process (rule 1).

        Raises:
            UndecidedError: code ``worker-lost``.
        """
        if not self._workers:
            context = multiprocessing.get_context("spawn")  # threads here are already reading
            self._workers = [_Worker(context, self._engine) for _ in range(self._count)]
        return min(self._workers, key=_Worker.load).send(checks)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        for worker in self._workers:
            worker.close()


class _Worker:
    """One process, its two pipes, and the batches it has in hand, oldest first."""

    def __init__(self, context: multiprocessing.context.SpawnContext, engine: str) -> None:
        task_end, self._tasks = context.Pipe(duplex=False)
        self._answers, answer_end = context.Pipe(duplex=False)
        self._waiting: deque[Batch] = deque()
        _widen(self._tasks)
        self._process = context.Process(
            target=_work, args=(task_end, answer_end, engine), daemon=True
        )
        self._process.start()
        task_end.close()  # so that the end of the process is the end of its pipes
        answer_end.close()

    def load(self) -> int:
        return len(self._waiting)

    def send(self, checks: Sequence[Check]) -> Batch:
        parts: list[bytes] = []
        for public, signature, message in checks:
            parts += (public, signature, len(message).to_bytes(4, "big"), message)
        batch = Batch(self)
        try:
            self._tasks.send_bytes(b"".join(parts))
        except OSError:
            raise _lost() from None
        self._waiting.append(batch)
        return batch

    def collect(self) -> None:
        """Take the answers that are there."""
        while self._waiting and self._answers.poll():
            self.receive()

    def receive(self) -> None:
        try:
            answer = self._answers.recv_bytes()
        except (EOFError, OSError):
            raise _lost() from None
        self._waiting.popleft().settle(answer)

    def close(self) -> None:
        self._tasks.close()
        self._answers.close()
        self._process.terminate()  # it holds nothing that could be lost
        self._process.join()


def _work(tasks: Connection, answers: Connection, engine: str) -> None:
    """Verify what comes until the pipe ends: the life of one process."""
    with suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            answers.send_bytes(bytes(verify_many(_split(tasks.recv_bytes()), engine=engine)))


def _split(data: bytes) -> list[Check]:
    """Split a message into checks (rule 2)."""
    checks: list[Check] = []
    at = 0
    while at < len(data):
        start = at + _HEAD + 4
        stop = start + int.from_bytes(data[at + _HEAD : start], "big")
        public = data[at : at + PUBLIC_BYTES]
        checks.append((public, data[at + PUBLIC_BYTES : at + _HEAD], data[start:stop]))
        at = stop
    return checks


def _widen(pipe: Connection) -> None:
    """Let the pipe hold several batches, where the system can: elsewhere sending waits a little."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _lost() -> UndecidedError:
    return UndecidedError("worker-lost", "a process that checks signatures has ended")
