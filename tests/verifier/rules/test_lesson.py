"""Lessons, their use by others, and the safe space that nothing may cite."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import Registry, ref
from tests.harness.stories import NGO, OFFICE_A, PARTNERSHIP, SECRETARIAT, text
from verifier.rules.ahead import steps
from verifier.rules.book import Entry, Refused

OTHER = "p-clean-rivers"
CUSTODIAN = "actor-custodian"
CYCLE = "safespace-2024/cycle"
PROMISES = [bytes([n]) * 32 for n in range(1, 8)]


@pytest.fixture
def registry() -> Registry:
    """Two listed partnerships, and a custodian."""
    registry = stories.listed_partnership()
    stories.listed_partnership(registry, name=OTHER)
    registry.enlist(CUSTODIAN)
    return registry.appoint(CUSTODIAN, "custodian")


def publish(registry: Registry, stream: str = f"{PARTNERSHIP}/lesson/pumps",
            **changes: Any) -> Entry:  # fmt: skip
    """Publish a lesson of failure."""
    values = {
        "kind": "failure", "title": text("Pumps that nobody could mend"),
        "text": text("The parts were not to be had"), "sdg_targets": ["6.1"],
    } | changes  # fmt: skip
    return registry.append(SECRETARIAT, stream, "LessonPublished", **values)


def apply(registry: Registry, lesson: dict[str, Any], local: str = "one",
          name: str = OTHER) -> Entry:  # fmt: skip
    """Apply a lesson in another partnership."""
    return registry.append(SECRETARIAT, f"{name}/lesson-applied/{local}", "LessonApplied",
                           lesson=lesson, text=text("We buy local pumps"),
                           result="worked")  # fmt: skip


def open_space(registry: Registry, **changes: Any) -> Entry:
    """Open a cycle of the safe space for a month."""
    values = {
        "mandate": "A/RES/70/224", "last_day": "2024-02-15", "smallest_cell": 5,
        "harms": [text("Danger to life")],
    } | changes  # fmt: skip
    return registry.append(CUSTODIAN, CYCLE, "SafeSpaceOpened", **values)


def batch(registry: Registry, commitments: list[bytes], author: str = CUSTODIAN) -> Entry:
    """Record the commitments of a cycle."""
    return registry.append(author, CYCLE, "SafeSpaceLessonSubmitted", commitments=commitments)


def refusal(act: Any, *args: Any, **fields: Any) -> set[str]:
    """Return the rules by which an act is refused."""
    with pytest.raises(Refused) as refused:
        act(*args, **fields)
    return {unmet.rule for unmet in refused.value.unmet}


def test_a_lesson_is_published_once_by_who_was_listed(registry: Registry) -> None:
    """LE1: refused to a partnership that waits, and a second time on one stream."""
    stories.submitted_partnership(registry, name="p-waiting")
    assert refusal(publish, registry, "p-waiting/lesson/pumps") == {"LE1"}
    publish(registry)
    assert refusal(publish, registry) == {"LE1"}


def test_a_lesson_draws_on_its_own_record(registry: Registry) -> None:
    """LE2: reports that were accepted, commitments on record, goals of its targets."""
    registry.on("2024-12-15")
    stories.submitted_report(registry)
    drawn = {"reports": ["first"], "commitments": ["taps"]}
    assert refusal(publish, registry, sdg_targets=["4.1"]) == {"LE2"}
    assert refusal(publish, registry, reports=["first"]) == {"LE2"}
    assert refusal(publish, registry, commitments=["taps"]) == {"LE2"}
    stories.accept(registry)
    stories.made_commitment(registry)
    publish(registry, **drawn)


def test_another_partnership_applies_a_lesson_once(registry: Registry) -> None:
    """LE3 and LE4: not what is no lesson, not one's own, not twice."""
    lesson = ref(publish(registry))
    assert refusal(apply, registry, lesson | {"id": bytes(32)}) == {"LE3"}
    assert refusal(apply, registry, lesson | {"stream": f"{PARTNERSHIP}/registration"}) == {"LE3"}
    assert refusal(apply, registry, lesson, name=PARTNERSHIP) == {"LE3"}
    apply(registry, lesson)
    assert refusal(apply, registry, lesson, "two") == {"LE4"}
    other = ref(publish(registry, f"{PARTNERSHIP}/lesson/pipes", kind="success"))
    apply(registry, other, "two")


def test_a_cycle_opens_once_for_a_time_ahead(registry: Registry) -> None:
    """LE5: a last day of today, one that does not exist and a second opening are refused."""
    assert refusal(open_space, registry, last_day="2024-01-15") == {"LE5"}
    assert refusal(open_space, registry, last_day="2024-02-30") == {"LE5"}
    open_space(registry)
    assert refusal(open_space, registry) == {"LE5"}


def test_a_batch_comes_once_and_after_its_last_day(registry: Registry) -> None:
    """LE6: on the last day it is too early, and «what may happen next» says from when."""
    assert refusal(batch, registry, PROMISES) == {"LE6"}
    open_space(registry)
    registry.on("2024-02-15")
    assert refusal(batch, registry, PROMISES) == {"LE6"}
    (step,) = steps("safespace-2024", registry.book, registry.now)
    assert (step.type, step.lawful) == ("SafeSpaceLessonSubmitted/1", False)
    registry.on("2024-02-16")
    assert refusal(batch, registry, PROMISES, OFFICE_A) == {"AD10"}
    batch(registry, PROMISES)
    assert refusal(batch, registry, PROMISES) == {"LE6"}
    assert not steps("safespace-2024", registry.book, registry.now)


@pytest.mark.parametrize("order", [PROMISES[::-1], [PROMISES[0], PROMISES[0]]])
def test_the_order_of_a_batch_tells_nothing(order: list[bytes], registry: Registry) -> None:
    """LE7: commitments stand in ascending order, none twice."""
    open_space(registry)
    registry.on("2024-02-16")
    assert refusal(batch, registry, order) == {"LE7"}
    batch(registry, sorted(set(order)))


def test_nothing_cites_the_safe_space(registry: Registry) -> None:
    """AD13: whatever refers to it is refused; its name in a text is no reference."""
    open_space(registry)
    registry.on("2024-02-16")
    told = ref(batch(registry, PROMISES))
    assert refusal(apply, registry, told) == {"AD13", "LE3"}
    idea = {"text": text("Seen in safespace-2024"), "organization": NGO}
    registry.append(NGO, "forum-2024/idea/one", "IdeaSubmitted", **idea)
