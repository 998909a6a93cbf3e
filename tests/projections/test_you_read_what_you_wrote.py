"""Who holds a receipt can wait until a view has it; a quiet log differs from a dead one."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from projections.views import Directory, Subject, subject
from tests.harness import stories
from tests.harness.registry import Registry
from tests.projections.logs import Log, runner
from verifier.errors import UndecidedError


def test_waiting_ends_when_the_position_is_in_the_rows(tmp_path: Path) -> None:
    """A waiting caller wakes the runner itself and then reads its own event."""
    registry = stories.listed_partnership(Registry())
    log = Log.of(registry)
    follower = runner(log, tmp_path, Directory, Subject, poll_s=3600)
    follower.start()
    follower.wait_for(len(log.raws), timeout_s=60)
    index = stories.made_commitment(registry).index
    log.take(registry)
    follower.wait_for(index + 1, "subject", timeout_s=60)
    with follower.reading("subject") as (rows, stand):
        assert stand.position >= index + 1
        answer = subject.read(rows, stories.PARTNERSHIP)
        assert answer is not None
        assert answer.timeline[-1].index == index
    follower.close()


def test_many_wait_and_all_are_released(tmp_path: Path) -> None:
    """Every one of several waiting threads is released by the one page that brings it there."""
    registry = stories.listed_partnership(Registry())
    log = Log.of(registry).publish(10)
    follower = runner(log, tmp_path, Subject, poll_s=3600)
    follower.start()
    follower.wait_for(10, timeout_s=60)
    released = []

    def wait(position: int) -> None:
        follower.wait_for(position, timeout_s=60)
        released.append(position)

    threads = [threading.Thread(target=wait, args=(20 + i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    log.publish()
    follower.wake()
    for thread in threads:
        thread.join(60)
    assert sorted(released) == [20 + i for i in range(8)]
    follower.close()


def test_a_wake_is_enough_and_polling_is_too(tmp_path: Path) -> None:
    """A log that has grown is followed after ``wake``, and also if nobody says anything."""
    registry = stories.listed_partnership(Registry())
    log = Log.of(registry).publish(10)
    woken = runner(log, tmp_path / "woken", Subject, poll_s=3600)
    polling = runner(log, tmp_path / "polling", Subject, poll_s=0.01)
    for follower in (woken, polling):
        follower.start()
        follower.wait_for(10, timeout_s=60)
    log.publish(30)
    woken.wake()
    with polling._moved:  # waits without waking anybody
        assert polling._moved.wait_for(lambda: polling.status()[0].position == 30, 60)
    woken.wait_for(30, timeout_s=60)
    woken.close()
    polling.close()


def test_what_the_log_does_not_have_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    """Waiting beyond the log ends with ``view-behind`` and tells how far the view is."""
    log = Log.of(stories.listed_partnership(Registry()))
    follower = runner(log, tmp_path, Subject)
    follower.catch_up()
    with pytest.raises(UndecidedError) as late:
        follower.wait_for(len(log.raws) + 1, timeout_s=0.01)
    assert late.value.code == "view-behind"
    assert str(len(log.raws)) in late.value.reason
    follower.close()


def test_a_quiet_log_is_told_from_a_dead_one(tmp_path: Path) -> None:
    """Quiet: no lag, looked at just now. Dead: the state is «failing», the time since the last
    look grows, and the rows are served on.
    """
    registry = stories.listed_partnership(Registry())
    log = Log.of(registry)
    follower = runner(log, tmp_path, Subject)
    assert follower.status()[0].looked_s_ago is None
    follower.catch_up()
    (quiet,) = follower.status()
    assert (quiet.state, quiet.lag_events, quiet.lag_s) == ("following", 0, 0.0)
    assert quiet.looked_s_ago is not None
    log.publish(0)  # the source has no checkpoint any more
    follower.catch_up()
    (dead,) = follower.status()
    assert dead.state == "failing"
    assert dead.trouble is not None
    assert dead.trouble.startswith("source-missing")
    assert dead.looked_s_ago is not None
    assert dead.looked_s_ago >= quiet.looked_s_ago
    with follower.reading("subject") as (_, stand):
        assert stand.position == len(log.raws)
    follower.close()
