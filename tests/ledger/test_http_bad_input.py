"""Bad input: each gets a clear error with a code and a hint, and the service goes on as before."""

from __future__ import annotations

import asyncio
import gzip
import time
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from ledger.http import Bodies
from ledger.http.wire import (
    MAX_BATCH_BYTES,
    MAX_BATCH_EVENTS,
    MEDIA_BATCH,
    MEDIA_EVENT,
    BatchReply,
    Problem,
    encode_batch,
)
from tests.harness.registry import Registry, public, secret
from tests.harness.service import Service, problem, registration, service, until
from verifier.event import MAX_EVENT_BYTES, Draft, cose_bytes, parse
from verifier.keys import thumbprint


async def unharmed(live: Service) -> None:
    """Require that nothing was recorded, and that the next good event is, whole, with its proof."""
    size = len(live.registry.events)
    assert live.ledger.size == size
    assert (await live.get("/-/readyz")).status == 200
    event = registration(live.registry, f"actor-after-{size}")
    response = await live.post(event.raw, Accept="text/plain")
    assert response.status == 201, await response.text()
    assert live.ledger.index_of(event.id) == size
    assert live.ledger.event_at(size) == event.raw
    with_it = live.registry.add(event)
    head = live.policy.judge(live.ledger.receipt_checkpoint()[1]).checkpoint
    assert (head.size, head.root) == (with_it.index + 1, live.registry.roots[-1])


def with_payload(live: Service, payload: bytes) -> bytes:
    """Return an event of a root with any bytes as its payload, signed truly."""
    draft = Draft(
        kid=thumbprint(public("actor-root-a")), iss="actor-root-a", stream="actor-x/profile",
        type="ActorRegistered/1", iat=live.registry.now, seq=0, payload=payload,
        ledger=live.registry.book.ledger,
    )  # fmt: skip
    return (
        b"\xd2\x84" + cose_bytes(draft.protected()) + b"\xa0" + cose_bytes(payload) + b"\x58\x40"
        + secret("actor-root-a").sign(draft.to_be_signed())
    )  # fmt: skip


async def read_reply(reader: asyncio.StreamReader) -> bytes:
    """Read one reply by its Content-Length."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: "))
    return head + await reader.readexactly(int(length[16:]))


async def raw_exchange(live: Service, *parts: bytes, pause_s: float = 0.0) -> bytes:
    """Write bytes to the service's port and return its first reply."""
    reader, writer = await live.connect()
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)
        return await read_reply(reader)
    finally:
        writer.close()


def told_in(reply: bytes) -> Problem:
    """Return the problem in the bytes of a reply after which the connection ends."""
    head, _, body = reply.partition(b"\r\n\r\n")
    assert b"\r\nConnection: close" in head
    assert b"application/problem+json" in head, reply
    return msgspec.json.decode(body, type=Problem)


def head_of(media: str = MEDIA_EVENT, **headers: str) -> bytes:
    """Return the head of an append, with any headers."""
    lines = {"Host": "x", "Content-Type": media} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST /entries HTTP/1.1\r\n{text}\r\n".encode()


MALFORMED = {
    "nothing": b"",
    "one byte": b"\xd2",
    "text": b"hello",
    "JSON": b'{"type": "ActorRegistered/1"}',
    "not tagged": b"\x84\x40\xa0\x40\x58\x40" + bytes(64),
    "a length of 2^64 - 1": b"\xd2\x84\x5b" + b"\xff" * 8,
    "a length of 2^32 - 1": b"\xd2\x84\x5a" + b"\xff" * 4 + bytes(40),
    "an indefinite length": b"\xd2\x84\x5f\x41\x00\xff\xa0\x40\x58\x40" + bytes(64),
    "ten thousand nested arrays": b"\xd2" + b"\x84" * 10_000,
    "ten thousand tags": b"\xd2" * 10_000,
    "gzip without saying so": gzip.compress(bytes(1_000_000)),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_bytes_that_are_no_event_are_refused(tmp_path: Path, name: str) -> None:
    """400 with the parser's code, alone and in a batch."""
    async with service(tmp_path) as live:
        told = await problem(await live.post(MALFORMED[name]))
        assert (told.status, told.code) == (400, "event-malformed")
        response = await live.post(encode_batch([MALFORMED[name]]), media=MEDIA_BATCH)
        reply = msgspec.json.decode(await response.read(), type=BatchReply)
        assert [r.problem and r.problem.code for r in reply.results] == ["event-malformed"]
        await unharmed(live)


PAYLOADS = {
    "no map": b"\x01",
    "nested a thousand deep": b"\x81\xa1a" + b"\x91" * 1_000 + b"\x01",
    "an array of 2^32 - 1": b"\x81\xa1a\xdd\xff\xff\xff\xff",
    "a map of 2^32 - 1": b"\xdf\xff\xff\xff\xff",
    "a string of 2^32 - 1": b"\x81\xa1a\xdb\xff\xff\xff\xff",
    "40,000 empty maps": b"\x81\xa1a\xdc\x9c\x40" + b"\x80" * 40_000,
    "a float": b"\x81\xa1a\xcb" + bytes(8),
    "an extension": b"\x81\xa1a\xd4\x01\x00",
    "keys out of order": b"\x82\xa1b\x01\xa1a\x01",
    "a key twice": b"\x82\xa1a\x01\xa1a\x01",
    "a number in a long form": b"\x81\xa1a\xcd\x00\x01",
    "text that is not UTF-8": b"\x81\xa1a\xa1\xff",
    "a second value": b"\x81\xa1a\x01\x01",
    "cut short": b"\x82\xa1a\x01",
    "unknown fields": b"\x81\xa7surplus\x01",
}


@pytest.mark.parametrize("name", PAYLOADS)
async def test_payloads_outside_the_profile_are_refused(tmp_path: Path, name: str) -> None:
    """400, although truly signed; deep and huge things cost nothing."""
    async with service(tmp_path) as live:
        told = await problem(await live.post(with_payload(live, PAYLOADS[name])))
        assert told.status == 400
        assert told.code.startswith("payload-") or told.code == "event-fields"
        await unharmed(live)


async def test_every_truncation_of_an_event_is_refused(tmp_path: Path) -> None:
    """No prefix of an event is an event; in one batch, each cut is refused by itself."""
    async with service(tmp_path) as live:
        raw = registration(live.registry, "actor-x").raw
        response = await live.post(
            encode_batch([raw[:cut] for cut in range(len(raw))]), media=MEDIA_BATCH
        )
        reply = msgspec.json.decode(await response.read(), type=BatchReply)
        assert {r.problem and r.problem.code for r in reply.results} == {"event-malformed"}
        await unharmed(live)


async def test_an_event_beyond_its_ceiling_is_refused(tmp_path: Path) -> None:
    """413 for one byte too many, whether it came at once, in chunks, or framed in a batch."""
    async with service(tmp_path) as live:
        large = bytes(MAX_EVENT_BYTES + 1)

        async def chunks() -> AsyncIterator[bytes]:
            for at in range(0, len(large), 1_000):
                yield large[at : at + 1_000]

        for body in (large, chunks()):
            told = await problem(await live.post(body))
            assert (told.status, told.code) == (413, "T-too-large")
        response = await live.post(encode_batch([large]), media=MEDIA_BATCH)
        reply = msgspec.json.decode(await response.read(), type=BatchReply)
        assert reply.results[0].status == 413
        await unharmed(live)


@pytest.mark.parametrize("stated", [MAX_BATCH_BYTES + 1, 10**12, 2**63 - 1])
async def test_a_stated_length_beyond_the_ceiling_is_refused_unread(
    tmp_path: Path, stated: int
) -> None:
    """The reply comes although not one byte of the body was sent, and the connection ends."""
    async with service(tmp_path) as live:
        reply = await raw_exchange(live, head_of(MEDIA_BATCH, Content_Length=str(stated)))
        assert (told_in(reply).status, told_in(reply).code) == (413, "T-too-large")
        await unharmed(live)


async def test_an_endless_body_is_cut_off_at_the_ceiling(tmp_path: Path) -> None:
    """A chunked body without end is answered 413 while the client still sends."""
    async with service(tmp_path) as live:
        chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
        head = head_of(MEDIA_BATCH, Transfer_Encoding="chunked")
        parts = MAX_BATCH_BYTES // 0x10000 + 2
        reply = await raw_exchange(live, head, *[chunk] * parts)
        assert told_in(reply).code == "T-too-large"
        await unharmed(live)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "x-unknown", "gzip, gzip"])
async def test_a_content_coding_is_refused_before_the_body(tmp_path: Path, coding: str) -> None:
    """415 from the headers alone, so that a bomb of 50 MB in 50 KB is never unfolded."""
    async with service(tmp_path) as live:
        reply = await raw_exchange(live, head_of(Content_Length="50000", Content_Encoding=coding))
        assert (told_in(reply).status, told_in(reply).code) == (415, "T-encoding")
        bomb = zlib.compress(bytes(50_000_000))
        response = await live.http.post(
            live.url + "/entries", data=bomb,
            headers={"Content-Type": MEDIA_EVENT, "Content-Encoding": coding},
        )  # fmt: skip
        assert (await problem(response)).code == "T-encoding"
        await unharmed(live)


@pytest.mark.parametrize(
    "media",
    ["", "text/plain", "application/json", "application/cbor", "application/x-www-form-urlencoded",
     "multipart/form-data; boundary=x", "application/cose-key", "application/octet-stream"],
)  # fmt: skip
async def test_another_media_type_is_refused(tmp_path: Path, media: str) -> None:
    """415, and the hint names the two that are taken."""
    async with service(tmp_path) as live:
        event = registration(live.registry, "actor-x")
        for path in ("/entries", "/dry-run"):
            told = await problem(await live.post(event.raw, media=media, path=path))
            assert (told.status, told.code) == (415, "T-media-type")
            assert MEDIA_EVENT in told.hint
            assert MEDIA_BATCH in told.hint
        await unharmed(live)


async def test_a_body_that_comes_too_slowly_is_given_up(tmp_path: Path) -> None:
    """408 with ``T-slow``, and the connection ends; others are served meanwhile."""
    async with service(tmp_path, bodies=Bodies(body_timeout_s=0.2)) as live:
        slow = asyncio.ensure_future(raw_exchange(live, head_of(Content_Length="400"), b"\xd2\x84"))
        await unharmed(live)
        assert (told_in(await slow).status, told_in(await slow).code) == (408, "T-slow")
        await unharmed(live)


async def test_a_body_that_drips_is_given_up_too(tmp_path: Path) -> None:
    """A byte now and then does not extend the time that the whole body has."""
    async with service(tmp_path, bodies=Bodies(body_timeout_s=0.2)) as live:
        reader, writer = await live.connect()
        writer.write(head_of(Content_Length="40000"))
        answer = asyncio.ensure_future(read_reply(reader))
        while not answer.done():
            writer.write(b"\x00")
            await asyncio.sleep(0.01)
        writer.close()
        assert told_in(await answer).code == "T-slow"
        await unharmed(live)


async def test_bodies_being_read_have_a_common_ceiling(tmp_path: Path) -> None:
    """While a large body is on its way another is told to come back; small ones still pass."""
    async with service(tmp_path, bodies=Bodies(max_pending_bytes=MAX_BATCH_BYTES)) as live:
        _, writer = await live.connect()
        writer.write(head_of(MEDIA_BATCH, Content_Length=str(MAX_BATCH_BYTES)))
        await writer.drain()
        await until(lambda: live.bodies.pending)
        reply = await raw_exchange(live, head_of(MEDIA_BATCH, Content_Length="100000"))
        assert (told_in(reply).status, told_in(reply).code) == (503, "T-busy")
        assert b"\r\nRetry-After: 1\r\n" in reply
        await unharmed(live)
        writer.close()
        await until(lambda: not live.bodies.pending)
        response = await live.post(encode_batch([bytes(60_000)] * 2), media=MEDIA_BATCH)
        assert response.status == 200
        await unharmed(live)


async def test_a_client_that_hangs_up_half_way_leaves_nothing(tmp_path: Path) -> None:
    """Half a batch and an end of the connection: no event of it is recorded."""
    async with service(tmp_path) as live:
        batch = encode_batch([registration(live.registry, f"actor-n{i}").raw for i in range(9)])
        _, writer = await live.connect()
        writer.write(
            head_of(MEDIA_BATCH, Content_Length=str(len(batch))) + batch[: len(batch) // 2]
        )
        await writer.drain()
        writer.close()
        await unharmed(live)


async def test_a_batch_that_is_framed_wrongly_records_nothing(tmp_path: Path) -> None:
    """Cut short, empty, or with too many events: refused whole, good events in it included."""
    async with service(tmp_path) as live:
        good = encode_batch([registration(live.registry, f"actor-n{i}").raw for i in range(3)])
        for body, code in (
            (b"", "T-batch"), (good[:-1], "T-batch"), (good + b"\x00", "T-batch"),
            (good + b"\xff\xff", "T-batch"), (b"\x00\x00" * (MAX_BATCH_EVENTS + 1), "T-too-large"),
        ):  # fmt: skip
            assert (await problem(await live.post(body, media=MEDIA_BATCH))).code == code
        await unharmed(live)


async def test_an_event_for_another_ledger_is_refused(tmp_path: Path) -> None:
    """422 AD2: what was signed for one ledger is worth nothing in another."""
    async with service(tmp_path) as live:
        event = registration(live.registry, "actor-x", ledger=bytes(range(32)))
        told = await problem(await live.post(event.raw))
        assert (told.status, told.code) == (422, "AD2")
        await unharmed(live)


async def test_an_event_of_an_unknown_key_is_refused(tmp_path: Path) -> None:
    """403 AD5: nobody enrolled this key."""
    async with service(tmp_path) as live:
        event = registration(live.registry, "actor-x", key="a stranger's key")
        told = await problem(await live.post(event.raw))
        assert (told.status, told.code) == (403, "AD5")
        await unharmed(live)


async def test_a_false_signature_is_refused(tmp_path: Path) -> None:
    """403: one bit of the signature differs."""
    async with service(tmp_path) as live:
        raw = bytearray(registration(live.registry, "actor-x").raw)
        raw[-40] ^= 1
        told = await problem(await live.post(bytes(raw)))
        assert (told.status, told.code) == (403, "signature-false")
        await unharmed(live)


async def test_an_unknown_event_type_is_undecided_and_refused(tmp_path: Path) -> None:
    """422: this version cannot say whether it is admissible, so it does not admit it."""
    async with service(tmp_path) as live:
        registry = live.registry
        draft = Draft(
            kid=thumbprint(public("actor-root-a")), iss="actor-root-a", stream="actor-x/profile",
            type="ActorRegistered/99", iat=registry.now, seq=0, payload=b"\x81\xa1a\x01",
            ledger=registry.book.ledger,
        )  # fmt: skip
        raw = (b"\xd2\x84" + cose_bytes(draft.protected()) + b"\xa0" + cose_bytes(draft.payload)
               + b"\x58\x40" + secret("actor-root-a").sign(draft.to_be_signed()))  # fmt: skip
        assert parse(raw).type == "ActorRegistered/99"
        told = await problem(await live.post(raw))
        assert (told.status, told.code) == (422, "event-type-unknown")
        await unharmed(live)


@pytest.mark.parametrize(("shift_s", "code"), [(600, "T-clock"), (-1_300, "AD6")])
async def test_a_clock_off_by_minutes_is_told(tmp_path: Path, shift_s: int, code: str) -> None:
    """Ten minutes ahead is refused by the service's clock; too far behind by the log's own time."""
    now = int(time.time())
    registry = Registry(now=now).open(clock="real")
    async with service(tmp_path, registry) as live:
        event = registration(registry, "actor-x", iat=now + shift_s)
        told = await problem(await live.post(event.raw))
        assert (told.status, told.code) == (422, code)
        assert "clock" in told.hint or "time" in told.hint
        await unharmed(live)


async def test_where_the_clock_is_stated_the_service_has_none(tmp_path: Path) -> None:
    """A demonstration may state any time: the transport check of the clock is off."""
    async with service(tmp_path) as live:
        event = registration(live.registry, "actor-x", iat=live.registry.now + 10**9)
        assert (await live.post(event.raw)).status == 201


@pytest.mark.parametrize(
    ("method", "path", "code", "allow"),
    [("DELETE", "/entries/0", "T-method", "GET, HEAD"),
     ("PUT", "/checkpoint", "T-method", "GET, HEAD"),
     ("GET", "/entries", "T-method", "POST"), ("PATCH", "/entries", "T-method", "POST"),
     ("OPTIONS", "/entries", "T-method", "POST"), ("GET", "/", "T-path", None),
     ("POST", "/nowhere", "T-path", None), ("GET", "/entries/0/more", "T-path", None)],
)  # fmt: skip
async def test_unknown_paths_and_methods_are_problems_too(
    tmp_path: Path, method: str, path: str, code: str, allow: str | None
) -> None:
    """404 and 405 in the same shape as every error; 405 names what is allowed."""
    async with service(tmp_path) as live:
        async with live.http.request(method, live.url + path) as response:
            assert (await problem(response)).code == code
            assert response.headers.get("Allow") == allow
        await unharmed(live)


@pytest.mark.parametrize(
    "request_bytes",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
     b"POST /entries HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
     b"POST /entries HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
     b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n\r\n",
     b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
     b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 1_000 + b"\r\n"],
)  # fmt: skip
async def test_what_is_not_http_is_answered_400_and_cut_off(
    tmp_path: Path, request_bytes: bytes
) -> None:
    """TLS to a plain port, smuggling attempts, endless lines: 400, and the connection ends."""
    async with service(tmp_path) as live:
        reply = await raw_exchange(live, request_bytes)
        assert reply.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ")), reply
        await unharmed(live)


async def test_a_chunk_framed_wrongly_never_completes_a_body(tmp_path: Path) -> None:
    """A chunk size that is no number: the body has no end, so its time runs out."""
    async with service(tmp_path, bodies=Bodies(body_timeout_s=0.2)) as live:
        raw = registration(live.registry, "actor-x").raw
        chunk = b"%x\r\n%b\r\n" % (len(raw), raw)
        head = head_of(Transfer_Encoding="chunked")
        reply = await raw_exchange(live, head, chunk + b"zz\r\n", pause_s=0.05)
        assert told_in(reply).code == "T-slow"
        await unharmed(live)
