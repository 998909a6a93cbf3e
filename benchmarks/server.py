"""What is loaded: the ledger as it is served, or a server that takes a body and does nothing.

``python -m benchmarks.server null`` · ``python -m benchmarks.server ledger DIR``

It prints its port, and its counters on SIGUSR1, as lines of JSON. SIGTERM ends
it.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import uvloop
from aiohttp import web

from ledger.application import Ledger, load_settings
from ledger.http import make_app
from ledger.http.app import Address, serve

REPLY = b"taken"


async def take(request: web.Request) -> web.Response:
    """Read a body and say so: H is how often a second this can be done."""
    await request.read()
    return web.Response(status=201, body=REPLY)


def null_app() -> web.Application:
    """Return an application that only takes bodies."""
    app = web.Application()
    app.router.add_post("/entries", take)
    return app


def main() -> None:
    """Serve what the command line asks for."""
    ledger = None
    if sys.argv[1] == "ledger":
        folder = Path(sys.argv[2])
        ledger = Ledger.open(folder, settings=load_settings(folder))
    uvloop.run(_serve(ledger))


async def _serve(ledger: Ledger | None) -> None:
    app = null_app() if ledger is None else make_app(ledger)

    def tell() -> None:
        _say({} if ledger is None else ledger.measurements())

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, tell)
    await serve(app, host="127.0.0.1", port=0, ready=_ready)


def _ready(address: Address) -> None:
    _say({"port": address.port})


def _say(told: object) -> None:
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
