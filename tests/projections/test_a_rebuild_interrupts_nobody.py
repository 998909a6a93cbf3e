"""A rebuild loads a new file beside the old and takes its place at once, readers or not."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from projections.reading import Recorded
from projections.views import Directory, Subject
from projections.views.shape import Rows
from tests.harness import stories
from tests.harness.registry import Registry
from tests.projections.logs import Log, dump, runner
from verifier.errors import UndecidedError


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.db"))


def test_an_open_reader_keeps_its_rows_through_a_rebuild(tmp_path: Path) -> None:
    """Who reads while the files are exchanged reads on in the old one; the next reader has the
    new one; the old file goes when nobody reads it any more.
    """
    log = Log.of(stories.listed_partnership(Registry()))
    follower = runner(log, tmp_path, Subject)
    follower.catch_up()
    (old,) = _files(tmp_path)
    with follower.reading("subject") as (rows, stand):
        before = rows.execute("SELECT COUNT(*) FROM timeline")[0][0]
        follower.rebuild("subject")
        assert old in _files(tmp_path)
        with follower.reading("subject") as (newer, _):
            assert newer.execute("SELECT COUNT(*) FROM timeline")[0][0] == before
        assert rows.execute("SELECT COUNT(*) FROM timeline")[0][0] == before == stand.position
    (new,) = _files(tmp_path)
    assert new != old
    follower.close()


def test_the_old_file_is_followed_while_the_new_one_is_built(tmp_path: Path) -> None:
    """What the log gains during a rebuild is in the old file at once and in the new one when it
    takes over: a reader never goes back.
    """
    registry = stories.listed_partnership(Registry())
    log = Log.of(registry)
    entered, go_on = threading.Event(), threading.Event()

    class Slow(Subject):
        def apply(self, entries: Sequence[Recorded], rows: Rows) -> None:
            super().apply(entries, rows)
            if self.fresh and armed:
                entered.set()
                assert go_on.wait(60)

    armed = False
    follower = runner(log, tmp_path, Slow)
    follower.catch_up()
    armed = True
    rebuild = threading.Thread(target=follower.rebuild, args=("subject",))
    rebuild.start()
    assert entered.wait(60)
    stories.acknowledged_commitment(registry)
    log.take(registry)
    follower.catch_up()
    with follower.reading("subject") as (_, stand):
        assert stand.position == len(log.raws)
    go_on.set()
    rebuild.join(60)
    with follower.reading("subject") as (rows, stand):
        assert stand.position == len(log.raws)
        assert rows.execute("SELECT COUNT(*) FROM timeline")[0][0] == len(log.raws)
    follower.close()


def test_an_unfinished_build_is_cleared_away(tmp_path: Path) -> None:
    """What a killed rebuild left is removed at the next start; the current file stays."""
    log = Log.of(stories.listed_partnership(Registry()))
    follower = runner(log, tmp_path, Subject, Directory)
    follower.catch_up()
    before = dump(follower, "subject")
    follower.close()
    kept = _files(tmp_path)
    names = [f"{view.NAME}-{view.VERSION}.7.db" for view in (Subject, Directory)]
    for leftover in (*names, names[0] + "-wal"):
        (tmp_path / leftover).write_bytes(b"half a file")
    follower = runner(log, tmp_path, Subject, Directory)
    assert _files(tmp_path) == kept
    assert dump(follower, "subject") == before
    follower.close()


def test_a_new_version_is_built_from_the_first_entry(tmp_path: Path) -> None:
    """A view whose version changed gets its own file; the old version's file is left to whoever
    still runs it.
    """
    log = Log.of(stories.listed_partnership(Registry()))
    follower = runner(log, tmp_path, Subject)
    follower.catch_up()
    follower.close()

    class Next(Subject):
        VERSION = 2

    follower = runner(log, tmp_path, Next)
    with pytest.raises(UndecidedError, match="view-building"), follower.reading("subject"):
        pass
    follower.catch_up()
    (status,) = follower.status()
    assert (status.version, status.position) == (2, len(log.raws))
    assert [name.partition(".")[0] for name in _files(tmp_path)] == ["subject-1", "subject-2"]
    follower.close()


def test_one_process_at_a_time_runs_the_views_of_a_folder(tmp_path: Path) -> None:
    """A second runner over the same folder is refused, with the reason."""
    log = Log.of(stories.listed_partnership(Registry()))
    follower = runner(log, tmp_path, Subject)
    with pytest.raises(UndecidedError, match="views-busy"):
        runner(log, tmp_path, Subject)
    follower.close()
    runner(log, tmp_path, Subject).close()
