"""Submitting the same thing again is always safe and always tells what became of it."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from ledger.outcome import Accepted, Rejected
from ledger.publisher import Signed
from ledger.signing import SigningState
from tests.harness.ledgers import accepted, actor_events, check_receipts, raws, running, stored
from tests.harness.registry import Registry


async def test_a_resubmission_returns_the_first_index_and_a_receipt(tmp_path: Path) -> None:
    """The same bytes again: the same index, a duplicate, proved at a size not below the first."""
    registry = Registry().open()
    first, second = actor_events(registry, ["actor-x", "actor-y"])
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(registry.events))
        original = await ledger.submit([first.raw])
        await ledger.submit([second.raw])
        again = await ledger.submit([first.raw])
        outcome = accepted(again.outcomes[0])
        assert outcome.index == accepted(original.outcomes[0]).index == 3
        assert outcome.duplicate
        assert outcome.event.raw == first.raw
        assert check_receipts(again).size >= check_receipts(original).size
    assert len(stored(tmp_path)) == 5


async def test_a_resubmission_after_a_restart_is_recognized(tmp_path: Path) -> None:
    """Recognition needs no memory: a fresh process finds what an earlier one has recorded."""
    registry = Registry().open()
    events = [*registry.events, *actor_events(registry, ["actor-x"])]
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(events))
    async with running(tmp_path) as ledger:
        reply = await ledger.submit(raws(events))
        assert [accepted(o).index for o in reply.outcomes] == [0, 1, 2, 3]
        assert all(accepted(o).duplicate for o in reply.outcomes)
        check_receipts(reply)


async def test_old_and_new_events_of_one_request_are_proved_in_one_tree(tmp_path: Path) -> None:
    """A repeated request that goes further gets one checkpoint over all of it."""
    registry = Registry().open()
    events = [*registry.events, *actor_events(registry, [f"actor-x{n}" for n in range(8)])]
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(events[:7]))
        reply = await ledger.submit(raws(events))
        assert [accepted(o).duplicate for o in reply.outcomes] == [True] * 7 + [False] * 4
        assert check_receipts(reply).size == 11


async def test_a_retry_meets_its_original_between_commit_and_signature(tmp_path: Path) -> None:
    """What is on record and not signed yet is no error: the retry waits for the tree over it."""
    registry = Registry().open()
    [event] = actor_events(registry, ["actor-x"])
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(registry.events))
        assert ledger._publisher is not None
        seal, committed, go_on = ledger._publisher.seal, threading.Event(), threading.Event()

        def slow(origin: str, state: SigningState) -> Signed:
            committed.set()
            assert go_on.wait(30)
            return seal(origin, state)

        ledger._publisher.seal = slow  # type: ignore[method-assign]
        original = asyncio.create_task(ledger.submit([event.raw]))
        assert await asyncio.to_thread(committed.wait, 30)
        retry = asyncio.create_task(ledger.submit([event.raw]))
        await asyncio.sleep(0.1)
        assert not retry.done()
        go_on.set()
        replies = [await original, await retry]
        assert [accepted(reply.outcomes[0]).duplicate for reply in replies] == [False, True]
        assert [check_receipts(reply).size for reply in replies] == [4, 4]
    assert len(stored(tmp_path)) == 4


async def test_the_same_event_at_once_from_many_is_recorded_once(tmp_path: Path) -> None:
    """Retries that overtake their original meet it, wherever it is in the pipeline."""
    registry = Registry().open()
    [event] = actor_events(registry, ["actor-x"])
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(registry.events))
        replies = await asyncio.gather(*(ledger.submit([event.raw]) for _ in range(50)))
        outcomes = [accepted(reply.outcomes[0]) for reply in replies]
        assert {outcome.index for outcome in outcomes} == {3}
        assert [outcome.duplicate for outcome in outcomes].count(False) == 1
        for reply in replies:
            check_receipts(reply)
    assert len(stored(tmp_path)) == 4


async def test_recognition_comes_before_transport_checks(tmp_path: Path) -> None:
    """What is on record is answered even by a service that takes nothing new."""
    registry = Registry().open()
    first, second = actor_events(registry, ["actor-x", "actor-y"])
    async with running(tmp_path) as ledger:
        await ledger.submit([*raws(registry.events), first.raw])
        ledger._committer.halted = "the disk is gone"
        assert ledger.ready() == (False, "the disk is gone")
        old, new = (await ledger.submit([first.raw, second.raw])).outcomes
        assert accepted(old).index == 3
        assert isinstance(new, Rejected)
        assert (new.code, new.status) == ("T-storage", 503)


async def test_a_refused_event_may_be_submitted_again_in_its_time(tmp_path: Path) -> None:
    """A refusal records nothing and is no verdict for ever."""
    registry = Registry().open()
    registry.append(
        "actor-root-a", "actor-x/profile", "ActorRegistered", kind="organization",
        name=[{"lang": "en", "text": "x"}], principal="actor-x", stakeholder_type="un_entity",
    )  # fmt: skip
    later = registry.sign(
        "actor-root-a", "actor-y/profile", "ActorRegistered", kind="office",
        name=[{"lang": "en", "text": "y"}], principal="actor-x", stakeholder_type="un_entity",
    )  # fmt: skip
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(registry.events[:3]))
        assert isinstance((await ledger.submit([later.raw])).outcomes[0], Rejected)
        both = await ledger.submit([registry.events[3].raw, later.raw])
        assert all(isinstance(outcome, Accepted) for outcome in both.outcomes)
