"""Lots: a witness that cosigns checkpoints of the registry in memory, and what they draw."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from tests.harness.registry import ORIGIN, Registry, public, secret
from verifier import note
from verifier.rules import lot

__all__ = ["TIME", "WITNESS", "drawing", "seed_of", "witnessed"]

WITNESS = note.VerifierKey("witness.example.org", note.COSIGNATURE, public("witness"))
TIME = 1_700_000_000


def witnessed(
    registry: Registry, at: int = TIME, *, size: int | None = None, root: bytes | None = None,
    origin: str = ORIGIN, key: str = "witness",
) -> bytes:  # fmt: skip
    """Return a checkpoint as the witness cosigned it at a Unix time."""
    size = len(registry.events) if size is None else size
    checkpoint = note.Checkpoint(origin, size, registry.roots[size] if root is None else root)
    line = note.cosignature_line(
        WITNESS, checkpoint.text(), timestamp=at, sign=secret(key).sign
    )  # fmt: skip
    return note.format_note(checkpoint.text(), [line])


def seed_of(checkpoint: bytes) -> bytes:
    """Return the seed that a checkpoint makes which the witness cosigned."""
    return lot.earliest(checkpoint, (str(WITNESS),))[1]


def drawing(registry: Registry, names: Iterable[str], first: Iterable[str]) -> bytes:
    """Return a checkpoint that happens to draw some of the names before the others.

    Of these, those count that are among the names.

    Who could choose among cosignatures could choose a lot: the tests do, a registry cannot.
    """
    names = list(names)
    wanted = set(first) & set(names)
    for at in count(TIME):
        checkpoint = witnessed(registry, at)
        if set(lot.in_order(seed_of(checkpoint), names)[: len(wanted)]) == wanted:
            return checkpoint
    raise AssertionError("unreachable: the times do not end")
