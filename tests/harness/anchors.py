"""Witnesses of a scenario: they cosign checkpoints at any time, and the service anchors them."""

from __future__ import annotations

from tests.harness.registry import ORIGIN, Registry, public, secret, signed_checkpoint
from verifier import note
from verifier.rules.book import Entry

__all__ = ["SERVICE", "anchor", "cosigned", "real_registry", "witness_key", "witness_policy"]

SERVICE = "actor-service"
STREAM = "ledger/anchors"


def real_registry(now: int | None = None, **genesis: str) -> Registry:
    """Return a registry with a real clock, its office and the service that anchors."""
    registry = Registry() if now is None else Registry(now=now)
    registry.open(clock="real", **genesis)
    registry.enlist("actor-registry").appoint("actor-registry", "registry")
    registry.enlist(SERVICE, kind="machine", principal="actor-registry")
    return registry.grant(SERVICE, "registry_service", "actor-registry")


def witness_key(name: str) -> note.VerifierKey:
    """Return the key of a witness."""
    return note.VerifierKey(f"{name}.example", note.COSIGNATURE, public(name))


def cosigned(
    registry: Registry, times: dict[str, int], *, size: int | None = None, key: str = "log"
) -> bytes:
    """Return the log's checkpoint of a size, cosigned by witnesses at the times stated."""
    size = len(registry.events) if size is None else size
    checkpoint = note.Checkpoint(ORIGIN, size, registry.roots[size])
    lines = [
        note.cosignature_line(witness_key(name), checkpoint.text(), timestamp=at,
                              sign=secret(name).sign)
        for name, at in times.items()
    ]  # fmt: skip
    return signed_checkpoint(checkpoint, key) + b"".join(lines)


def anchor(
    registry: Registry, times: dict[str, int] | None = None, *, size: int | None = None
) -> Entry:
    """Let the service anchor a checkpoint, cosigned now unless other times are stated."""
    at = {"w": registry.now} if times is None else times
    return registry.append(SERVICE, STREAM, "CheckpointAnchored",
                           note=cosigned(registry, at, size=size))  # fmt: skip


def witness_policy(registry: Registry, *names: str) -> str:
    """Return the trust policy that knows some witnesses and asks for none."""
    lines = "".join(f"witness {name} {witness_key(name)}\n" for name in names)
    return registry.policy().replace("quorum none", f"{lines}quorum none")
