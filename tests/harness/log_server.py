"""A published log behind a real HTTP server that can be told to misbehave."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.verifier.published import Log

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
