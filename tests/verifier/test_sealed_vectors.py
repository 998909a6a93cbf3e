"""The frozen vectors of attachments and sealed reports: what was committed to stays so for ever."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from ledger.beside.sealing import SealingKey, open_sealed
from tests.harness import vectors
from verifier.blob import blob_name, content_of
from verifier.fieldtree import FieldTree, Shown, report_of, require_all, require_shown


@pytest.mark.parametrize("vector", vectors.load("sealed/blobs"), ids=vectors.names)
def test_an_object_has_its_name(vector: dict[str, Any]) -> None:
    """SHA-256 over the prefix, 32 random bytes and the content."""
    stored = bytes.fromhex(vector["stored"])
    assert blob_name(stored).hex() == vector["blob"]
    assert content_of(bytes.fromhex(vector["blob"]), stored) == stored[32:]


@pytest.mark.parametrize("vector", vectors.load("sealed/commitments"), ids=vectors.names)
def test_fields_have_their_commitment(vector: dict[str, Any]) -> None:
    """All fields make the root, and each one shown is proved by what stands beside it."""
    secret, root = bytes.fromhex(vector["secret"]), bytes.fromhex(vector["root"])
    fields = {path: bytes.fromhex(value) for path, value in vector["fields"].items()}
    require_all(secret, fields, root=root, leaves=vector["leaves"])
    tree = FieldTree(secret, fields)
    for one in vector["shown"]:
        proof = tuple(map(bytes.fromhex, one["proof"]))
        shown = Shown(one["path"], fields[one["path"]], bytes.fromhex(one["salt"]), one["index"],
                      proof)  # fmt: skip
        assert shown == tree.show(one["path"])
        require_shown(shown, root=root, leaves=vector["leaves"])


@pytest.mark.parametrize("vector", vectors.load("sealed/opened"), ids=vectors.names)
def test_an_object_opens_to_its_report(vector: dict[str, Any]) -> None:
    """What was sealed by the first version is opened by every later one."""
    key = SealingKey(
        MLKEM768PrivateKey.from_seed_bytes(bytes.fromhex(vector["ml_kem_seed"])),
        X25519PrivateKey.from_private_bytes(bytes.fromhex(vector["x25519"])),
    )
    assert key.recipient.public.hex() == vector["public"]
    assert key.recipient.thumbprint.hex() == vector["thumbprint"]
    opened = open_sealed(
        bytes.fromhex(vector["stored"]), key, name=bytes.fromhex(vector["blob"]),
        root=bytes.fromhex(vector["root"]), leaves=vector["leaves"],
    )  # fmt: skip
    assert report_of(opened.tree.fields) == vector["report"]
