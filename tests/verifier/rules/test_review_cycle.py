"""Review cycles that a body opens and closes, and samples that nobody can choose."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness import bodies, removals, stories
from tests.harness.bodies import COUNCIL, SECRETARY
from tests.harness.lots import TIME, WITNESS, seed_of, witnessed
from tests.harness.registry import ORIGIN, Registry, public, ref
from tests.harness.removals import branch, later, refused
from tests.harness.stories import REVIEWERS, text
from verifier import note
from verifier.event import Seen
from verifier.rules import partnership
from verifier.rules.book import Body, Broken, Entry
from verifier.rules.review import cycle, sample
from verifier.rules.review.state import Cycle

CYCLE = "cycle-2024"
COURSE = f"{CYCLE}/course"
SAMPLE = f"{CYCLE}/sample/light"
NAMES = tuple(f"p-{n}" for n in range(1, 31))


@pytest.fixture(scope="module")
def seated() -> Registry:
    """A council in session, and thirty listed partnerships of the light profile."""
    registry = stories.cast(Registry())
    bodies.seat(registry, CYCLE, "cycle-2025")
    for name in NAMES:
        stories.listed_partnership(registry, name=name)
    return registry


@pytest.fixture
def registry(seated: Registry) -> Registry:
    """A branch of that of the test's own."""
    return branch(seated)


def decided(registry: Registry, result: str, subject: str = CYCLE) -> Entry:
    """Let the council decide on a cycle."""
    settled = [bodies.item(subject, "cycle", result)]
    return bodies.decide(registry, f"{subject}-{result}", kind="review_cycle", items=settled)


def opening(registry: Registry, decision: Entry, **changes: Any) -> dict[str, Any]:
    """Return the fields of a cycle of a year."""
    return {
        "decision": ref(decision), "body": COUNCIL, "name": "Cycle of 2024", "mandate": "E/2024/1",
        "theme": text("Water"), "goals": [6, 14], "first_day": registry.day(),
        "last_day": registry.day(300),
    } | changes  # fmt: skip


def opened(registry: Registry) -> Registry:
    """Open the cycle."""
    fields = opening(registry, decided(registry, "open"))
    registry.append(SECRETARY, COURSE, "ReviewCycleOpened", **fields)
    return registry


def announce(registry: Registry) -> Entry:
    """Announce the sample of the light profile."""
    return registry.append(SECRETARY, SAMPLE, "SampleAnnounced", profile="light", share=10,
                           witnesses=[str(WITNESS)])  # fmt: skip


def right(registry: Registry, data: bytes) -> list[str]:
    """Return what a cosigned checkpoint draws of the thirty."""
    return list(sample.drawn(seed_of(data), NAMES, 10))


def draw(registry: Registry, data: bytes, **changes: Any) -> Entry:
    """Draw the sample by a cosigned checkpoint."""
    fields = {"checkpoint": data, "drawn": right(registry, data)} | changes
    return registry.append(SECRETARY, SAMPLE, "SampleDrawn", **fields)


def undrawn(registry: Registry, data: bytes, stream: str = SAMPLE) -> set[str]:
    """Draw by what the rules refuse; return every rule that is not met."""
    return refused(registry, SECRETARY, stream, "SampleDrawn", checkpoint=data, drawn=["p-1"])


def unshown(registry: Registry, data: bytes, local: str = "light") -> set[str]:
    """Show what the rules refuse; return every rule that is not met."""
    return refused(registry, stories.NGO, f"{CYCLE}/shown/{local}/{stories.NGO}",
                   "CheckpointShown", checkpoint=data)  # fmt: skip


def broken(registry: Registry) -> list[Broken]:
    """Return what the whole log shows of samples."""
    return list(sample.whole_log(registry.book))


def test_a_cycle_rests_on_a_decision_of_its_body(registry: Registry) -> None:
    """Of the right body, on this cycle and with the right result (CY1); once."""
    decision = decided(registry, "open")
    other = decided(registry, "open", "cycle-2025")
    for wrong in ({"decision": ref(other)}, {"body": "actor-board"}):
        fields = opening(registry, decision) | wrong
        assert refused(registry, SECRETARY, COURSE, "ReviewCycleOpened", **fields) == {"CY1"}
    early = refused(registry, SECRETARY, COURSE, "ReviewCycleClosed", decision=ref(decision))
    assert early == {"CY1"}
    fields = opening(registry, decision)
    registry.append(SECRETARY, COURSE, "ReviewCycleOpened", **fields)
    assert refused(registry, SECRETARY, COURSE, "ReviewCycleOpened", **fields) == {"CY1"}
    again = refused(registry, SECRETARY, COURSE, "ReviewCycleClosed", decision=ref(decision))
    assert again == {"CY1"}
    closing = decided(registry, "close")
    registry.append(SECRETARY, COURSE, "ReviewCycleClosed", decision=ref(closing))
    found = registry.subject(CYCLE).get("cycle", Cycle)
    assert found is not None
    assert found.closed_on == registry.day()


def test_a_cycle_has_days_and_goals(registry: Registry) -> None:
    """Days that do not exist or in the wrong order, and a goal twice, are refused (CY2)."""
    decision = decided(registry, "open")
    for wrong in ({"first_day": "2024-02-30"}, {"last_day": registry.day(-1)}, {"goals": [6, 6]}):
        fields = opening(registry, decision) | wrong
        assert refused(registry, SECRETARY, COURSE, "ReviewCycleOpened", **fields) == {"CY2"}


def test_a_cycle_is_not_closed_over_an_announced_sample(registry: Registry) -> None:
    """What was announced is drawn first (CY3)."""
    announce(opened(registry))
    closing = {"decision": ref(decided(registry, "close"))}
    assert refused(registry, SECRETARY, COURSE, "ReviewCycleClosed", **closing) == {"CY3"}
    draw(registry, witnessed(registry))
    registry.append(SECRETARY, COURSE, "ReviewCycleClosed", **closing)


def test_a_witness_that_is_gone_keeps_no_cycle_open(registry: Registry) -> None:
    """CY3, CY5: after the last day it is closed undrawn, and told; drawn, it is not."""
    announce(opened(registry))
    drawn = branch(registry)
    draw(drawn, witnessed(drawn))
    for one, told in ((registry, ["CY5"]), (drawn, [])):
        later(one, 300)
        closing = {"decision": ref(decided(one, "close"))}
        if told:
            assert refused(one, SECRETARY, COURSE, "ReviewCycleClosed", **closing) == {"CY3"}
        one.book.time = one.now
        assert [b.rule for b in cycle.whole_log(one.book)] == []
        later(one, 1).append(SECRETARY, COURSE, "ReviewCycleClosed", **closing)
        found = [b for b in cycle.whole_log(one.book) if b.rule == "CY5"]
        assert [(b.rule, b.kind) for b in found] == [(rule, "omission") for rule in told]


def test_a_review_names_an_open_cycle(registry: Registry) -> None:
    """A cycle that does not exist, or is closed, has no reviews (RV23)."""
    stories.listed_partnership(registry)
    terms = {k: v for k, v in stories.listing(registry).items() if k != "mandate"}
    fields = {"kind": "desk", "reviewer_class": "member_state", "mandate": "A/1",
              "terms": text("…"), "cycle": CYCLE, **terms}  # fmt: skip
    stream = f"{stories.PARTNERSHIP}/review/r1"
    assert refused(registry, REVIEWERS[0], stream, "ReviewOpened", **fields) == {"RV23"}
    opened(registry)
    registry.append(REVIEWERS[0], stream, "ReviewOpened", **fields)


def test_a_drawn_partnership_without_a_review_is_told(registry: Registry) -> None:
    """When the cycle is over, each that was drawn has a review of it (CY4)."""
    announce(opened(registry))
    data = witnessed(registry)
    draw(registry, data)
    registry.book.time = later(registry, 300).now
    assert list(cycle.whole_log(registry.book)) == []
    terms = {k: v for k, v in stories.listing(registry).items() if k != "mandate"}
    first, *rest = right(registry, data)
    registry.append(REVIEWERS[0], f"{first}/review/r1", "ReviewOpened", kind="desk",
                    reviewer_class="member_state", mandate="A/1", terms=text("…"), cycle=CYCLE,
                    **terms)  # fmt: skip
    registry.book.time = later(registry, 1).now
    told = list(cycle.whole_log(registry.book))
    assert {one.subject for one in told} == set(rest)
    assert {(one.rule, one.kind) for one in told} == {("CY4", "omission")}
    registry.append(stories.BODY_SECRETARY, f"{first}/panel/r1", "ReviewerAssigned",
                    **removals.seated(registry, REVIEWERS[0]))  # fmt: skip
    registry.append(REVIEWERS[0], f"{first}/declaration/r1/{REVIEWERS[0]}",
                    "ConflictOfInterestDeclared", interest="none",
                    statement=text("…"))  # fmt: skip
    registry.append(REVIEWERS[0], f"{first}/review/r1", "ReviewDiscontinued", reason=text("…"))
    assert first in {one.subject for one in cycle.whole_log(registry.book)}


def test_a_sample_is_announced_once_and_asks_the_profiles_share(registry: Registry) -> None:
    """Not less, not of a profile without one, not twice, not outside a cycle (SM1)."""
    fields = {"profile": "light", "share": 10, "witnesses": [str(WITNESS)]}
    assert refused(registry, SECRETARY, SAMPLE, "SampleAnnounced", **fields) == {"SM1"}
    opened(registry)
    for wrong in ({"share": 4}, {"profile": "un_led"}):
        assert refused(registry, SECRETARY, SAMPLE, "SampleAnnounced", **fields | wrong) == {"SM1"}
    announce(registry)
    again = f"{CYCLE}/sample/light-again"
    assert refused(registry, SECRETARY, again, "SampleAnnounced", **fields) == {"SM1"}
    assert refused(registry, SECRETARY, SAMPLE, "SampleAnnounced", **fields) == {"SM1"}


def test_a_sample_is_drawn_from_a_register_as_of_the_cycle(registry: Registry) -> None:
    """A size from before the cycle is refused (SM2)."""
    before = Seen(len(registry.events), registry.roots[-1])
    opened(registry)
    fields = {"profile": "light", "share": 10, "witnesses": [str(WITNESS)]}
    rules = refused(registry, SECRETARY, SAMPLE, "SampleAnnounced", seen=before, **fields)
    assert rules == {"SM2"}


def test_the_witnesses_are_named_with_their_keys(registry: Registry) -> None:
    """The log is none, a key that states no time is none, and none stands twice (SM3)."""
    opened(registry)
    untimed = note.VerifierKey("witness.example.org", note.ED25519, public("witness"))
    itself = note.VerifierKey(ORIGIN, note.COSIGNATURE, public("log"))
    second = note.VerifierKey("witness.example.org", note.COSIGNATURE, public("second"))
    for wrong in ([untimed], [itself], [WITNESS, second], ["witness.example.org+00000000+AAAA"]):
        rules = refused(registry, SECRETARY, SAMPLE, "SampleAnnounced", profile="light", share=10,
                        witnesses=[str(key) for key in wrong])  # fmt: skip
        assert rules == {"SM3"}


def test_a_draw_rests_on_a_witnessed_checkpoint(registry: Registry) -> None:
    """Of this log, with its root, over the announcement, and truly cosigned (SM4)."""
    announced = announce(opened(registry))
    for data in (
        witnessed(registry, key="somebody"),
        registry.checkpoint(),
        witnessed(registry, origin="other.example.org/log"),
        witnessed(registry, root=bytes(32)),
        witnessed(registry, size=announced.index),
        witnessed(registry, size=len(registry.events) + 5, root=registry.roots[-1]),
        b"no checkpoint",
    ):
        assert undrawn(registry, data) == {"SM4"}
    draw(registry, witnessed(registry, size=announced.index + 1))


def test_a_sample_is_drawn_once(registry: Registry) -> None:
    """And only where one was announced (SM5)."""
    announce(opened(registry))
    data = witnessed(registry)
    assert undrawn(registry, data, f"{CYCLE}/sample/other") == {"SM5"}
    draw(registry, data)
    assert undrawn(registry, witnessed(registry, TIME - 1)) == {"SM5"}


def test_a_ground_sample_is_found_and_drawn_again(registry: Registry) -> None:
    """Whoever holds an earlier cosignature shows it (SM6); until the redraw it is found (SM8)."""
    announce(opened(registry))
    early, late = witnessed(registry, TIME), witnessed(registry, TIME + 60)
    assert unshown(registry, early) == {"SM6"}
    draw(registry, late)
    assert broken(registry) == []
    assert unshown(registry, witnessed(registry, TIME + 60)) == {"SM6"}
    assert unshown(registry, witnessed(registry, TIME, key="somebody")) == {"SM4"}
    registry.append(stories.NGO, f"{CYCLE}/shown/light/{stories.NGO}", "CheckpointShown",
                    checkpoint=early)  # fmt: skip
    (found,) = broken(registry)
    assert (found.rule, found.kind, found.subject) == ("SM8", "breach", CYCLE)
    assert undrawn(registry, witnessed(registry, TIME + 30)) == {"SM5"}
    draw(registry, early)
    assert broken(registry) == []
    assert undrawn(registry, early) == {"SM5"}


def test_a_list_that_the_seed_does_not_draw_is_found(registry: Registry) -> None:
    """One that is left out, replaced or moved, and the audit says what is right (SM7)."""
    announce(opened(registry))
    data = witnessed(registry)
    names = right(registry, data)
    assert len(names) == 3
    spared = next(name for name in NAMES if name not in names)
    for wrong in (names[:2], [*names[:2], spared], [names[1], names[0], names[2]]):
        other = branch(registry)
        draw(other, data, drawn=wrong)
        (found,) = broken(other)
        assert (found.rule, found.kind) == ("SM7", "breach")
        assert ", ".join(names) in found.reason
    draw(registry, data)
    assert broken(registry) == []


def test_the_register_is_that_of_the_stated_size(registry: Registry) -> None:
    """A partnership that is listed, or removed, after the announcement changes nothing (SM7)."""
    announce(opened(registry))
    stories.listed_partnership(registry, name="p-later")
    data = witnessed(registry)
    draw(registry, data)
    assert broken(registry) == []
    subject = registry.book.subjects["p-1"]
    found = partnership.of(subject)
    assert found is not None
    gone = Entry(len(registry.events), registry.events[-1], Body(), registry.now)
    subject.change(("partnership", partnership.moved(found, "removed", gone)))
    assert broken(registry) == []


def test_nothing_moves_on_or_off_the_register_unseen() -> None:
    """Whatever changes a listing records the move, so that the register is known as of any size."""
    rules = Path(partnership.__file__).parents[1]
    unseen = re.compile(r"listing=\"(?!submitted)")
    found = [path.name for path in rules.rglob("*.py") if unseen.search(path.read_text("utf-8"))]
    assert found == []


@settings(max_examples=60)
@given(st.binary(min_size=32, max_size=32), st.integers(0, 200), st.integers(1, 100))
def test_a_draw_is_the_share_of_the_population_and_depends_on_nothing_else(
    seed: bytes, count: int, share: int
) -> None:
    """Rounded up, without repetition, whatever the order in which the names come."""
    names = [f"p-{n}" for n in range(count)]
    got = sample.drawn(seed, names, share)
    assert got == sample.drawn(seed, reversed(names), share)
    assert len(got) == len(set(got)) == -(-count * share // 100)
    keys = [hashlib.sha256(seed + name.encode()).digest() for name in got]
    assert keys == sorted(keys)
    rest = set(names) - set(got)
    assert all(hashlib.sha256(seed + name.encode()).digest() > max(keys) for name in rest if keys)
