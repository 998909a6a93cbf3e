"""The ledger publishes its register by itself when it is due, and shows it to whoever asks."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger.application import Ledger
from ledger.outcome import Rejected
from ledger.register_service import RegisterService
from tests.harness import stories
from tests.harness.ledgers import (
    NamedSigner,
    accepted,
    audit,
    open_ledger,
    raws,
    running,
    stored,
)
from tests.harness.publishing import drafted
from tests.harness.registry import Registry, seconds
from tests.harness.service import problem, service, until
from verifier.event import Event, parse
from verifier.policy import parse_policy
from verifier.records import covers
from verifier.register import verify_register
from verifier.rules import admission
from verifier.rules.publication import RegisterPublished, whole_log

MACHINE = stories.MACHINE


def registry(**fields: str) -> Registry:
    """Return a registry with a service that may publish, and a day's cadence."""
    opened = Registry().open(**({"register_every": "P1D"} | fields))
    opened.enlist(stories.OFFICE_A).appoint(stories.OFFICE_A, "registry")
    return opened.enlist(MACHINE).grant(MACHINE, "registry_service", stories.OFFICE_A)


async def submit(ledger: Ledger, events: Sequence[Event]) -> None:
    """Submit events, all of which are taken."""
    for start in range(0, len(events), 1000):
        reply = await ledger.submit(raws(events[start : start + 1000]))
        for outcome in reply.outcomes:
            accepted(outcome)


def publications(folder: Path) -> list[tuple[int, RegisterPublished]]:
    """Return the publications on record, each with its index."""
    found = []
    for index, raw in enumerate(stored(folder)):
        body = admission.read_body(parse(raw))
        if isinstance(body, RegisterPublished):
            found.append((index, body))
    return found


async def test_it_publishes_when_a_day_has_shown_that_it_is_due(tmp_path: Path) -> None:
    """Nothing on the first day; one event of its own after the first commit of a later one."""
    scene = registry()
    async with running(tmp_path, publisher=MACHINE) as ledger:
        await submit(ledger, scene.events)
        assert publications(tmp_path) == []
        start = len(scene.events)
        scene.on("2024-01-20").enlist("actor-late")
        await submit(ledger, scene.events[start:])
    ((index, body),) = publications(tmp_path)
    assert index == body.size == len(scene.events)
    assert parse(stored(tmp_path)[index]).iss == MACHINE
    audit(stored(tmp_path))  # admission in memory computes the same root


async def test_without_the_key_or_the_role_nothing_is_published(tmp_path: Path) -> None:
    """Whose key it is and what they may is the log's to say."""
    scene = Registry().open(register_every="P1D").enlist(MACHINE)
    scene.on("2024-02-20").enlist("actor-late")
    async with running(tmp_path / "a", publisher=MACHINE) as ledger:
        await submit(ledger, scene.events)
    async with running(tmp_path / "b", publisher="somebody") as ledger:
        await submit(ledger, scene.events)
    full = registry()
    full.on("2024-02-20").enlist("actor-late")
    async with running(tmp_path / "c") as ledger:
        await submit(ledger, full.events)
    assert [publications(tmp_path / name) for name in "abc"] == [[], [], []]


async def test_every_publication_is_true_over_restarts_and_evictions(tmp_path: Path) -> None:
    """Subjects that left the memory, a process that began anew, streams in any order: the same."""
    rng = random.Random(11)
    scene = registry()
    names = [f"actor-{rng.choice('abz')}{number}" for number in range(24)]
    mirror = Registry()
    for opening in range(3):
        async with running(tmp_path, publisher=MACHINE, hot_subjects=2) as ledger:
            if not opening:
                await submit(ledger, scene.events)
            for name in names[opening * 8 : opening * 8 + 8]:
                mirror = rebuilt(tmp_path)
                mirror.on(f"2024-03-{names.index(name) + 1:02}").enlist(name)
                await submit(ledger, mirror.events[ledger.size :])
    assert len(publications(tmp_path)) == 24
    audit(stored(tmp_path))
    assert not [*whole_log(rebuilt(tmp_path).book)]


def rebuilt(folder: Path) -> Registry:
    """Return a registry that stands where the ledger of a folder does."""
    scene = Registry()
    for raw in stored(folder):
        scene.add(parse(raw))
    return scene


async def test_another_may_publish_and_nobody_a_wrong_one(tmp_path: Path) -> None:
    """A true publication that somebody with the role submits is taken, a wrong one refused."""
    scene = registry()
    scene.enlist("actor-b")
    async with running(tmp_path) as ledger:
        await submit(ledger, scene.events)
        (refused,) = (await ledger.submit([drafted(scene, root=bytes(32)).raw])).outcomes
        assert isinstance(refused, Rejected)
        assert refused.code == "RG2"
        with pytest.raises(Exception, match="no register was published yet"):
            ledger.register.prove("ledger")
        await submit(ledger, [scene.add(drafted(scene)).event])
        index, proof = ledger.register.prove("actor-b")
    assert (index, proof.first, len(proof.records)) == (len(scene.events) - 1, 0, 3)


async def test_a_publication_in_the_middle_of_a_group_speaks_of_what_was_before_it(
    tmp_path: Path,
) -> None:
    """One request: events, a publication, more events. The next publication knows them all."""
    scene = registry()
    start = len(scene.events)
    scene.enlist("actor-b")
    scene.add(drafted(scene))
    scene.enlist("actor-c").enlist("actor-a")
    async with running(tmp_path) as ledger:
        await submit(ledger, scene.events[:start])
        await submit(ledger, scene.events[start:])
        _, proof = ledger.register.prove("actor-c")
        assert len(proof.records) == 2  # two neighbours, and nothing between them
        await submit(ledger, [scene.add(drafted(scene)).event])
        _, proof = ledger.register.prove("actor-c")
        assert len(proof.records) == 4
    audit(stored(tmp_path))


async def test_what_failed_is_not_in_the_register(tmp_path: Path) -> None:
    """A commit that the disk refuses leaves nothing behind, neither log nor register."""
    scene = registry()
    async with running(tmp_path) as ledger:
        await submit(ledger, scene.events)
    before = len(scene.events)
    scene.enlist("actor-big")
    async with running(tmp_path, max_pages=1) as ledger:
        reply = await ledger.submit([*raws(scene.events[before:]), drafted(scene).raw])
        refused = [outcome for outcome in reply.outcomes if isinstance(outcome, Rejected)]
        assert len(refused) == len(reply.outcomes)
    async with running(tmp_path) as ledger:
        await submit(ledger, scene.events[before:])
        await submit(ledger, [scene.add(drafted(scene)).event])
    audit(stored(tmp_path))


async def test_a_real_clock_shows_that_it_is_due_though_nobody_comes(tmp_path: Path) -> None:
    """The last event lies days back: what is due by the clock is signed with the clock's time."""
    scene = registry(clock="real")
    ledger = open_ledger(tmp_path)
    book = ledger._book
    for event in scene.events:
        book.prepare(admission.names(event, admission.read_body(event)))
        book.assume(admission.admit(event, admission.read_body(event), book))
    clock = [float(seconds("2024-01-15"))]
    own = RegisterService(
        book, NamedSigner(MACHINE), ledger.recorder.register, clock=lambda: clock[0]
    )
    own._actor = MACHINE
    assert await own.next() is None
    clock[0] = float(seconds("2024-01-18"))
    item = await own.next()
    assert item is not None
    assert item.event.iat == seconds("2024-01-18")
    own.failed("for some reason")
    assert await own.next() is None
    clock[0] += 2 * 3600
    assert await own.next() is not None


async def test_a_quiet_service_publishes_by_its_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody submits anything; what came days ago is published once, and then nothing more."""
    scene = registry(clock="real")
    async with running(tmp_path) as ledger:
        await submit(ledger, scene.events)
    monkeypatch.setattr("ledger.register_service.LOOK_S", 0.01)
    async with running(tmp_path, publisher=MACHINE) as ledger:
        await until(lambda: ledger.size > len(scene.events))
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert ledger.size == len(scene.events) + 1
    audit(stored(tmp_path))


async def test_anyone_asks_and_checks_offline(tmp_path: Path) -> None:
    """``GET /register/<name>`` answers with a proof that the verifier takes, for any name."""
    scene = registry()
    async with service(tmp_path, scene, publisher=MACHINE) as live:
        told = await problem(await live.get("/register/ledger"))
        assert (told.status, told.code) == (404, "entry-absent")
        scene.on("2024-01-20").enlist("actor-late")
        await live.load()
        await until(lambda: live.ledger.size > len(scene.events))
        policy = parse_policy(scene.policy().encode())
        for name in ("ledger", "actor-late", "actor-late/keys", "actor-none", "zz", "0/0"):
            response = await live.get(f"/register/{name}")
            assert response.status == 200
            shown = verify_register(await response.read(), policy=policy)
            assert shown.run.name == name
            assert shown.size == len(scene.events)
            own = [s for e in scene.events if covers(name, s := e.stream)]
            assert sorted(set(own)) == [record.stream for record in shown.run.records]
        assert (await problem(await live.get("/register/Nobody"))).code == "register-malformed"
        assert (await problem(await live.get("/register/a//b"))).code == "register-malformed"


async def test_every_rank_is_right_in_a_larger_register(tmp_path: Path) -> None:
    """Names between, before and after hundreds of streams are shown with the right neighbours."""
    scene = registry()
    for number in range(150):
        scene.enlist(f"actor-m{number:03}")
    async with service(tmp_path, scene) as live:
        await submit(live.ledger, [scene.add(drafted(scene)).event])
        policy = parse_policy(scene.policy().encode())
        streams = sorted({event.stream for event in scene.events[:-1]})
        for name in (*streams[::17], *{s.partition("/")[0] for s in streams[::29]}, "actor-m0745"):
            response = await live.get(f"/register/{name}")
            shown = verify_register(await response.read(), policy=policy)
            own = [stream for stream in streams if covers(name, stream)]
            assert [record.stream for record in shown.run.records] == own
