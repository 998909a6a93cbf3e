"""The service follows what the roots change: over a restart, and where it must stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.application import Ledger
from ledger.outcome import Accepted, Rejected
from tests.harness.ledgers import actor_events, audit, raws, running, stored
from tests.harness.registry import Registry, public
from tests.harness.rootchanges import adopt, change, newcomer, ruleset, seat
from verifier.rules.authority.roots import Roots
from verifier.rules.authority.state import Confirmed

ROOT_A, ROOT_B, ROOT_C = (f"actor-root-{letter}" for letter in "abc")


async def take(ledger: Ledger, registry: Registry, since: int = 0) -> None:
    """Submit what a registry recorded; require that the service takes all of it."""
    reply = await ledger.submit(raws(registry.events[since:]))
    assert all(isinstance(outcome, Accepted) for outcome in reply.outcomes), reply.outcomes


@pytest.mark.parametrize("hot", [1, 1000])
async def test_the_service_follows_a_change_of_the_roots(tmp_path: Path, hot: int) -> None:
    """AU5 and AC12: rebuilt subjects stand as they stood, a former root is refused at once."""
    registry = Registry().open()
    change(registry, seat(ROOT_A), seat(ROOT_B), threshold=1)
    registry.enlist("actor-x")
    before = len(registry.events)
    async with running(tmp_path, hot_subjects=hot) as ledger:
        await take(ledger, registry)
    change(registry, seat(ROOT_A), newcomer(registry, ROOT_C, "r2"), local="r2", quorum=1,
           voices=(ROOT_A,))  # fmt: skip
    registry.append("actor-x", "actor-x/keys", "KeyEnrolled",
                    **registry.possession("actor-x", "second"))  # fmt: skip
    refused = registry.sign(ROOT_B, "actor-y/profile", "ActorRegistered", kind="organization",
                            name=[{"lang": "en", "text": "y"}], principal="actor-y",
                            stakeholder_type="un_entity")  # fmt: skip
    async with running(tmp_path, hot_subjects=hot) as ledger:
        await take(ledger, registry, before)
        assert ledger._book.thing("actor-x", "confirmed", Confirmed) is not None
        roots = ledger._book.thing("ledger", "roots", Roots)
        assert roots == registry.book.thing("ledger", "roots", Roots)
        (outcome,) = (await ledger.submit([refused.raw])).outcomes
        assert isinstance(outcome, Rejected)
        assert {unmet.rule for unmet in outcome.unmet} == {"AD5", "AD10"}
        registry.enlist("actor-z", by=ROOT_C)
        await take(ledger, registry, len(registry.events) - 3)
    assert public(ROOT_C) in registry.book.public_keys.values()
    audit(stored(tmp_path))


async def test_the_service_takes_nothing_by_a_ruleset_that_it_does_not_know(
    tmp_path: Path,
) -> None:
    """AD1: also within the batch that adopts it, and after a restart; nothing else is lost."""
    registry = Registry().open()
    adopt(registry, ruleset(registry))
    (next_event,) = actor_events(registry, ["actor-x"])
    for events in (raws([*registry.events, next_event]), [next_event.raw]):
        async with running(tmp_path) as ledger:
            *taken, last = (await ledger.submit(events)).outcomes
            assert all(isinstance(outcome, Accepted) for outcome in taken)
            assert isinstance(last, Rejected)
            assert last.unmet[0].rule == "AD1"
            assert ledger.size == len(registry.events)
