"""Commitments: claimed until the promiser acknowledges, and kept, missed or withdrawn by it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import Registry
from tests.harness.stories import COMPANY, GOVERNMENT, NGO, PARTNERSHIP, SECRETARIAT, text
from verifier.rules import dates
from verifier.rules.ahead import steps
from verifier.rules.book import Entry, Refused
from verifier.rules.commitment import Commitment

STREAM = f"{PARTNERSHIP}/commitment/taps"
PROOF = bytes(range(32))


@pytest.fixture
def registry() -> Registry:
    """A registry with a listed partnership."""
    return stories.listed_partnership()


def say(registry: Registry, actor: str, type_: str, **fields: Any) -> Entry:
    """Append an event to the commitment's stream."""
    return registry.append(actor, STREAM, type_, **fields)


def refusal(registry: Registry, actor: str, type_: str, **fields: Any) -> set[str]:
    """Return the rules by which an event on the commitment's stream is refused."""
    with pytest.raises(Refused) as refused:
        say(registry, actor, type_, **fields)
    return {unmet.rule for unmet in refused.value.unmet}


def made(registry: Registry, **changes: Any) -> set[str]:
    """Return the rules by which a commitment is refused."""
    return refusal(
        registry, SECRETARIAT, "CommitmentMade", **stories.commitment(registry, **changes)
    )


def found(registry: Registry) -> Commitment:
    """Return the commitment on record."""
    thing = registry.subject(PARTNERSHIP).get("commitment:taps", Commitment)
    assert thing is not None
    return thing


def test_a_promise_needs_the_promiser(registry: Registry) -> None:
    """CO5: what the secretariat records is claimed; it is active once the company signs."""
    stories.made_commitment(registry)
    assert found(registry).state == "claimed"
    say(registry, GOVERNMENT, "CommitmentAcknowledged", organization=GOVERNMENT)
    assert found(registry).state == "claimed"
    say(registry, COMPANY, "CommitmentAcknowledged", organization=COMPANY)
    assert found(registry).state == "active"
    assert found(registry).acknowledged_by == (GOVERNMENT, COMPANY)


def test_commitments_are_made_in_listed_partnerships() -> None:
    """CO1: before its listing a partnership takes no commitment."""
    assert made(stories.screened_partnership()) == {"CO1"}


def test_a_stream_holds_one_commitment(registry: Registry) -> None:
    """CO1: the same stream takes no second commitment."""
    stories.made_commitment(registry)
    assert made(registry) == {"CO1"}


@pytest.mark.parametrize(
    "changes",
    [
        {"accountable": stories.UN_AGENCY},
        {"contributors": [{"organization": stories.UN_AGENCY}]},
        {"contributors": [{"organization": COMPANY}]},
        {"contributors": [{"organization": NGO}, {"organization": NGO}]},
        {"contributors": [{"organization": o, "share": 51} for o in (NGO, GOVERNMENT)]},
    ],
)  # fmt: skip
def test_partners_alone_can_be_bound(registry: Registry, changes: dict[str, Any]) -> None:
    """CO2: outsiders, doubles and shares beyond the whole are refused."""
    assert made(registry, **changes) == {"CO2"}


@pytest.mark.parametrize("due", ["2024-01-15", "2023-12-31", "2025-02-29"])
def test_a_promise_is_about_days_to_come(registry: Registry, due: str) -> None:
    """CO3: a due day that is past, today or none at all is refused."""
    assert made(registry, due=due) == {"CO3"}


@pytest.mark.parametrize(
    ("direction", "baseline", "target"),
    [
        ("increase", ("10", "2024-01-01"), ("9.5", "2025-01-01")),
        ("decrease", ("0.5", "2024-01-01"), ("0.50", "2025-01-01")),
        ("maintain", ("1", "2024-01-01"), ("2", "2025-01-01")),
        ("increase", ("1", "2024-01-01"), ("2", "2024-01-01")),
        ("increase", ("1", "2024-13-01"), ("2", "2025-01-01")),
    ],
)
def test_the_target_lies_where_the_direction_says(
    registry: Registry, direction: str, baseline: tuple[str, str], target: tuple[str, str]
) -> None:
    """CO4: a target on the wrong side, not later than the baseline, or on no day is refused."""
    indicator = stories.commitment(registry)["indicator"] | {
        "direction": direction,
        "baseline": dict(zip(("value", "day"), baseline, strict=True)),
        "target": dict(zip(("value", "day"), target, strict=True)),
    }
    assert made(registry, indicator=indicator) == {"CO4"}


def test_nobody_acknowledges_for_another(registry: Registry) -> None:
    """CO5: neither in another's name, nor as one who is not named, nor twice."""
    stories.made_commitment(registry)
    assert refusal(registry, NGO, "CommitmentAcknowledged", organization=COMPANY) == {"AD10"}
    assert refusal(registry, NGO, "CommitmentAcknowledged", organization=NGO) == {"CO5"}
    say(registry, COMPANY, "CommitmentAcknowledged", organization=COMPANY)
    assert refusal(registry, COMPANY, "CommitmentAcknowledged", organization=COMPANY) == {"CO5"}


def test_progress_does_not_run_backwards_or_ahead(registry: Registry) -> None:
    """CO20: as of a day that has come, not before the last, while the commitment is open."""
    stories.acknowledged_commitment(registry)
    registry.on("2024-06-01")
    say(registry, COMPANY, "ProgressReported", as_of="2024-05-31", status="on_track", value="4")
    for day in ("2024-05-30", "2024-06-02"):
        assert refusal(registry, SECRETARIAT, "ProgressReported", as_of=day, status="on_track") == {
            "CO20"
        }
    say(registry, COMPANY, "CommitmentWithdrawn", reason=text("The coast is being resettled"))
    assert refusal(
        registry, COMPANY, "ProgressReported", as_of="2024-06-01", status="cancelled"
    ) == {"CO20"}


def test_it_is_fulfilled_by_its_promiser(registry: Registry) -> None:
    """CO40: by the accountable organization, once acknowledged, on a day that has come."""
    stories.made_commitment(registry)
    fulfilled = {"on": "2024-01-15", "evidence": [PROOF]}
    assert refusal(registry, COMPANY, "CommitmentFulfilled", **fulfilled) == {"CO40"}
    say(registry, COMPANY, "CommitmentAcknowledged", organization=COMPANY)
    assert refusal(registry, SECRETARIAT, "CommitmentFulfilled", **fulfilled) == {"AD10"}
    assert refusal(
        registry, COMPANY, "CommitmentFulfilled", **(fulfilled | {"on": "2024-01-16"})
    ) == {"CO40"}
    say(registry, COMPANY, "CommitmentFulfilled", **fulfilled)
    assert (found(registry).state, found(registry).late) == ("fulfilled", False)


def test_a_miss_is_acknowledged_only_after_the_day_has_ended_everywhere(registry: Registry) -> None:
    """CO41: one second before 24:00 in UTC-12 it is too early, and the refusal says until when."""
    stories.acknowledged_commitment(registry)
    end = dates.deadline(dates.parse_day(found(registry).due))
    account = {"what": text("Twelve taps"), "why": text("The pumps came late")}
    registry.now = end - 1
    with pytest.raises(Refused) as refused:
        say(registry, COMPANY, "CommitmentMissed", **account)
    assert [(u.rule, u.earliest) for u in refused.value.unmet] == [("CO41", end)]
    registry.now = end
    say(registry, COMPANY, "CommitmentMissed", **account)
    assert found(registry).state == "missed"


def test_what_was_missed_can_still_be_fulfilled_late(registry: Registry) -> None:
    """CO40: a late fulfilment follows a miss and stays late."""
    stories.acknowledged_commitment(registry)
    registry.on("2026-03-01")
    say(registry, COMPANY, "CommitmentMissed", what=text("a"), why=text("b"))
    registry.on("2026-05-01")
    say(registry, COMPANY, "CommitmentFulfilled", on="2026-04-30", evidence=[PROOF])
    assert (found(registry).state, found(registry).late) == ("fulfilled", True)


def test_after_its_due_day_a_commitment_is_not_withdrawn(registry: Registry) -> None:
    """CO6: withdrawal is open until the due day has ended; then only keeping or missing it is."""
    stories.acknowledged_commitment(registry)
    registry.on("2026-03-01")
    assert refusal(registry, COMPANY, "CommitmentWithdrawn", reason=text("c")) == {"CO6"}


def test_what_may_happen_next_tells_from_when_a_miss_can_be_said(registry: Registry) -> None:
    """An active commitment can be fulfilled now; its miss has an earliest time; both say who."""
    stories.acknowledged_commitment(registry)
    end = dates.deadline(dates.parse_day(found(registry).due))
    ahead = {
        (step.type, step.stream): step for step in steps(PARTNERSHIP, registry.book, registry.now)
    }
    assert ahead["CommitmentFulfilled/1", STREAM].lawful
    missed = ahead["CommitmentMissed/1", STREAM]
    assert (missed.lawful, missed.earliest, missed.who) == (
        False,
        end,
        ("the accountable organization",),
    )
    assert ahead["CommitmentAcknowledged/1", STREAM].lawful  # the government's contribution
    later = {step.type: step for step in steps(PARTNERSHIP, registry.book, end)}
    assert later["CommitmentMissed/1"].lawful
