"""The HTTP source: few connections, bounded bodies, bounded patience, no redirects."""

from __future__ import annotations

import datetime as dt
import gzip
import ipaddress
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.harness.log_server import Handler, Server, serve, serving
from tests.verifier.published import Log
from verifier import sources
from verifier.errors import UndecidedError
from verifier.note import MAX_NOTE_BYTES
from verifier.sources import (
    Source,
    open_source,
)

LOG = Log.of(700)
Answer = Callable[["Handler", bytes | None], None]


def test_connections_are_kept_alive_and_never_more_than_four(
    opened: Callable[[str], Source], server: Server
) -> None:
    """200 requests from 16 threads use at most four connections."""
    source = opened(server.url)
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _: source.checkpoint(), range(200)))
    assert found == {LOG.note()}
    assert server.asked["/log/checkpoint"] == 200
    assert len(server.peers) <= 4


def hang_up(handler: Handler, data: bytes | None) -> None:
    """Answers, then closes the connection without having said so."""
    serve(handler, data)
    handler.close_connection = True


def cut_short(handler: Handler, data: bytes | None) -> None:
    """Promises the whole body and sends half of it."""
    assert data is not None
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data[: len(data) // 2])
    handler.close_connection = True


def busy(handler: Handler, data: bytes | None) -> None:
    """Asks the client to come back at once."""
    handler.reply(503, b"busy", Retry_After="0")


def silent(handler: Handler, data: bytes | None) -> None:
    """Closes the connection without a word."""
    handler.close_connection = True


def nonsense(handler: Handler, data: bytes | None) -> None:
    """Speaks no HTTP."""
    handler.wfile.write(b"SSH-2.0-nonsense\r\n")
    handler.close_connection = True


@pytest.mark.parametrize("fault", [hang_up, cut_short, busy, silent, nonsense])
def test_a_passing_fault_is_cured_by_asking_again(
    opened: Callable[[str], Source], server: Server, fault: Answer
) -> None:
    """Idle hang-ups, cut bodies, 503 and broken answers do not reach the caller."""
    source = opened(server.url)
    assert source.checkpoint() == LOG.note()
    server.script["/log/checkpoint"] = [fault, fault, fault]
    for _ in range(3):
        assert source.checkpoint() == LOG.note()


def test_a_connection_that_the_server_dropped_while_idle_is_no_failed_attempt(
    opened: Callable[[str], Source], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even with a single attempt, a stale kept-alive connection is replaced at once."""
    monkeypatch.setattr(sources, "ATTEMPTS", 1)
    source = opened(server.url)
    server.script["/log/checkpoint"] = [hang_up, hang_up]
    for _ in range(3):
        assert source.checkpoint() == LOG.note()
        time.sleep(0.01)  # the server's hang-up arrives


@pytest.mark.parametrize("fault", [cut_short, busy, silent, nonsense])
def test_a_lasting_fault_is_unreadable_after_a_few_repetitions(
    opened: Callable[[str], Source], server: Server, fault: Answer
) -> None:
    """The number of requests is bounded, and the code says that nothing was decided."""
    server.script["/log/checkpoint"] = [fault] * 100
    with pytest.raises(UndecidedError) as caught:
        opened(server.url).checkpoint()
    assert caught.value.code == "source-unreadable"
    assert server.asked["/log/checkpoint"] == sources.ATTEMPTS


def redirect(handler: Handler, data: bytes | None) -> None:
    """Sends the client to where the same bytes are."""
    handler.reply(302, Location="/log/tile/0/000")


@pytest.mark.parametrize("status", [302, 401, 403, 206, 204, 501])
def test_other_states_are_unreadable_at_once_and_redirects_are_not_followed(
    opened: Callable[[str], Source], server: Server, status: int
) -> None:
    """One request, no repetition, no visit to another address."""
    server.script["/log/checkpoint"] = [
        redirect if status == 302 else lambda handler, data: handler.reply(status, b"")
    ]
    with pytest.raises(UndecidedError) as caught:
        opened(server.url).checkpoint()
    assert caught.value.code == "source-unreadable"
    assert dict(server.asked) == {"/log/checkpoint": 1}


def endless(handler: Handler, data: bytes | None) -> None:
    """Sends zeros in chunks until the client hangs up."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(b"10000\r\n" + bytes(65_536) + b"\r\n")


def oversize(handler: Handler, data: bytes | None) -> None:
    """Sends one byte more than a note may have."""
    handler.reply(200, bytes(MAX_NOTE_BYTES + 1))


def bomb(handler: Handler, data: bytes | None) -> None:
    """Sends 100 MB of zeros in 100 KB."""
    handler.reply(200, gzip.compress(bytes(100_000_000), 1), Content_Encoding="gzip")


@pytest.mark.parametrize("answer", [endless, oversize, bomb])
def test_a_body_beyond_its_ceiling_is_given_up_at_once(
    opened: Callable[[str], Source], server: Server, answer: Answer
) -> None:
    """Endless, oversize or exploding bodies cost one request and bounded memory."""
    server.script["/log/checkpoint"] = [answer] * 9
    source = opened(server.url)
    with pytest.raises(UndecidedError) as caught:
        source.checkpoint()
    assert caught.value.code == "source-unreadable"
    assert server.asked["/log/checkpoint"] == 1
    assert source.tile(0, 0, 256) == (server.folder / "tile/0/000").read_bytes()


def test_a_bundle_that_the_server_compresses_unasked_is_read(
    opened: Callable[[str], Source], server: Server
) -> None:
    """tlog-tiles lets a log send gzip without negotiation; we ask for none."""
    server.script["/log/tile/entries/000"] = [
        lambda handler, data: handler.reply(
            200, gzip.compress(data or b""), Content_Encoding="gzip"
        )
    ]
    plain = (server.folder / "tile/entries/000").read_bytes()
    assert opened(server.url).entries(0, 256) == plain
    assert server.headers[0]["Accept-Encoding"] == "identity"


def test_a_compressed_bomb_is_never_inflated_whole() -> None:
    """Of 100 MB only what the ceiling allows, and one byte, is ever in memory."""
    packed = gzip.compress(bytes(100_000_000), 1)
    tracemalloc.start()
    try:
        with pytest.raises(sources._TooMuchError):
            sources._gunzip(packed, 10_000)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"x", "gzip"), (gzip.compress(b"abc")[:-4], "gzip"), (gzip.compress(b"abc") + b"x", "gzip"),
     (b"x", "br")],
    ids=["no gzip", "cut short", "a byte too many", "unknown"],
)  # fmt: skip
def test_a_broken_or_unknown_encoding_is_unreadable(
    opened: Callable[[str], Source], server: Server, body: bytes, encoding: str
) -> None:
    """Nothing half-decoded is handed on."""
    server.script["/log/checkpoint"] = [
        lambda handler, data: handler.reply(200, body, Content_Encoding=encoding)
    ] * 9
    with pytest.raises(UndecidedError) as caught:
        opened(server.url).checkpoint()
    assert caught.value.code == "source-unreadable"


def test_a_server_that_is_not_there_is_unreadable(
    opened: Callable[[str], Source], server: Server
) -> None:
    """A refused connection is «could not decide»."""
    with serving(Server(server.folder)) as gone:
        url = gone.url
    with pytest.raises(UndecidedError) as caught:
        opened(url).checkpoint()
    assert caught.value.code == "source-unreadable"


def test_a_silent_server_does_not_hold_the_reader_for_ever(
    opened: Callable[[str], Source], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that accepts and says nothing runs into the time limit."""
    monkeypatch.setattr(sources, "TIMEOUT_S", 0.05)
    release = threading.Event()
    server.script["/log/checkpoint"] = [lambda handler, data: release.wait(10)] * 9  # type: ignore[list-item]
    with pytest.raises(UndecidedError) as caught:
        opened(server.url).checkpoint()
    release.set()
    assert caught.value.code == "source-unreadable"


@pytest.mark.parametrize(
    "text",
    ["ftp://a.example/log", "http://", "http:///log", "http://a:b@a.example/log",
     "http://a.example:99999/log", "http://a.example:x/", "http://a.example/log?x=1",
     "http://a.example/log#x", "http://a.example/l g", "http://a.example/\r\nX: y",
     "http://é.example/", "http://[::1/log", "file:///tmp"],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(text: str) -> None:
    """Other schemes, credentials, queries, control characters and bad ports are not tried."""
    with pytest.raises(UndecidedError) as caught:
        open_source(text)
    assert caught.value.code == "source-unreadable"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody else knows, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "log")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + built.public_bytes(Encoding.PEM)
    )
    return path


@pytest.mark.parametrize("trusted", [False, True])
def test_https_is_read_only_from_a_server_whose_certificate_is_trusted(
    opened: Callable[[str], Source],
    trusted: bool,
    folder: Path,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An unknown certificate is unreadable; once its issuer is trusted the log is read."""
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    secure = Server(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    with serving(secure):
        source = opened(secure.url.replace("http:", "https:"))
        if trusted:
            assert source.checkpoint() == LOG.note()
        else:
            with pytest.raises(UndecidedError, match="certificate"):
                source.checkpoint()
