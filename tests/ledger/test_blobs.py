"""Attachments are stored for those whom the log names, and erased when the log says so."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ledger import blobs
from ledger.blobs import BlobStore, Mark
from ledger.errors import LedgerError
from ledger.static import publish
from tests.harness import stories
from tests.harness.ledgers import raws, running
from tests.harness.registry import Registry, ref
from tests.harness.service import Service
from tests.harness.service import service as serving
from tests.verifier.rules import test_erasure
from tests.verifier.rules.test_erasure import OFFICER, STREAM, concern, seat
from verifier.blob import MAX_BLOB_BYTES, blob_name, blob_path
from verifier.cli import main as verify
from verifier.errors import FalseError
from verifier.rules.book import Entry
from verifier.sources import FolderSource

FIRST, SECOND = b"r" * 32 + b"minutes of a meeting", b"s" * 32 + b"a photograph"
NAMES = (blob_name(FIRST), blob_name(SECOND))
MARK = Mark(7, "consent_withdrawn", "DPO/2024/7")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> tuple[Registry, Entry]:
    """A registry in which an event refers to both objects, and an officer who may erase."""
    monkeypatch.setattr(test_erasure, "NAME", NAMES[0])
    monkeypatch.setattr(test_erasure, "OTHER", NAMES[1])
    registry = seat(stories.listed_partnership())
    return registry, concern(registry)


def erase(registry: Registry, named: Entry, *names: bytes) -> Entry:
    """Record an erasure."""
    local = len(registry.events)
    return registry.append(OFFICER, f"{STREAM}-{local}", "ErasureRecorded", named_by=ref(named),
                           blobs=names, ground="consent_withdrawn",
                           authority="DPO/2024/7")  # fmt: skip


# The store.


def test_an_object_is_stored_under_its_name_alone(tmp_path: Path) -> None:
    """It is given back as it was; twice is once; other bytes are refused; a restart knows it."""
    store = BlobStore(tmp_path, max_bytes=1_000)
    assert store.put(NAMES[0], FIRST)
    assert not store.put(NAMES[0], FIRST)
    with pytest.raises(FalseError):
        store.put(NAMES[0], SECOND)
    with pytest.raises(FalseError):
        store.put(blob_name(b"short"), b"short")
    again = BlobStore(tmp_path, max_bytes=1_000)
    assert again.get(NAMES[0]) == FIRST
    assert again.bytes == len(FIRST)
    with pytest.raises(LedgerError) as absent:
        again.get(NAMES[1])
    assert absent.value.code == "entry-absent"


def test_the_sum_has_a_ceiling(tmp_path: Path) -> None:
    """What is beyond it is refused, and erasing makes room."""
    store = BlobStore(tmp_path, max_bytes=len(FIRST) + 1)
    store.put(NAMES[0], FIRST)
    with pytest.raises(LedgerError) as full:
        store.put(NAMES[1], SECOND)
    assert full.value.code == "T-storage-full"
    store.erase(NAMES[0], MARK)
    assert store.put(NAMES[1], SECOND)


def test_what_is_erased_never_comes_back(tmp_path: Path) -> None:
    """The ground is told to whoever asks or stores, also before it was ever there."""
    store = BlobStore(tmp_path, max_bytes=1_000)
    store.put(NAMES[0], FIRST)
    for name, stored in zip(NAMES, (FIRST, SECOND), strict=True):
        store.erase(name, MARK)
        store.erase(name, Mark(9, "court_order", "X"))
        for act in (lambda n=name: store.get(n), lambda n=name, s=stored: store.put(n, s)):
            with pytest.raises(LedgerError) as gone:
                act()
            assert gone.value.code == "blob-erased"
            assert "consent_withdrawn (DPO/2024/7), by entry 7" in gone.value.reason
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and not path.suffix]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_what_was_not_finished_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """A disk that fails at any step of storing leaves the object whole or absent."""
    for step in range(4):
        calls = iter(range(9))

        def fail(*arguments: Any, real: Any, calls: Any = calls, step: int = step) -> Any:
            if next(calls) == step:
                raise OSError(28, "no space")
            return real(*arguments)

        folder = tmp_path / f"{failing}{step}"
        store = BlobStore(folder, max_bytes=1_000)
        with monkeypatch.context() as patch:
            place = os if failing == "fsync" else Path
            real = getattr(place, failing)
            patch.setattr(place, failing, lambda *a, real=real, fail=fail: fail(*a, real=real))
            acknowledged = False
            with suppress(LedgerError):
                acknowledged = store.put(NAMES[0], FIRST)
        again = BlobStore(folder, max_bytes=1_000)
        assert not list(folder.rglob("*.new"))
        try:
            assert again.get(NAMES[0]) == FIRST
        except LedgerError:
            assert not acknowledged
        again.put(NAMES[0], FIRST)
        assert again.get(NAMES[0]) == FIRST


# The service.


async def test_only_what_an_event_refers_to_is_stored(
    tmp_path: Path, told: tuple[Registry, Entry]
) -> None:
    """With its event it is stored, then served as it is; otherwise it is refused, and why."""
    registry, named = told
    async with serving(tmp_path, registry) as service:
        event = named.event.id.hex()
        other = registry.events[3].id.hex()
        cases = [
            (FIRST, NAMES[0], event, 201), (FIRST, NAMES[0], event, 200),
            (SECOND, NAMES[0], event, 400), (SECOND, NAMES[1], other, 403),
            (SECOND, NAMES[1], "00" * 32, 404), (SECOND, NAMES[1], "", 400),
            (b"t" * 40, blob_name(b"t" * 40), event, 403),
        ]  # fmt: skip
        for stored, name, by, status in cases:
            assert (await put(service, name, stored, by)).status == status, (name, by)
        got = await service.get("/" + blob_path(NAMES[0]))
        assert (got.status, await got.read()) == (200, FIRST)
        assert "immutable" in got.headers["Cache-Control"]
        assert got.headers["Content-Disposition"] == "attachment"
        for path in (blob_path(NAMES[1]), "blobs/ABC", f"blobs/{'A' * 64}"):
            missing = await service.get("/" + path)
            assert missing.status in (400, 404)
            assert missing.headers["Cache-Control"] == "no-store"


async def test_a_body_that_is_too_large_is_not_read(
    tmp_path: Path, told: tuple[Registry, Entry]
) -> None:
    """The stated length alone refuses it."""
    registry, named = told
    async with serving(tmp_path, registry) as service:
        answer = await put(service, NAMES[0], b"x" * (MAX_BLOB_BYTES + 1), named.event.id.hex())
        assert answer.status == 413
        wrong = await service.http.put(
            f"{service.url}/{blob_path(NAMES[0])}?event={named.event.id.hex()}", data=FIRST,
            headers={"Content-Type": "text/html"},
        )  # fmt: skip
        assert wrong.status == 415


def held(folder: Path) -> list[bytes]:
    """Return the bytes of every file in a folder."""
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def put(service: Service, name: bytes, stored: bytes, event: str) -> Any:
    """Store an object over HTTP."""
    import io

    answer = await service.http.put(
        f"{service.url}/{blob_path(name)}?event={event}", data=io.BytesIO(stored),
        headers={"Content-Type": "application/octet-stream"},
    )  # fmt: skip
    await answer.read()
    return answer


async def test_an_erasure_on_record_deletes_it_and_says_so(
    tmp_path: Path, told: tuple[Registry, Entry]
) -> None:
    """Once the event is durable the object goes; 410 tells ground and entry; the other stays."""
    registry, named = told
    async with serving(tmp_path, registry) as service:
        for name, stored in zip(NAMES, (FIRST, SECOND), strict=True):
            await put(service, name, stored, named.event.id.hex())
        entry = erase(registry, named, NAMES[0])
        await service.ledger.submit([entry.event.raw])
        for _ in range(200):
            gone = await service.get("/" + blob_path(NAMES[0]))
            if gone.status == 410:
                break
            await asyncio.sleep(0.02)
        told_ = json.loads(await gone.read())
        assert (gone.status, told_["code"]) == (410, "blob-erased")
        assert f"consent_withdrawn (DPO/2024/7), by entry {entry.index}" in told_["detail"]
        assert gone.headers["Cache-Control"] == "no-store"
        assert (await put(service, NAMES[0], FIRST, named.event.id.hex())).status == 410
        assert (await service.get("/" + blob_path(NAMES[1]))).status == 200
        assert FIRST not in held(tmp_path)


@pytest.mark.parametrize("step", range(6))
async def test_a_crash_between_event_and_deletion_is_repaired_by_a_start(
    tmp_path: Path, told: tuple[Registry, Entry], monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Wherever the deletion stops, nothing is served after the next start, and nothing is lost."""
    registry, named = told
    monkeypatch.setattr(blobs, "FOLLOW_S", 1_000.0)
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(registry.events))
        for name, stored in zip(NAMES, (FIRST, SECOND), strict=True):
            ledger.blobs.put(name, stored)
        entry = erase(registry, named, NAMES[0])
        await ledger.submit([entry.event.raw])
        calls = iter(range(99))
        steps = [(blobs, "_write"), (Path, "unlink"), (blobs, "_sync")]

        def stop(*arguments: Any, real: Any) -> Any:
            if next(calls) == step:
                raise KeyboardInterrupt
            return real(*arguments)

        with monkeypatch.context() as patch:
            for place, name_ in steps:
                real = getattr(place, name_)
                patch.setattr(place, name_, lambda *a, real=real: stop(*a, real=real))
            try:
                ledger.blobs.catch_up(ledger.recorder)
            except KeyboardInterrupt:
                stopped = True
            else:
                stopped = False
        assert stopped or step >= 4
    async with running(tmp_path) as ledger:
        with pytest.raises(LedgerError) as gone:
            ledger.blobs.get(NAMES[0])
        assert gone.value.code == "blob-erased"
        assert not (tmp_path / "blobs" / NAMES[0].hex()[:2] / NAMES[0].hex()).exists()
        assert ledger.blobs.get(NAMES[1]) == SECOND


# Publishing and the audit.


def states(folder: Path, registry: Registry, capsys: pytest.CaptureFixture[str],
           code: int) -> dict[str, dict[str, Any]]:  # fmt: skip
    """Ask the verifier what became of every attachment."""
    policy = folder.with_name("policy.txt")
    policy.write_text(registry.policy())
    capsys.readouterr()
    assert verify(["attachments", str(folder), "--policy", str(policy), "--jobs", "1",
                   "--json"]) == code  # fmt: skip
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {line["name"]: line for line in lines if line["message"] == "attachment"}


def test_the_audit_tells_missing_erased_altered_and_kept_apart(
    tmp_path: Path, told: tuple[Registry, Entry], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each state by its own word; only what was altered is false; who erased it, and why."""
    registry, named = told
    folder = registry.publish(tmp_path / "log")
    (folder / "blobs").mkdir()
    (folder / blob_path(NAMES[0])).write_bytes(FIRST)
    first, second = (name.hex() for name in NAMES)
    told_ = states(folder, registry, capsys, 0)
    assert (told_[first]["state"], told_[first]["bytes"]) == ("present", len(FIRST) - 32)
    assert (told_[second]["state"], told_[second]["named_by"]) == ("missing", named.index)
    (folder / blob_path(NAMES[1])).write_bytes(FIRST)
    assert states(folder, registry, capsys, 1)[second]["state"] == "altered"
    entry = erase(registry, named, *NAMES)
    registry.publish(folder)
    (folder / blob_path(NAMES[1])).unlink()
    told_ = states(folder, registry, capsys, 0)
    assert told_[first]["state"] == "kept"
    assert {key: told_[second][key] for key in ("state", "ground", "authority", "erased_by")} == {
        "state": "erased", "ground": "consent_withdrawn", "authority": "DPO/2024/7",
        "erased_by": entry.index,
    }  # fmt: skip
    verify(["attachments", str(folder), "--policy", str(folder.with_name("policy.txt")),
            "--jobs", "1"])  # fmt: skip
    out = capsys.readouterr().out
    assert f"erased under consent_withdrawn (DPO/2024/7), entry {entry.index}" in out
    assert "still served, though erased" in out


def test_an_erasure_in_the_name_of_an_event_without_them_is_told(
    tmp_path: Path, told: tuple[Registry, Entry], capsys: pytest.CaptureFixture[str]
) -> None:
    """ER4: the record would be false: it says that something of this event was erased."""
    registry, named = told
    erase(registry, named, bytes(32))
    registry.publish(tmp_path / "log")
    policy = tmp_path / "policy.txt"
    policy.write_text(registry.policy())
    assert verify(["audit", str(tmp_path / "log"), "--policy", str(policy), "--jobs", "1",
                   "--json"]) == 1  # fmt: skip
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["code"] for line in lines if line["message"] == "finding"] == ["ER4"]


def test_a_published_folder_holds_what_is_there_and_loses_what_is_erased(
    tmp_path: Path, told: tuple[Registry, Entry]
) -> None:
    """What comes later is written by the next run; what is erased goes with its checkpoint."""
    registry, named = told
    log = registry.publish(tmp_path / "log")
    source, out = FolderSource(log), tmp_path / "out"
    (log / "blobs").mkdir()
    (log / blob_path(NAMES[0])).write_bytes(FIRST)
    (log / blob_path(NAMES[1])).write_bytes(b"not this")
    publish(source, out)
    assert (out / blob_path(NAMES[0])).read_bytes() == FIRST
    assert not (out / blob_path(NAMES[1])).exists(), "what was altered is not published"
    assert (out / "blobs/awaited").read_text().split() == [NAMES[1].hex()]
    (log / blob_path(NAMES[1])).write_bytes(SECOND)
    publish(source, out)
    assert (out / blob_path(NAMES[1])).read_bytes() == SECOND
    assert not (out / "blobs/awaited").read_text()
    erase(registry, named, NAMES[0])
    registry.publish(log)
    publish(source, out)
    assert not (out / blob_path(NAMES[0])).exists()
    assert (out / blob_path(NAMES[1])).exists()
