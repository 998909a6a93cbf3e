"""What the roots change together, for tests: their own number, and the ruleset."""

from __future__ import annotations

from typing import Any

from tests.harness.registry import Registry, public, secret
from verifier.keys import thumbprint
from verifier.rules.authority.keys import possession_statement
from verifier.rules.book import Entry

ROOT_A, ROOT_B = "actor-root-a", "actor-root-b"
NEXT, DIGEST = "pledgebook-2", b"\x02" * 32


def seat(actor: str, **changes: Any) -> dict[str, Any]:
    """Return a root that stays as it is."""
    return {"actor": actor, "principal": f"{actor}-org", "public": public(actor)} | changes


def newcomer(registry: Registry, actor: str, local: str = "r1", *, key: str = "",
             **changes: Any) -> dict[str, Any]:  # fmt: skip
    """Return a root that comes, with a proof of possession of its key."""
    key = key or actor
    statement = possession_statement(
        ledger=registry.book.ledger or b"", actor=actor, kid=thumbprint(public(key)),
        stream=f"ledger/roots/{local}", seq=0, prev=None,
    )  # fmt: skip
    return seat(actor, public=public(key), pop=secret(key).sign(statement)) | changes


def terms(registry: Registry, *roots: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the fields of a change."""
    return {"roots": list(roots), "threshold": 2, "reason": "A/1", "quorum": 2,
            "expires": registry.day(30)} | changes  # fmt: skip


def propose(registry: Registry, *roots: dict[str, Any], local: str = "r1",
            by: str = ROOT_A, **changes: Any) -> Entry:  # fmt: skip
    """Propose who is to follow."""
    fields = terms(registry, *roots, **changes)
    return registry.append(by, f"ledger/roots/{local}", "RootsChanged", **fields)


def change(registry: Registry, *roots: dict[str, Any], voices: tuple[str, ...] = (ROOT_A, ROOT_B),
           **changes: Any) -> Entry:  # fmt: skip
    """Let the roots be replaced."""
    proposal = propose(registry, *roots, by=voices[0], **changes)
    for voice in voices:
        registry.endorse(voice, proposal, f"{voice}-org")
    return proposal


def ruleset(registry: Registry, local: str = "s1", **changes: Any) -> Entry:
    """Propose a ruleset."""
    fields = {"version": NEXT, "digest": DIGEST, "quorum": 2, "expires": registry.day(30)}
    return registry.append(ROOT_A, f"ledger/ruleset/{local}", "RulesetAdopted",
                           **(fields | changes))  # fmt: skip


def adopt(registry: Registry, proposal: Entry) -> int:
    """Endorse by both roots; return the index that completes it."""
    return [registry.endorse(r, proposal, f"{r}-org").index for r in (ROOT_A, ROOT_B)][-1]
