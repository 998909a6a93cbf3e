"""An audit that goes on says what an audit of everything says, and tells what does not go on."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.harness import publishing, stories
from tests.harness.attacks import small_log
from tests.harness.decade import Decade, play
from tests.harness.registry import ORIGIN, Registry, ref, seconds, signed_checkpoint, write_log
from verifier import memory, whole_log
from verifier.audit import Audit, Options
from verifier.cli import main
from verifier.errors import UndecidedError
from verifier.finding import Finding, Verdict
from verifier.kept import subject_from, subject_to
from verifier.memory import Memory
from verifier.note import Checkpoint
from verifier.policy import parse_policy
from verifier.rules.moment import ALWAYS
from verifier.rules.table import WHOLE_LOG
from verifier.since import Since
from verifier.sources import FolderSource, open_source
from verifier.tree import Frontier, leaf_hash

Capsys = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def decade() -> Decade:
    """Ten years of a small registry, with most of what can happen in one."""
    return play(partnerships=12)


def publish(registry: Registry, folder: Path, size: int) -> Path:
    """Publish the first events of a registry."""
    raws = [event.raw for event in registry.events[:size]]
    write_log(folder, raws, registry.checkpoint(size=size))
    return folder


def audit(folder: Path, registry: Registry, state: Path | None) -> tuple[list[Finding], Verdict]:
    """Audit a folder, going on from a state file where one is given, and remember it there."""
    policy = parse_policy(registry.policy().encode())
    since = Since(Memory(state)) if state is not None else None
    options = Options(engine="openssl")
    auditing = Audit(open_source(str(folder)), policy, options=options, executor=None, since=since)
    items = list(auditing.run())
    verdict = items[-1]
    assert isinstance(verdict, Verdict)
    if since is not None:
        auditing.remember()
        since.memory.close()
    return [item for item in items if isinstance(item, Finding)], verdict


def told(findings: list[Finding]) -> list[str]:
    """Return findings so that they can be compared."""
    return sorted(repr(finding) for finding in findings)


@pytest.mark.slow
def test_an_audit_in_many_steps_ends_as_one_of_everything(decade: Decade, tmp_path: Path) -> None:
    """Whatever the steps are, the last verdict and the state are those of a whole audit."""
    registry, state = decade.registry, tmp_path / "state"
    total = len(registry.events)
    seen: list[str] = []
    for step, size in enumerate((*range(40, total, max(total // 23, 1)), total)):
        folder = publish(registry, tmp_path / f"log-{step}", size)
        findings, verdict = audit(folder, registry, state)
        seen += told(findings)
        whole, cold = audit(folder, registry, None)
        del verdict.checked["tiles"], cold.checked["tiles"]  # partial ones are read once more
        assert (verdict.exit, verdict.omissions, verdict.checked, verdict.sentences[:3]) == (
            cold.exit, cold.omissions, cold.checked, cold.sentences[:3],
        )  # fmt: skip
        assert set(told(whole)) <= set(seen)
        assert verdict.told_before == len(whole) - len(
            [one for one in told(findings) if one in told(whole)]
        )
    assert verdict.since > 0


@pytest.mark.slow
def test_an_answer_stands_as_long_as_it_says(decade: Decade) -> None:
    """Nothing that the rules say of a subject changes before the second that was noted."""
    book = decade.registry.book
    answers = {one.id: whole_log.ask(one, book) for one in book.subjects.values()}
    assert any(one.until < ALWAYS for one in answers.values())
    now = book.time
    try:
        for days in (1, 3, 10, 30, 91, 200, 400, 800, 2_000):
            book.time = now + days * 86_400
            for name, answer in answers.items():
                if answer.until > book.time:
                    assert whole_log.ask(book.subject(name), book).broken == answer.broken
    finally:
        book.time = now


def test_subject_by_subject_the_rules_say_what_they_say_of_all(decade: Decade) -> None:
    """Asked one by one and across, the rules over the whole log find what they find at once."""
    book = decade.registry.book
    at_once = [broken for rules in WHOLE_LOG for broken in rules(book)]
    one_by_one = [b for one in book.subjects.values() for b in whole_log.ask(one, book).broken]
    about: dict[int, set[str]] = {}
    for one in book.subjects.values():
        for number in range(whole_log.concerned(one).bit_length()):
            if whole_log.concerned(one) >> number & 1:
                about.setdefault(number, set()).add(one.id)
    one_by_one += whole_log.across(book, about)
    assert sorted(map(repr, one_by_one)) == sorted(map(repr, at_once))
    assert at_once


def test_every_subject_comes_back_as_it_was(decade: Decade) -> None:
    """Heads, things, their order and their types survive being kept."""
    for subject in decade.registry.book.subjects.values():
        back = subject_from(subject_to(subject))
        assert (back.id, list(back.heads.items())) == (subject.id, list(subject.heads.items()))
        assert list(map(repr, back.things.items())) == list(map(repr, subject.things.items()))


def many_actors(registry: Registry) -> Registry:
    """Put enough on record that blocks of 256 entries stand before what comes."""
    for number in range(300):
        registry.append(
            "actor-root-a", f"actor-n{number}/profile", "ActorRegistered", kind="organization",
            name=stories.text("Number"), principal=f"actor-n{number}", stakeholder_type="ngo",
        )  # fmt: skip
    return registry


def test_only_what_is_new_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bundles before the remembered size are not asked for again, and the verdict says so."""
    registry, state = many_actors(small_log()), tmp_path / "state"
    size = len(registry.events)
    asked: list[int] = []
    entries = FolderSource.entries

    def counted(self: FolderSource, n: int, width: int) -> bytes:
        asked.append(n)
        return entries(self, n, width)

    monkeypatch.setattr(FolderSource, "entries", counted)
    audit(publish(registry, tmp_path / "log", size - 3), registry, state)
    findings, verdict = audit(publish(registry, tmp_path / "log", size), registry, state)
    assert (findings, verdict.exit, verdict.since) == ([], 0, size - 3)
    assert verdict.checked["entries"] == verdict.checked["signatures"] == size
    assert sorted(asked) == [0, 1, 1]
    assert any("trusts its own state file" in line for line in verdict.not_checked)
    assert "continues" in verdict.sentences[3].reason


def test_lateness_appears_with_time_alone(tmp_path: Path) -> None:
    """A subject without new events is asked again when its time has come, and told once."""
    registry, state = stories.submitted_partnership(Registry()), tmp_path / "state"
    audit(publish(registry, tmp_path / "log", len(registry.events)), registry, state)
    registry.on("2024-07-15")
    registry.enlist("actor-somebody-else")
    findings, _ = audit(publish(registry, tmp_path / "log", len(registry.events)), registry, state)
    assert [one.code for one in findings] == ["PS4"]
    registry.enlist("actor-another")
    findings, verdict = audit(
        publish(registry, tmp_path / "log", len(registry.events)), registry, state
    )
    assert findings == []
    assert (verdict.omissions, verdict.told_before) == (1, 1)


def test_what_was_false_stays_false(tmp_path: Path) -> None:
    """A finding of an earlier audit is not forgotten by the next one."""
    registry, state = small_log(), tmp_path / "state"
    registry.on("2025-12-01")
    report = ref(stories.submitted_report(registry, local="second"))
    stream = f"{stories.PARTNERSHIP}/report/second"
    registry.force(registry.sign(stories.NGO, stream, "ReportAccepted", report=report))
    findings, verdict = audit(
        publish(registry, tmp_path / "log", len(registry.events)), registry, state
    )
    assert (findings[0].code, verdict.findings, verdict.exit) == ("AD10", 1, 1)
    all_told = len(findings)
    registry.enlist("actor-another")
    findings, verdict = audit(
        publish(registry, tmp_path / "log", len(registry.events)), registry, state
    )
    assert (findings, verdict.exit, verdict.findings) == ([], 1, 1)
    assert verdict.told_before == all_told


def test_the_register_is_published_on_and_on(tmp_path: Path) -> None:
    """A publication after a restart speaks of every subject, read or not; a false one is found."""
    registry, state = small_log(), tmp_path / "state"
    sizes = []
    for day in ("2026-03-01", "2026-03-02", "2026-03-03"):
        registry.on(day)
        registry.enlist(f"actor-of-{day}")
        sizes.append(len(registry.events))
        publishing.published(registry)
        registry.enlist(f"actor-after-{day}")
        sizes.append(len(registry.events))
    registry.force(publishing.drafted(registry, root=bytes(32)))
    for size in sizes:
        _, verdict = audit(publish(registry, tmp_path / "log", size), registry, state)
        assert verdict.exit == 0
    assert verdict.since == sizes[-2]
    size = len(registry.events)
    findings, verdict = audit(publish(registry, tmp_path / "log", size), registry, state)
    assert ("RG2", 1) in {(one.code, verdict.exit) for one in findings}


def served(registry: Registry, folder: Path, raws: list[bytes]) -> Path:
    """Publish other entries, signed by the log's own key."""
    frontier = Frontier()
    for raw in raws:
        frontier.append(leaf_hash(raw))
    checkpoint = Checkpoint(ORIGIN, len(raws), frontier.root())
    write_log(folder, raws, signed_checkpoint(checkpoint, "log"))
    return folder


@pytest.mark.parametrize(("kept", "new", "code"), [
    (-4, 0, "rolled-back"),
    (-20, 0, "rolled-back"),
    (-4, 2, "history-forked"),
    (-4, 4, "history-forked"),
    (-4, 9, "history-forked"),
])  # fmt: skip
def test_what_does_not_go_on_is_named(tmp_path: Path, kept: int, new: int, code: str) -> None:
    """A cut tail, a restored old database, and one that was continued; nothing is remembered."""
    registry, state = many_actors(small_log()), tmp_path / "state"
    raws = [event.raw for event in registry.events]
    audit(publish(registry, tmp_path / "log", len(raws)), registry, state)
    before = state.read_bytes()
    other = Registry(now=seconds("2023-01-15")).open()
    for number in range(5):
        other.enlist(f"actor-other-{number}")
    foreign = [event.raw for event in other.events[:new]]
    folder = served(registry, tmp_path / "other", [*raws[:kept], *foreign])
    findings, verdict = audit(folder, registry, state)
    assert [one.code for one in findings] == [code]
    assert verdict.exit == 1
    assert "an old database" in findings[0].reason
    if code == "history-forked":
        assert "they part at entry 256 or after" in findings[0].reason
    assert state.read_bytes() == before


def test_a_fork_found_is_proven_with_the_state_file(tmp_path: Path, capsys: Capsys) -> None:
    """The command that the finding names writes the proof: the state file holds a checkpoint."""
    registry, state = small_log(), tmp_path / "state"
    raws = [event.raw for event in registry.events]
    log = publish(registry, tmp_path / "log", len(raws))
    (tmp_path / "policy").write_text(registry.policy())
    policy = ["--policy", str(tmp_path / "policy")]
    assert main(["audit", str(log), *policy, "--since", str(state)]) == 0
    folder = served(registry, tmp_path / "other", [*raws[:-1], raws[0], raws[1]])
    assert main(["audit", str(folder), *policy, "--since", str(state)]) == 1
    assert f"compare {state}" in capsys.readouterr().out
    proof = tmp_path / "proof"
    assert main(["compare", str(state), str(folder), *policy, "--proof", str(proof)]) == 1
    assert main(["fork", str(proof), *policy]) == 0


def test_findings_are_told_before_they_are_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    """Whoever is interrupted while findings are told reads them again the next time."""
    registry, state = small_log(), tmp_path / "state"
    log = publish(registry, tmp_path / "log", len(registry.events))
    (tmp_path / "policy").write_text(registry.policy())
    out: list[str] = []

    def write(self: Memory, *arguments: Any, **named: Any) -> None:
        out.append(capsys.readouterr().out)
        raise UndecidedError("state-unreadable", "the disk is full")

    monkeypatch.setattr(Memory, "write", write)
    arguments = ["audit", str(log), "--policy", str(tmp_path / "policy"), "--since", str(state)]
    assert main(arguments) == 3
    assert "VERIFIED" in out[0]
    assert not state.exists()


def test_other_rules_audit_anew_and_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    """A state that another version of the rules wrote counts for its checkpoint alone."""
    registry, state = small_log(), tmp_path / "state"
    log = publish(registry, tmp_path / "log", len(registry.events))
    (tmp_path / "policy").write_text(registry.policy())
    arguments = ["audit", str(log), "--policy", str(tmp_path / "policy"), "--since", str(state)]
    assert main(arguments) == 0
    monkeypatch.setattr(memory, "rules_digest", lambda: "other")
    assert main([*arguments, "--json"]) == 0
    answer = capsys.readouterr()
    assert "audited anew" in answer.err
    verdict = json.loads(answer.out.splitlines()[-1])
    assert "since" not in verdict
    assert "continues" in verdict["sentences"][3]["reason"]
    shorter = publish(registry, tmp_path / "shorter", len(registry.events) - 5)
    arguments[1] = str(shorter)
    monkeypatch.setattr(memory, "rules_digest", lambda: "yet another")
    assert main(arguments) == 1
    assert "rolled-back" in capsys.readouterr().out


@pytest.mark.parametrize("table", ["state", "subject"])
def test_a_damaged_state_file_is_no_verdict(tmp_path: Path, table: str) -> None:
    """What differs from its digest is not read: nothing is decided, and the file is named."""
    registry, state = small_log(), tmp_path / "state"
    audit(publish(registry, tmp_path / "log", len(registry.events) - 3), registry, state)
    with sqlite3.connect(state) as database:
        for key, value in database.execute(f"SELECT * FROM {table}").fetchall():
            if isinstance(value, bytes) and len(value) > 9:
                worse = value[:-3] + bytes((value[-3] ^ 1,)) + value[-2:]
                name = "name" if table == "state" else "place"
                database.execute(f"UPDATE {table} SET value = ? WHERE {name} = ?", (worse, key))
    database.close()
    with pytest.raises(UndecidedError) as caught:
        audit(publish(registry, tmp_path / "log", len(registry.events)), registry, state)
    assert caught.value.code == "state-unreadable"


def test_a_file_that_is_no_state_file_is_left_alone(tmp_path: Path) -> None:
    """Another file is neither read as a state nor written over."""
    registry, state = small_log(), tmp_path / "state"
    state.write_text("my notes")
    with pytest.raises(UndecidedError):
        audit(publish(registry, tmp_path / "log", len(registry.events)), registry, state)
    assert state.read_text() == "my notes"


def test_one_audit_at_a_time_uses_a_state_file(tmp_path: Path) -> None:
    """A second audit with the same file is refused at once; nothing of it is lost."""
    registry, state = small_log(), tmp_path / "state"
    log = publish(registry, tmp_path / "log", len(registry.events))
    audit(log, registry, state)
    first = Memory(state)
    with pytest.raises(UndecidedError) as caught:
        Memory(state)
    assert "locked" in caught.value.reason
    first.close()
    assert audit(log, registry, state)[1].exit == 0
