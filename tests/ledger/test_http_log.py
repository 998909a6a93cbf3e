"""The log over HTTP, as a third party reads it: checkpoint, tiles, bundles, entries with proofs."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import aiohttp
import msgspec
import pytest

from ledger.http.entries import MAX_PAGE_BYTES
from ledger.http.wire import MAX_PAGE, EntryReply, Health, Page, StreamPage, SubjectReply
from tests.harness import stories
from tests.harness.registry import Registry
from tests.harness.service import Service, problem, register_many, registration, service
from verifier.audit import Audit, Options
from verifier.event import parse
from verifier.note import Checkpoint, parse_note
from verifier.proof import parse_proof, verify_proof
from verifier.sources import HttpSource, read_entries
from verifier.tiles import TileHashes, split_tile, tile_bytes, tiles_at
from verifier.tree import consistency_proof, leaf_hash, root_of, verify_consistency
from verifier.verdict import Verdict

SIZE = 600  # two full tiles and a partial one, and a second level


def grown(size: int = SIZE) -> Registry:
    """Return a scenario with so many entries."""
    registry = Registry().open()
    register_many(registry, size - len(registry.events))
    return registry


async def published(live: Service) -> Checkpoint:
    """Wait until the published checkpoint covers everything, and return it."""
    while True:
        note = await (await live.get("/checkpoint")).read()
        head = live.policy.judge(note).checkpoint
        if head.size == live.ledger.size:
            return head
        await asyncio.sleep(0.02)


async def test_a_third_party_reads_the_whole_log_and_gets_its_root(tmp_path: Path) -> None:
    """Entries from bundles hash to the signed root, and so do the tiles."""
    async with service(tmp_path, grown(), checkpoint_interval_s=0.01) as live:
        head = await published(live)

        def read() -> list[bytes]:
            source = HttpSource(live.url)
            try:
                with ThreadPoolExecutor(4) as pool:
                    entries = [e for _, e in read_entries(source, 0, head.size, executor=pool)]
                hashes = TileHashes(source, head.size)
                proof = consistency_proof(300, head.size, hashes)
                verify_consistency(
                    proof, old=300, old_root=live.registry.roots[300],
                    new=head.size, new_root=head.root,
                )  # fmt: skip
                return entries
            finally:
                source.close()

        entries = await asyncio.to_thread(read)
        assert entries == [event.raw for event in live.registry.events]
        assert root_of([leaf_hash(entry) for entry in entries]) == head.root


async def test_the_live_service_audits_clean(tmp_path: Path) -> None:
    """The whole-log audit over HTTP finds nothing: every signature, rule, tile and checkpoint."""
    async with service(tmp_path, grown(300), checkpoint_interval_s=0.01) as live:
        await published(live)

        def audit() -> Verdict:
            source = HttpSource(live.url)
            options = Options(engine="openssl")
            try:
                *_, verdict = Audit(source, live.policy, options=options, executor=None).run()
            finally:
                source.close()
            assert isinstance(verdict, Verdict)
            return verdict

        verdict = await asyncio.to_thread(audit)
        assert verdict.exit == 0, verdict


async def test_every_width_that_the_log_covers_is_served_and_no_other(tmp_path: Path) -> None:
    """Each partial width up to the size gives its own bytes; wider ones, and none, are absent."""
    async with service(tmp_path, grown(40)) as live:
        leaves = [event.id for event in live.registry.events]
        for width in range(1, 41):
            tile = await live.get(f"/tile/0/000.p/{width}")
            assert tile.status == 200
            assert split_tile(await tile.read(), width) == leaves[:width]
            assert tile.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert (await live.get(f"/tile/entries/000.p/{width}")).status == 200
        for path in ("0/000.p/41", "entries/000.p/41", "0/000", "entries/000", "0/001.p/1",
                     "1/000.p/1", "entries/001.p/1"):  # fmt: skip
            absent = await live.get(f"/tile/{path}")
            assert absent.status == 404, path
            assert (await problem(absent)).code == "entry-absent"


async def test_every_tile_of_a_size_is_served_at_all_levels(tmp_path: Path) -> None:
    """What a static tree of this size would hold is served, byte for byte."""
    async with service(tmp_path, grown()) as live:
        leaves = [event.id for event in live.registry.events]

        def node(level: int, index: int) -> bytes:
            return root_of(leaves[index << level : index + 1 << level])

        for tile in tiles_at(SIZE):
            response = await live.get("/" + tile.path)
            assert await response.read() == tile_bytes(tile, node)


@pytest.mark.parametrize(
    "path",
    ["/tile/0/0", "/tile/0/000.p/0", "/tile/0/000.p/01", "/tile/0/000.p/256", "/tile/00/000.p/1",
     "/tile/0/x000/000.p/1", "/tile/64/000.p/1", "/tile/0/000.p/1/", "/tile/0/00%30.p/1",
     "/tile/entries/000.p%2F1", "/tile/-1/000", "/tile/", "/tile", "//checkpoint", "/checkpoint/",
     "/tile/0/../../checkpoint", "/tile/data/000.p/1"],
)  # fmt: skip
async def test_another_spelling_of_a_path_is_no_path(tmp_path: Path, path: str) -> None:
    """One resource, one spelling: everything else is 404, uncached, and never a redirect."""
    async with service(tmp_path) as live:
        reader, writer = await live.connect()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        reply = await reader.read()
        writer.close()
        assert reply.startswith(b"HTTP/1.1 404 ")
        assert b"\r\nCache-Control: no-store\r\n" in reply
        assert b"\r\nLocation:" not in reply


async def test_readers_of_any_origin_may_read(tmp_path: Path) -> None:
    """A verifier in a browser, served from anywhere, reads everything, errors too."""
    async with service(tmp_path) as live:
        for path in ("/checkpoint", "/tile/0/000.p/1", "/tile/entries/000.p/1", "/entries/0",
                     "/entries/0/event", "/streams/ledger/genesis", "/subjects/ledger",
                     "/open-cases", "/-/healthz", "/openapi.json", "/tile/0/999",
                     "/nothing"):  # fmt: skip
            response = await live.get(path, Origin="https://auditor.example")
            assert response.headers["Access-Control-Allow-Origin"] == "*", path


async def test_caches_keep_what_never_changes_and_little_else(tmp_path: Path) -> None:
    """Tiles and events are immutable, a checkpoint lives a second, proofs and errors do not."""
    async with service(tmp_path) as live:
        kept = {}
        for path in (
            "/tile/0/000.p/1",
            "/entries/0/event",
            "/checkpoint",
            "/entries/0",
            "/no",
        ):
            kept[path] = (await live.get(path)).headers["Cache-Control"]
        assert kept == {
            "/tile/0/000.p/1": "public, max-age=31536000, immutable",
            "/entries/0/event": "public, max-age=31536000, immutable",
            "/checkpoint": "public, max-age=1",
            "/entries/0": "no-cache",
            "/no": "no-store",
        }


async def test_head_answers_as_get_does_without_the_body(tmp_path: Path) -> None:
    """HEAD tells the length and type of what GET would give."""
    async with service(tmp_path) as live, live.http.head(live.url + "/tile/0/000.p/3") as response:
        assert (response.status, response.headers["Content-Length"]) == (200, "96")


async def test_an_entry_is_given_with_its_proof_by_id_and_by_index(tmp_path: Path) -> None:
    """Both names lead to the same entry; the proof file stands alone, JSON says what it means."""
    async with service(tmp_path) as live:
        event = live.registry.events[1]
        for name in (event.id.hex(), "1"):
            response = await live.get(f"/entries/{name}", Accept="text/plain")
            proven = verify_proof(await response.read(), None, policy=live.policy)
            assert (proven.entry, proven.index) == (event.raw, 1)
            told = msgspec.json.decode(await (await live.get(f"/entries/{name}")).read(),
                                       type=EntryReply)  # fmt: skip
            assert parse(told.entry.event) == event
            assert told.payload["organization"] == "actor-root-a-org"


async def test_an_entry_is_proved_the_moment_it_is_acknowledged(tmp_path: Path) -> None:
    """Long before the next published checkpoint, a receipt's checkpoint covers it."""
    async with service(tmp_path, checkpoint_interval_s=3600.0) as live:
        event = registration(live.registry, "actor-x")
        assert (await live.post(event.raw)).status == 201
        response = await live.get(f"/entries/{event.id.hex()}", Accept="text/plain")
        assert verify_proof(await response.read(), event.raw, policy=live.policy).index == 3


async def test_an_entry_is_proved_under_the_published_checkpoint_where_it_can_be(
    tmp_path: Path,
) -> None:
    """What everyone sees, with all its signatures, is a better proof than a receipt's."""
    async with service(tmp_path, checkpoint_interval_s=3600.0) as live:
        shown = await (await live.get("/checkpoint")).read()
        await live.post(registration(live.registry, "actor-x").raw)
        response = await live.get("/entries/0", Accept="text/plain")
        assert parse_proof(await response.read()).note == shown


@pytest.mark.parametrize("name", ["99", "-1", "01", "x", "00" * 32, "9" * 30, "%00", "é"])
async def test_an_entry_that_is_not_there_is_absent(tmp_path: Path, name: str) -> None:
    """Unknown ids, indices beyond the size and names that are neither are 404."""
    async with service(tmp_path) as live:
        for suffix in ("", "/event"):
            response = await live.get(f"/entries/{name}{suffix}")
            assert response.status == 404
            assert (await problem(response)).code == "entry-absent"


async def test_a_stream_is_read_in_pages_and_tells_its_head(tmp_path: Path) -> None:
    """Pages join to the whole stream in order, and the last says that it is the last."""
    registry = Registry().open().enlist("actor-x")
    for k in range(5):
        registry.append("actor-x", "actor-x/keys", "KeyEnrolled",
                        **registry.possession("actor-x", f"key {k}"))  # fmt: skip
    async with service(tmp_path, registry) as live:
        read, start = [], 0
        while True:
            response = await live.get(f"/streams/actor-x/keys?start={start}&limit=4")
            page = msgspec.json.decode(await response.read(), type=StreamPage)
            read += [parse(entry.event) for entry in page.entries]
            if page.next_seq is None:
                break
            start = page.next_seq
        assert read == [e for e in registry.events if e.stream == "actor-x/keys"]
        assert (page.head.seq, page.head.id) == (5, read[-1].id.hex())


async def test_a_subject_tells_its_heads_and_what_may_happen_next(tmp_path: Path) -> None:
    """Heads of all its streams at a size, and steps that the rules themselves propose."""
    registry = Registry().open(("actor-root-a", "actor-root-b"), threshold=2)
    async with service(tmp_path, registry) as live:
        response = await live.get("/subjects/ledger?day=2024-02-01")
        told = msgspec.json.decode(await response.read(), type=SubjectReply)
        assert told.size == 3
        assert {s: head.id for s, head in told.heads.items()} == {
            event.stream: event.id.hex() for event in registry.events
        }
        assert list(told.ahead) == live.ledger.ahead("ledger", date(2024, 2, 1))


async def test_everything_about_a_subject_is_read_in_pages(tmp_path: Path) -> None:
    """All streams of a subject, in log order, and nothing of others."""
    registry = Registry().open()
    register_many(registry, 3)
    async with service(tmp_path, registry) as live:
        read, after = [], ""
        while True:
            response = await live.get(f"/subjects/ledger/entries?limit=2{after}")
            page = msgspec.json.decode(await response.read(), type=Page)
            read += [entry.index for entry in page.entries]
            if page.next_after is None:
                break
            after = f"&after={page.next_after}"
        assert read == [0, 1, 2]


async def test_a_page_has_a_ceiling_whatever_was_asked_for(tmp_path: Path) -> None:
    """A limit beyond the ceiling gives the ceiling, and the next page goes on from there."""
    registry = stories.listed_partnership(Registry())
    stories.acknowledged_commitment(registry)
    stream = f"{stories.PARTNERSHIP}/commitment/taps"
    for _ in range(MAX_PAGE):
        registry.append(stories.SECRETARIAT, stream, "ProgressReported", as_of=registry.day(),
                        status="on_track")  # fmt: skip
    async with service(tmp_path, registry) as live:
        response = await live.get(f"/streams/{stream}?limit={10**9}")
        page = msgspec.json.decode(await response.read(), type=StreamPage)
        assert (len(page.entries), page.next_seq) == (MAX_PAGE, MAX_PAGE)


async def test_a_page_of_large_events_is_shorter(tmp_path: Path) -> None:
    """A page is bounded in bytes too, and the pages still join to the whole."""
    registry = stories.listed_partnership(Registry())
    stories.acknowledged_commitment(registry)
    stream = f"{stories.PARTNERSHIP}/commitment/taps"
    remarks = [{"lang": lang, "text": "x" * 8_000} for lang in ("ar", "en", "es", "fr", "ru")]
    for _ in range(120):
        registry.append(stories.SECRETARIAT, stream, "ProgressReported", as_of=registry.day(),
                        status="on_track", remarks=remarks)  # fmt: skip
    async with service(tmp_path, registry) as live:
        lengths, start = [], 0
        while start is not None:
            response = await live.get(f"/streams/{stream}?start={start}&limit=256")
            page = msgspec.json.decode(await response.read(), type=StreamPage)
            lengths.append(len(page.entries))
            assert sum(len(entry.event) for entry in page.entries) <= MAX_PAGE_BYTES
            start = page.next_seq
        assert len(lengths) == 2
        assert sum(lengths) == 122


@pytest.mark.parametrize(
    ("path", "code"),
    [("/streams/nothing/here", "entry-absent"), ("/streams/NOT-A-STREAM", "entry-absent"),
     ("/subjects/nobody", "entry-absent"), ("/streams/ledger/genesis?limit=x", "T-request"),
     ("/streams/ledger/genesis?start=-1", "T-request"), ("/subjects/ledger?day=soon", "T-request"),
     ("/subjects/ledger/entries?after=1e9", "T-request")],
)  # fmt: skip
async def test_a_question_that_has_no_answer_gets_a_problem(
    tmp_path: Path, path: str, code: str
) -> None:
    """What is not there is 404, what cannot be read as a question 400."""
    async with service(tmp_path) as live:
        told = await problem(await live.get(path))
        assert (told.code, told.status) == (code, 404 if code == "entry-absent" else 400)


async def test_an_empty_ledger_serves_no_checkpoint_and_is_ready(tmp_path: Path) -> None:
    """Before the genesis there is no origin to sign under; the service takes events."""
    async with service(tmp_path, Registry()) as live:
        assert (await problem(await live.get("/checkpoint"))).code == "entry-absent"
        ready = await live.get("/-/readyz")
        assert msgspec.json.decode(await ready.read(), type=Health).status == "ready"


async def test_a_burst_of_connections_is_accepted(tmp_path: Path) -> None:
    """Three hundred connections opened at once are all answered."""
    async with service(tmp_path) as live:
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as http:

            async def read() -> bytes:
                async with http.get(live.url + "/checkpoint") as response:
                    return await response.read()

            notes = await asyncio.gather(*(read() for _ in range(300)))
        assert {parse_note(note).text for note in notes} == {parse_note(notes[0]).text}
