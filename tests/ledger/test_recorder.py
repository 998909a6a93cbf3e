"""Our recorder is a recorder: it passes the cases that the library ships for recorders."""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.tests.persistence import (
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
)

from ledger.errors import LedgerError
from ledger.mapper import identify
from ledger.recorder import Identity
from ledger.sqlite import IDS_BLOCK, SQLiteRecorder, require_sqlite
from tests.harness.registry import Registry
from verifier.tiles import TileHashes, decode_bundle
from verifier.tree import Frontier, inclusion_proof, root_from, verify_inclusion


def opaque(stored: StoredEvent) -> Identity:
    """Identify the library's test events, which are no signed events, by all that they say."""
    place = f"{stored.originator_id}/{stored.originator_version}/{stored.topic}".encode()
    digest = hashlib.sha256(place + stored.state).digest()
    stream = f"{stored.originator_id}/all"
    return Identity(digest, digest, stream, stored.originator_version, 0)


class LibraryCase:
    """What the library's cases need to make a recorder of ours."""

    recorders: list[SQLiteRecorder]
    folder: tempfile.TemporaryDirectory[str]

    def setUp(self) -> None:
        """Make a folder for the recorders of one case."""
        self.folder = tempfile.TemporaryDirectory()
        self.recorders = []

    def tearDown(self) -> None:
        """Close the recorders and remove the folder."""
        for recorder in self.recorders:
            recorder.close()
        self.folder.cleanup()

    def new_originator_id(self) -> str:
        """Return an originator id of the type that a ledger has."""
        return str(uuid4())

    def create_recorder(self) -> SQLiteRecorder:
        """Return our recorder over a file."""
        recorder = SQLiteRecorder(Path(self.folder.name) / "log.db", identify=opaque)
        self.recorders.append(recorder)
        return recorder


class TestLibraryCases(LibraryCase, ApplicationRecorderTestCase[Any]):
    """The library's recorder cases, with its subscription case switched on."""

    def test_insert_subscribe(self) -> None:
        """A subscription yields what is recorded, then what is recorded later."""
        self.optional_test_insert_subscribe()


class TestNonInterleaving(LibraryCase, NonInterleavingNotificationIDsBaseCase):
    """Two large inserts at once never interleave their positions."""


def filled(path: Path, count: int) -> SQLiteRecorder:
    """Return a recorder with opaque events, written in groups of uneven size."""
    recorder = SQLiteRecorder(path, identify=opaque)
    events = [StoredEvent("s", n, "topic", f"state {n}".encode()) for n in range(1, count + 1)]
    at = 0
    for step in (1, 255, 257, 3, 700):
        recorder.insert_events(events[at : at + step])
        at += step
    while at < count:
        recorder.insert_events(events[at : at + 1000])
        at += 1000
    return recorder


def test_the_stored_tree_proves_every_entry_at_any_size(tmp_path: Path) -> None:
    """Roots and inclusion paths from stored tiles equal those of the tree over all leaves."""
    recorder = filled(tmp_path / "log.db", 3000)
    leaves = [opaque(event).event_id for event in recorder.select_events("s")]
    assert recorder.head.size == len(leaves) == 3000
    for size in (1, 255, 256, 257, 512, 1000, 2816, 2999, 3000):
        frontier = Frontier()
        frontier.extend(leaves[:size])
        read = TileHashes(recorder, size)
        assert root_from(size, read) == frontier.root()
        for index in {0, size // 2, size - 1}:
            path = inclusion_proof(index, size, read)
            verify_inclusion(leaves[index], path, index=index, size=size, root=frontier.root())
    assert len(decode_bundle(recorder.bundle(11, 184), 184)) == 184
    recorder.close()


def test_every_entry_is_found_by_its_id(tmp_path: Path) -> None:
    """Within the whole blocks that are indexed and after the last of them; no other id is found."""
    recorder = filled(tmp_path / "log.db", 2 * IDS_BLOCK + 700)
    other = SQLiteRecorder(tmp_path / "log.db", identify=opaque)
    ids = [opaque(event).event_id for event in recorder.select_events("s")]
    for reader in (recorder, other):
        assert [reader.index_of(id_) for id_ in ids] == list(range(len(ids)))
        assert reader.index_of(ids[0][:8] + bytes(24)) is None
    [(count,)] = recorder._read("SELECT count(*) FROM ids")
    assert count == 2 * IDS_BLOCK
    recorder.close()
    other.close()


def test_a_subject_is_read_from_its_streams_alone(tmp_path: Path) -> None:
    """A subject whose name begins with another's, or is followed by it, is another subject."""
    recorder = SQLiteRecorder(tmp_path / "log.db", identify=opaque)
    names = ("s", "s-", "s.", "s1", "sa", "s:", "r", "t")
    for version in range(1, 4):
        recorder.insert_events([StoredEvent(name, version, "t", b"x") for name in names])
    for at, name in enumerate(names):
        found = recorder.select_events(name)
        assert [(e.originator_id, e.originator_version) for e in found] == [
            (name, 1), (name, 2), (name, 3),
        ]  # fmt: skip
        assert [index for index, _ in recorder.subject(name, at, 10)] == [at + 8, at + 16]
        assert [(stream, seq) for stream, seq, _ in recorder.heads(name)] == [(f"{name}/all", 3)]
    assert recorder.select_events("s", gt=1, lte=2, desc=True)[0].originator_version == 2
    recorder.close()


def test_a_reopened_log_is_the_same_log(tmp_path: Path) -> None:
    """After closing and opening, head, frontier and edge continue as if nothing had happened."""
    recorder = filled(tmp_path / "log.db", 1300)
    before = recorder.head
    recorder.close()
    again = SQLiteRecorder(tmp_path / "log.db", identify=opaque)
    assert (again.head.size, again.head.root) == (before.size, before.root)
    assert again.head.frontier.to_bytes() == before.frontier.to_bytes()
    more = [StoredEvent("s", 1301 + n, "topic", b"%d" % n) for n in range(600)]
    assert again.insert_events(more) == list(range(1301, 1901))
    again.close()
    SQLiteRecorder(tmp_path / "log.db", identify=opaque).close()  # checks its own tree


OTHER = "originator_id,1,'t',stream,seq,x'01',x'02',0,x'03'"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entries WHERE position=1",
        "UPDATE entries SET state=x'00' WHERE position=1",
        "UPDATE entries SET log_time=0",
        f"INSERT OR REPLACE INTO entries SELECT position+1,{OTHER} FROM entries WHERE position=300",
        "UPDATE head SET size=size+1",
        "DELETE FROM tiles",
        "UPDATE tiles SET hashes=x'00'",
        "UPDATE head SET size=size-1",
        "DELETE FROM head",
    ],
)
def test_the_tables_only_grow(tmp_path: Path, statement: str) -> None:
    """The database itself refuses to change, delete, replace or leave out what is recorded."""
    recorder = filled(tmp_path / "log.db", 300)
    with pytest.raises(sqlite3.IntegrityError):
        recorder._writer.execute(statement)
    recorder.close()


def test_positions_have_no_gaps(tmp_path: Path) -> None:
    """A transaction that leaves a position out does not come to a head."""
    recorder = filled(tmp_path / "log.db", 3)
    event = StoredEvent("s", 4, "topic", b"x")
    head = recorder.begin()
    [row] = recorder._rows([event], head)
    with pytest.raises(IntegrityError):
        recorder.write([row._replace(position=5)])
    recorder.abandon()
    assert recorder.insert_events([event]) == [4]
    recorder.close()


def test_a_row_of_the_wrong_type_is_refused(tmp_path: Path) -> None:
    """Tables are STRICT: text does not become a number silently."""
    recorder = SQLiteRecorder(tmp_path / "log.db", identify=opaque)
    with pytest.raises(sqlite3.IntegrityError):
        recorder._writer.execute(
            "INSERT INTO entries VALUES (1,'s','one','t','s/a',0,x'01',x'02',0,x'03')"
        )
    recorder.close()


def test_a_damaged_database_is_noticed_at_start(tmp_path: Path) -> None:
    """A log whose entries do not lead to its own root does not open."""
    filled(tmp_path / "log.db", 300).close()
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute("DROP TRIGGER entries_never_change")
        connection.execute("UPDATE entries SET event_id=zeroblob(32) WHERE position=299")
    connection.close()
    with pytest.raises(LedgerError) as caught:
        SQLiteRecorder(tmp_path / "log.db", identify=opaque)
    assert caught.value.code == "database-damaged"


def test_one_statement_is_recorded_once_whoever_signs_it_again(tmp_path: Path) -> None:
    """Two valid signatures over one statement are one submission: the second is refused."""
    registry = Registry().open()
    event = registry.events[0]
    recorder = SQLiteRecorder(tmp_path / "log.db", identify=identify)
    recorder.insert_events([StoredEvent("ledger", 1, event.type, event.raw)])
    other = event.raw[:-1] + bytes([event.raw[-1] ^ 1])
    with pytest.raises(IntegrityError):
        recorder.insert_events([StoredEvent("ledger", 2, event.type, other)])
    assert recorder.max_notification_id() == 1
    recorder.close()


def test_two_recorders_of_one_file_continue_each_other(tmp_path: Path) -> None:
    """A recorder whose file another one has extended goes on from there, without a gap."""
    first = SQLiteRecorder(tmp_path / "log.db", identify=opaque)
    second = SQLiteRecorder(tmp_path / "log.db", identify=opaque)
    for n in range(1, 7):
        recorder = first if n % 2 else second
        assert recorder.insert_events([StoredEvent("s", n, "topic", b"x")]) == [n]
    first.close()
    second.close()


def test_a_follower_notices_the_commits_of_another_process(tmp_path: Path) -> None:
    """A subscription also delivers what a recorder that it does not know has written."""
    writer = SQLiteRecorder(tmp_path / "log.db", identify=opaque)
    reader = SQLiteRecorder(tmp_path / "log.db", identify=opaque)
    seen: list[int] = []
    with reader.subscribe() as subscription:
        thread = threading.Thread(target=lambda: seen.append(next(subscription).id))
        thread.start()
        writer.insert_events([StoredEvent("s", 1, "topic", b"x")])
        thread.join(timeout=60)
        assert seen == [1]
    writer.close()
    reader.close()


def test_an_old_sqlite_is_named() -> None:
    """An SQLite without STRICT tables is refused with its version and the one that is needed."""
    with pytest.raises(LedgerError) as caught:
        require_sqlite((3, 34, 1))
    assert caught.value.code == "database-too-old"
    assert "3.34.1" in caught.value.reason
    assert "3.37.0" in caught.value.reason
