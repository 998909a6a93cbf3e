"""A ledger that refuses what its rules admit hands its victim the evidence; anyone can judge it.

The service here is a real one; where it lies, its admission is replaced while it answers. What the
author keeps is one file. It is judged by the log alone, over HTTP, with a policy from elsewhere.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ledger import committer
from tests.harness import logkeys
from tests.harness.ledgers import NamedSigner
from tests.harness.registry import ORIGIN
from tests.harness.service import Service, problem, registration, service
from verifier.cli import main
from verifier.event import Event, SubmissionId
from verifier.keys import thumbprint
from verifier.refusal import (
    format_refusal,
    parse_refusal,
    refusal_header,
    refusal_payload,
    to_be_signed,
)
from verifier.rules.book import Refused, Unmet


class LyingAdmission:
    """The rules as a lying service applies them."""

    def __init__(self, honest: Any, rule: str) -> None:
        self._honest = honest
        self._rule = rule

    def __getattr__(self, name: str) -> Any:
        """Do everything else as the rules say."""
        return getattr(self._honest, name)

    def admit(self, *_: Any) -> None:
        """Refuse whatever comes."""
        raise Refused((Unmet(rule=self._rule, reason="we would rather not"),))


@contextmanager
def lying(monkeypatch: pytest.MonkeyPatch, rule: str = "AD10") -> Iterator[None]:
    """Let the service refuse everything by a rule."""
    with monkeypatch.context() as patch:
        patch.setattr(committer, "admission", LyingAdmission(committer.admission, rule))
        yield


@asynccontextmanager
async def ledger(folder: Path) -> AsyncIterator[Service]:
    """Serve a ledger that signs its refusals, with its policy in ``policy``."""
    async with service(folder / "ledger", logkeys.opened(), checkpoint_interval_s=0.0) as live:
        text = logkeys.policy_text(live.ledger.ledger_id)
        (folder / "policy").write_text(text, encoding="ascii")
        yield live


async def refused(live: Service, event: Event, folder: Path) -> Path:
    """Submit an event that is refused; keep the evidence in a file."""
    told = await problem(await live.post(event.raw))
    assert told.refusal is not None
    file = folder / "refusal"
    file.write_bytes(told.refusal)
    return file


async def judge(live: Service, file: Path, *options: str) -> int:
    """Judge a refusal by the log, over HTTP."""
    policy = str(file.with_name("policy"))
    return await asyncio.to_thread(
        main, ["refusal", str(file), live.url, "--policy", policy, "--jobs", "1", *options]
    )


async def grow(live: Service, count: int = 3) -> None:
    """Record so many more events, which change nothing for the refusal."""
    for n in range(count):
        assert (await live.post(registration(live.registry, f"actor-n{n}").raw)).status == 201


async def test_a_rightful_refusal_is_confirmed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 0, with the rules that the event breaks; also when the log has grown since."""
    async with ledger(tmp_path) as live:
        event = registration(live.registry, "actor-x", seq=5, prev=bytes(32))
        file = await refused(live, event, tmp_path)
        for count in (0, 3):
            await grow(live, count)
            assert await judge(live, file) == 0
            told = capsys.readouterr().out
            assert "refusal RIGHT: the event breaks AD4, as the ledger said" in told
            assert "judged   by the 3 entries before it" in told


async def test_a_lying_server_that_refuses_a_lawful_event_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1: its own signature says by which rule, and the log says that no rule forbids it."""
    async with ledger(tmp_path) as live:
        event = registration(live.registry, "actor-x")
        with lying(monkeypatch):
            file = await refused(live, event, tmp_path)
        await grow(live)
        assert await judge(live, file) == 1
        told = capsys.readouterr().out
        assert "refusal WRONG: the ledger refused by AD10 what its rules admit" in told
        assert await judge(live, file, "--json") == 1
        said = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (said["message"], said["right"], said["unmet"]) == ("ruling", False, [])


async def test_a_refusal_by_another_rule_than_is_broken_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An inadmissible event, refused on a pretext: the true rule is named beside the stated one."""
    async with ledger(tmp_path) as live:
        event = registration(live.registry, "actor-x", seq=5, prev=bytes(32))
        with lying(monkeypatch, "AC1"):
            file = await refused(live, event, tmp_path)
        assert await judge(live, file) == 1
        assert "WRONG: the ledger refused by AC1; the event breaks AD4" in capsys.readouterr().out


async def test_a_refusal_of_what_is_on_record_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who resubmits is owed the receipt; a conflict with oneself is no ground."""
    async with ledger(tmp_path) as live:
        event = registration(live.registry, "actor-x")
        await live.post(event.raw)
        with monkeypatch.context() as patch:
            patch.setattr(
                type(live.ledger._intake), "recognize", lambda _, items, **__: list(items)
            )
            patch.setattr(committer.Committer, "_is_repeated", lambda *_: False)
            file = await refused(live, event, tmp_path)
        assert await judge(live, file) == 1
        assert "WRONG: the event was on record already, as entry 3" in capsys.readouterr().out


async def test_a_log_that_is_shorter_than_the_refusal_decides_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 3: the log that is shown has not reached the tree that the ledger named."""
    async with ledger(tmp_path) as live:
        await grow(live)
        event = registration(live.registry, "actor-x", seq=5, prev=bytes(32))
        file = await refused(live, event, tmp_path)
    async with service(tmp_path / "old", logkeys.opened(), checkpoint_interval_s=0.0) as live:
        assert await judge(live, file) == 3
        assert "has not reached the 6 entries" in capsys.readouterr().err


def forged(event: Event, ledger_id: bytes, *, key: str = logkeys.REFUSALS, size: int = 3,
           root: bytes = bytes(32), submission: bytes = b"") -> bytes:  # fmt: skip
    """Return a refusal as someone who holds a key could make it up."""
    signer = NamedSigner(key)
    header = refusal_header(ORIGIN, ledger_id, thumbprint(signer.public_key()))
    payload = refusal_payload(submission or event.submission_id, ["AD10"], size, root)
    return format_refusal(header, event.raw, payload, signer.sign(to_be_signed(header, payload)))


async def test_a_refusal_that_names_another_tree_proves_two_histories(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1: the ledger's own key names a root that this log never had."""
    async with ledger(tmp_path) as live:
        event = registration(live.registry, "actor-x")
        (tmp_path / "refusal").write_bytes(forged(event, live.ledger.ledger_id))
        assert await judge(live, tmp_path / "refusal") == 1
        assert "refusal-fork" in capsys.readouterr().err


async def test_nobody_is_accused_by_what_the_ledger_did_not_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another key, ledger or event, a changed signature: each is named, none is judged."""
    async with ledger(tmp_path) as live:
        event = registration(live.registry, "actor-x")
        with lying(monkeypatch):
            file = await refused(live, event, tmp_path)
        true, root = parse_refusal(file.read_bytes()), live.registry.roots[3]
        resigned = event.raw[:-1] + bytes([event.raw[-1] ^ 1])
        cases = {
            "refusal-forged": [
                forged(event, live.ledger.ledger_id, key="stranger", root=root),
                forged(event, bytes(32), root=root),
                format_refusal(true.protected, event.raw, true.payload, bytes(64)),
            ],
            "refusal-other": [
                forged(event, live.ledger.ledger_id, root=root, submission=SubmissionId(bytes(32))),
                format_refusal(true.protected, registration(live.registry, "actor-y").raw,
                               true.payload, true.signature),
            ],
            "signature-false": [
                format_refusal(true.protected, resigned, true.payload, true.signature),
            ],
        }  # fmt: skip
        for code, forgeries in cases.items():
            for data in forgeries:
                file.write_bytes(data)
                assert await judge(live, file) == 1
                streams = capsys.readouterr()
                assert code in streams.err
                assert "WRONG" not in streams.out


async def test_a_log_that_does_not_hold_judges_no_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 3: what decides must itself be well; the words say to audit it."""
    async with ledger(tmp_path) as live:
        with lying(monkeypatch):
            file = await refused(live, registration(live.registry, "actor-x"), tmp_path)
        text = (tmp_path / "policy").read_text("ascii")
        strict = f"witness w {logkeys.witness_key('w')}\nquorum w"
        (tmp_path / "policy").write_text(text.replace("quorum none", strict), encoding="ascii")
        assert await judge(live, file) == 3
        assert "does not hold itself; audit it" in capsys.readouterr().err


async def test_a_refusal_needs_a_policy(tmp_path: Path) -> None:
    """Exit 4, as with every verifying command."""
    async with ledger(tmp_path) as live:
        event = registration(live.registry, "actor-x", seq=5, prev=bytes(32))
        file = await refused(live, event, tmp_path)
        assert await asyncio.to_thread(main, ["refusal", str(file), live.url]) == 4
