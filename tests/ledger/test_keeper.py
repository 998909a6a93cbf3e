"""The service anchors by itself what its witnesses saw, and never more than is new."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from operator import add
from pathlib import Path
from typing import Any

import pytest

from ledger import keeper
from ledger.anchoring import Anchoring
from ledger.application import Ledger, Settings
from ledger.config import load_settings
from ledger.errors import LedgerError
from ledger.founding import Founding, found_folder
from ledger.signer import Signers, load_signers
from tests.harness.anchors import SERVICE, STREAM, anchor, cosigned, real_registry
from tests.harness.ledgers import NamedSigner, actor_events, raws
from tests.harness.registry import ORIGIN, Registry
from tests.ledger.test_witnesses import eventually, policy, witness
from verifier.event import parse
from verifier.note import ED25519, VerifierKey
from verifier.rules import admission
from verifier.rules.anchor import CheckpointAnchored

SIGNERS = Signers(NamedSigner("log"), service=NamedSigner(SERVICE))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the keeper look often."""
    monkeypatch.setattr(keeper, "REST_S", 0.05)
    monkeypatch.setattr(keeper.Keeper.__init__, "__kwdefaults__", {"interval_s": 0.02})


@pytest.fixture
def registry() -> Registry:
    """A registry of this moment, with a service."""
    return real_registry(int(time.time()))


class Running:
    """A ledger that runs with a keeper, over a folder."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        values = {"service_actor": SERVICE, "checkpoint_interval_s": 0.02,
                  "anchor_interval_s": 0.0} | settings  # fmt: skip
        self.ledger = Ledger.open(folder, settings=Settings(**values), signers=SIGNERS)

    async def __aenter__(self) -> Ledger:
        await self.ledger.start()
        return self.ledger

    async def __aexit__(self, *_error: object) -> None:
        await self.ledger.close()


def anchors(ledger: Ledger) -> list[CheckpointAnchored]:
    """Return the anchors on record."""
    bodies = [admission.read_body(parse(raw)) for _, raw in ledger.stream(STREAM, 0, 100)]
    return [body for body in bodies if isinstance(body, CheckpointAnchored)]


async def settled(ledger: Ledger, holds: Callable[[], bool]) -> None:
    """Wait until something holds, and see that nothing is recorded any more after it."""
    await eventually(holds)
    size = ledger.size
    await asyncio.sleep(0.5)
    assert ledger.size == size


async def test_what_witnesses_saw_is_anchored_once(tmp_path: Path, registry: Registry) -> None:
    """An anchor covers the log, an idle log gets no second one, growth the next; over restarts.

    The log grows while there is no witness, so that no anchor falls between two of its entries.
    """
    folder = tmp_path / "ledger"
    async with Running(folder) as ledger:
        await ledger.submit(raws(registry.events))
    size = len(registry.events)
    with witness(tmp_path, "a") as a:
        path = policy(tmp_path, a, enough=1)
        async with Running(folder, witness_policy=path) as ledger:
            await settled(ledger, lambda: bool(anchors(ledger)))
            assert [one.checkpoint().size for one in anchors(ledger)] == [size]
            assert b"a.example" in anchors(ledger)[0].note
        async with Running(folder, witness_policy=path) as ledger:
            await asyncio.sleep(0.5)
            assert len(anchors(ledger)) == 1, "a restart alone anchors nothing"
        async with Running(folder) as ledger:
            await ledger.submit(raws(actor_events(registry, ["actor-x"])))
        async with Running(folder, witness_policy=path) as ledger:
            await settled(ledger, lambda: len(anchors(ledger)) == 2)
            assert anchors(ledger)[1].checkpoint().size == size + 2


async def test_the_interval_and_half_the_cadence_are_kept(
    tmp_path: Path, registry: Registry
) -> None:
    """No second anchor within the interval; a long one is cut to half of what the genesis asks."""
    with witness(tmp_path, "a") as a:
        path = policy(tmp_path, a, enough=1)
        async with Running(tmp_path / "ledger", witness_policy=path,
                           anchor_interval_s=1e9) as ledger:  # fmt: skip
            await ledger.submit(raws(registry.events))
            await eventually(lambda: bool(anchors(ledger)))
            await ledger.submit(raws(actor_events(registry, ["actor-x"])))
            await asyncio.sleep(0.5)
            assert len(anchors(ledger)) == 1
    anchor(registry)
    note = cosigned(registry, {"w": registry.now}, size=len(registry.events) - 1)
    for event in actor_events(registry, ["actor-y"]):
        registry.add(event)
    newer = cosigned(registry, {"w": registry.now})
    for after_s, interval_s, due in [(43_199, 1e9, False), (43_200, 1e9, True), (9, 10, False),
                                     (10, 10, True)]:  # fmt: skip
        clock = partial(add, registry.now, after_s)
        chore = Anchoring(registry.book, witnessed=lambda: newer, newest=lambda: None,
                          interval_s=interval_s, clock=clock)  # fmt: skip
        assert (await chore.due() is not None) is due
    old = Anchoring(registry.book, witnessed=lambda: note, newest=lambda: None, interval_s=0.0)
    assert await old.due() is None, "what an anchor covers already"


async def test_a_refused_anchor_stops_nothing(tmp_path: Path) -> None:
    """A service without its role is refused by the log's own rules, and asks again later."""
    registry = real_registry(int(time.time()))
    role_stream = f"{SERVICE}/role/registry-service"
    without = [event for event in registry.events if event.stream != role_stream]
    with witness(tmp_path, "a") as a:
        path = policy(tmp_path, a, enough=1)
        async with Running(tmp_path / "ledger", witness_policy=path) as ledger:
            await ledger.submit(raws(without))
            await asyncio.sleep(0.5)
            assert not anchors(ledger)
            assert ledger.ready()[0]
            role = [event for event in registry.events if event not in without]
            await ledger.submit(raws(role))
            await eventually(lambda: bool(anchors(ledger)))


async def test_a_stated_clock_anchors_nothing(tmp_path: Path) -> None:
    """Rule 4 of anchoring: witnesses may cosign it, and nothing is recorded of that."""
    registry = Registry().open()
    with witness(tmp_path, "a") as a:
        path = policy(tmp_path, a, enough=1)
        async with Running(tmp_path / "ledger", witness_policy=path) as ledger:
            await ledger.submit(raws(registry.events))
            await eventually(lambda: b"a.example" in ledger.checkpoint())
            await asyncio.sleep(0.3)
            assert not anchors(ledger)


async def test_an_authority_that_fails_delays_no_anchor(tmp_path: Path, registry: Registry) -> None:
    """A time stamp that cannot be had is left out where a witness vouches; alone it is awaited."""
    anchor_of = {"witnessed": lambda: cosigned(registry, {"w": 1}), "newest": lambda: None}
    chore = Anchoring(registry.book, interval_s=0.0, authority="http://127.0.0.1:9/", **anchor_of)
    body = await chore.due()
    assert isinstance(body, CheckpointAnchored)
    assert body.token is None
    alone = Anchoring(registry.book, interval_s=0.0, authority="http://127.0.0.1:9/",
                      witnessed=lambda: None, newest=registry.checkpoint)  # fmt: skip
    with pytest.raises(LedgerError) as failed:
        await alone.due()
    assert failed.value.code == "authority-failed"


async def test_an_actor_without_its_key_is_told_at_the_start(tmp_path: Path) -> None:
    """A service that is to sign and cannot does not begin to serve."""
    ledger = Ledger.open(tmp_path, settings=Settings(service_actor=SERVICE),
                         signers=Signers(NamedSigner("log")))  # fmt: skip
    with pytest.raises(LedgerError) as told:
        await ledger.start()
    assert told.value.code == "signer-unusable"
    await ledger.close()


async def test_a_ledger_that_is_founded_anchors_by_itself(tmp_path: Path) -> None:
    """``init`` gives the service an actor, a key and its role; witnesses are all that it needs."""
    founding = Founding(origin=ORIGIN, clock="real", service=SERVICE)
    await found_folder(tmp_path / "ledger", founding, "a passphrase")
    settings = load_settings(tmp_path / "ledger", {})
    assert settings.service_actor == SERVICE
    signers = load_signers(tmp_path / "ledger" / "keys", "a passphrase")
    key = VerifierKey(ORIGIN, ED25519, signers.checkpoint.public_key())
    with witness(tmp_path, "a", key) as a:
        path = policy(tmp_path, a, enough=1, log=key)
        more = replace(settings, witness_policy=path, verify_processes=0, anchor_interval_s=0.0)
        ledger = Ledger.open(tmp_path / "ledger", settings=more, signers=signers)
        await ledger.start()
        await settled(ledger, lambda: bool(anchors(ledger)))
        # The register may have been published meanwhile: one more entry, before it or after.
        assert 0 < anchors(ledger)[0].checkpoint().size < ledger.size
        await ledger.close()
