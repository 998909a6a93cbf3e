"""The ledger: an event-sourced application whose only door is ``submit``.

Rules:

1. What is recorded was admitted by the verifier's own rules at the index where it stands.
   ``save`` raises; nothing is recorded by another way.
2. A submission goes through intake (parse, recognize, transport, signature: ``intake.py``) and the
   committer (admit, commit, seal: ``committer.py``). An answer ``Accepted`` is durable.
3. A start and a recovery are the same code: the database is opened, its tree is compared with the
   signing state, what was committed but not signed is signed, what the log erased is deleted.
4. Reads see committed data only. ``dry_run``, ``ahead`` and ``open_cases`` look at the state that
   the next event would meet.
5. ``Ledger(env)``, with ``LEDGER_FOLDER`` in the environment, follows a ledger and appends nothing:
   that is how a stock ``ProjectionRunner`` of ``eventsourcing`` makes it. ``Ledger.open`` appends.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import sys
import time
from collections.abc import Awaitable, Generator, Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

from eventsourcing.application import Application
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import Environment, EnvType

from ledger.blobs import BlobStore
from ledger.book import LedgerBook
from ledger.committer import Committer, Request
from ledger.config import Settings, load_settings
from ledger.errors import LedgerError
from ledger.factory import LedgerFactory
from ledger.hashes import Roots
from ledger.intake import Intake, Item, read_item, truly_signed
from ledger.observe import Counters, say
from ledger.outcome import Accepted, Outcome, Rejected, Reply, rejected_by
from ledger.outside import Outside, begin
from ledger.publisher import Publisher, Signed
from ledger.recorder import StorageError
from ledger.register import RegisterReader
from ledger.register_service import service_of
from ledger.signatures import SignatureChecks
from ledger.signer import Signers, load_signers, read_passphrase
from ledger.signing import NO_LEDGER, SigningFile, SigningState
from ledger.sqlite import SQLiteRecorder
from verifier.rules import admission
from verifier.rules.ahead import Step, steps
from verifier.rules.authority.genesis import LedgerOpened
from verifier.rules.book import Entry, Head, Unmet
from verifier.rules.delisting.case import open_case
from verifier.tiles import TileHashes
from verifier.tree import inclusion_proof, leaf_hash

__all__ = [
    "MAX_REQUEST_BYTES",
    "MAX_REQUEST_EVENTS",
    "Accepted",
    "Ledger",
    "Outcome",
    "Rejected",
    "Reply",
    "Settings",
    "load_settings",
]

MAX_REQUEST_EVENTS: Final = 1_000  # one request is one commit group at most
MAX_REQUEST_BYTES: Final = 8 * 1024 * 1024  # 1,000 events of a large kind
MAX_PAGE: Final = 1_000  # entries that one read returns
STATE_FILE: Final = Path("signing") / "state"
KEY_FOLDER: Final = "keys"
BLOB_FOLDER: Final = "blobs"

logger = logging.getLogger(__name__)


class Ledger(Application[str]):
    """A ledger over one folder."""

    name = "ledger"
    recorder: SQLiteRecorder
    _started = False

    def __init__(self, env: EnvType | None = None) -> None:
        super().__init__(env)
        self.counters = Counters()
        self._roots = Roots(self.recorder)
        self._book = LedgerBook(self.repository, self._roots, self.recorder.register,
                                limit=Settings().hot_subjects)  # fmt: skip
        self.register = RegisterReader(self.recorder.register, self)
        self._publisher: Publisher | None = None
        self._ledger_id, self._origin = b"", ""
        self._pending, self._closing = 0, False
        self._switch_interval_s = 0.0
        self._outside: Outside | None = None

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """Return our factory; the environment cannot name another."""
        return LedgerFactory(env)

    @classmethod
    def open(cls, folder: Path, *, settings: Settings, signers: Signers | None = None) -> Self:
        """Open the ledger of a folder for appending; call ``start`` next, in an event loop.

        Without *signers* the keys are loaded from ``keys/`` with the passphrase of *settings*. A
        folder without a database begins a new, empty ledger.

        Raises:
            LedgerError: what is wrong, by its code: keys, database, signing state, lock.
        """
        if signers is None:
            signers = load_signers(folder / KEY_FOLDER, read_passphrase(settings.passphrase_file))
        folder.mkdir(parents=True, exist_ok=True)
        ledger = cls({"LEDGER_FOLDER": str(folder), "LEDGER_MAX_PAGES": str(settings.max_pages)})
        try:
            ledger._open(folder, settings, signers)
        except BaseException:
            ledger.factory.close()
            raise
        return ledger

    def _open(self, folder: Path, settings: Settings, signers: Signers) -> None:
        self.settings = settings
        self._book.limit = settings.hot_subjects
        self._book.open_at(
            self.recorder.head, ledger=self.ledger_id or None, keys=self.recorder.keys()
        )
        path = settings.signing_state or folder / STATE_FILE
        state = self._open_state(path)
        try:
            self._publisher = Publisher(
                state, signers, interval_s=settings.checkpoint_interval_s, clock=time.monotonic
            )
            self._checks = SignatureChecks(
                engine=settings.engine_name,
                threads=settings.verify_threads,
                processes=settings.verify_processes,
            )
            self._intake = Intake(
                self._book, self.recorder, self._checks, signers=signers, settings=settings
            )
            self._signers = signers
            self.blobs = BlobStore(folder / BLOB_FOLDER, max_bytes=settings.max_blobs_bytes)
            self._recover(state.state)
            self.blobs.catch_up(self.recorder)
        except BaseException:
            state.close()
            raise

    def _open_state(self, path: Path) -> SigningFile:
        """Open the signing state; only an empty ledger may begin a new one."""
        try:
            return SigningFile.open(path)
        except LedgerError as error:
            if error.code != "signing-state-missing" or self.size:
                raise
        return SigningFile.create(path)

    def _recover(self, signed: SigningState) -> None:
        """Compare data and signing state; sign what was committed and not signed (rule 3).

        Raises:
            LedgerError: code ``signing-state-ahead``: the data is older than what was signed, as
                after the restoration of a backup; ``signing-state-fork``: it is other data;
                ``signer-unusable``: the genesis names other keys.
        """
        if signed.size > self.size:
            reason = f"{signed.size} entries were signed, the database has {self.size}"
            raise LedgerError("signing-state-ahead", reason)
        if signed.root != self._roots.at(signed.size) or (
            signed.ledger not in (NO_LEDGER, self.ledger_id)
        ):
            reason = f"the tree that was signed at size {signed.size} is not in this database"
            raise LedgerError("signing-state-fork", reason)
        if self.size:
            self._learn_genesis()
            head = self.recorder.head
            assert self._publisher is not None
            tree = SigningState(head.size, head.root, self.ledger_id)
            self._publisher.announce(self._publisher.seal(self.origin, tree))
            say(logger, logging.INFO, "ledger opened", size=head.size, root=head.root.hex(),
                signed_before=signed.size)  # fmt: skip

    def _learn_genesis(self) -> None:
        """Take over what the genesis says of the clock and the log's keys."""
        genesis = self._book.thing("ledger", "genesis", LedgerOpened)
        assert genesis is not None and self._publisher is not None  # noqa: PT018 - both are known
        self._signers.require(genesis.log_keys)
        self._publisher.use_keys(genesis, self._book.ledger or b"")
        self._intake.real_clock = genesis.clock == "real"

    async def start(self) -> None:
        """Begin to take submissions."""
        assert self._publisher is not None, "opened for following alone"
        self._committer = Committer(
            self._book, self.recorder, self._publisher, counters=self.counters,
            max_group_events=self.settings.max_group_events,
            on_genesis=self._learn_genesis,
        )  # fmt: skip
        await self._checks.start()
        self._committer.start(service_of(self._signers, self._book, self.recorder.register))
        self._idle = asyncio.Event()
        self._idle.set()
        self._started = True
        self._outside = begin(self, self._book, self._publisher, self._signers, self._committer)
        if self.settings.switch_interval_s:
            # Threads that verify and commit give the interpreter lock up and want it back; with
            # the default of 5 ms each of them would wait that long beside a busy event loop.
            self._switch_interval_s = sys.getswitchinterval()
            sys.setswitchinterval(self.settings.switch_interval_s)

    def close(self) -> Awaitable[None]:  # type: ignore[override]
        """Finish everything that was taken, then close; ``await`` it where ``start`` was called.

        New submissions are answered ``T-busy`` from now on. What was acknowledged is durable before
        its answer, so nothing depends on this call. For a ledger that was not started, the base
        class's way of closing without ``await`` does everything.
        """
        if self._started and not self._closing:
            self._closing = True
            return self._drain()
        self._closing = True
        self._release()
        return _Closed()

    async def _drain(self) -> None:
        if self._outside is not None:
            await self._outside.close()
        await self._idle.wait()
        await self._committer.close()
        await self._checks.close()
        self._release()
        if self._switch_interval_s:
            sys.setswitchinterval(self._switch_interval_s)

    def _release(self) -> None:
        super().close()
        if self._publisher is not None:
            self._publisher.close()

    def __del__(self) -> None:
        """Let go of files; whatever was not drained was not acknowledged."""
        if hasattr(self, "factory"):
            self.factory.close()

    # The door.

    def save(self, *_objs: Any, **_kwargs: Any) -> Any:
        """Refuse: a ledger records signed submissions and nothing else (rule 1)."""
        raise LedgerError("T-internal", "a ledger records what is submitted, signed, by its author")

    async def submit(self, raws: Sequence[bytes]) -> Reply:
        """Submit events in order and return one outcome for each (rule 2).

        Idempotent by submission id: what is on record is answered with what is on record. May be
        cancelled; then the events may be recorded or not, and submitting them again tells.
        """
        if len(raws) > MAX_REQUEST_EVENTS or sum(map(len, raws)) > MAX_REQUEST_BYTES:
            refusal = rejected_by(LedgerError("T-too-large", f"{len(raws)} events in one request"))
            return Reply([refusal] * len(raws))
        read = self._intake.read(raws)
        items = [item for item in read if isinstance(item, Item)]
        try:
            signed = await self._bring_to_outcomes(items) if items else None
            return self._reply(read, signed)
        except StorageError as error:  # of a read: whether anything was recorded is unknown
            self.counters["storage_errors"] += 1
            refusal = rejected_by(LedgerError(error.code, error.reason))
            return Reply([item if isinstance(item, Rejected) else refusal for item in read])

    async def _bring_to_outcomes(self, items: Sequence[Item]) -> Signed | None:
        """Take items through all stages; return the tree that covers what was recorded now."""
        assert self._publisher is not None
        newest = self._publisher.newest
        fresh = self._intake.recognize(items, signed=newest.size if newest else 0)
        busy = self._busy(len(fresh)) if fresh else None
        if busy is not None or not fresh:
            for item in fresh:
                item.outcome = busy
            return None
        count = len(fresh)
        self._pending += count
        self._idle.clear()
        try:
            checked, checks = self._intake.to_check(self._intake.transport(fresh))
            if not checked:
                return None
            request = Request(checked, asyncio.get_running_loop().create_future())
            self._checks.put(checks, partial(self._verified, request))
            await request.done
            return request.signed
        finally:
            self._pending -= count
            if not self._pending:
                self._idle.set()

    def _verified(self, request: Request, verdicts: list[bool]) -> None:
        """Pass on what is truly signed to its commit, unless the caller has left."""
        if request.done.done():
            return
        request.items = truly_signed(request.items, verdicts)
        if request.items:
            self._committer.take(request)
        else:
            request.done.set_result(None)

    def _busy(self, count: int) -> Rejected | None:
        """Refuse when the queue is full, when closing, or when nothing can be appended."""
        if self._closing:
            error = LedgerError("T-busy", "the service is shutting down")
        elif self._committer.halted:
            error = LedgerError("T-storage", self._committer.halted)
        elif self._pending and self._pending + count > self.settings.max_pending_events:
            error = LedgerError("T-busy", f"{self._pending} events wait already")
        else:
            return None
        self.counters["busy"] += count
        return rejected_by(error, retry_after_s=self.settings.busy_retry_s)

    def _reply(self, read: Sequence[Item | Rejected], signed: Signed | None) -> Reply:
        """Gather the outcomes; duplicates are proved in the same tree as the rest."""
        assert self._publisher is not None
        tree = signed or self._publisher.newest
        outcomes: list[Outcome] = []
        for item in read:
            outcome = item if isinstance(item, Rejected) else item.outcome
            if isinstance(item, Item) and item.index is not None:
                assert tree is not None
                path = self.inclusion(item.index, tree.size)
                outcome = Accepted(item.index, item.event, True, path)
                self.counters["duplicates"] += 1
            assert outcome is not None
            self.counters["rejected"] += isinstance(outcome, Rejected)
            outcomes.append(outcome)
        covered = any(isinstance(outcome, Accepted) for outcome in outcomes)
        return Reply(outcomes, tree.note, tree.root) if covered and tree else Reply(outcomes)

    def dry_run(self, raw: bytes) -> tuple[Unmet, ...]:
        """Say which conditions an event would not meet if it were next; append nothing.

        Raises:
            MalformedError: the bytes are no event of its type.
            UndecidedError: code ``event-type-unknown``.
            FalseError: code ``signature-false``.
        """
        item = read_item(raw)
        self._intake.require_signature(item)
        book = self._book
        book.prepare(admission.names(item.event, item.body))
        entry = Entry(book.size, item.event, item.body, max(book.time, item.event.iat))
        return tuple(admission.conditions(entry, book))

    def ahead(self, subject: str, day: date) -> list[Step]:
        """Return what may happen next to a subject on a day, and what still stands against it."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return steps(subject, self._book, int(midnight.timestamp()))

    def open_cases(self, after: str, limit: int) -> list[str]:
        """Return up to *limit* subjects with an open removal case, by id, beyond an id."""
        subjects = list(self._book.subjects.items())
        found = (name for name, subject in subjects if name > after and open_case(subject))
        return heapq.nsmallest(min(limit, MAX_PAGE), found)

    # What is served. Everything below reads committed data.

    @property
    def size(self) -> int:
        """The number of entries that are committed and signed."""
        return self.recorder.size

    @property
    def ledger_id(self) -> bytes:
        """The id of the event at index 0, or nothing before there is one."""
        if not self._ledger_id and self.size:
            self._ledger_id = leaf_hash(self.event_at(0))
        return self._ledger_id

    @property
    def origin(self) -> str:
        """The name under which checkpoints are signed, from the genesis; empty before it.

        Raises:
            PledgebookError: the entry at index 0 is none that this version knows.
        """
        if not self._origin and self.size:
            genesis = read_item(self.event_at(0)).body
            assert isinstance(genesis, LedgerOpened)
            self._origin = genesis.origin
        return self._origin

    @property
    def newest(self) -> Signed | None:
        """The newest signed tree, which receipts are made in; None before the genesis."""
        return None if self._publisher is None else self._publisher.newest

    def checkpoint(self) -> bytes:
        """Return what is served at ``/checkpoint``; it moves at most once a second.

        Where witnesses are asked it is the newest that their quorum has seen (``witnesses``).

        Raises:
            LedgerError: code ``entry-absent`` before the genesis.
        """
        assert self._publisher is not None
        plain = self._publisher.checkpoint()
        return plain if self._outside is None else self._outside.checkpoint(plain)

    def receipt_checkpoint(self) -> tuple[int, bytes]:
        """Return (size, note with the Ed25519 line) of the newest signed tree.

        Raises:
            LedgerError: code ``entry-absent`` before the genesis.
        """
        newest = self.newest
        if newest is None:
            raise LedgerError("entry-absent", "the log has no entry yet")
        return newest.size, newest.note

    def event_at(self, index: int) -> bytes:
        """Return the bytes of the event at an index.

        Raises:
            LedgerError: code ``entry-absent``.
        """
        found = self.recorder.entry(index)
        if found is None:
            raise LedgerError("entry-absent", f"there is no entry {index}")
        return found

    def index_of(self, event_id: bytes) -> int | None:
        """Return the index of an event by its id, if it is on record."""
        return self.recorder.index_of(event_id)

    def stream(self, stream: str, start_seq: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to *limit* (index, event bytes) of a stream, from a seq on."""
        return self.recorder.stream(stream, start_seq, min(limit, MAX_PAGE))

    def subject_events(self, subject: str, after_index: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to *limit* (index, event bytes) of a subject after an index; -1 for all."""
        return self.recorder.subject(subject, after_index, min(limit, MAX_PAGE))

    def head(self, stream: str) -> Head | None:
        """Return the last event of a stream."""
        found = self.recorder.stream_head(stream)
        return None if found is None else Head(*found)

    def heads(self, subject: str) -> dict[str, Head]:
        """Return the last event of each stream of a subject, by stream."""
        return {stream: Head(seq, id_) for stream, seq, id_ in self.recorder.heads(subject)}

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Return a hash tile of any width up to the size.

        Raises:
            UndecidedError: code ``source-missing``.
        """
        return self.recorder.tile(level, n, width)

    def bundle(self, n: int, width: int) -> bytes:
        """Return an entry bundle of any width up to the size.

        Raises:
            UndecidedError: code ``source-missing``.
        """
        return self.recorder.bundle(n, width)

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """Return the inclusion path of an entry in the tree of a size.

        Raises:
            LedgerError: code ``entry-absent``; there is no such entry or size.
        """
        if not 0 <= index < size <= self.size:
            raise LedgerError("entry-absent", f"no entry {index} in a tree of size {size}")
        return inclusion_proof(index, size, TileHashes(self.recorder, size))

    def ready(self) -> tuple[bool, str]:
        """Say whether events are taken, and if not, why."""
        if not self._started or self._closing:
            return False, "not started" if not self._started else "closing"
        return not self._committer.halted, self._committer.halted

    def measurements(self) -> dict[str, int]:
        """Return every counter, and the queue's length at this moment as ``pending``."""
        self.counters["signature_batches"] = self._checks.batches
        return self.counters.snapshot() | {"pending": self._pending}


class _Closed(Awaitable[None]):
    """The result of a close that needed no waiting."""

    def __await__(self) -> Generator[None, None, None]:
        """Wait for nothing."""
        yield from ()
