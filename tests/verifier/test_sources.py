from __future__ import annotations

import datetime as dt
import gzip
import ipaddress
import ssl
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.verifier.published import Log
from verifier import sources
from verifier.errors import MalformedError, UndecidedError
from verifier.note import MAX_NOTE_BYTES
from verifier.policy import parse_policy
from verifier.sources import (
    BUNDLES_AHEAD,
    FolderSource,
    Source,
    open_source,
    read_bundles,
    read_entries,
)
from verifier.tiles import TileHashes
from verifier.tree import Frontier, leaf_hash, root_from

LOG = Log.of(700)
Answer = Callable[["Handler", bytes | None], None]


class Handler(BaseHTTPRequestHandler):
    """Serves a folder over HTTP/1.1; a test may script other answers for a path."""

    protocol_version = "HTTP/1.1"
    wbufsize = 65_536  # head and body in one packet, as servers do
    server: Server

    def do_GET(self) -> None:
        """Answers by script if there is one left for the path, else from the folder."""
        server = self.server
        with server.lock:
            server.asked[self.path] += 1
            server.headers.append(dict(self.headers))
            server.peers.add(self.client_address)
            script = server.script.get(self.path, [])
            answer = script.pop(0) if script else serve
        file = server.folder / self.path.removeprefix("/log/")
        answer(self, file.read_bytes() if file.is_file() else None)

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Sends a whole answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keeps the test's output clean."""


def serve(handler: Handler, data: bytes | None) -> None:
    """Answers with the file, or 404."""
    if data is None:
        handler.reply(404, b"no such tile")
    else:
        handler.reply(200, data)


class Server(ThreadingHTTPServer):
    """A server that remembers who asked what."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.lock = threading.Lock()
        self.asked: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.peers: set[tuple[str, int]] = set()
        self.script: dict[str, list[Answer]] = {}

    @property
    def url(self) -> str:
        """The prefix that serves the folder."""
        return f"http://127.0.0.1:{self.server_port}/log"

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: clients here hang up on purpose."""


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Runs a server in a thread."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 700 entries, published once when it had 300 and once at its end."""
    path = tmp_path_factory.mktemp("log")
    LOG.publish(path, 300)
    LOG.publish(path)
    return path


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The folder behind HTTP; repetitions do not wait."""
    monkeypatch.setattr(sources, "BACKOFF_S", 0.0)
    with serving(Server(folder)) as running:
        yield running


@pytest.fixture
def opened() -> Iterator[Callable[[str], Source]]:
    """Opens sources and closes them after the test."""
    with ExitStack() as stack:

        def open_(text: str) -> Source:
            source = open_source(text)
            stack.callback(source.close)
            return source

        yield open_


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads to fetch in."""
    with ThreadPoolExecutor(4) as executor:
        yield executor


@pytest.mark.parametrize("kind", ["folder", "http"])
def test_a_log_read_from_a_source_has_the_root_of_its_signed_checkpoint(
    opened: Callable[[str], Source],
    kind: str,
    folder: Path,
    server: Server,
    pool: ThreadPoolExecutor,
) -> None:
    """All 700 entries, and the tiles, lead to the root that the log signed."""
    source = opened(str(folder) if kind == "folder" else server.url)
    policy = parse_policy(f"log {LOG.key}\nquorum none\n".encode())
    checkpoint = policy.judge(source.checkpoint()).checkpoint
    entries = list(read_entries(source, 0, checkpoint.size, executor=pool))
    assert entries == list(enumerate(LOG.entries))
    frontier = Frontier()
    frontier.extend(leaf_hash(entry) for _, entry in entries)
    assert frontier.root() == checkpoint.root
    assert root_from(checkpoint.size, TileHashes(source, checkpoint.size)) == checkpoint.root


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        (0, 0),
        (5, 5),
        (0, 1),
        (255, 257),
        (256, 512),
        (300, 301),
        (511, 700),
        (699, 700),
        (700, 700),
    ],
)
def test_any_run_of_entries_is_read_in_order(
    start: int, stop: int, folder: Path, pool: ThreadPoolExecutor
) -> None:
    """A run may begin and end inside a bundle; indices count from the start of the log."""
    source = FolderSource(folder)
    found = list(read_entries(source, start, stop, executor=pool, size=700))
    assert found == list(enumerate(LOG.entries))[start:stop]
    runs = list(read_bundles(source, start, stop, executor=pool, size=700))
    assert [e for first, run in runs for e in enumerate(run, first)] == found
    assert all(run for _, run in runs)


@pytest.mark.parametrize("numbers", [(-1, 5, 700), (6, 5, 700), (0, 701, 700)])
def test_a_run_outside_the_log_is_a_programming_error(
    numbers: tuple[int, int, int], folder: Path, pool: ThreadPoolExecutor
) -> None:
    """Nobody asks for entries that the size does not hold."""
    start, stop, size = numbers
    with pytest.raises(ValueError, match="cannot read"):
        list(read_entries(FolderSource(folder), start, stop, executor=pool, size=size))


@pytest.mark.parametrize("kind", ["folder", "http"])
def test_a_partial_bundle_that_is_gone_is_read_from_the_full_one(
    opened: Callable[[str], Source],
    kind: str,
    folder: Path,
    server: Server,
    pool: ThreadPoolExecutor,
) -> None:
    """At size 400, never published, bundle 1 is the full one cut to 144 entries."""
    source = opened(str(folder) if kind == "folder" else server.url)
    assert dict(read_entries(source, 0, 400, executor=pool)) == dict(enumerate(LOG.entries[:400]))
    if kind == "http":
        assert server.asked["/log/tile/entries/001.p/144"] == 1
        assert server.asked["/log/tile/entries/001"] == 1


@pytest.mark.parametrize("kind", ["folder", "http"])
def test_what_the_log_does_not_have_is_missing(
    opened: Callable[[str], Source],
    kind: str,
    folder: Path,
    server: Server,
    pool: ThreadPoolExecutor,
) -> None:
    """An absent tile or bundle is «could not decide» with the code that names it."""
    source = opened(str(folder) if kind == "folder" else server.url)
    for ask in (
        lambda: source.tile(0, 3, 256),
        lambda: source.entries(2, 3),
        lambda: list(read_entries(source, 0, 800, executor=pool)),
    ):
        with pytest.raises(UndecidedError) as caught:
            ask()
        assert caught.value.code == "source-missing"
    assert server.asked["/log/tile/0/003"] == (kind == "http")


def test_a_folder_that_cannot_be_read_is_not_missing(tmp_path: Path) -> None:
    """No folder, a folder where a file belongs, and a file beyond its ceiling are unreadable."""
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "tile" / "0").mkdir(parents=True)
    (tmp_path / "tile" / "0" / "000").write_bytes(bytes(8_193))
    source = FolderSource(tmp_path)
    for ask in (
        source.checkpoint,
        lambda: source.tile(0, 0, 256),
        lambda: FolderSource(tmp_path / "nothing"),
        lambda: FolderSource(tmp_path / "tile" / "0" / "000"),
    ):
        with pytest.raises(UndecidedError) as caught:
            ask()
        assert caught.value.code == "source-unreadable"


def test_a_wrongly_framed_bundle_is_malformed(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    """The error of the parser comes through the threads to the reader."""
    Log.of(3).publish(tmp_path)
    file = tmp_path / "tile" / "entries" / "000.p" / "3"
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(MalformedError) as caught:
        list(read_entries(FolderSource(tmp_path), 0, 3, executor=pool))
    assert caught.value.code == "tile-malformed"


class Slow:
    """A source of endless bundles that counts how many were begun."""

    name = "slow"

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.gate = threading.Event()

    def entries(self, n: int, width: int) -> bytes:
        """Returns a bundle of empty entries, the first only once the gate is open."""
        self.begun.append(n)
        if n == 0:
            self.gate.wait(10)
        return bytes(2 * width)


def test_bundles_are_fetched_ahead_but_not_without_bound() -> None:
    """While the first bundle is awaited, at most eight are under way, and they come in order."""
    source = Slow()
    with ThreadPoolExecutor(16) as pool:
        runs = read_bundles(source, 0, 100 * 256, executor=pool)  # type: ignore[arg-type]
        first = pool.submit(next, runs)
        for _ in range(5_000):
            if len(source.begun) == BUNDLES_AHEAD:
                break
            time.sleep(0.001)
        time.sleep(0.05)  # time enough to begin a ninth, if it would
        assert sorted(source.begun) == list(range(BUNDLES_AHEAD))
        source.gate.set()
        assert first.result()[0] == 0
        assert [start for start, _ in runs] == [256 * n for n in range(1, 100)]
        assert sorted(source.begun) == list(range(100))


def test_a_reader_that_stops_leaves_nothing_queued() -> None:
    """Closing the iterator cancels what was not begun."""
    source = Slow()
    source.gate.set()
    with ThreadPoolExecutor(1) as pool:
        runs = read_bundles(source, 0, 100 * 256, executor=pool)  # type: ignore[arg-type]
        next(runs)
        runs.close()
    assert len(source.begun) <= BUNDLES_AHEAD + 1


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
