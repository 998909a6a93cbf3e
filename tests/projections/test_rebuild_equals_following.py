"""The same log gives the same rows: built at once, followed page by page, or begun again."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from projections.views import Directory, Subject, lookup, subject
from tests.projections.histories import logs
from tests.projections.logs import Log, dump, runner

VIEWS = ("directory", "subject")


@settings(max_examples=40)
@given(log=logs(), page=st.integers(1, 9), cuts=st.lists(st.integers(1, 40), max_size=3))
def test_however_a_log_is_cut_its_rows_are_the_same(log: Log, page: int, cuts: list[int]) -> None:
    """Following in pages of any size, with restarts anywhere, equals building from nothing, and
    equals the rebuild that takes its place.
    """
    with tempfile.TemporaryDirectory() as name:
        folder, size = Path(name), len(log.raws)
        for cut in sorted({min(cut, size) for cut in cuts} | {size}):
            followed = runner(log.publish(cut), folder / "followed", Directory, Subject, page=page)
            followed.catch_up()
            if cut < size:
                followed.close()
        built = runner(log, folder / "built", Directory, Subject)
        built.catch_up()
        for view in VIEWS:
            assert dump(followed, view) == dump(built, view)
            followed.rebuild(view)
            assert dump(followed, view) == dump(built, view)
        followed.close()
        built.close()


@settings(max_examples=40)
@given(log=logs())
def test_every_history_can_be_told(log: Log) -> None:
    """Whatever stands in a log, in whatever order, the directory and every subject answer."""
    with tempfile.TemporaryDirectory() as name:
        follower = runner(log, Path(name), Directory, Subject)
        follower.catch_up()
        assert [status.state for status in follower.status()] == ["following", "following"]
        with follower.reading("directory") as (rows, _):
            found = lookup.find(rows, lookup.Filters(limit=100)).results
        with follower.reading("subject") as (rows, _):
            told = {one.id: subject.read(rows, one.id) for one in found}
        for one in found:
            answer = told[one.id]
            assert answer is not None
            states = [c.state for c in answer.state.commitments.values()]
            acknowledged = [c.acknowledged for c in answer.state.commitments.values()]
            assert one.claimed == states.count("claimed")
            assert one.promised == sum(acknowledged)
            assert one.observed == states.count("observed")
            assert one.missed == states.count("missed")
            assert one.status == (answer.state.status and answer.state.status.state)
        follower.close()
