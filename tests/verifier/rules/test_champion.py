"""Champions: in good standing, nominated by outsiders, selected by a body."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import bodies, stories
from tests.harness.bodies import PRESIDENT, SECRETARY
from tests.harness.registry import Registry, ref
from tests.harness.removals import refused
from tests.harness.stories import FOCAL_POINT, PARTNERSHIP, SECRETARIAT, text
from verifier.rules import champion
from verifier.rules.ahead import steps
from verifier.rules.book import Entry

FORUM = f"{PARTNERSHIP}/champion/forum-2025"
WHY = {"text": text("Its taps are mended in a day")}


@pytest.fixture
def registry() -> Registry:
    """A partnership whose first report was accepted on 2024-12-15, and a council in session."""
    registry = stories.listed_partnership().on("2024-12-15")
    stories.accepted_report(registry)
    bodies.seat(registry)
    return registry


def nominate(registry: Registry) -> Entry:
    """Nominate the partnership."""
    return registry.append(FOCAL_POINT, FORUM, "ChampionNominated", **WHY)


def decided(registry: Registry, result: str = "select", local: str = "d1") -> dict[str, Any]:
    """Let the council decide on the champion."""
    items = [bodies.item(PARTNERSHIP, "forum-2025", result)]
    return {
        "decision": ref(bodies.decide(registry, local, kind="champion", symbol=f"E/2025/{local}",
                                      items=items))
    }  # fmt: skip


def selected(registry: Registry) -> Registry:
    """Nominate and select the partnership."""
    nominate(registry)
    registry.append(SECRETARY, FORUM, "ChampionSelected", **decided(registry))
    return registry


def test_a_champion_has_a_report_of_the_last_year(registry: Registry) -> None:
    """CH1: a year and a day after the acceptance the report is too old; on the day it is not."""
    registry.on("2025-12-16")
    assert refused(registry, FOCAL_POINT, FORUM, "ChampionNominated", **WHY) == {"CH1"}
    registry.on("2025-12-15")
    nominate(registry)


def test_a_champion_owes_no_report(registry: Registry) -> None:
    """CH1: whoever has a report overdue is not nominated, whatever it did before."""
    registry.on("2026-02-01")
    told = refused(registry, FOCAL_POINT, FORUM, "ChampionNominated", **WHY)
    assert told == {"CH1"}
    stories.submitted_partnership(registry, name="p-waiting")
    waiting = "p-waiting/champion/forum-2025"
    assert refused(registry, FOCAL_POINT, waiting, "ChampionNominated", **WHY) == {"CH1"}


def test_who_nominates_is_an_outsider_and_does_it_once(registry: Registry) -> None:
    """CH2: an office of a partner nominates nobody; a second nomination is refused."""
    stories.listed_partnership(registry, name="p-un", profile="un_participating")
    registry.on("2025-12-15")
    stories.accepted_report(registry, name="p-un")
    theirs = "p-un/champion/forum-2025"
    assert refused(registry, FOCAL_POINT, theirs, "ChampionNominated", **WHY) == {"CH2"}
    nominate(registry)
    assert refused(registry, FOCAL_POINT, FORUM, "ChampionNominated", **WHY) == {"CH2"}


def test_a_body_selects_by_a_decision_that_says_so(registry: Registry) -> None:
    """CH3: not before the nomination, not by another decision, not by the president."""
    chosen, left = decided(registry), decided(registry, "leave", "d2")
    assert refused(registry, SECRETARY, FORUM, "ChampionSelected", **chosen) == {"CH3"}
    nominate(registry)
    assert refused(registry, SECRETARY, FORUM, "ChampionSelected", **left) == {"CH3"}
    assert refused(registry, PRESIDENT, FORUM, "ChampionSelected", **chosen) == {"AD10"}
    registry.append(SECRETARY, FORUM, "ChampionSelected", **chosen)
    assert refused(registry, SECRETARY, FORUM, "ChampionSelected", **chosen) == {"CH3"}


def test_no_board_selects_what_its_own_house_is_part_of(registry: Registry) -> None:
    """CH3: a body that a partner's offices certify for selects another's champion, not its own."""
    registry.enlist("actor-other-org")
    bodies.seat_another(registry, "actor-board", stories.NGO)
    bodies.seat_another(registry, "actor-assembly", "actor-other-org")
    nominate(registry)
    items = [bodies.item(PARTNERSHIP, "forum-2025", "select")]
    for body, rules in (("actor-board", {"CH3"}), ("actor-assembly", set())):
        decision = ref(bodies.decide_another(registry, body, kind="champion", items=items))
        secretary = f"{body}-body_secretary"
        if rules:
            assert refused(registry, secretary, FORUM, "ChampionSelected",
                           decision=decision) == rules  # fmt: skip
        else:
            registry.append(secretary, FORUM, "ChampionSelected", decision=decision)


def test_a_nomination_ends_once(registry: Registry) -> None:
    """CH4: laid down by the partnership, once, and offered as a step only until then."""
    why = {"reason": text("We would rather not")}
    assert refused(registry, SECRETARIAT, FORUM, "ChampionWithdrawn", **why) == {"CH4"}
    nominate(registry)
    assert [s for s in steps(PARTNERSHIP, registry.book, registry.now) if "Withdrawn" in s.type]
    registry.append(SECRETARIAT, FORUM, "ChampionWithdrawn", **why)
    assert refused(registry, SECRETARIAT, FORUM, "ChampionWithdrawn", **why) == {"CH4"}


def test_a_body_takes_back_what_it_selected_itself(registry: Registry) -> None:
    """CH4: another body's secretary does not; the body's own does."""
    selected(registry)
    registry.enlist("actor-clerk", kind="office", principal=bodies.UN_SECRETARIAT)
    registry.appoint("actor-clerk", "body_secretary", scope={"subjects": ["actor-board"]})
    why = {"reason": text("Another is better")}
    assert refused(registry, "actor-clerk", FORUM, "ChampionWithdrawn", **why) == {"CH4"}
    registry.append(SECRETARY, FORUM, "ChampionWithdrawn", **why)


def test_a_champion_that_falls_silent_is_told(registry: Registry) -> None:
    """CH5: once it is non-communicating it is to be withdrawn; that ends the omission."""
    selected(registry).on("2027-01-14").enlist("actor-in-its-grace")
    assert not list(champion.whole_log(registry.book))
    registry.on("2027-02-01").enlist("actor-later")
    (told,) = champion.whole_log(registry.book)
    assert (told.rule, told.kind, told.who) == ("CH5", "omission", "body_secretary")
    registry.append(SECRETARY, FORUM, "ChampionWithdrawn", reason=text("No report has come"))
    assert not list(champion.whole_log(registry.book))
