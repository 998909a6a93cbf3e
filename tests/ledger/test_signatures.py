"""Verdicts come back to whoever asked, in order, from processes and threads alike."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ledger.signature_worker import HEAD, frame, unframe
from ledger.signatures import MIN_BATCH, SignatureChecks
from tests.harness.ledgers import accepted, actor_events, check_receipts, raws, running
from tests.harness.registry import Registry, public, secret
from verifier.keys import Check


def check(n: int, *, true: bool) -> Check:
    """Return a check that is true or false."""
    message = b"message %d" % n * (n % 50)
    signature = secret(f"author {n % 7}").sign(message)
    return public(f"author {n % 7}"), signature, message if true else message + b"!"


@asynccontextmanager
async def seats(processes: int) -> AsyncIterator[SignatureChecks]:
    """Start and end the checks."""
    checks = SignatureChecks(engine="openssl", threads=2, processes=processes)
    await checks.start()
    try:
        yield checks
    finally:
        await checks.close()


async def verdicts(checks: SignatureChecks, items: list[Check]) -> list[bool]:
    """Put checks and wait for their verdicts."""
    answered: asyncio.Future[list[bool]] = asyncio.get_running_loop().create_future()
    checks.put(items, answered.set_result)
    return await answered


@pytest.mark.parametrize("processes", [0, 2])
async def test_many_requests_at_once_get_their_own_verdicts(processes: int) -> None:
    """Requests of every size share batches, and each verdict reaches the check it is about."""
    sizes = (1, 1, 3, 33, 100, 1, 64, 250, 2)
    truths = [[(i * size + i) % 3 != 0 for i in range(size)] for size in sizes]
    async with seats(processes) as checks:
        told = await asyncio.gather(
            *(
                verdicts(checks, [check(i, true=true) for i, true in enumerate(request)])
                for request in truths
            )
        )
        assert told == truths
        assert 0 < checks.batches < sum(sizes)


async def test_a_worker_that_dies_loses_no_check() -> None:
    """Killed in the middle of work, its batches are checked again by threads."""
    async with seats(2) as checks:
        items = [check(i, true=i % 2 == 0) for i in range(400)]
        asked = asyncio.ensure_future(verdicts(checks, items))
        await asyncio.sleep(0)
        for worker in checks._workers:
            worker._process.kill()
        assert await asked == [i % 2 == 0 for i in range(400)]
        assert await verdicts(checks, items[:3]) == [True, False, True]


async def test_a_worker_ends_with_its_socket() -> None:
    """A ledger that is gone, however it went, leaves no worker behind."""
    async with seats(1) as checks:
        [worker] = checks._workers
        process = worker._process
        assert await verdicts(checks, [check(1, true=True)]) == [True]
        worker._transport.abort()
        assert await asyncio.to_thread(process.wait, 60) == 0


async def test_what_gathers_goes_to_a_free_seat_once_it_is_worth_a_message() -> None:
    """While one worker is busy the other gets the next batch, and not only when the first is done.

    The workers are stopped, so nothing is answered until all is put.
    """
    async with seats(2) as checks:
        for worker in checks._workers:
            worker._process.send_signal(signal.SIGSTOP)
        asked, batches = [], []
        try:
            for count in (1, MIN_BATCH - 1, 1):
                items = [check(i, true=True) for i in range(count)]
                asked.append(asyncio.ensure_future(verdicts(checks, items)))
                await asyncio.sleep(0)  # it is put
                await asyncio.sleep(0)  # the turn has ended
                batches.append(checks.batches)
        finally:
            for worker in checks._workers:
                worker._process.send_signal(signal.SIGCONT)
        assert batches == [1, 1, 2]
        assert await asyncio.gather(*asked) == [[True], [True] * (MIN_BATCH - 1), [True]]


async def test_a_caller_who_leaves_does_not_disturb_the_others(tmp_path: Path) -> None:
    """A request that is cancelled while its signatures are checked is not recorded; others are."""
    registry = Registry().open()
    x, y = actor_events(registry, ["actor-x", "actor-y"])
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(registry.events))
        leaving = asyncio.ensure_future(ledger.submit([x.raw]))
        staying = asyncio.ensure_future(ledger.submit([y.raw]))
        await asyncio.sleep(0)
        leaving.cancel()
        assert accepted((await staying).outcomes[0]).index == len(registry.events)
        assert ledger.index_of(x.id) is None


async def test_a_ledger_with_worker_processes_is_the_same_ledger(tmp_path: Path) -> None:
    """True signatures are recorded and false ones refused when processes decide."""
    registry = Registry().open()
    x, y = actor_events(registry, ["actor-x", "actor-y"])
    async with running(tmp_path, verify_processes=1) as ledger:
        false = y.raw[:-1] + bytes([y.raw[-1] ^ 1])
        reply = await ledger.submit([*raws(registry.events), x.raw, false])
        assert [accepted(outcome).index for outcome in reply.outcomes[:4]] == [0, 1, 2, 3]
        assert getattr(reply.outcomes[4], "code", "") == "signature-false"
        check_receipts(reply)


def test_a_batch_is_framed_without_loss() -> None:
    """What is framed comes out as it went in, also with empty messages."""
    items = [check(i, true=True) for i in range(60)] + [check(0, true=True)]
    framed = frame(items)
    assert HEAD.unpack(framed[: HEAD.size]) == (61, len(framed) - HEAD.size)
    assert unframe(framed[HEAD.size :]) == items
