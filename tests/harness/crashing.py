"""A ledger in a process of its own that dies where it is told to, or wherever it is killed.

``python -m tests.harness.crashing FOLDER EVENTS STEP COUNT``: submits the events of a bundle file
from several clients, acknowledges each on standard output (``index id``), and kills itself with
SIGKILL at the COUNT-th time that STEP is reached (STEP ``-``: never).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ledger import signing
from ledger.application import Ledger
from ledger.outcome import Accepted
from tests.harness.ledgers import NamedSigner, open_ledger

CLIENTS = 8
STEPS = (
    "before-insert",
    "before-commit",
    "after-commit",
    "before-sync",
    "before-signature",
    "before-reply",
)
"""The places between the steps of one commit group, in their order."""


class Fuse:
    """Kills this process at the n-th call."""

    def __init__(self, step: str, count: int) -> None:
        self._step = step
        self._left = count

    def before(self, step: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return *call* with this step before it."""

        def fused(*args: Any, **kwargs: Any) -> Any:
            self.reach(step)
            return call(*args, **kwargs)

        return fused

    def reach(self, step: str) -> None:
        """Die here if it is time."""
        if step == self._step:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def wire(ledger: Ledger, fuse: Fuse) -> None:
    """Put the fuse between the steps of a commit group."""
    recorder, publisher = ledger.recorder, ledger._publisher
    assert publisher is not None
    write, commit = recorder.write, recorder.commit
    recorder.write = fuse.before("before-insert", write)  # type: ignore[method-assign]
    recorder.commit = fuse.before("before-commit", commit)  # type: ignore[method-assign]
    publisher.seal = fuse.before("after-commit", publisher.seal)  # type: ignore[method-assign]
    signing._datasync = fuse.before("before-sync", signing._datasync)  # type: ignore[misc]
    recorder.settle = fuse.before("before-reply", recorder.settle)  # type: ignore[method-assign]


class FusedSigner(NamedSigner):
    """Dies before it signs a tree, when it is told to."""

    fuse: Fuse | None = None

    def sign(self, data: bytes) -> bytes:
        """Return the signature, or die."""
        if self.fuse is not None:
            self.fuse.reach("before-signature")
        return super().sign(data)


def unbundle(data: bytes) -> Iterator[bytes]:
    """Yield the events of a bundle of any width."""
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        yield data[at + 2 : at + 2 + length]
        at += 2 + length


async def main(folder: Path, events: list[bytes], fuse: Fuse) -> None:
    """Submit everything; the first request alone, since all others stand on it."""
    ledger = open_ledger(folder)
    signer = FusedSigner("log")
    assert ledger._publisher is not None
    object.__setattr__(ledger._publisher._signers, "checkpoint", signer)
    wire(ledger, fuse)
    await ledger.start()
    await acknowledge(ledger, events[:3])
    signer.fuse = fuse
    requests = iter([events[at : at + 1 + at % 4] for at in positions(len(events))])

    async def client() -> None:
        for request in requests:
            await acknowledge(ledger, request)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    await ledger.close()


def positions(count: int) -> Iterator[int]:
    """Yield where requests of one to four events begin."""
    at = 3
    while at < count:
        yield at
        at += 1 + at % 4


async def acknowledge(ledger: Ledger, request: list[bytes]) -> None:
    """Submit a request and say what was accepted, as soon as its author would know."""
    reply = await ledger.submit(request)
    lines = [
        f"{outcome.index} {outcome.event.id.hex()}\n"
        for outcome in reply.outcomes
        if isinstance(outcome, Accepted)
    ]
    assert len(lines) == len(request), reply.outcomes
    os.write(1, "".join(lines).encode())


if __name__ == "__main__":
    events = list(unbundle(Path(sys.argv[2]).read_bytes()))
    asyncio.run(main(Path(sys.argv[1]), events, Fuse(sys.argv[3], int(sys.argv[4]))))
