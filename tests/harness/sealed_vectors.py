"""The vectors of attachments and sealed reports that ``tools/make_vectors.py`` writes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from verifier import blob, fieldtree


def blobs() -> Iterator[dict[str, Any]]:
    """Yield stored objects and their names."""
    for name, content in (("no content", b""), ("three words", b"minutes of a meeting"),
                          ("300 zero bytes", bytes(300))):  # fmt: skip
        stored = hashlib.sha256(name.encode()).digest() + content
        yield {"name": name, "stored": stored.hex(), "blob": blob.blob_name(stored).hex()}


def commitments() -> Iterator[dict[str, Any]]:
    """Yield reports, their secrets, and the commitments to them with each field shown."""
    reports: dict[str, dict[str, Any]] = {
        "one field": {"finding": "No tree was planted."},
        "maps in maps": {
            "finding": {"text": "No tree.", "more": {"severity": 3}},
            "b": b"\x00\xff",
        },
        "a list is one value": {"sources": ["a", "b"], "public": False},
        "16 fields fill 16 leaves": {f"f{n:02}": n for n in range(16)},
        "17 fields need 32": {f"f{n:02}": n for n in range(17)},
    }
    for name, report in reports.items():
        secret = hashlib.sha256(name.encode()).digest()
        tree = fieldtree.FieldTree(secret, fieldtree.fields_of(report))
        shown = [tree.show(path) for path in sorted(tree.fields)[:3]]
        yield {
            "name": name, "secret": secret.hex(),
            "fields": {path: value.hex() for path, value in sorted(tree.fields.items())},
            "root": tree.root.hex(), "leaves": tree.leaves,
            "shown": [
                {"path": one.path, "salt": one.salt.hex(), "index": one.index,
                 "proof": [node.hex() for node in one.proof]}
                for one in shown
            ],
        }  # fmt: skip
