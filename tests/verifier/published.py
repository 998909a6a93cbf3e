"""A small published log on disk, written by hand from the tree: what sources and proofs read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from verifier.note import Checkpoint, VerifierKey, ed25519_line, format_note
from verifier.tiles import bundles_at, encode_bundle, tile_bytes, tiles_at
from verifier.tree import leaf_hash, root_from, root_of

VECTORS = Path(__file__).parents[1] / "vectors" / "log"
ORIGIN = "log.example.org/2026"


def vector(name: str) -> Any:
    """Returns one vector file, parsed."""
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def private_key(seed_text: str) -> Ed25519PrivateKey:
    """Returns the Ed25519 key whose seed is the hash of a text."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed_text.encode()).digest())


def verifier_key(name: str, kind: int, private: Ed25519PrivateKey) -> VerifierKey:
    """Returns the public half with its name and type."""
    return VerifierKey(
        name, kind, private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    )


@dataclass
class Log:
    """A tree in memory, entries and all; subtree hashes are found by hashing the entries."""

    entries: list[bytes]
    origin: str = ORIGIN
    private: Ed25519PrivateKey = field(default_factory=lambda: private_key("a log"))
    _seen: dict[tuple[int, int], bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, size: int) -> Log:
        """Returns a log of distinct small entries."""
        return cls([f"entry {i}".encode() for i in range(size)])

    @property
    def key(self) -> VerifierKey:
        """The log's verifier key."""
        return verifier_key(self.origin, 0x01, self.private)

    def read(self, level: int, index: int) -> bytes:
        """Answers the tree's read port."""
        key = (level, index)
        if key not in self._seen:
            span = self.entries[index << level : (index + 1) << level]
            assert len(span) == 1 << level, f"subtree {key} is not complete"
            self._seen[key] = root_of([leaf_hash(entry) for entry in span])
        return self._seen[key]

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        """Returns the unsigned checkpoint at a size, by default the whole log."""
        size = len(self.entries) if size is None else size
        return Checkpoint(self.origin, size, root_from(size, self.read))

    def note(self, size: int | None = None) -> bytes:
        """Returns the checkpoint at a size, signed by the log's Ed25519 key."""
        text = self.checkpoint(size).text()
        return format_note(text, [ed25519_line(self.key, text, sign=self.private.sign)])

    def publish(self, folder: Path, size: int | None = None) -> None:
        """Writes checkpoint, tiles and bundles as they are at a size, beside what is there."""
        size = len(self.entries) if size is None else size
        for tile in tiles_at(size):
            write(folder / tile.path, tile_bytes(tile, self.read))
        for bundle in bundles_at(size):
            span = self.entries[bundle.n * 256 :][: bundle.width]
            write(folder / bundle.path, encode_bundle(span))
        write(folder / "checkpoint", self.note(size))


def write(path: Path, data: bytes) -> None:
    """Writes a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
