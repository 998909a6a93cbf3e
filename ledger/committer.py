"""Group commit: many requests, one transaction, one signature, each request its own outcome.

Rules:

1. One group at a time. While one waits for the disk, requests gather for the next.
2. Within a group requests are admitted in the order of arrival, events in the order of their
   request; each event sees all that were admitted before it. A refused event changes nothing.
3. Admission and the insertion run on the event loop's thread; what waits for the disk runs on one
   other thread (``recorder.commit``, then ``publisher.seal``).
4. If a group fails for a reason other than storage, its requests are tried one by one, so that a
   request which cannot be recorded fails alone.
5. If storage refuses, the whole group is answered ``T-storage…`` and the book forgets what it had
   assumed. Where it is unknown what is durable, nothing is appended until a restart.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ledger.book import LedgerBook
from ledger.errors import LedgerError
from ledger.intake import Item, take_recorded
from ledger.observe import Counters, say
from ledger.outcome import Accepted, Outcome, Rejected, rejected_by
from ledger.publisher import Publisher, Signed
from ledger.recorder import EnrolledKey, Row, StorageError, Written
from ledger.register_service import RegisterService
from ledger.signing import NO_LEDGER, SigningState
from ledger.sqlite import SQLiteRecorder
from verifier.rules import admission
from verifier.rules.authority.genesis import LedgerOpened
from verifier.rules.authority.state import thumbprint
from verifier.rules.book import Refused
from verifier.rules.publication import RegisterPublished
from verifier.tree import group_proofs

__all__ = ["Committer", "Request"]

logger = logging.getLogger(__name__)


class Request:
    """The events of one request that wait for their turn."""

    __slots__ = ("done", "items", "signed")

    def __init__(self, items: Sequence[Item], done: asyncio.Future[None]) -> None:
        self.items = items
        self.done = done
        self.signed: Signed | None = None
        """The tree that covers what was accepted of this request."""


@dataclass(slots=True)
class _Group:
    """The open commit group."""

    requests: Sequence[Request]
    rows: list[Row] = field(default_factory=list)
    keys: list[EnrolledKey] = field(default_factory=list)
    accepted: list[Item] = field(default_factory=list)
    repeated: list[Item] = field(default_factory=list)
    submissions: dict[bytes, Item] = field(default_factory=dict)
    register: tuple[int, Sequence[tuple[str, bytes]]] | None = None
    """The size that a publication in it speaks of, and what changed since the last one."""
    refused: list[tuple[Item, int, bytes]] = field(default_factory=list)
    """What is to be told signed: item, and size and root of the tree it was judged by."""


class Committer:
    """The one writer of a ledger; used from one event loop."""

    def __init__(
        self, book: LedgerBook, recorder: SQLiteRecorder, publisher: Publisher, *,
        counters: Counters, max_group_events: int, on_genesis: Callable[[], None],
    ) -> None:  # fmt: skip
        """Take the parts; *on_genesis* is called before the event at index 0 is on record."""
        self._book = book
        self._recorder = recorder
        self._publisher = publisher
        self._counters = counters
        self._max_group_events = max_group_events
        self._on_genesis = on_genesis
        self._service: RegisterService | None = None
        self._waiting: deque[Request] = deque()
        self._wanted = asyncio.Event()
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="ledger-commit")
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self.halted = ""
        """Why nothing is appended any more, or empty."""

    def start(self, service: RegisterService | None) -> None:
        """Begin to take requests, and between groups what *service* itself has to say."""
        self._service = service
        self._task = asyncio.create_task(self._run(), name="ledger-committer")
        if service is not None:
            service.watch(self._wanted.set)

    def take(self, request: Request) -> None:
        """Take a request; it is done when every item has an outcome or an index."""
        self._waiting.append(request)
        self._wanted.set()

    async def close(self) -> None:
        """Finish what waits, then stop."""
        if self._service is not None:
            await self._service.close()
        self._closing = True
        self._wanted.set()
        if self._task is not None:
            await self._task
        self._disk.shutdown()

    async def _run(self) -> None:
        while self._waiting or not self._closing:
            await self._wanted.wait()
            requests = self._take()
            if requests:
                await self._commit(requests)
            if self._service is not None and not self.halted:
                await self._publish(self._service)

    async def _publish(self, service: RegisterService) -> None:
        """Record what the service itself has to say now, in a group of its own."""
        try:
            own = await service.next()
        except StorageError as error:
            service.failed(error.reason)
            return
        if own is not None:
            await self._commit([Request([own], asyncio.get_running_loop().create_future())])
            if isinstance(own.outcome, Rejected):
                service.failed(f"{own.outcome.code}: {own.outcome.reason}")

    def _take(self) -> list[Request]:
        """Take the next requests, up to a group's size but at least one if any waits."""
        requests: list[Request] = []
        count = 0
        while self._waiting and count < self._max_group_events:
            count += len(self._waiting[0].items)
            if requests and count > self._max_group_events:
                break
            requests.append(self._waiting.popleft())
        if not self._waiting and not self._closing:
            self._wanted.clear()
        return requests

    async def _commit(self, requests: Sequence[Request]) -> None:
        """Bring requests to their outcomes; never raises."""
        group = _Group(requests)
        try:
            await self._record(group)
        except StorageError as error:
            self._storage_failed(group, error)
        except Exception:
            self._book.abandon()
            if len(requests) > 1:  # rule 4
                for request in requests:
                    await self._commit([_anew(request)])
                return
            self._counters["internal_errors"] += 1
            logger.exception("a request could not be recorded")
            _reject(group, LedgerError("T-internal", "this service failed on the request"))
        for request in requests:
            if not request.done.done():
                request.done.set_result(None)

    async def _record(self, group: _Group) -> None:
        """Admit, write, commit and seal one group."""
        if self.halted:
            raise StorageError(self.halted)
        self._admit(group)
        if not group.rows:
            self._book.abandon()
            self._sign_refusals(group)
            return
        head = self._recorder.begin()
        try:
            if head.size != group.rows[0].position - 1:
                raise StorageError("another process has written to this ledger", final=True)
            written = self._recorder.write(group.rows, group.keys)
            if group.register is not None:
                self._recorder.register.write(*group.register)
            if head.size == 0:
                self._on_genesis()  # first: the same tree is sealed with the keys that it names
            loop = asyncio.get_running_loop()
            state = SigningState(written.after.size, written.after.root,
                                 self._book.ledger or NO_LEDGER)  # fmt: skip
            signed = await loop.run_in_executor(self._disk, self._make_durable, state)
        except BaseException:
            self._recorder.abandon()
            raise
        self._recorder.settle(written)
        self._settle(group, written, signed)

    def _admit(self, group: _Group) -> None:
        for request in group.requests:
            for item in request.items:
                try:
                    self._admit_item(item, group)
                except Refused as refusal:
                    item.outcome = rejected_by(refusal)
                    self._note_refusal(item, group)

    def _note_refusal(self, item: Item, group: _Group) -> None:
        self._counters["refused"] += 1
        refusals, size = self._publisher.refusals, self._book.size
        if refusals is not None and size and refusals.allowed():
            group.refused.append((item, size, self._book.root_at(size)))

    def _sign_refusals(self, group: _Group) -> None:
        """Sign what was refused, once the trees that it was judged by are sealed."""
        refusals = self._publisher.refusals
        for item, size, root in group.refused:
            if refusals is not None and isinstance(item.outcome, Rejected):
                signed = refusals.sign(item.event, item.outcome.unmet, size, root)
                item.outcome = replace(item.outcome, refusal=signed)

    def _admit_item(self, item: Item, group: _Group) -> None:
        book, event, body = self._book, item.event, item.body
        book.prepare(admission.names(event, body))
        head = book.subjects[event.subject].heads.get(event.stream)
        if head is not None and event.seq <= head.seq and self._is_repeated(item, group):
            return
        entry = admission.admit(event, body, book)
        if isinstance(body, RegisterPublished):
            group.register = (body.size, book.register.changes)
        version = book.assume(entry)
        position = entry.index + 1
        group.rows.append(
            Row(
                position, event.subject, version, event.type, event.stream, event.seq,
                event.id, item.submission_id, entry.at, event.raw,
            )
        )  # fmt: skip
        group.keys += [EnrolledKey(thumbprint(key), key, position) for key in body.enrols()]
        group.accepted.append(item)
        group.submissions[item.submission_id] = item

    def _is_repeated(self, item: Item, group: _Group) -> bool:
        """Tell whether an item was recorded since it was recognized, or earlier in this group."""
        if item.submission_id in group.submissions:
            group.repeated.append(item)
            return True
        event = item.event
        place = (event.stream, event.seq, item.submission_id)
        found = self._recorder.find_submissions([place])
        if found:
            take_recorded(item, *found[item.submission_id])
        return bool(found)

    def _make_durable(self, state: SigningState) -> Signed | Exception:
        """Commit, then sign; runs on the disk's thread. The order is told in ``publisher``.

        Returns the error of signing as a value: by then the entries are on record.
        """
        self._recorder.commit()
        try:
            return self._publisher.seal(self._origin(), state)
        except Exception as error:  # noqa: BLE001
            return error

    def _origin(self) -> str:
        genesis = self._book.thing("ledger", "genesis", LedgerOpened)
        assert genesis is not None  # the event at index 0 is a genesis (AD2)
        return genesis.origin

    def _settle(self, group: _Group, written: Written, signed: Signed | Exception) -> None:
        """Give outcomes to a committed group."""
        self._book.settle()
        self._counters["commits"] += 1
        self._counters["events"] += len(group.rows)
        first = written.before.size
        if isinstance(signed, Exception):
            self.halt(f"the entries are on record, but signing failed: {signed}")
            _reject(group, LedgerError("T-storage", self.halted))
            return
        self._publisher.announce(signed)
        self._sign_refusals(group)
        for request in group.requests:
            request.signed = signed
        leaves = [row.event_id for row in group.rows]
        proofs = group_proofs(written.before.frontier, leaves)
        for offset, (item, proof) in enumerate(zip(group.accepted, proofs, strict=True)):
            item.outcome = Accepted(first + offset, item.event, False, proof)
        for item in group.repeated:
            item.outcome = _again(group.submissions[item.submission_id].outcome)

    def _storage_failed(self, group: _Group, error: StorageError) -> None:
        self._book.abandon()
        self._counters["storage_errors"] += 1
        say(logger, logging.ERROR, "the storage refused a group", code=error.code,
            reason=error.reason, events=len(group.rows))  # fmt: skip
        if error.final:
            self.halt(error.reason)
        _reject(group, LedgerError(error.code, error.reason))

    def halt(self, reason: str) -> None:
        """Append nothing from now on, and say why."""
        self.halted = reason
        say(logger, logging.CRITICAL, "nothing is appended until a restart", reason=reason)


def _again(outcome: Outcome | None) -> Outcome | None:
    if isinstance(outcome, Accepted):
        return Accepted(outcome.index, outcome.event, True, outcome.proof)
    return outcome


def _anew(request: Request) -> Request:
    """Return a request as before its turn, for another try."""
    for item in request.items:
        item.outcome, item.index = None, None
    return request


def _reject(group: _Group, error: LedgerError) -> None:
    """Refuse every event of a group that has no answer of its own."""
    outcome = rejected_by(error)
    for request in group.requests:
        for item in request.items:
            if item.index is None and not isinstance(item.outcome, Rejected):
                item.outcome = outcome
