"""A view that cannot apply an entry stops just before it, says so, and harms nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from projections.reading import Recorded
from projections.views import Subject
from projections.views.shape import Rows
from tests.harness import stories
from tests.harness.registry import Registry
from tests.projections.logs import Log, dump, runner
from verifier.errors import UndecidedError


class Fragile(Subject):
    """A view that fails on one type of event until it is mended."""

    NAME = "fragile"
    mended = False

    def apply(self, entries: Sequence[Recorded], rows: Rows) -> None:
        """Fail on an acknowledgement."""
        super().apply(entries, rows)
        for entry in entries:
            if entry.name == "CommitmentAcknowledged" and not Fragile.mended:
                raise KeyError("organization")


@pytest.fixture(autouse=True)
def broken() -> None:
    """Every test begins with the fault."""
    Fragile.mended = False


@pytest.mark.parametrize("built_before", [True, False])
def test_a_fold_that_fails_stops_its_own_view_before_the_entry(
    tmp_path: Path, built_before: bool
) -> None:
    """Whether met while following or in the first build, the rows end just before the entry at
    fault; the status names it; the other view goes on to the end.
    """
    registry = stories.listed_partnership(Registry())
    log = Log.of(registry)
    follower = runner(log, tmp_path, Fragile, Subject)
    if built_before:
        follower.catch_up()
    fault = stories.acknowledged_commitment(registry).index
    stories.made_commitment(registry, local="later")
    log.take(registry)
    follower.catch_up()
    fragile, sound = follower.status()
    assert (fragile.state, fragile.position, fragile.lag_events) == ("stopped", fault, 2)
    assert fragile.stop is not None
    assert (fragile.stop.index, fragile.stop.code) == (fault, "view-fault")
    assert "CommitmentAcknowledged" in fragile.stop.reason
    assert (sound.state, sound.position) == ("following", fault + 2)
    assert len(dump(follower, "fragile")["timeline"]) == fault
    follower.close()


def test_old_rows_are_served_and_waiting_is_told_at_once(tmp_path: Path) -> None:
    """Who waits for what a stopped view will not reach is told why; what it has is still read."""
    registry = stories.listed_partnership(Registry())
    fault = stories.acknowledged_commitment(registry).index
    follower = runner(Log.of(registry), tmp_path, Fragile)
    follower.catch_up()
    follower.wait_for(fault, "fragile")
    with pytest.raises(UndecidedError) as refused:
        follower.wait_for(fault + 1, "fragile", timeout_s=600)
    assert refused.value.code == "view-stopped"
    with follower.reading("fragile") as (_, stand):
        assert stand.position == fault
    follower.close()


@pytest.mark.parametrize("by", ["rebuild", "restart"])
def test_a_mended_view_goes_on(tmp_path: Path, by: str) -> None:
    """After the fault is mended, a rebuild or a start of the process brings it to the end."""
    registry = stories.listed_partnership(Registry())
    stories.acknowledged_commitment(registry)
    log = Log.of(registry)
    follower = runner(log, tmp_path, Fragile)
    follower.catch_up()
    Fragile.mended = True
    follower.catch_up()
    assert follower.status()[0].state == "stopped"  # nobody said that it was mended
    if by == "rebuild":
        follower.rebuild("fragile")
    else:
        follower.close()
        follower = runner(log, tmp_path, Fragile)
        follower.catch_up()
    (status,) = follower.status()
    assert (status.state, status.position, status.stop) == ("following", len(log.raws), None)
    follower.close()


def test_a_rebuild_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """The view that is served is never replaced by one that could not be built."""
    registry = stories.listed_partnership(Registry())
    stories.acknowledged_commitment(registry)
    Fragile.mended = True
    follower = runner(Log.of(registry), tmp_path, Fragile)
    follower.catch_up()
    before = dump(follower, "fragile")
    Fragile.mended = False
    with pytest.raises(Exception, match="view-stopped"):
        follower.rebuild("fragile")
    assert dump(follower, "fragile") == before
    assert len(list(tmp_path.glob("*.db"))) == 1
    follower.close()


def test_an_entry_that_is_no_event_stops_every_view_before_it(tmp_path: Path) -> None:
    """A log that holds something else is followed up to there, and its index is told."""
    registry = stories.listed_partnership(Registry())
    log = Log.of(registry)
    index = len(log.raws)
    log.raws += [b"not an event", registry.events[0].raw]
    log.publish()
    follower = runner(log, tmp_path, Fragile, Subject)
    follower.catch_up()
    for status in follower.status():
        assert (status.state, status.position) == ("stopped", index)
        assert status.stop is not None
        assert (status.stop.index, status.stop.code) == (index, "event-malformed")
    follower.close()


def test_a_full_disk_stops_nothing_for_good(tmp_path: Path) -> None:
    """While the file cannot grow the status says so; once it can, the view goes on."""
    registry = stories.listed_partnership(Registry())
    log = Log.of(registry)
    follower = runner(log, tmp_path, Subject)
    follower.catch_up()
    store = follower._lines["subject"].store
    assert store is not None
    with store.datastore.get_connection(commit=True) as connection:
        cursor = connection.cursor()
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
    stories.made_commitment(registry)
    for number in range(60):
        stories.made_commitment(registry, local=f"more-{number}")
    follower.catch_up()
    log.take(registry)
    follower.catch_up()
    (status,) = follower.status()
    assert status.state == "failing"
    assert status.trouble is not None
    assert "full" in status.trouble
    with store.datastore.get_connection(commit=True) as connection:
        connection.cursor().execute("PRAGMA max_page_count = 1000000")
    follower.catch_up()
    (status,) = follower.status()
    assert (status.state, status.position) == ("following", len(log.raws))
    follower.close()
