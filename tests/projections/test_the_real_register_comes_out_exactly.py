"""The shipped register of open parliaments, imported and shown: every figure as in the source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest

from ledger.importers import ogp, ogp_status
from projections import Runner
from projections.views import Directory, Subject, lookup, subject
from projections.views.state import State
from tests.harness.imports import IMPORTER, import_desk
from tests.projections.logs import Log, runner

SUBJECTS = 79
COMMITMENTS = 558
END_OF_TERM = {
    "Complete": 71, "Substantial": 122, "Limited": 123, "Not Started": 25, "Unclear": 2,
}  # fmt: skip
END_OF_TERM_CELLS = END_OF_TERM | {"NR": 153, "ND": 62}
MID_TERM = {"Complete": 40, "Substantial": 65, "Limited": 78, "Not Started": 24, "Withdrawn": 1}


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """The views over a ledger that holds the whole register."""
    desk = import_desk()
    for importer in (ogp.IMPORTER, ogp_status.IMPORTER):
        for stream, body in importer.events():
            desk.append(stream, body)
    follower = runner(
        Log.of(desk.registry), tmp_path_factory.mktemp("views"), Directory, Subject, page=4_096
    )
    follower.catch_up()
    yield follower
    follower.close()


def _states(views: Runner) -> list[State]:
    found: list[str] = []
    with views.reading("directory") as (rows, _):
        offset: int | None = 0
        while offset is not None:
            page = lookup.find(rows, lookup.Filters(kind="imported", limit=100, offset=offset))
            found += [one.id for one in page.results]
            offset = page.next_offset
    with views.reading("subject") as (rows, _):
        answers = [subject.read(rows, name) for name in found]
    return [answer.state for answer in answers if answer is not None]


def test_commitments_and_codes_come_out_exactly(views: Runner) -> None:
    """558 commitments of 79 subjects; the reviewer's codes at both points, cells verbatim."""
    states = _states(views)
    commitments = [c for state in states for c in state.commitments.values()]
    codes = {"mid_term": Counter[str](), "end_of_term": Counter[str]()}
    for one in commitments:
        for assessment in one.assessments:
            codes[assessment.point][assessment.code] += 1
    assert (len(states), len(commitments)) == (SUBJECTS, COMMITMENTS)
    assert codes == {"mid_term": MID_TERM, "end_of_term": END_OF_TERM}
    keys = {key for one in commitments for key in one.cells if "end_of_term" in key}
    cells = {key: Counter(one.cells.get(key) for one in commitments) for key in keys}
    assert dict(END_OF_TERM_CELLS) in [dict(counter) for counter in cells.values()]


def test_the_directory_adds_up_to_the_same(views: Runner) -> None:
    """Observed commitments and those delivered by the last review are the sums over subjects."""
    with views.reading("directory") as (rows, _):
        sums = rows.execute("SELECT SUM(observed), SUM(assessed), SUM(claimed + promised) "
                            "FROM subject")[0]  # fmt: skip
        delivered = rows.execute("SELECT SUM(delivered) FROM subject")[0][0]
        answer = lookup.find(rows, lookup.Filters(source="ogp"))
    last = []
    for state in _states(views):
        for one in state.commitments.values():
            by_point = {a.point: a.code for a in one.assessments}
            last.append(by_point.get("end_of_term") or by_point.get("mid_term"))
    assert tuple(sums) == (COMMITMENTS, sum(code is not None for code in last), 0)
    assert delivered == last.count("Complete")
    assert answer.total == SUBJECTS
    assert sum(facet.count for facet in answer.facets["kind"]) == SUBJECTS


@pytest.mark.parametrize(
    ("day", "status"),
    [
        ("2018-12-04", None),
        ("2018-12-05", "inactive"),
        ("2019-06-01", "inactive"),
        ("2019-12-05", "inactive"),
        ("2020-01-01", "removed"),
        (None, "removed"),
    ],
)
def test_trinidad_and_tobago_as_of_a_day(
    views: Runner, day: str | None, status: str | None
) -> None:
    """Inactive as of 1 June 2019, removed as of 1 January 2020; told as observed, by whom."""
    with views.reading("subject") as (rows, _):
        as_of = date.fromisoformat(day) if day else None
        answer = subject.read(rows, "imported:ogp:tto", as_of=as_of)
    assert answer is not None
    told = answer.state.status
    assert (told.state if told else None) == status
    if told is not None:
        assert told.observed is not None
        assert (told.observed.importer, told.observed.registry) == (IMPORTER, "ogp")
        assert told.observed.url is not None


def test_facets_count_what_another_choice_would_give(views: Runner) -> None:
    """Each facet is counted under the others; the counts are what choosing them gives."""
    with views.reading("directory") as (rows, _):
        everything = lookup.find(rows, lookup.Filters())
        assert everything.total == SUBJECTS
        for name in ("kind", "status", "source", "country", "year"):
            for facet in everything.facets[name][:5]:
                if facet.value is not None:
                    filters = lookup.Filters(**{name: facet.value})  # type: ignore[arg-type]
                    assert lookup.find(rows, filters).total == facet.count, (name, facet)
        removed = lookup.find(rows, lookup.Filters(status="removed"))
        assert [one.id for one in removed.results] == ["imported:ogp:tto"]
        words = lookup.find(rows, lookup.Filters(q="parliament budget", country="KEN"))
        assert {one.id for one in words.results} <= {"imported:ogp:ken"}


def test_nothing_that_was_imported_is_shown_as_promised(views: Runner) -> None:
    """Imports are observed, last on a day, by an importer; never claimed, promised or listed."""
    for state in _states(views):
        assert state.kind == "imported"
        assert state.last_observed is not None
        assert state.last_observed.importer == IMPORTER
        assert {c.state for c in state.commitments.values()} <= {"observed"}
        assert not any(c.acknowledged for c in state.commitments.values())
