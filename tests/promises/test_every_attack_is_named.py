"""Every attack is found, named with its event and rule, or plainly said to be undetectable."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.attacks import ATTACKS, Attack, Attacked
from verifier.audit import Audit, Options
from verifier.finding import MEANINGS, Finding, Verdict
from verifier.policy import parse_policy
from verifier.sources import open_source


def audit(attacked: Attacked, *, known: bool = False) -> tuple[list[Finding], Verdict]:
    """Audit what an attack left behind."""
    options = Options(engine="openssl", known=attacked.known if known else None)
    source = open_source(str(attacked.folder))
    policy = parse_policy(attacked.policy.encode())
    items = list(Audit(source, policy, options=options, executor=None).run())
    assert isinstance(items[-1], Verdict)
    return [item for item in items if isinstance(item, Finding)], items[-1]


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a.finds], ids=lambda a: a.name)
def test_the_attack_is_found(attack: Attack, tmp_path: Path) -> None:
    """The verdict is false; the finding names the attack and, where there is one, the event."""
    findings, verdict = audit(attack.run(tmp_path / "log"))
    assert verdict.exit == 1
    found = [f for f in findings if f.code.startswith(attack.finds)]
    assert found, [f"{f.code}: {f.reason}" for f in findings]
    assert found[0].what
    about_the_log = {"tail-cut", "note-unsigned", "entries-swapped"}
    if attack.finds not in about_the_log:
        assert found[0].event
        assert found[0].index is not None


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a.finds_with_known], ids=lambda a: a.name)
def test_what_is_kept_outside_finds_what_the_log_alone_cannot(
    attack: Attack, tmp_path: Path
) -> None:
    """Without a known checkpoint the verdict says what it cannot tell; with it, it is found."""
    attacked = attack.run(tmp_path / "log")
    findings, verdict = audit(attacked)
    assert not findings
    assert verdict.exit == 0
    assert any("nothing was cut off" in line for line in verdict.not_checked)
    findings, verdict = audit(attacked, known=True)
    assert verdict.exit == 1
    assert attack.finds_with_known in {f.code for f in findings}


def test_every_attack_has_words_of_its_own() -> None:
    """What a finding means is said in words for every code that an attack is found by."""
    for attack in ATTACKS:
        for code in filter(None, (attack.finds, attack.finds_with_known)):
            assert any(known.startswith(code) for known in MEANINGS), code
