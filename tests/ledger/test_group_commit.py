"""Many requests share a commit, and each is answered for itself alone."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import IntegrityError

from ledger.errors import LedgerError
from ledger.outcome import Accepted, Rejected
from tests.harness.ledgers import (
    accepted,
    actor_events,
    audit,
    check_receipts,
    raws,
    running,
    stored,
)
from tests.harness.registry import Registry, public
from verifier.event import parse


def delegate(registry: Registry, actor: str, to: str) -> None:
    """Let an actor sign a delegation with its own key."""
    registry.append(
        actor, f"{actor}/delegation/d1", "DelegationGranted", to=to, mandate="A/RES/70/224",
        types=["ReportSubmitted"], last_day=registry.day(30),
    )  # fmt: skip


async def test_thirty_two_writers_race_for_one_place(tmp_path: Path) -> None:
    """One of them wins, 31 are told the new head, and nobody else is disturbed."""
    registry = Registry().open()
    rivals = [
        registry.sign(
            "actor-root-a", "actor-x/profile", "ActorRegistered", kind="organization",
            name=[{"lang": "en", "text": f"rival {n}"}], principal="actor-x",
            stakeholder_type="un_entity",
        )
        for n in range(32)
    ]  # fmt: skip
    bystanders = actor_events(registry, [f"actor-b{n}" for n in range(32)])
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(registry.events))
        both = [event for pair in zip(rivals, bystanders, strict=True) for event in pair]
        replies = await asyncio.gather(*(ledger.submit([event.raw]) for event in both))
        assert all(isinstance(reply.outcomes[0], Accepted) for reply in replies[1::2])
        outcomes = [reply.outcomes[0] for reply in replies[::2]]
        [winner] = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]
        losers = [outcome for outcome in outcomes if isinstance(outcome, Rejected)]
        assert len(losers) == 31
        for loser in losers:
            assert (loser.code, loser.status) == ("AD4", 409)
            assert loser.head is not None
            assert (loser.head.seq, loser.head.id) == (0, winner.event.id)
        for reply in replies:
            if reply.checkpoint is not None:
                check_receipts(reply)
    audit(stored(tmp_path))


async def test_every_event_of_a_request_has_its_own_outcome_in_order(tmp_path: Path) -> None:
    """Good, malformed, falsely signed, refused and repeated events of one request stay apart."""
    registry = Registry().open()
    good, other = actor_events(registry, ["actor-x", "actor-y"])
    false = good.raw[:-1] + bytes([good.raw[-1] ^ 1])
    stranger = registry.sign(
        "actor-z", "actor-z/profile", "ActorRegistered", kind="organization",
        name=[{"lang": "en", "text": "z"}], principal="actor-z", stakeholder_type="un_entity",
    )  # fmt: skip
    elsewhere = registry.sign(
        "actor-root-a", "actor-v/profile", "ActorRegistered", kind="organization",
        name=[{"lang": "en", "text": "v"}], principal="actor-v", stakeholder_type="un_entity",
        ledger=bytes(32),
    )  # fmt: skip
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(registry.events))
        reply = await ledger.submit(
            [b"", false, stranger.raw, good.raw, elsewhere.raw, good.raw, other.raw]
        )
        told = [o.code if isinstance(o, Rejected) else o.index for o in reply.outcomes]
        assert told == ["event-malformed", "signature-false", "AD5", 3, "AD2", 3, 4]
        assert [accepted(reply.outcomes[n]).duplicate for n in (3, 5, 6)] == [False, True, False]
        statuses = [o.status for o in reply.outcomes if isinstance(o, Rejected)]
        assert statuses == [400, 403, 403, 422]
        assert check_receipts(reply).size == 5
    assert len(stored(tmp_path)) == 5


async def test_a_refusal_tells_every_unmet_condition(tmp_path: Path) -> None:
    """A refused event comes back with all that is missing, not only with the first."""
    registry = Registry().open()
    event = registry.sign(
        "actor-root-a", "actor-x/profile", "ActorRegistered", kind="office",
        name=[{"lang": "en", "text": "x"}], principal="actor-x", stakeholder_type="un_entity",
        iat=registry.now - 700,
    )  # fmt: skip
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(registry.events))
        [outcome] = (await ledger.submit([event.raw])).outcomes
        assert isinstance(outcome, Rejected)
        assert outcome.status == 422
        assert {unmet.rule for unmet in outcome.unmet} == {"AD6", "AC2"}
        assert {unmet.rule for unmet in ledger.dry_run(event.raw)} == {"AD6", "AC2"}
        assert ledger.size == 3


async def test_a_key_enrolled_in_the_same_request_may_sign_at_once(tmp_path: Path) -> None:
    """Enrolment and first use go through together, in the order of the request."""
    registry = Registry().open().enlist("actor-x").enlist("actor-y")
    for actor in ("actor-x", "actor-y"):
        delegate(registry, actor, "actor-x" if actor == "actor-y" else "actor-y")
    events = registry.events
    async with running(tmp_path) as ledger:
        reply = await ledger.submit(raws(events))
        assert [accepted(outcome).index for outcome in reply.outcomes] == list(range(len(events)))
        assert stored(tmp_path) == raws(events)


async def test_a_full_queue_turns_away_and_says_when_to_come_back(tmp_path: Path) -> None:
    """Beyond the bound requests get T-busy with Retry-After; what was taken goes through."""
    registry = Registry().open()
    events = actor_events(registry, [f"actor-x{n}" for n in range(60)])
    async with running(tmp_path, max_pending_events=20, busy_retry_s=2) as ledger:
        await ledger.submit(raws(registry.events))
        replies = await asyncio.gather(*(ledger.submit([event.raw]) for event in events))
        outcomes = [reply.outcomes[0] for reply in replies]
        busy = [outcome for outcome in outcomes if isinstance(outcome, Rejected)]
        assert len(busy) == 40
        assert {(o.code, o.status, o.retry_after_s) for o in busy} == {("T-busy", 503, 2)}
        assert ledger.size == 3 + 20
        again = await ledger.submit([events[0].raw])
        assert accepted(again.outcomes[0]).duplicate


async def test_requests_share_commits(tmp_path: Path) -> None:
    """Requests that arrive together take far fewer commits than there are requests."""
    registry = Registry().open()
    events = actor_events(registry, [f"actor-x{n}" for n in range(200)])
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(registry.events))
        before = ledger.measurements()["commits"]
        await asyncio.gather(*(ledger.submit([event.raw]) for event in events))
        assert ledger.size == 203
        assert ledger.measurements()["commits"] - before <= 100


async def test_a_request_that_breaks_the_service_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When recording one event raises, its neighbours in the group are recorded all the same."""
    registry = Registry().open()
    events = actor_events(registry, [f"actor-x{n}" for n in range(5)])
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(registry.events))
        write = ledger.recorder.write

        def failing(rows: Any, keys: Any = ()) -> Any:
            if any(row.state == events[2].raw for row in rows):
                raise IntegrityError("a row that the database does not take")
            return write(rows, keys)

        monkeypatch.setattr(ledger.recorder, "write", failing)
        replies = await asyncio.gather(*(ledger.submit([event.raw]) for event in events))
        outcomes = [reply.outcomes[0] for reply in replies]
        assert [isinstance(o, Accepted) for o in outcomes] == [True, True, False, True, True]
        assert isinstance(outcomes[2], Rejected)
        assert (outcomes[2].code, outcomes[2].status) == ("T-internal", 500)
        monkeypatch.undo()
        assert isinstance((await ledger.submit([events[2].raw])).outcomes[0], Accepted)
    assert audit(stored(tmp_path))[0] == 8


async def test_nothing_is_recorded_by_another_door(tmp_path: Path) -> None:
    """``save`` is closed, and nothing comes before the genesis and its endorsements."""
    registry = Registry().open()
    [event] = actor_events(registry, ["actor-x"])
    async with running(tmp_path) as ledger:
        [early] = (await ledger.submit([event.raw])).outcomes
        assert isinstance(early, Rejected)
        await ledger.submit([registry.events[0].raw])
        [unendorsed] = (await ledger.submit([event.raw])).outcomes
        assert isinstance(unendorsed, Rejected)
        assert unendorsed.code == "AD9"
        with pytest.raises(LedgerError):
            ledger.save(parse(event.raw))
        assert ledger.size == 1


async def test_a_genesis_for_other_keys_is_not_taken(tmp_path: Path) -> None:
    """A ledger whose checkpoints this service could not sign does not begin here."""
    registry = Registry().open(log_keys={"checkpoint": public("another log")})
    async with running(tmp_path) as ledger:
        [outcome] = (await ledger.submit([registry.events[0].raw])).outcomes
        assert isinstance(outcome, Rejected)
        assert outcome.code == "T-log-key"
        assert ledger.size == 0


async def test_a_clock_far_ahead_is_refused_where_the_clock_is_real(tmp_path: Path) -> None:
    """An event ten minutes ahead is T-clock; under a stated clock the same is fine."""
    registry = Registry(now=int(time.time())).open(clock="real")
    early, fine = (
        registry.sign(
            "actor-root-a", f"actor-x{ahead}/profile", "ActorRegistered", kind="organization",
            name=[{"lang": "en", "text": "x"}], principal=f"actor-x{ahead}",
            stakeholder_type="un_entity", iat=int(time.time()) + ahead,
        )
        for ahead in (600, 100)
    )  # fmt: skip
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(registry.events))
        outcomes = (await ledger.submit([early.raw, fine.raw])).outcomes
        assert isinstance(outcomes[0], Rejected)
        assert (outcomes[0].code, outcomes[0].status) == ("T-clock", 422)
        assert isinstance(outcomes[1], Accepted)


async def test_cold_subjects_are_what_hot_ones_were(tmp_path: Path) -> None:
    """With room for one subject the ledger decides as with room for all."""
    registry = Registry().open()
    for n in range(6):
        registry.enlist(f"actor-x{n}")
    for n in range(6):
        delegate(registry, f"actor-x{n}", f"actor-x{(n + 1) % 6}")
    async with running(tmp_path, hot_subjects=1) as ledger:
        for event in registry.events:
            [outcome] = (await ledger.submit([event.raw])).outcomes
            accepted(outcome)
        assert len(ledger._book.subjects) <= 4
        for name, subject in registry.book.subjects.items():
            assert ledger._book.subject(name).things == subject.things, name
            assert ledger.heads(name) == subject.heads


async def test_closing_finishes_what_was_taken(tmp_path: Path) -> None:
    """Requests in the pipeline are answered, later ones turned away, and nothing taken is lost."""
    registry = Registry().open()
    events = actor_events(registry, [f"actor-x{n}" for n in range(40)])
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(registry.events))
        pending = [asyncio.create_task(ledger.submit([event.raw])) for event in events[:-1]]
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(ledger.close())
        late = await ledger.submit([events[-1].raw])
        replies = await asyncio.gather(*pending)
        await closing
    assert all(isinstance(reply.outcomes[0], Accepted) for reply in replies)
    assert isinstance(late.outcomes[0], Rejected)
    assert late.outcomes[0].code == "T-busy"
    assert len(stored(tmp_path)) == 3 + 39
