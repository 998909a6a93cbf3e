"""What follows from a missed condition, and which reviews nobody opened or decided."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import removals, stories
from tests.harness.registry import Registry
from tests.harness.removals import branch, later, refused
from tests.harness.stories import PARTNERSHIP, REVIEWERS, text
from verifier.rules.book import Broken
from verifier.rules.review import conditions, course
from verifier.rules.review.state import of

A = REVIEWERS[0]


@pytest.fixture(scope="module")
def decided() -> Registry:
    """A review that was decided with one condition, due in sixty days from its finding."""
    registry = stories.listed_partnership()
    removals.open_review(registry)
    finding = removals.record_finding(registry)
    proposal = removals.propose_review_decision(
        registry, finding, outcome="conditions", conditions=[removals.condition(registry)]
    )
    for member in REVIEWERS:
        registry.endorse(member, proposal, member)
    return registry


@pytest.fixture
def registry(decided: Registry) -> Registry:
    """A branch of that of the test's own."""
    return branch(decided)


def found_in(registry: Registry, module: Any) -> list[Broken]:
    """Move the book to the present day and return what the whole log shows there."""
    registry.book.time = registry.now
    return list(module.whole_log(registry.book))


def settle(registry: Registry, type_: str) -> None:
    """Find the condition met or missed."""
    registry.append(A, f"{PARTNERSHIP}/review/r1", type_, condition="meters", text=text("Seen"))


def unopened(registry: Registry, follows: str) -> set[str]:
    """Open a review that the rules refuse; return every rule that is not met."""
    terms = {k: v for k, v in stories.listing(registry).items() if k != "mandate"}
    return refused(registry, A, f"{PARTNERSHIP}/review/r9", "ReviewOpened", kind="desk",
                   reviewer_class="member_state", mandate="A/1", terms=text("…"), follows=follows,
                   **terms)  # fmt: skip


def test_a_missed_condition_is_followed_by_a_review(registry: Registry) -> None:
    """That names it, once (RV18); a condition that was met asks for none."""
    met = branch(registry)
    settle(met, "ConditionMet")
    assert unopened(met, "r1") == {"RV18"}
    later(registry, 40)
    settle(registry, "ConditionMissed")
    assert unopened(registry, "r7") == {"RV18"}
    step = removals.next_step(registry, "ReviewOpened")
    assert step.lawful
    removals.open_review(registry, "r2", follows="r1")
    before = of(registry.subject(PARTNERSHIP), "r1")
    assert before is not None
    assert before.followed_by == "r2"
    assert unopened(registry, "r1") == {"RV18"}


def test_a_missed_condition_that_nobody_followed_is_told(registry: Registry) -> None:
    """After ninety days it is the reviewers' omission (RV22); followed in time, it is none."""
    later(registry, 40)
    settle(registry, "ConditionMissed")
    assert found_in(later(registry, 90), conditions) == []
    followed = branch(registry)
    removals.open_review(followed, "r2", follows="r1")
    assert found_in(later(followed, 2), conditions) == []
    followed.append(A, f"{PARTNERSHIP}/review/r2", "ReviewDiscontinued", reason=text("…"))
    assert [one.rule for one in found_in(followed, conditions)] == ["RV22"]
    removals.open_review(followed, "r3", follows="r1")
    assert found_in(followed, conditions) == []
    (told,) = found_in(later(registry, 2), conditions)
    assert (told.rule, told.kind, told.subject) == ("RV22", "omission", PARTNERSHIP)


def test_a_condition_that_nobody_settled_is_told(registry: Registry) -> None:
    """Ninety days after its day somebody had to say whether it was met (RV22)."""
    assert found_in(later(registry, 29 + 90), conditions) == []
    (told,) = found_in(later(registry, 1), conditions)
    assert (told.rule, told.kind) == ("RV22", "omission")
    assert "meters" in told.reason


def test_a_review_that_nobody_decides_is_told(registry: Registry) -> None:
    """Open for more than the year that the profile gives, it is the reviewers' omission (RV20)."""
    settle(registry, "ConditionMet")
    assert found_in(registry, course) == []
    removals.open_review(registry, "r2")
    assert found_in(later(registry, 366), course) == []
    (told,) = found_in(later(registry, 1), course)
    assert (told.rule, told.kind, told.who) == ("RV20", "omission", "reviewer")
    registry.append(A, f"{PARTNERSHIP}/review/r2", "ReviewDiscontinued", reason=text("…"))
    assert found_in(registry, course) == []


def test_a_partnership_that_nobody_reviews_is_told() -> None:
    """One that the United Nations leads is reviewed every two years (RV21), a light one is not."""
    light = later(stories.listed_partnership(), 2_000)
    assert found_in(light, course) == []
    registry = stories.listed_partnership(profile="un_led")
    assert found_in(later(registry, 731), course) == []
    (told,) = found_in(later(registry, 1), course)
    assert (told.rule, told.kind) == ("RV21", "omission")
    terms = {k: v for k, v in stories.listing(registry, "un_led").items() if k != "mandate"}
    registry.append(A, f"{PARTNERSHIP}/review/r1", "ReviewOpened", kind="peer",
                    reviewer_class="un", mandate="A/1", terms=text("…"), **terms)  # fmt: skip
    assert found_in(registry, course) == []
    removals.seat(registry, A)
    removals.declare(registry, A)
    registry.append(A, f"{PARTNERSHIP}/review/r1", "ReviewDiscontinued", reason=text("…"))
    assert [one.rule for one in found_in(registry, course)] == ["RV21"]
