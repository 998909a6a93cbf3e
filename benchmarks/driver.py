"""A load driver: one process, many connections, the next request as soon as the reply is there.

``python -m benchmarks.driver PORT FILE``: FILE holds one list of request bodies for each
connection (MessagePack), and the media type. Requests are made before the clock starts, and a reply
is read only as far as its length, so that the driver takes a few microseconds for each. It prints
one line of JSON.

The rate counts from when a twentieth of the requests are answered until all but a twentieth are:
with all connections busy, neither beginning nor ending.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import uvloop

EDGE = 20  # a twentieth of the requests at either end is not counted
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


class Load:
    """What all connections share: when each reply came, how long it took, what it was."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.times: list[float] = []
        self.latencies: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.first_refusal = ""
        self.done = asyncio.get_running_loop().create_future()

    def answered(self, sent: float, status: bytes, body: bytes) -> None:
        """Count a reply."""
        now = time.perf_counter()
        self.times.append(now)
        self.latencies.append(now - sent)
        self.statuses[status.decode()] += 1
        if not status.startswith(b"2") and not self.first_refusal:
            self.first_refusal = body[:400].decode(errors="replace")
        if len(self.times) == self.total:
            self.done.set_result(None)


class Connection(asyncio.Protocol):
    """One connection: requests in order, one at a time."""

    def __init__(self, requests: list[bytes], load: Load) -> None:
        self._requests = iter(requests)
        self._load = load
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: Any) -> None:
        """Keep the transport."""
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """End the run if the server hung up."""
        if not self._load.done.done():
            self._load.done.set_exception(exc or ConnectionError("the server closed a connection"))

    def next(self) -> None:
        """Send the next request, if there is one."""
        request = next(self._requests, None)
        if request is not None:
            self._sent = time.perf_counter()
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Read a reply; send the next request when it is whole."""
        if self._buffer:
            data = self._buffer + data
        head = data.find(HEAD_END)
        if head >= 0:
            at = data[:head].lower().index(LENGTH) + len(LENGTH)
            stop = data.find(b"\r", at)
            whole = head + 4 + int(data[at : stop if stop >= 0 else head])
            if len(data) >= whole:
                self._buffer = b""
                self._load.answered(self._sent, data[9:12], data[head + 4 : whole])
                self.next()
                return
        self._buffer = data


async def drive(port: int, media: str, bodies: list[list[bytes]]) -> dict[str, Any]:
    """Send every body of every connection and return what came of it."""
    head = (
        f"POST /entries HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {media}\r\n"
        "Content-Length: "
    ).encode()
    load = Load(sum(map(len, bodies)))
    loop = asyncio.get_running_loop()
    connections = []
    for column in bodies:
        requests = [b"%b%d\r\n\r\n%b" % (head, len(body), body) for body in column]
        connection = Connection(requests, load)
        await loop.create_connection(lambda c=connection: c, "127.0.0.1", port)  # type: ignore[misc]
        connections.append(connection)
    gc.disable()
    spent = time.process_time()
    for connection in connections:
        connection.next()
    await load.done
    spent = time.process_time() - spent
    edge = max(1, load.total // EDGE)
    span = load.times[-edge - 1] - load.times[edge]
    quantiles = statistics.quantiles(load.latencies, n=100, method="inclusive")
    return {
        "rate": (load.total - 2 * edge - 1) / span, "requests": load.total,
        "p50_ms": quantiles[49] * 1e3, "p99_ms": quantiles[98] * 1e3,
        "statuses": dict(load.statuses), "first_refusal": load.first_refusal,
        "driver_us": spent / load.total * 1e6,
    }  # fmt: skip


def main() -> None:
    """Run one load."""
    media, bodies = msgspec.msgpack.decode(
        Path(sys.argv[2]).read_bytes(), type=tuple[str, list[list[bytes]]]
    )
    print(json.dumps(uvloop.run(drive(int(sys.argv[1]), media, bodies))))


if __name__ == "__main__":
    main()
