"""What every recorder of ours promises, whatever database is below it.

Rules:

1. It implements the public ``ApplicationRecorder`` of ``eventsourcing`` and passes the recorder
   test cases that the library ships. Notification id = position = index + 1, without gaps, equal
   to commit order.
2. Rows, the tiles they complete, the keys they enrol, the tree's frontier and its head are written
   in one transaction: after a crash they agree or are not there.
3. A transaction has one writer: ``write`` takes the lock, ``settle`` or ``abandon`` gives it back.
   ``write`` runs on the caller's thread; ``commit``, which waits for the disk, may run on another.
4. Readers see committed data only and never wait for the writer.
5. ``subscribe`` follows the log from any position, also when another process writes it.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from eventsourcing.persistence import (
    ApplicationRecorder,
    ListenNotifySubscription,
    Notification,
    OperationalError,
    StoredEvent,
)

from ledger.hashes import Edge, FullTile
from verifier.tree import EMPTY_ROOT, Frontier

__all__ = [
    "Identity",
    "Identify",
    "LedgerRecorder",
    "LedgerSubscription",
    "LogHead",
    "RecordedEvent",
    "RecordedNotification",
    "Row",
    "StorageError",
    "Written",
]

WATCH_S: Final = 0.25  # how soon a follower in another process notices a commit


class StorageError(OperationalError):
    """The storage refused a write; ``code`` is the outcome's, ``final`` stops all further writes.

    After a final error (the disk did not confirm) it is unknown what is durable; only a restart,
    which reads the database again, may append.
    """

    def __init__(self, reason: str, *, code: str = "T-storage", final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.final = final


class Row(NamedTuple):
    """One entry, in the order of the table's columns."""

    position: int
    originator_id: str
    originator_version: int
    topic: str
    stream: str
    seq: int
    event_id: bytes
    submission_id: bytes
    log_time: int
    state: bytes


class Identity(NamedTuple):
    """What a recorder must know of stored bytes, beside what the library tells it."""

    event_id: bytes
    submission_id: bytes
    stream: str
    seq: int
    iat: int


class Identify(Protocol):
    """Reads the identity out of a stored event; raises if it is none of ours."""

    def __call__(self, stored: StoredEvent, /) -> Identity:
        """Return the identity."""
        ...


@dataclass(frozen=True)
class RecordedEvent(StoredEvent):
    """A stored event with its place in the log: index and log time."""

    index: int
    at: int


@dataclass(frozen=True)
class RecordedNotification(Notification):
    """A notification with the log time at its index (``id`` is index + 1)."""

    at: int

    @property
    def index(self) -> int:
        """The index in the log."""
        return self.id - 1


@dataclass(frozen=True, slots=True)
class LogHead:
    """The committed log: its size, root and time, and what is needed to grow its tree.

    ``frontier`` and ``edge`` belong to this value and are never changed.
    """

    size: int = 0
    root: bytes = EMPTY_ROOT
    time: int = 0
    frontier: Frontier = field(default_factory=Frontier)
    edge: Edge = field(default_factory=Edge)

    def grown(self, rows: Sequence[Row]) -> tuple[LogHead, list[FullTile]]:
        """Return the head after these rows, and the tiles that they complete."""
        leaves = [row.event_id for row in rows]
        frontier, edge = self.frontier.copy(), self.edge.copy()
        frontier.extend(leaves)
        tiles = edge.extend(leaves)
        return LogHead(frontier.size, frontier.root(), rows[-1].log_time, frontier, edge), tiles


class Written(NamedTuple):
    """A transaction that waits for its commit: the heads before and after it."""

    before: LogHead
    after: LogHead


class LedgerSubscription(ListenNotifySubscription["LedgerRecorder"]):
    """Yields notifications for ever; always used as a context manager."""

    def __init__(
        self, recorder: LedgerRecorder, gt: int | None = None, topics: Sequence[str] = ()
    ) -> None:
        super().__init__(recorder, gt, topics)
        recorder.listen(self._has_been_notified)
        # The library's thread pulls since the line above the last: what was committed between
        # that pull and ``listen`` would wait for the next commit, so it is woken once.
        self._has_been_notified.set()

    def stop(self) -> None:
        """Stop the subscription; its iterator ends."""
        super().stop()
        self._recorder.unlisten(self._has_been_notified)


class LedgerRecorder(ApplicationRecorder):
    """The part of a recorder that does not depend on the database."""

    def __init__(self, identify: Identify) -> None:
        self._identify = identify
        self._listeners: set[threading.Event] = set()
        self._listeners_lock = threading.Lock()
        self._watching = threading.Event()
        self.head = LogHead()
        """The committed head; replaced as a whole, so any thread may read it."""

    # Writing.

    @abstractmethod
    def write(self, rows: Sequence[Row], keys: Sequence[tuple[bytes, bytes, int]] = ()) -> Written:
        """Begin a transaction and write rows and enrolled keys (kid, public, position) into it.

        Nothing is visible or durable before ``commit``. On any error nothing is written and the
        lock is free again. The rows continue ``head`` without a gap.

        Raises:
            IntegrityError: a row contradicts what is recorded.
            StorageError: the storage refused.
        """

    @abstractmethod
    def commit(self) -> None:
        """Make what was written durable: after the return it survives a loss of power.

        May run on any thread. Not idempotent. On an error the transaction is rolled back.

        Raises:
            StorageError: ``final`` where the disk did not confirm.
        """

    def settle(self, written: Written) -> None:
        """Take over a committed transaction: it becomes the head, followers wake up."""
        self.head = written.after
        self.release()
        self.wake()

    @abstractmethod
    def release(self) -> None:
        """Give the writer's lock back after a commit or a failed commit."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """Record events in one durable transaction, all or none, and return their positions.

        This is the library's door; the ledger itself uses ``write`` and ``commit``, after
        admission. Safe from many threads.

        Raises:
            IntegrityError: an event, or its place, is on record already.
        """
        if not stored_events:
            return []
        written = self.write(_RowsFrom(stored_events, self._identify))
        try:
            self.commit()
        except BaseException:
            self.release()
            raise
        self.settle(written)
        return list(range(written.before.size + 1, written.after.size + 1))

    # Following.

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> LedgerSubscription:
        """Return an iterator over the notifications after position *gt*, which waits for more."""
        return LedgerSubscription(self, gt, topics)

    def listen(self, event: threading.Event) -> None:
        """Set *event* whenever the log has grown."""
        with self._listeners_lock:
            self._listeners.add(event)
            if not self._watching.is_set():
                self._watching.set()
                threading.Thread(target=self._watch, name="ledger-watch", daemon=True).start()

    def unlisten(self, event: threading.Event) -> None:
        """Forget a listener."""
        with self._listeners_lock:
            self._listeners.discard(event)

    def wake(self) -> None:
        """Wake every follower."""
        with self._listeners_lock:
            for event in self._listeners:
                event.set()

    @abstractmethod
    def change_counter(self) -> Callable[[], int]:
        """Return a function whose result changes when another connection has committed."""

    def _watch(self) -> None:
        """Wake followers after commits of other processes; ends with the last follower."""
        pause = threading.Event()
        counter = self.change_counter()
        last = -1
        while True:
            with self._listeners_lock:
                if not self._listeners:
                    self._watching.clear()
                    return
            now = counter()
            if now != last:
                last = now
                self.wake()
            pause.wait(WATCH_S)


class _RowsFrom(Sequence[Row]):
    """Rows made of the library's stored events once the head they continue is known."""

    def __init__(self, stored: Sequence[StoredEvent], identify: Identify) -> None:
        self._stored = stored
        self._identify = identify

    def __len__(self) -> int:
        return len(self._stored)

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError

    def after(self, head: LogHead) -> list[Row]:
        """Return the rows that continue this head."""
        rows, time = [], head.time
        for position, stored in enumerate(self._stored, start=head.size + 1):
            identity = self._identify(stored)
            time = max(time, identity.iat)
            rows.append(
                Row(
                    position, str(stored.originator_id), stored.originator_version, stored.topic,
                    identity.stream, identity.seq, identity.event_id, identity.submission_id,
                    time, stored.state,
                )
            )  # fmt: skip
        return rows
