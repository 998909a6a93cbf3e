"""A ledger that publishes, in processes that fail at a chosen system call (``faults.c``).

``python -m tests.harness.faulty EVENTS`` with ``faults.c`` preloaded: for each line ``FOLDER AT
KIND`` on standard input it forks a child that opens the ledger of the folder, submits the events of
a bundle file in four groups, and publishes it as static files after each. The child tells every
tree that was signed *before* the signature leaves the signer, and every acknowledgement. The answer
is one line of JSON: how the child ended, how many calls it made, what it told.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from ledger.application import Ledger
from ledger.errors import LedgerError
from ledger.outcome import Accepted
from ledger.source import LedgerSource
from ledger.static import publish
from tests.harness.crashing import unbundle
from tests.harness.ledgers import NamedSigner, open_ledger
from verifier.errors import PledgebookError
from verifier.note import Checkpoint

KINDS = {"count": 0, "kill": 1, "error": 2}
GROUPS = (0, 3, 5, 8, 12)
"""Where the groups of events begin and end."""


class TellingSigner(NamedSigner):
    """Tells what it signs before anybody has the signature."""

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        super().__init__("log")
        self._tell = tell

    def sign(self, data: bytes) -> bytes:
        """Return the signature."""
        checkpoint = Checkpoint.parse(data)
        self._tell({"size": checkpoint.size, "root": checkpoint.root.hex()})
        return super().sign(data)


async def work(folder: Path, events: list[bytes], tell: Callable[[dict[str, Any]], None]) -> None:
    """Record and publish; what an error leaves undone is left undone."""
    ledger = open_ledger(folder / "ledger")
    assert ledger._publisher is not None
    object.__setattr__(ledger._publisher._signers, "checkpoint", TellingSigner(tell))
    await ledger.start()
    try:
        for begin, end in pairwise(GROUPS):
            reply = await ledger.submit(events[begin:end])
            for outcome in reply.outcomes:
                if isinstance(outcome, Accepted):
                    tell({"index": outcome.index, "id": outcome.event.id.hex()})
            publish_if_possible(ledger, folder / "out")
    finally:
        with suppress(OSError, LedgerError):
            await ledger.close()


def publish_if_possible(ledger: Ledger, out: Path) -> None:
    """Publish, and leave it for the next time where the disk refuses."""
    with suppress(OSError, LedgerError, PledgebookError):
        publish(LedgerSource(ledger), out)


def child(folder: Path, at: int, kind: str, events: list[bytes], pipe: int) -> None:
    """Work with the fault armed; never returns."""
    faults = ctypes.CDLL(None)
    folder.mkdir(exist_ok=True)

    def tell(what: dict[str, Any]) -> None:
        os.write(pipe, json.dumps(what).encode() + b"\n")

    faults.faults_arm(str(folder).encode(), at, KINDS[kind])
    code = 0
    try:
        asyncio.run(work(folder, events, tell))
    except (OSError, LedgerError, PledgebookError) as error:
        tell({"error": str(error)})
        code = 1
    tell({"calls": faults.faults_reached()})
    os._exit(code)


def main(events: list[bytes]) -> None:
    """Answer each line of standard input."""
    for line in sys.stdin:
        folder, at, kind = line.split()
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            child(Path(folder), int(at), kind, events, writer)
        os.close(writer)
        with os.fdopen(reader) as told:
            lines = [json.loads(one) for one in told if one.endswith("\n")]
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status), "told": lines}), flush=True)


if __name__ == "__main__":
    main(list(unbundle(Path(sys.argv[1]).read_bytes())))
