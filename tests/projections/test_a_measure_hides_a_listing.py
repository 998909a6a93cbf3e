"""An interim measure hides a listing for as long as the rules have it, and not a day longer."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from projections.views import Directory, Subject, lookup, subject
from projections.views.lookup import Filters
from tests.harness import removals, rulings, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import later
from tests.projections.logs import Log, runner
from tests.verifier.rules import test_integrity
from tests.verifier.rules.test_integrity import AGENCY_HEAD, MEASURE, measure
from verifier.rules.delisting.integrity import measure_in_force


@pytest.fixture(scope="module")
def told() -> Registry:
    """A listed partnership with an open case about integrity."""
    registry = test_integrity.told.__wrapped__()
    fields = test_integrity.opening(registry)
    registry.append(AGENCY_HEAD, removals.CASE, "IntegrityCaseOpened", **fields)
    return registry


@pytest.fixture
def registry(told: Registry) -> Registry:
    """A branch of the case."""
    return removals.branch(told)


def take(registry: Registry, *what: str) -> dict[str, object]:
    """Take the measure; return the reference to it."""
    fields = measure(registry, what=list(what or ("listing_hidden",)))
    return ref(registry.append(AGENCY_HEAD, MEASURE, "InterimMeasureTaken", **fields))


def asked(registry: Registry, folder: Path, *days: int) -> list[bool]:
    """Say for some days from today whether the directory hides the listing."""
    follower = runner(Log.of(registry), folder, Directory, Subject)
    follower.catch_up()
    hidden = []
    with follower.reading("directory") as (rows, _):
        for ahead in days:
            today = date.fromisoformat(registry.day()) + timedelta(days=ahead)
            answer = lookup.find(rows, Filters(kind="partnership"), today=today)
            assert len(answer.results) == answer.total == 1 - answer.hidden
            for name in ("kind", "status", "country", "source"):
                assert (
                    max((facet.count for facet in answer.facets[name]), default=0) == answer.total
                )
            assert lookup.find(rows, Filters(q="water"), today=today).hidden == answer.hidden
            hidden.append(answer.hidden == 1)
    follower.close()
    return hidden


def test_a_listing_is_hidden_until_the_measure_lapses(registry: Registry, tmp_path: Path) -> None:
    """On its last day it still is; the day after it is there again, without any event."""
    assert asked(registry, tmp_path / "before", 0) == [False]
    take(registry)
    days = (0, 59, 60, 61)
    held = registry.subject(stories.PARTNERSHIP)
    today = date.fromisoformat(registry.day())
    rules = [measure_in_force(held, today + timedelta(days=n)) is not None for n in days]
    assert asked(registry, tmp_path, *days) == rules == [True, True, True, False]


def test_a_measure_on_the_name_alone_hides_nothing(registry: Registry, tmp_path: Path) -> None:
    """The name of the United Nations is withdrawn; the listing is where it was."""
    take(registry, "un_name_withdrawn")
    assert asked(registry, tmp_path, 0) == [False]


def test_a_body_lets_it_stay_hidden_and_another_decision_ends_it(
    registry: Registry, tmp_path: Path
) -> None:
    """Confirmed, it is hidden until the examination; lifted, it is there at once."""
    taken = take(registry)
    later(registry, 50)
    registry.append(stories.OFFICE_A, MEASURE, "MeasureConfirmed", measure=taken,
                    decision=test_integrity.confirmed(registry),
                    until=test_integrity.year(registry))  # fmt: skip
    assert asked(registry, tmp_path, 0, 11, 365, 366) == [True, True, True, False]
    lifted = removals.branch(registry)
    lifted.append(AGENCY_HEAD, MEASURE, "MeasureLifted", measure=taken,
                  decision=test_integrity.confirmed(lifted, "lift", "off"),
                  reasons=stories.text("The emblem is gone"))  # fmt: skip
    assert asked(lifted, tmp_path / "lifted", 0) == [False]


def test_what_is_removed_is_no_longer_hidden(registry: Registry, tmp_path: Path) -> None:
    """The end of the case ends the measure: the row stays public, with what became of it."""
    take(registry)
    decided = rulings.rule(later(registry, 32), "remove")
    later(registry, 28)
    assert asked(registry, tmp_path, 0) == [True]
    later(registry, 4)
    removals.remove(registry, decided, ground="integrity")
    assert asked(registry, tmp_path, -10, 0) == [False, False]


def test_a_case_that_is_dropped_or_dismissed_hides_nothing(
    registry: Registry, tmp_path: Path
) -> None:
    """Dismissed by the body, or closed by the registry: both end the measure."""
    take(registry)
    closed = removals.branch(registry)
    closed.append(stories.OFFICE_A, removals.CASE, "CaseClosed", ground="withdrawn",
                  text=stories.text("The sponsor had bought something else"))  # fmt: skip
    assert asked(closed, tmp_path / "closed", 0) == [False]
    rulings.rule(later(registry, 32), "dismiss")
    assert asked(registry, tmp_path / "dismissed", 0) == [False]


def test_the_end_of_another_case_ends_no_measure(tmp_path: Path) -> None:
    """A suspension is lifted as the report was accepted; the case about integrity goes on."""
    registry = test_integrity.enter(rulings.full_track())
    rulings.suspend(registry)
    removals.later(registry, 31)
    fields = test_integrity.opening(registry, profile="un_led")
    registry.append(AGENCY_HEAD, test_integrity.OTHER, "IntegrityCaseOpened", **fields)
    held = measure(registry, case="c2", what=["listing_hidden"])
    registry.append(AGENCY_HEAD, MEASURE, "InterimMeasureTaken", **held)
    stories.accepted_report(registry)
    registry.append(stories.OFFICE_A, removals.CASE, "SuspensionLifted", obligation=1)
    today = date.fromisoformat(registry.day())
    assert measure_in_force(registry.subject(stories.PARTNERSHIP), today) is not None
    assert asked(registry, tmp_path, 0, 61) == [True, False]


def test_the_subject_itself_is_never_hidden(registry: Registry, tmp_path: Path) -> None:
    """Who knows its name reads the whole record, the measure and its last day included."""
    take(registry)
    follower = runner(Log.of(registry), tmp_path, Directory, Subject)
    follower.catch_up()
    with follower.reading("subject") as (rows, _):
        answer = subject.read(rows, stories.PARTNERSHIP)
    with follower.reading("directory") as (rows, _):
        # The times of this ledger are stated: its present day is that of its last entry.
        assert lookup.day_of(rows).isoformat() == registry.day()
        assert lookup.find(rows, Filters(kind="partnership")).hidden == 1
    follower.close()
    assert answer is not None
    assert answer.state.things["measure:m1"].facts["until"] == registry.day(60)
