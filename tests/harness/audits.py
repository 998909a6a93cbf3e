"""Auditing what an attack left behind, in this process."""

from __future__ import annotations

from collections.abc import Iterable

from tests.harness.attacks import Attacked
from verifier.audit import Audit, Options
from verifier.finding import Finding, Verdict
from verifier.policy import parse_policy
from verifier.sources import open_source

__all__ = ["audited", "codes"]


def audited(attacked: Attacked, *, known: bool = False) -> tuple[list[Finding], Verdict]:
    """Audit a folder; with *known*, beside the checkpoint that the auditor had kept."""
    options = Options(engine="openssl", known=attacked.known if known else None)
    source = open_source(str(attacked.folder))
    policy = parse_policy(attacked.policy.encode())
    items = list(Audit(source, policy, options=options, executor=None).run())
    assert isinstance(items[-1], Verdict)
    return [item for item in items if isinstance(item, Finding)], items[-1]


def codes(findings: Iterable[Finding]) -> set[str]:
    """Return every code and rule that findings name."""
    return {one.code for one in findings} | {
        also.partition(":")[0] for one in findings for also in one.also
    }
