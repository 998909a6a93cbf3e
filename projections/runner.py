"""The runner: it keeps every view abreast of the log, and says how far each one is.

Rules:

1. Page → apply → one transaction with one tracking row (``projections.store``): exactly once.
2. Views that stand at one place share the page, so that an entry is decoded once for all of them.
3. A page that a view cannot apply stops that view, just before the entry at fault, and no other.
   Its old rows are served on; its status names the entry, the code and the reason. A start of the
   process or a rebuild tries again.
4. A disk that fails, a source that cannot be read or a checkpoint that is not believed stops
   nothing for good: nothing is applied, the status says so, and the next look tries again.
5. A rebuild loads a new file from the first entry while the old one is followed and served; it is
   brought level with the old one and then takes its place in one rename. A version of a view that
   has no file yet is built the same way.
6. ``wake`` says that the log may have grown; without it the source is looked at every ``poll_s``.
7. One process at a time runs the views of a folder.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import msgspec
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    NotSupportedError,
    PersistenceError,
    ProgrammingError,
)

from projections.feed import NO_EVENT, Feed, Page, Place
from projections.store import Stand, Stop, ViewStore, sync_folder
from projections.views.shape import Rows, View
from verifier.errors import MalformedError, PledgebookError, UndecidedError
from verifier.policy import VerifiedCheckpoint

__all__ = ["Runner", "ViewStatus"]

POLL_S: Final = 1.0  # how long a log may have grown unseen if nobody wakes us
WAIT_S: Final = 5.0  # how long ``wait_for`` waits unless told otherwise

_log: Final = logging.getLogger(__name__)
_FAULTS_OF_THE_VIEW: Final = (IntegrityError, DataError, ProgrammingError, NotSupportedError)


class ViewStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one view fares; seconds are those of the machine's own clock."""

    name: str
    version: int
    state: Literal["building", "following", "behind", "stopped", "failing"]
    position: int
    """Entries 0 … position - 1 are in its rows."""
    log_size: int
    """The size of the newest checkpoint that was believed."""
    lag_events: int
    lag_s: float
    """For how long the log has been ahead of this view; 0 if it is not."""
    looked_s_ago: float | None
    """When the source last answered with a believable checkpoint: tells a quiet log from a dead
    one. None: never."""
    stop: Stop | None = None
    trouble: str | None = None
    """What went wrong last time and will be tried again."""


@dataclass(slots=True)
class _Line:
    """One view: its class, its file, and where it stands."""

    kind: type[View]
    store: ViewStore | None = None
    place: Place = field(default_factory=Place.start)
    stop: Stop | None = None
    trouble: str | None = None
    behind_since: float | None = None

    @property
    def label(self) -> str:
        return f"{self.kind.NAME}-{self.kind.VERSION}"


class Runner:
    """Follows one log for several views; all methods may be called from any thread."""

    def __init__(
        self, feed: Feed, folder: Path, views: Sequence[type[View]], *, poll_s: float = POLL_S
    ) -> None:
        self._feed = feed
        self._folder = folder
        self._lines = {kind.NAME: _Line(kind) for kind in views}
        self._poll_s = poll_s
        self._stepping = threading.Lock()  # one page at a time; also held to change files
        self._moved = threading.Condition()  # guards and announces what ``status`` tells
        self._woken = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._head: VerifiedCheckpoint | None = None
        self._looked: float | None = None
        self._trouble: str | None = None
        self._open()

    # Following.

    def start(self) -> None:
        """Follow the log in a thread of its own until ``close``."""
        self._thread = threading.Thread(target=self._follow, name="views", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that the log may have grown; returns at once."""
        self._woken.set()

    def close(self) -> None:
        """Stop following and close every file; a page in progress is finished."""
        self._closing = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join()
        with self._moved:
            self._moved.notify_all()
        with self._stepping:
            for line in self._lines.values():
                if line.store is not None:
                    line.store.close()
            os.close(self._lock_file)

    def catch_up(self) -> None:
        """Bring every view to the newest checkpoint, as far as each can go (rules 3 and 4)."""
        with self._stepping:
            head = self._look()
            if head is None:
                return
            for line in self._lines.values():
                if line.store is None:
                    self._first_build(line, head)
            while not self._closing and (lines := self._hindmost(head)):
                self._advance(lines, head)

    def wait_for(
        self, position: int, view: str | None = None, *, timeout_s: float = WAIT_S
    ) -> None:
        """Wait until entries 0 … position - 1 are in the rows of a view, or of all.

        Raises:
            UndecidedError: code ``view-behind``: not within the time; ``view-stopped``: a view
                stands still before that position.
        """
        self.wake()
        deadline = time.monotonic() + timeout_s
        with self._moved:
            while not self.has_reached(position, view):
                patience = deadline - time.monotonic()
                if patience <= 0 or self._closing:
                    raise UndecidedError("view-behind", f"not yet at {position}: {self._at()}")
                self._moved.wait(patience)

    def has_reached(self, position: int, view: str | None = None) -> bool:
        """Say whether entries 0 … position - 1 are in the rows of a view, or of all; at once.

        Raises:
            UndecidedError: code ``view-stopped``: a view stands still before that position.
        """
        lines = [self._line(view)] if view is not None else list(self._lines.values())
        with self._moved:
            behind = [line for line in lines if line.place.size < position]
            for line in behind:
                if line.stop is not None:
                    raise UndecidedError("view-stopped", f"{line.label}: {line.stop.reason}")
            return not behind

    # Reading.

    @contextmanager
    def reading(self, name: str) -> Iterator[tuple[Rows, Stand]]:
        """Give the rows of a view and where they stand, both of one moment.

        A rebuild that ends meanwhile takes nothing away from this reader.

        Raises:
            UndecidedError: code ``view-building``; nothing has been applied yet.
        """
        line = self._line(name)
        with self._moved:
            store = line.store
            if store is not None:
                store.lend()
        if store is None:
            raise UndecidedError("view-building", f"{line.label} is not built yet")
        try:
            with store.reading() as (rows, stand):
                if stand is None:
                    raise UndecidedError("view-building", f"{line.label} is empty as yet")
                yield rows, stand
        finally:
            store.give_back()

    def status(self) -> list[ViewStatus]:
        """Return how each view fares."""
        now = time.monotonic()
        with self._moved:
            return [self._status(line, now) for line in self._lines.values()]

    # Rebuilding.

    def rebuild(self, name: str) -> None:
        """Build a view anew beside the old file, then let it take the old one's place (rule 5).

        Blocks until done; the view is followed and served meanwhile. Durable before the switch. A
        process killed meanwhile leaves the old file in place.

        Raises:
            PledgebookError: the source failed or the view cannot apply an entry; the old file
                stays.
        """
        line = self._line(name)
        store, place = self._load(line.kind, self._feed.head(), stop=None)
        with self._stepping:
            try:
                if place.size < line.place.size and self._head is not None:
                    head = self._head
                    for page in self._feed.pages(place, head, stop=line.place.size):
                        store.apply(page)
                        place = page.place
            except BaseException:
                store.retire()
                raise
            self._switch(line, store, place)
        self.wake()

    # Inside.

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock_file = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock_file)
            raise UndecidedError("views-busy", f"{self._folder} is followed elsewhere") from None
        for line in self._lines.values():
            current = self._pointer(line.kind)
            path = self._folder / current.read_text().strip() if current.exists() else None
            for file in self._folder.glob(f"{line.label}.*.db*"):
                if path is None or not file.name.startswith(path.name):
                    file.unlink()  # an unfinished build, or a file that was replaced
            if path is not None and path.exists():
                line.store = ViewStore(path, line.kind())
                line.place = line.store.place()

    def _follow(self) -> None:
        while not self._closing:
            self._woken.clear()
            try:
                self.catch_up()
            except Exception as error:  # noqa: BLE001 - the thread must outlive what nobody foresaw
                _log.exception("views: following failed")
                self._trouble = f"{type(error).__name__}: {error}"
            self._woken.wait(self._poll_s)

    def _look(self) -> VerifiedCheckpoint | None:
        """Fetch the newest checkpoint; keep the one known if it is the larger."""
        try:
            head = self._feed.head()
            for line in self._lines.values():
                self._feed.require_same(line.place, head)
        except PledgebookError as error:
            with self._moved:
                self._trouble = str(error)
            return None
        with self._moved:
            self._looked, self._trouble = time.monotonic(), None
            if self._head is None or head.checkpoint.size > self._head.checkpoint.size:
                self._head = head
            for line in self._lines.values():
                self._note_lag(line)
        return self._head

    def _hindmost(self, head: VerifiedCheckpoint) -> list[_Line]:
        """Return the views that are furthest behind among those that can go on (rule 2)."""
        able = [
            line
            for line in self._lines.values()
            if line.store is not None and line.stop is None and line.trouble is None
            and line.place.size < head.checkpoint.size
        ]  # fmt: skip
        least = min((line.place.size for line in able), default=0)
        return [line for line in able if line.place.size == least]

    def _advance(self, lines: list[_Line], head: VerifiedCheckpoint) -> None:
        """Apply one page to the views that stand at one place."""
        place = lines[0].place
        others = [line.place.size for line in self._lines.values() if line.place.size > place.size]
        try:
            page = next(self._feed.pages(place, head, stop=min(others, default=None)))
        except PledgebookError as error:
            for line in lines if error.code in NO_EVENT else ():
                self._stop(line, Stop(place.size, error.code, error.reason))
            self._fail(lines, str(error))
            return
        for line in lines:
            self._apply(line, page)

    def _apply(self, line: _Line, page: Page) -> None:
        assert line.store is not None
        try:
            line.store.apply(page)
        except Exception as error:  # noqa: BLE001 - whatever a fold raises is about an entry
            if _is_storage(error):
                self._fail([line], f"{type(error).__name__}: {error}")
            else:
                self._narrow(line, page, error)
        else:
            self._moved_to(line, page.place)

    def _narrow(self, line: _Line, page: Page, error: Exception) -> None:
        """Apply what comes before the entry at fault, found by halving, and stop there."""
        assert line.store is not None
        entries = page.entries
        while len(entries) > 1:
            half = len(entries) // 2
            part = page.part(entries[:half], line.place)
            try:
                line.store.apply(part)
            except Exception as narrower:  # noqa: BLE001 - as in ``_apply``
                if _is_storage(narrower):
                    self._fail([line], f"{type(narrower).__name__}: {narrower}")
                    return
                entries, error = entries[:half], narrower
            else:
                entries = entries[half:]
                self._moved_to(line, part.place)
        code = error.code if isinstance(error, PledgebookError) else "view-fault"
        reason = f"entry {entries[0].index}, {entries[0].type}: {type(error).__name__}: {error}"
        _log.error("view %s stops: %s", line.label, reason, exc_info=error)
        self._stop(line, Stop(entries[0].index, code, reason))

    def _stop(self, line: _Line, stop: Stop) -> None:
        """Let a view stand still before an entry; wake those who wait for it."""
        assert line.store is not None
        line.store.record_stop(stop)
        with self._moved:
            line.stop = stop
            self._moved.notify_all()

    def _moved_to(self, line: _Line, place: Place) -> None:
        with self._moved:
            line.place = place
            self._note_lag(line)
            self._moved.notify_all()

    def _fail(self, lines: list[_Line], trouble: str) -> None:
        with self._moved:
            for line in lines:
                line.trouble = trouble

    def _note_lag(self, line: _Line) -> None:
        """Remember since when the log is ahead; called with ``_moved`` held."""
        line.trouble = None
        if self._head is None or line.place.size >= self._head.checkpoint.size:
            line.behind_since = None
        elif line.behind_since is None:
            line.behind_since = time.monotonic()

    def _first_build(self, line: _Line, head: VerifiedCheckpoint) -> None:
        stop = None
        while True:
            try:
                store, place = self._load(line.kind, head, stop=stop)
            except _UnappliedError as error:
                stop = error.page_start  # load what comes before; the next page finds the entry
            except (PledgebookError, PersistenceError, OSError) as error:
                self._fail([line], str(error))
                return
            else:
                self._switch(line, store, place)
                return

    def _load(
        self, kind: type[View], head: VerifiedCheckpoint, *, stop: int | None
    ) -> tuple[ViewStore, Place]:
        """Build a new file in bulk and reopen it for following; it is not yet the current one."""
        path = self._folder / f"{kind.NAME}-{kind.VERSION}.{time.time_ns()}.db"
        store = ViewStore(path, kind(fresh=True), bulk=True)
        place = Place.start()
        try:
            for page in self._feed.pages(place, head, stop=stop, bulk=True):
                try:
                    store.apply(page)
                except Exception as error:
                    if _is_storage(error):
                        raise
                    raise _UnappliedError(kind.NAME, place.size, error) from error
                place = page.place
            store.finish()
        except BaseException as error:
            store.retire()
            if isinstance(error, MalformedError) and error.code in NO_EVENT:
                raise _UnappliedError(kind.NAME, place.size, error) from error
            raise
        return ViewStore(path, kind()), place

    def _switch(self, line: _Line, store: ViewStore, place: Place) -> None:
        """Let a complete file be the current one; what was current goes with its last reader."""
        pointer = self._pointer(line.kind)
        fresh = pointer.with_suffix(".next")
        fresh.write_text(store.path.name + "\n")
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(pointer)  # a crash before this line keeps the old file, after it the new
        sync_folder(self._folder)
        with self._moved:
            old, line.store, line.place, line.stop = line.store, store, place, None
            self._note_lag(line)
            self._moved.notify_all()
        if old is not None:
            old.retire()

    def _pointer(self, kind: type[View]) -> Path:
        return self._folder / f"{kind.NAME}-{kind.VERSION}.current"

    def _line(self, name: str) -> _Line:
        try:
            return self._lines[name]
        except KeyError:
            raise UndecidedError("view-unknown", f"there is no view {name!r}") from None

    def _at(self) -> str:
        return ", ".join(f"{line.label} is at {line.place.size}" for line in self._lines.values())

    def _status(self, line: _Line, now: float) -> ViewStatus:
        size = self._head.checkpoint.size if self._head else line.place.size
        trouble = line.trouble or self._trouble
        state: Literal["building", "following", "behind", "stopped", "failing"]
        if line.stop is not None:
            state = "stopped"
        elif trouble is not None:
            state = "failing"
        elif line.store is None:
            state = "building"
        else:
            state = "behind" if line.place.size < size else "following"
        return ViewStatus(
            name=line.kind.NAME, version=line.kind.VERSION, state=state,
            position=line.place.size, log_size=size,
            lag_events=max(0, size - line.place.size),
            lag_s=round(now - line.behind_since, 3) if line.behind_since is not None else 0.0,
            looked_s_ago=round(now - self._looked, 3) if self._looked is not None else None,
            stop=line.stop, trouble=trouble,
        )  # fmt: skip


class _UnappliedError(PledgebookError):
    """A bulk load met an entry that the view cannot apply, in the page from *page_start*."""

    def __init__(self, name: str, page_start: int, cause: Exception) -> None:
        super().__init__("view-stopped", f"{name}, page from {page_start}: {cause}")
        self.page_start = page_start


def _is_storage(error: Exception) -> bool:
    """Say whether an error is of the disk or the database, and not of a fold (rule 4)."""
    return isinstance(error, PersistenceError) and not isinstance(error, _FAULTS_OF_THE_VIEW)
