"""The ledger as a SCITT transparency service: registration, receipts, keys, problems in CBOR."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import aiohttp
import cbor2
import msgspec
import pytest

from ledger.http.concise import concise
from ledger.http.wire import Problem, StreamHead
from tests.harness import logkeys
from tests.harness.registry import Registry
from tests.harness.service import problem, registration, service
from verifier.receipt import p256_thumbprint, verify_receipt
from verifier.rules.book import Unmet

COSE = "application/cose"
CONCISE = "application/concise-problem-details+cbor"
POINT = logkeys.point(logkeys.RECEIPTS)
KID = p256_thumbprint(POINT)
KEY = {1: 2, 2: KID, 3: -7, -1: 1, -2: POINT[1:33], -3: POINT[33:]}
"""The receipt key as a COSE_Key: EC2, P-256, for ES256."""


async def told(response: aiohttp.ClientResponse) -> dict[Any, Any]:
    """Return the concise problem of a response, whose form is checked."""
    assert response.content_type == CONCISE, await response.text()
    assert response.headers["Cache-Control"] == "no-store"
    data = await response.read()
    found: dict[Any, Any] = cbor2.loads(data)
    assert set(found) == {-1, -2, -4, "urn:pledgebook:problem"}
    assert (found[-4], bool(found[-1]), bool(found[-2])) == (response.status, True, True)
    return found


async def test_a_scitt_client_registers_a_statement_and_gets_receipts(tmp_path: Path) -> None:
    """201, Location, the receipt in the reply; a fresh one where Location leads."""
    async with service(tmp_path, logkeys.opened()) as live:
        event = registration(live.registry, "actor-x")
        response = await live.post(event.raw, Accept=COSE)
        assert (response.status, response.content_type) == (201, COSE)
        policy = logkeys.policy(live.ledger.ledger_id)
        verify_receipt(await response.read(), event.raw, policy=policy)
        fresh = await live.get("/" + response.headers["Location"], Accept=COSE)
        assert (fresh.status, fresh.content_type) == (200, COSE)
        verify_receipt(await fresh.read(), event.raw, policy=policy)


async def test_the_receipt_key_is_served_as_a_key_set_and_by_its_thumbprint(tmp_path: Path) -> None:
    """A CBOR library reads a COSE_KeySet of one EC2 key with its kid, and the same key alone."""
    async with service(tmp_path, logkeys.opened()) as live:
        response = await live.get("/.well-known/scitt-keys")
        assert (response.status, response.content_type) == (200, "application/cbor")
        assert cbor2.loads(await response.read()) == [KEY]
        name = urlsafe_b64encode(KID).decode().rstrip("=")
        response = await live.get(f"/.well-known/scitt-keys/{name}")
        assert cbor2.loads(await response.read()) == KEY


@pytest.mark.parametrize("kid", ["x", "A" * 43, "~" * 43, urlsafe_b64encode(KID).decode()])
async def test_another_kid_is_absent(tmp_path: Path, kid: str) -> None:
    """404, in the spelling of the draft and no other."""
    async with service(tmp_path, logkeys.opened()) as live:
        response = await live.get(f"/.well-known/scitt-keys/{kid}", Accept="application/cbor")
        assert (response.status, (await told(response))["urn:pledgebook:problem"]["code"]) == (
            404, "entry-absent",
        )  # fmt: skip


async def test_a_log_without_a_receipt_key_serves_no_keys(tmp_path: Path) -> None:
    """404 before there is a genesis, and where it names none."""
    async with service(tmp_path / "a", Registry()) as live:
        assert (await problem(await live.get("/.well-known/scitt-keys"))).code == "entry-absent"
    async with service(tmp_path / "b", Registry().open()) as live:
        assert (await problem(await live.get("/.well-known/scitt-keys"))).code == "receipt-absent"


async def test_problems_are_told_in_cbor_to_those_who_speak_no_json(tmp_path: Path) -> None:
    """Malformed, refused by the rules, absent, no such path: each as concise problem details."""
    async with service(tmp_path, logkeys.opened()) as live:
        event = registration(live.registry, "actor-x", seq=5, prev=bytes(32))
        refused = await told(await live.post(event.raw, Accept=COSE))
        own = refused["urn:pledgebook:problem"]
        assert (refused[-4], own["code"]) == (409, "AD4")
        assert [unmet["rule"] for unmet in own["unmet"]] == ["AD4"]
        assert own["hint"]
        for response, status in (
            (await live.post(b"no event", Accept=COSE), 400),
            (await live.post(b"x", media="text/plain", Accept=COSE), 415),
            (await live.get("/entries/99", Accept=COSE), 404),
            (await live.get("/nowhere", Accept="application/cbor"), 404),
        ):
            assert (await told(response))[-4] == status


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "application/json, application/cose"]
)
async def test_everyone_else_is_told_in_json(tmp_path: Path, accept: str) -> None:
    """Who accepts JSON, or says nothing, gets RFC 9457."""
    async with service(tmp_path, logkeys.opened()) as live:
        assert (await problem(await live.post(b"no event", Accept=accept))).code


def test_a_concise_problem_carries_everything_that_the_json_form_does() -> None:
    """Every member of a problem stands in it, in deterministic CBOR."""
    whole = Problem(
        type="urn:x", title="T", status=422, detail="d" * 300, code="AD5", hint="h",
        unmet=(Unmet(rule="AD5", reason="r", hint="é"),), head=StreamHead(70_000, "ab" * 32),
        retry_after_s=3,
    )  # fmt: skip
    found = cbor2.loads(concise(whole))
    own = dict(found["urn:pledgebook:problem"])
    own |= {"title": found[-1], "detail": found[-2], "status": found[-4]}
    assert msgspec.convert(own, Problem) == whole
    assert cbor2.dumps(found, canonical=True) == concise(whole)
