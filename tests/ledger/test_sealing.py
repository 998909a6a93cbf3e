"""A report is sealed to a few, opened by them alone, and believed only where it matches."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.beside import sealing
from ledger.beside.sealing import Opened, Recipient, Sealed, SealingKey, open_sealed, seal
from ledger.errors import LedgerError
from verifier.blob import blob_name
from verifier.errors import FalseError, MalformedError, PledgebookError
from verifier.fieldtree import fields_of, report_of

REPORT = {"finding": {"text": "Trees were not planted.", "severity": 3}, "sources": ["a", "b"]}


@pytest.fixture(scope="module")
def panel() -> list[SealingKey]:
    """Three keys of a panel."""
    return [SealingKey.generate() for _ in range(3)]


def sealed_to(*keys: SealingKey, report: dict[str, Any] | None = None) -> Sealed:
    """Seal a report to some keys."""
    return seal(report or REPORT, [key.recipient for key in keys])


def opened(sealed: Sealed, key: SealingKey, **changes: Any) -> Opened:
    """Open a sealed report as the log describes it."""
    told = {"name": sealed.name, "root": sealed.root, "leaves": sealed.leaves} | changes
    return open_sealed(changes.pop("stored", sealed.stored), key, **told)


def test_each_recipient_opens_it_and_nobody_else(panel: list[SealingKey]) -> None:
    """Every key that it was sealed to gives the same report; another key gives nothing."""
    sealed = sealed_to(*panel[:2])
    assert sealed.recipients == tuple(key.recipient.thumbprint for key in panel[:2])
    for key in panel[:2]:
        assert report_of(opened(sealed, key).tree.fields) == REPORT
    with pytest.raises(FalseError) as refused:
        opened(sealed, panel[2])
    assert refused.value.code == "sealed-closed"


def test_nothing_of_the_report_shows(panel: list[SealingKey]) -> None:
    """Neither its words nor, within 4 KiB, its length; two of the same have nothing in common."""
    short, longer = sealed_to(panel[0]), sealed_to(panel[0], report=REPORT | {"more": "x" * 900})
    assert len(short.stored) == len(longer.stored)
    assert b"planted" not in short.stored
    again = sealed_to(panel[0])
    assert again.root != short.root
    assert again.name != short.name


@pytest.mark.parametrize("changed", ["root", "leaves", "name", "stored"])
def test_another_commitment_than_the_logs_is_refused(panel: list[SealingKey], changed: str) -> None:
    """What was decrypted is nothing until it has the root that the log holds."""
    sealed, other = sealed_to(panel[0]), sealed_to(panel[0])
    value = 32 if changed == "leaves" else getattr(other, changed)
    with pytest.raises(FalseError):
        if changed == "stored":
            open_sealed(value, panel[0], name=sealed.name, root=sealed.root, leaves=sealed.leaves)
        else:
            opened(sealed, panel[0], **{changed: value})


def test_a_plaintext_that_was_not_committed_to_is_never_trusted(
    panel: list[SealingKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An author who encrypts another report under the true commitment deceives no reader."""
    sealed = sealed_to(panel[0])
    bound, key, nonce = sealing._bound(sealed.root, sealed.leaves), os.urandom(32), bytes(12)
    plain = sealing._plain(os.urandom(32), fields_of({"finding": "All is well."}))
    wrapped = sealing._SUITE.encrypt(key, panel[0].recipient.key(), bound)
    inside = AESGCM(key).encrypt(nonce, plain, bound)
    body = b"".join((sealing._MAGIC, b"\1", wrapped, nonce, inside))
    stored = os.urandom(32) + body
    with pytest.raises(FalseError) as refused:
        open_sealed(stored, panel[0], name=blob_name(stored), root=sealed.root,
                    leaves=sealed.leaves)  # fmt: skip
    assert refused.value.code == "disclosure-false"


def test_no_byte_can_be_changed(panel: list[SealingKey]) -> None:
    """Even where the name is made to fit, a changed object opens to nothing."""
    sealed = sealed_to(panel[0])
    for place in range(32, len(sealed.stored), 7):
        changed = bytearray(sealed.stored)
        changed[place] ^= 1 << place % 8
        with pytest.raises(PledgebookError):
            open_sealed(bytes(changed), panel[0], name=blob_name(bytes(changed)),
                        root=sealed.root, leaves=sealed.leaves)  # fmt: skip
    for end in (0, 31, 32, 60, 1_300, len(sealed.stored) - 1):
        with pytest.raises(PledgebookError):
            open_sealed(sealed.stored[:end], panel[0], name=blob_name(sealed.stored[:end]),
                        root=sealed.root, leaves=sealed.leaves)  # fmt: skip


@given(plain=st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_whatever_is_decrypted_is_read_or_refused(plain: bytes) -> None:
    """No bytes make the reader of a plaintext fail in any other way."""
    try:
        secret, fields = sealing._read_plain(plain)
    except MalformedError:
        return
    assert sealing._plain(secret, fields) == plain


def test_recipients_stand_once_and_are_not_too_many(panel: list[SealingKey]) -> None:
    """Nobody, the same one twice, and more than twenty are refused."""
    one = panel[0].recipient
    for recipients in ([], [one, one], [one] * 21):
        with pytest.raises(MalformedError):
            seal(REPORT, recipients)


def test_a_key_file_is_encrypted_and_never_overwritten(
    tmp_path: Path, panel: list[SealingKey]
) -> None:
    """It is read with its passphrase alone; its public line says the same key."""
    path = tmp_path / "panel.key"
    panel[0].save(path, "a passphrase")
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"ENCRYPTED" in path.read_bytes()
    assert SealingKey.load(path, "a passphrase").recipient == panel[0].recipient
    assert Recipient.parse(f"{panel[0].recipient}\n") == panel[0].recipient
    for wrong in (lambda: panel[1].save(path, "a passphrase"),
                  lambda: SealingKey.load(path, "another one"),
                  lambda: panel[1].save(tmp_path / "short", "short")):  # fmt: skip
        with pytest.raises(LedgerError) as refused:
            wrong()
        assert refused.value.code == "signer-unusable"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(LedgerError):
        SealingKey.load(path, "a passphrase")


@pytest.mark.parametrize("line", ["", "pledgebook-seal-1", "pledgebook-seal-1 AAAA", "other AAAA"])
def test_what_is_no_recipient_is_told(line: str) -> None:
    """A line that was cut or is another's is refused before anything is sealed to it."""
    with pytest.raises(MalformedError):
        Recipient.parse(line)
