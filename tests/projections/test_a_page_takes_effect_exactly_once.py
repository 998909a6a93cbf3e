"""A page takes effect exactly once, wherever the process is killed and whoever tries again."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from eventsourcing.persistence import IntegrityError

from projections.feed import Place
from projections.reading import Recorded
from projections.store import ViewStore
from projections.views import Directory, Subject
from projections.views.shape import Rows
from tests.harness import stories
from tests.harness.registry import Registry
from tests.projections.logs import Log, dump, feed, runner

ROOT: Final = Path(__file__).parents[2]

# The process follows a published log in pages of five; at the page told it kills itself, either
# when the rows are written and not committed, or just after the commit.
FOLLOWER: Final = """
import os, signal, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from projections import Feed, Runner
from projections.store import ViewStore
from projections.views import Directory, Subject
from verifier.policy import parse_policy
from verifier.sources import FolderSource

folder, fatal_page, moment = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
pages = 0

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Fatal(Subject):
    def apply(self, entries, rows):
        global pages
        pages += 1
        super().apply(entries, rows)
        if pages == fatal_page and moment == "before":
            die()

commit = ViewStore.apply

def apply(store, page):
    commit(store, page)
    if isinstance(store.view, Fatal) and pages == fatal_page and moment == "after":
        die()

ViewStore.apply = apply
policy = parse_policy((folder / "policy").read_bytes())
feed = Feed(FolderSource(folder / "log"), policy=policy, executor=ThreadPoolExecutor(1), page=5)
runner = Runner(feed, folder / "views", (Directory, Fatal))
runner.catch_up()
runner.close()
"""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("fatal_page", [1, 4])
def test_a_killed_follower_skips_and_repeats_nothing(
    tmp_path: Path, moment: str, fatal_page: int
) -> None:
    """Killed within a page or between two, a follower goes on where it stood: the rows are those
    of a follower that never was killed.
    """
    registry = stories.listed_partnership(Registry())
    registry.publish(tmp_path / "log")
    (tmp_path / "policy").write_text(registry.policy())
    assert _follow(tmp_path, 0, moment) == 0
    stories.acknowledged_commitment(registry)
    for number in range(20):
        stories.made_commitment(registry, local=f"more-{number}")
    registry.publish(tmp_path / "log")
    assert _follow(tmp_path, fatal_page, moment) == -signal.SIGKILL
    assert _follow(tmp_path, 0, moment) == 0

    log = Log.of(registry)
    killed = runner(log, tmp_path / "views", Directory, Subject)
    unharmed = runner(log, tmp_path / "unharmed", Directory, Subject)
    unharmed.catch_up()
    for view in ("directory", "subject"):
        assert dump(killed, view) == dump(unharmed, view)
    killed.close()
    unharmed.close()


def _follow(folder: Path, fatal_page: int, moment: str) -> int:
    command = [sys.executable, "-c", FOLLOWER, str(folder), str(fatal_page), moment]
    return subprocess.run(command, cwd=ROOT, check=False, timeout=60).returncode


def test_the_same_page_is_refused_the_second_time(tmp_path: Path) -> None:
    """The tracking row of the library refuses a page that is in the rows; nothing changes."""
    log = Log.of(stories.listed_partnership(Registry()))
    reader = feed(log)
    store = ViewStore(tmp_path / "subject.db", Subject())
    first, second = list(reader.pages(Place.start(), reader.head()))[:2]
    store.apply(first)
    store.apply(second)
    for page in (first, second):
        with pytest.raises(IntegrityError):
            store.apply(page)
    assert store.place().size == second.place.size
    with store.reading() as (rows, _):
        assert rows.execute("SELECT COUNT(*) FROM timeline")[0][0] == second.place.size
    store.close()


def test_a_failed_page_leaves_nothing_behind(tmp_path: Path) -> None:
    """Rows that were written before the failure are gone, and the memory with them."""
    registry = stories.listed_partnership(Registry())
    log = Log.of(registry)

    class Fails(Directory):
        broken = True

        def apply(self, entries: Sequence[Recorded], rows: Rows) -> None:
            super().apply(entries, rows)
            if self.broken:
                raise ValueError("after the rows")

    reader = feed(log, page=1_000)
    view = Fails()
    store = ViewStore(tmp_path / "directory.db", view)
    (page,) = reader.pages(Place.start(), reader.head())
    with pytest.raises(ValueError, match="after the rows"):
        store.apply(page)
    assert store.place().size == 0
    view.broken = False
    store.apply(page)
    with store.reading() as (rows, stand):
        assert stand is not None
        assert stand.position == len(registry.events)
        assert rows.execute("SELECT COUNT(*) FROM subject")[0][0] == 1
    store.close()
