"""Rulesets and code lists come into force by the roots together, each from its place on."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.harness import stories
from tests.harness.registry import Registry, public, secret
from tests.harness.removals import branch, refused, refused_voice
from tests.harness.rootchanges import DIGEST, NEXT, ROOT_A, ROOT_B, adopt, ruleset
from verifier import encoding
from verifier.cli import main
from verifier.event import Draft, sign
from verifier.rules.authority.rulesets import RULESETS, code_list, ruleset_at
from verifier.rules.book import Entry, Refused

LIST = "country_groups"
PROFILE: dict[str, Any] = {
    "kind": "organization", "name": stories.text("X"), "principal": "actor-x",
    "stakeholder_type": "un_entity",
}  # fmt: skip


@pytest.fixture(scope="module")
def founded() -> Registry:
    """A ledger with two roots, both needed."""
    return Registry().open()


@pytest.fixture
def registry(founded: Registry) -> Registry:
    """A branch of that ledger of the test's own."""
    return branch(founded)


def version(registry: Registry, name: str = "2024", **changes: Any) -> dict[str, Any]:
    """Return the fields of a version of a code list."""
    return {"list": LIST, "version": name, "sha256": name.encode().ljust(32, b"\0"), "quorum": 2,
            "valid_from": registry.day(), "expires": registry.day(30)} | changes  # fmt: skip


def listed(registry: Registry, local: str = "l1", **changes: Any) -> int:
    """Let the roots adopt a version of a list."""
    fields = version(registry, **changes)
    stream = f"ledger/code-list/{local}"
    return adopt(registry, registry.append(ROOT_A, stream, "CodeListAdopted", **fields))


def in_force(registry: Registry, *, index: int | None = None) -> str:
    """Return the version of the list in force now."""
    at = registry.book.size if index is None else index
    event = registry.events[-1]
    found = code_list(LIST, Entry(at, event, None, registry.now), registry.book)  # type: ignore[arg-type]
    return found.version if found else ""


def test_a_known_ruleset_judges_what_follows(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RA1 and AU7: by the threshold, from its own place on; what came before keeps its own."""
    monkeypatch.setitem(RULESETS, NEXT, DIGEST)
    proposal = ruleset(registry)
    registry.endorse(ROOT_A, proposal, f"{ROOT_A}-org")
    before = ruleset_at(registry.book.size, registry.book)
    done = registry.endorse(ROOT_B, proposal, f"{ROOT_B}-org").index
    assert before is not None
    assert before.version == "pledgebook-1"
    found = [ruleset_at(index, registry.book) for index in (1, done, done + 1)]
    assert [one.version for one in found if one] == ["pledgebook-1", "pledgebook-1", NEXT]
    registry.enlist("actor-x")


def test_a_ledger_takes_nothing_by_a_ruleset_that_it_does_not_know(registry: Registry) -> None:
    """AD1: neither an unknown version nor a known one under another digest."""
    adopt(registry, ruleset(registry))
    assert "AD1" in refused(registry, ROOT_A, "actor-x/profile", "ActorRegistered", **PROFILE)


def test_a_version_under_another_digest_is_not_the_one_known(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AD1: whoever changes the text of a ruleset has another ruleset."""
    monkeypatch.setitem(RULESETS, NEXT, b"\x03" * 32)
    adopt(registry, ruleset(registry))
    assert "AD1" in refused(registry, ROOT_A, "actor-x/profile", "ActorRegistered", **PROFILE)


def test_no_ruleset_comes_back(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """RA1: at the proposal, and at the endorsement of one that was overtaken."""
    monkeypatch.setitem(RULESETS, NEXT, DIGEST)
    fields = {"digest": DIGEST, "quorum": 2, "expires": registry.day(30)}
    assert refused(registry, ROOT_A, "ledger/ruleset/s0", "RulesetAdopted",
                   version="pledgebook-1", **fields) == {"RA1"}  # fmt: skip
    first, second = ruleset(registry), ruleset(registry, "s2")
    adopt(registry, first)
    assert refused_voice(registry, ROOT_A, second, f"{ROOT_A}-org") == {"RA1"}


def test_one_root_alone_adopts_nothing(registry: Registry) -> None:
    """PR1 and PR8: neither rules nor lists."""
    fields = version(registry, quorum=1)
    assert refused(registry, ROOT_A, "ledger/code-list/l1", "CodeListAdopted", **fields) == {"PR1"}
    proposal = ruleset(registry)
    registry.endorse(ROOT_A, proposal, f"{ROOT_A}-org")
    assert refused_voice(registry, ROOT_A, proposal, f"{ROOT_A}-org") == {"PR8"}
    registry.enlist("actor-x")


def test_a_list_is_in_force_from_its_first_day_and_not_before_its_adoption(
    registry: Registry,
) -> None:
    """CV2 and AU8: of several the one whose first day is the latest."""
    assert in_force(registry) == ""
    done = listed(registry)
    assert in_force(registry) == "2024"
    assert in_force(registry, index=done) == ""
    listed(registry, "l2", name="2025", valid_from=registry.day(40))
    assert in_force(registry) == "2024"
    registry.now += 40 * 86_400
    assert in_force(registry) == "2025"
    listed(registry, "l3", name="2025b")
    assert in_force(registry) == "2025b"


def test_a_version_of_a_list_is_adopted_once(registry: Registry) -> None:
    """CV1: at the proposal, and at the endorsement of one that was overtaken."""
    rival = registry.append(ROOT_A, "ledger/code-list/l9", "CodeListAdopted", **version(registry))
    listed(registry)
    assert refused_voice(registry, ROOT_A, rival, f"{ROOT_A}-org") == {"CV1"}
    again = version(registry, sha256=bytes(32))
    assert refused(registry, ROOT_A, "ledger/code-list/l2", "CodeListAdopted", **again) == {"CV1"}


@pytest.mark.parametrize("day", ["2024-01-14", "2024-02-30"])
def test_no_list_judges_what_was_judged(registry: Registry, day: str) -> None:
    """CV2: its first day does not lie behind its proposal, and exists."""
    fields = version(registry, valid_from=day)
    assert refused(registry, ROOT_A, "ledger/code-list/l1", "CodeListAdopted", **fields) == {"CV2"}


def test_the_lists_of_the_genesis_are_on_record() -> None:
    """AU8: from the day of the genesis on."""
    first = {"list": LIST, "version": "2023", "sha256": bytes(32)}
    registry = Registry().open(code_lists=[first])
    assert in_force(registry) == "2023"
    again = version(registry, "2023")
    assert refused(registry, ROOT_A, "ledger/code-list/l1", "CodeListAdopted", **again) == {"CV1"}


def audit(registry: Registry, folder: Path, capsys: pytest.CaptureFixture[str],
          *what: str) -> tuple[int, list[dict[str, Any]]]:  # fmt: skip
    """Audit a published registry; return the exit code and what was told."""
    log = registry.publish(folder / "log")
    (folder / "policy.txt").write_text(registry.policy())
    command, *more = what or ("audit",)
    code = main([command, str(log), *more, "--policy", str(folder / "policy.txt"), "--jobs", "1",
                 "--json"])  # fmt: skip
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def after_an_unknown_ruleset(registry: Registry) -> int:
    """Adopt what nobody here knows, then record what this verifier would call false."""
    done = adopt(registry, ruleset(registry))
    registry.force(registry.sign(ROOT_A, "actor-x/profile", "ActorRegistered", **PROFILE))
    registry.force(registry.sign(ROOT_A, "actor-x/profile", "ActorRegistered", **PROFILE))
    payload = encoding.encode({"nobody": "knows"})
    head = registry.subject("actor-x").heads["actor-x/profile"]
    kid = registry.events[0].kid
    strange = Draft(kid=kid, iss=ROOT_A, stream="actor-x/profile", type="ActorRegistered/1",
                    payload=payload, seq=head.seq + 1, prev=head.id, iat=registry.now,
                    ledger=registry.book.ledger, seen=None)  # fmt: skip
    registry._append(sign(strange, secret(ROOT_A).sign))
    return done


def test_what_follows_an_unknown_ruleset_is_undecided_never_false(
    registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """AU7: exit 3, told once with its place; signatures and the tree are checked all the same."""
    done = after_an_unknown_ruleset(registry)
    code, told = audit(registry, tmp_path, capsys)
    findings = [one for one in told if one["message"] == "finding"]
    assert code == 3
    assert [(one["code"], one["decided"], one["index"]) for one in findings] == [
        ("ruleset-unknown", False, done + 1)
    ]
    verdict = told[-1]
    states = [sentence["state"] for sentence in verdict["sentences"]]
    assert states[:2] == ["unknown", "yes"]
    assert any(f"entries from {done + 1} on" in line for line in verdict["not_checked"])
    assert verdict["checked"]["admissions"] == done + 1
    assert verdict["checked"]["signatures"] == len(registry.events)


def test_what_was_false_before_stays_false(
    registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """AU7: nobody hides a forgery by adopting rules after it."""
    office = PROFILE | {"kind": "office", "principal": "actor-z"}
    registry.smuggle(registry.sign(ROOT_B, "actor-y/profile", "ActorRegistered", **office))
    after_an_unknown_ruleset(registry)
    code, told = audit(registry, tmp_path, capsys)
    assert code == 1
    assert {one["code"] for one in told if one["message"] == "finding"} == {
        "AC1", "ruleset-unknown",
    }  # fmt: skip


def test_an_event_under_an_unknown_ruleset_is_explained_as_undecided(
    registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """AU7: of a later one as of the first, nothing is said for or against it."""
    done = after_an_unknown_ruleset(registry)
    for index in (done + 1, done + 2):
        code, told = audit(registry, tmp_path / str(index), capsys, "explain", f"@{index}")
        assert code == 3
        assert told[-1]["sentences"][0]["state"] == "unknown"


def test_a_ledger_opened_by_an_unknown_ruleset_is_undecided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """GE3: no verifier calls it false that does not know its rules."""
    registry = Registry()
    root = {"actor": ROOT_A, "principal": ROOT_A, "public": public(ROOT_A)}
    genesis = registry.sign(
        ROOT_A, "ledger/genesis", "LedgerOpened", origin="registry.example.org/log", roots=[root],
        quorum=1, expires=registry.day(30), ruleset="pledgebook-9", clock="stated",
        anchor_every="P1D", register_every="P1D", log_keys={"checkpoint": public("log")},
    )  # fmt: skip
    registry.force(genesis)
    registry.force(registry.sign(ROOT_A, "actor-x/profile", "ActorRegistered", **PROFILE))
    code, told = audit(registry, tmp_path, capsys)
    assert code == 3
    assert [one["code"] for one in told if one["message"] == "finding"] == ["ruleset-unknown"]


def test_a_genesis_states_the_text_that_it_means(monkeypatch: pytest.MonkeyPatch) -> None:
    """GE3, AU7: under another digest, or one for a text that is not frozen, nothing is decided."""
    with pytest.raises(Refused) as refusal:
        Registry().open(ruleset_digest=DIGEST)
    assert {unmet.rule for unmet in refusal.value.unmet} == {"GE3"}
    monkeypatch.setitem(RULESETS, "pledgebook-1", DIGEST)
    with pytest.raises(Refused) as refusal:
        Registry().open(ruleset_digest=b"\x03" * 32)
    assert {unmet.rule for unmet in refusal.value.unmet} == {"GE3"}
    opened = Registry().open(ruleset_digest=DIGEST)
    found = ruleset_at(opened.book.size, opened.book)
    assert found is not None
    assert (found.version, found.digest) == ("pledgebook-1", DIGEST)
    assert Registry().open().book.size == opened.book.size


def test_a_released_ruleset_has_a_text() -> None:
    """ADR 0030: from 1.0 on each has its digest, and each digest is that of its published text."""
    for name, digest in RULESETS.items():
        assert digest is not None or int(version_of("pledgebook-verifier").split(".")[0]) < 1
        if digest is not None:
            text = ROOT / "docs" / "spec" / "rulesets" / f"{name}.md"
            assert hashlib.sha256(text.read_bytes()).digest() == digest


def test_a_list_refuses_no_code(registry: Registry) -> None:
    """AU8: what a list does not hold is admitted: the log holds its hash and not its codes."""
    listed(registry)
    registry.enlist("actor-of-no-list", country="ZZZ")
