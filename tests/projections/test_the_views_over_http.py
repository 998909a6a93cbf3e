"""The views as JSON over real HTTP: answers, where they stand, and what is wrong with a request."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from projections import Runner
from projections.views import Directory, Subject
from projections.web import add_pages, pages_app
from tests.harness import stories
from tests.harness.registry import ORIGIN, Registry
from tests.projections.logs import Log, policy, runner

Get = Callable[..., Any]


@pytest.fixture
def registry() -> Registry:
    """A listed partnership with one promise and one claim."""
    registry = stories.listed_partnership(Registry())
    stories.acknowledged_commitment(registry)
    stories.made_commitment(registry, local="wells")
    return registry


@pytest.fixture
def log(registry: Registry) -> Log:
    """The published log of the registry."""
    return Log.of(registry)


@pytest.fixture
def follower(log: Log, tmp_path: Path) -> Runner:
    """The views over the log, at its end."""
    follower = runner(log, tmp_path, Directory, Subject)
    follower.catch_up()
    return follower


@pytest.fixture
async def get(follower: Runner) -> AsyncIterator[Get]:
    """Ask a server that runs on a free port: status, headers and decoded body of an answer."""
    async for ask in _serve(pages_app(follower)):
        yield ask
    follower.close()


async def _serve(app: web.Application) -> AsyncIterator[Get]:
    server = web.AppRunner(app)
    await server.setup()
    site = web.TCPSite(server, "127.0.0.1", 0)
    await site.start()
    port = server.addresses[0][1]
    async with aiohttp.ClientSession() as session:

        async def ask(path: str, **headers: str) -> tuple[int, Any, Any]:
            url = f"http://127.0.0.1:{port}{path}"
            async with session.get(url, headers=headers) as response:
                body = await response.json(content_type=None) if response.status != 304 else None
                return response.status, response.headers, body

        yield ask
    await server.cleanup()


async def test_the_directory_answers_and_says_where_it_stands(get: Get, log: Log) -> None:
    """A search gives rows and facets, and the signed checkpoint under which they stand."""
    status, headers, body = await get("/directory?q=water&country=KEN&kind=partnership&year=2024")
    assert status == 200
    assert headers["Content-Type"].startswith("application/json")
    (found,) = body["answer"]["results"]
    assert found["id"] == stories.PARTNERSHIP
    assert (found["promised"], found["claimed"]) == (1, 1)
    assert body["answer"]["facets"]["country"] == [{"value": "KEN", "count": 1}]
    stands = body["stands_at"]
    assert (stands["view"], stands["origin"]) == ("directory", ORIGIN)
    assert stands["position"] == stands["size"] == len(log.raws)
    judged = policy().judge(stands["checkpoint"].encode())
    assert judged.checkpoint.root.hex() == stands["root"]
    assert stands["log_time"] == "2024-01-15T12:00:00Z"


async def test_a_subject_answers_as_of_a_day(get: Get) -> None:
    """State and timeline; nothing is on record the day before."""
    path = f"/subjects/{stories.PARTNERSHIP}"
    status, _, body = await get(path)
    assert status == 200
    assert body["answer"]["state"]["commitments"]["taps"]["acknowledged"] is True
    assert body["answer"]["state"]["commitments"]["wells"]["state"] == "claimed"
    assert [told["index"] for told in body["answer"]["timeline"]] == sorted(
        told["index"] for told in body["answer"]["timeline"]
    )
    _, _, before = await get(f"{path}?as_of=2024-01-14")
    assert before["answer"]["events"] == 0
    assert before["answer"]["state"]["status"] is None


async def test_the_status_of_the_views(get: Get, log: Log) -> None:
    """Position, lag and state of each view."""
    status, headers, body = await get("/-/views")
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    assert [(v["name"], v["state"], v["position"], v["lag_events"]) for v in body["views"]] == [
        ("directory", "following", len(log.raws), 0),
        ("subject", "following", len(log.raws), 0),
    ]


async def test_a_receipt_is_enough_to_read_what_was_written(
    get: Get, follower: Runner, log: Log, registry: Registry
) -> None:
    """With ``position`` an answer waits until the event is in the rows."""
    index = stories.made_commitment(registry, local="pumps").index
    log.take(registry)
    follower.start()
    status, _, body = await get(f"/subjects/{stories.PARTNERSHIP}?position={index + 1}")
    assert status == 200
    assert body["stands_at"]["position"] > index
    assert "pumps" in body["answer"]["state"]["commitments"]


async def test_an_answer_that_did_not_change_is_not_sent_again(
    get: Get, follower: Runner, log: Log, registry: Registry
) -> None:
    """The entity tag holds until the rows move on, and differs between questions."""
    _, headers, _ = await get("/directory?q=water")
    status, _, _ = await get("/directory?q=water", **{"If-None-Match": headers["ETag"]})
    assert status == 304
    status, other, _ = await get("/directory?q=clean", **{"If-None-Match": headers["ETag"]})
    assert (status, other["ETag"] == headers["ETag"]) == (200, False)
    stories.made_commitment(registry, local="pumps")
    log.take(registry)
    follower.catch_up()
    status, _, _ = await get("/directory?q=water", **{"If-None-Match": headers["ETag"]})
    assert status == 200


async def test_an_answer_is_of_a_day(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next day it is sent again, though no row has changed: a measure may have lapsed."""
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)
    _, headers, _ = await get("/directory")
    known = {"If-None-Match": headers["ETag"]}
    assert (await get("/directory", **known))[0] == 304
    monkeypatch.setattr(time, "time", lambda: 1_800_086_400.0)
    status, after, _ = await get("/directory", **known)
    assert (status, after["ETag"] == headers["ETag"]) == (200, False)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/directory?limit=0", 400, "query-malformed"),
        ("/directory?limit=101", 400, "query-malformed"),
        ("/directory?limit=many", 400, "query-malformed"),
        ("/directory?offset=-1", 400, "query-malformed"),
        ("/directory?year=soon", 400, "query-malformed"),
        ("/directory?colour=blue", 400, "query-malformed"),
        ("/directory?q=a&q=b", 400, "query-malformed"),
        ("/directory?position=-1", 400, "query-malformed"),
        ("/directory?q=" + "x" * 201, 400, "query-malformed"),
        ("/subjects/p-clean-water?as_of=2024-02-30", 400, "query-malformed"),
        ("/subjects/p-clean-water?as_of=yesterday", 400, "query-malformed"),
        ("/subjects/p-clean-water?after=-2", 400, "query-malformed"),
        ("/subjects/p-nobody", 404, "http"),
        ("/-/views?x=1", 400, "query-malformed"),
    ],
)
async def test_what_is_wrong_with_a_request_is_said(
    get: Get, path: str, status: int, code: str
) -> None:
    """RFC 9457 problem details with a stable code; nothing is ignored or guessed."""
    got, headers, body = await get(path)
    assert (got, body["status"], body["code"]) == (status, status, code)
    assert headers["Content-Type"].startswith("application/problem+json")
    assert body["detail"]


@pytest.mark.parametrize(
    "q", ['"', "a AND", "NEAR(", "title:x", "*", "%25", "'; DROP TABLE subject"]
)
async def test_no_search_is_an_error(get: Get, q: str) -> None:
    """What a person types is never the engine's own language."""
    status, _, _ = await get(f"/directory?q={q}")
    assert status == 200


async def test_a_view_that_is_not_built_says_when_to_ask_again(log: Log, tmp_path: Path) -> None:
    """503 with ``Retry-After`` while there is nothing to show, under a prefix of another app."""
    follower = runner(log, tmp_path / "none", Directory)
    app = web.Application()
    add_pages(app, follower, prefix="/views")
    async for ask in _serve(app):
        status, headers, body = await ask("/views/directory")
        assert (status, body["code"]) == (503, "view-building")
        assert headers["Retry-After"] == "1"
    follower.close()
