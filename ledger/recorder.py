"""What every recorder of ours promises, whatever database is below it.

Rules:

1. It implements the public ``ApplicationRecorder`` of ``eventsourcing`` and passes the recorder
   test cases that the library ships. Notification id = position = index + 1, without gaps, equal
   to commit order.
2. Rows, the tiles they complete, the keys they enrol, the tree's frontier and its head are written
   in one transaction: after a crash they agree or are not there.
3. One transaction at a time: ``begin`` takes the lock, ``settle`` or ``abandon`` gives it back.
   Only ``commit``, which waits for the disk, may run on another thread than the rest.
4. Readers see committed data only and never wait for the writer.
5. ``subscribe`` follows the log from any position, also when another process writes it.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

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
    "EnrolledKey",
    "Identify",
    "Identity",
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


Identify = Callable[[StoredEvent], Identity]
"""Reads the identity out of a stored event; raises if it is none of ours."""


class EnrolledKey(NamedTuple):
    """A key that an entry enrols, in the order of the table's columns."""

    kid: bytes
    public: bytes
    position: int


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
        self._watched = False
        self._writing = threading.Lock()
        self.head = LogHead()
        """The committed head; replaced as a whole, so any thread may read it."""

    @property
    def size(self) -> int:
        """The committed size."""
        return self.head.size

    def frontier(self) -> Frontier:
        """Return a copy of the committed frontier."""
        return self.head.frontier.copy()

    # Writing.

    @abstractmethod
    def begin(self) -> LogHead:
        """Take the writer's lock, open a transaction, and return the head that it continues.

        Raises:
            StorageError: the storage refused; the lock is free again.
        """

    @abstractmethod
    def write(self, rows: Sequence[Row], keys: Sequence[EnrolledKey] = ()) -> Written:
        """Write rows and enrolled keys into the open transaction.

        The rows continue the head without a gap. Nothing is visible or durable before ``commit``.

        Raises:
            IntegrityError: a row contradicts what is recorded.
            StorageError: the storage refused.
        """

    @abstractmethod
    def commit(self) -> None:
        """Make what was written durable: after the return it survives a loss of power.

        May run on any thread. Not idempotent; on an error call ``abandon``.

        Raises:
            StorageError: ``final`` where the disk did not confirm.
        """

    @abstractmethod
    def abandon(self) -> None:
        """Roll the transaction back, if one is open, and give the lock back."""

    def settle(self, written: Written) -> None:
        """Take over what was committed: it becomes the head, the lock is free, followers wake."""
        self.head = written.after
        self._writing.release()
        self.wake()

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """Record events in one durable transaction, all or none, and return their positions.

        This is the library's door; the ledger itself uses the methods above, after admission.
        Safe from many threads.

        Raises:
            IntegrityError: an event, or its place, is on record already.
            StorageError: the storage refused.
        """
        if not stored_events:
            return []
        head = self.begin()
        try:
            written = self.write(self._rows(stored_events, head))
            self.commit()
        except BaseException:
            self.abandon()
            raise
        self.settle(written)
        return list(range(head.size + 1, written.after.size + 1))

    def _rows(self, stored_events: Sequence[StoredEvent], head: LogHead) -> list[Row]:
        rows, time = [], head.time
        for position, stored in enumerate(stored_events, start=head.size + 1):
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

    # Following.

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> LedgerSubscription:
        """Return an iterator over the notifications after position *gt*, which waits for more."""
        return LedgerSubscription(self, gt, topics)

    def listen(self, event: threading.Event) -> None:
        """Set *event* whenever the log has grown."""
        with self._listeners_lock:
            self._listeners.add(event)
            if not self._watched:
                self._watched = True
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
    def change_counter(self) -> AbstractContextManager[Callable[[], int]]:
        """Lend a function whose result changes when another connection has committed."""

    def _watch(self) -> None:
        """Wake followers after commits of other processes; ends with the last follower."""
        pause = threading.Event()
        with self.change_counter() as counter:
            last = counter()
            self.wake()  # what was committed before the count began is not in it
            while True:
                with self._listeners_lock:
                    if not self._listeners:
                        self._watched = False
                        return
                now = counter()
                if now != last:
                    last = now
                    self.wake()
                pause.wait(WATCH_S)
