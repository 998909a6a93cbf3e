"""Settings, key files and log lines: what the operator touches says clearly what is wrong."""

from __future__ import annotations

import io
import json
import logging
import stat
from pathlib import Path

import pytest

from ledger.application import Ledger
from ledger.config import SERVICE_PROCESSES, Settings, load_settings
from ledger.errors import CODES, LedgerError
from ledger.observe import COUNTERS, Counters, configure_logging, say
from ledger.signer import (
    CHECKPOINT_KEY,
    ML_DSA_KEY,
    FileSigner,
    MlDsaFileSigner,
    Signers,
    load_signers,
    ml_dsa_supported,
    read_passphrase,
)
from tests.harness.ledgers import accepted, raws
from tests.harness.registry import ORIGIN, Registry
from verifier import note
from verifier.keys import verify

PASSPHRASE = "correct horse battery"


def code_of(action: object, *arguments: object, **options: object) -> str:
    """Return the code of the error that an action raises."""
    assert callable(action)
    with pytest.raises(LedgerError) as caught:
        action(*arguments, **options)
    assert caught.value.hint
    return caught.value.code


def test_the_environment_wins_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    """Each setting may come from three places, in this order of strength."""
    (tmp_path / "ledger.toml").write_text(
        'engine = "openssl"\nhot_subjects = 7\nsigning_state = "apart/state"\n', encoding="utf-8"
    )
    environ = {"PLEDGEBOOK_HOT_SUBJECTS": "9", "PLEDGEBOOK_MAX_PAGES": "5"}
    settings = load_settings(tmp_path, environ)
    assert settings == Settings(
        engine="openssl", hot_subjects=9, max_pages=5, signing_state=tmp_path / "apart" / "state",
        verify_processes=SERVICE_PROCESSES,
    )  # fmt: skip
    assert load_settings(tmp_path / "nowhere", {}) == Settings(verify_processes=SERVICE_PROCESSES)


@pytest.mark.parametrize(
    "text",
    ['colour = "red"', "hot_subjects = 0", 'hot_subjects = "many"', 'engine = "zip215"',
     "verify_threads = true", "not toml at all"],
)  # fmt: skip
def test_a_wrong_setting_is_named(tmp_path: Path, text: str) -> None:
    """An unknown name, an impossible value and a broken file are errors, never ignored."""
    (tmp_path / "ledger.toml").write_text(text, encoding="utf-8")
    assert code_of(load_settings, tmp_path, {}) == "config-invalid"


def test_a_key_file_is_encrypted_private_and_never_overwritten(tmp_path: Path) -> None:
    """Made with mode 0600 and a passphrase; a second creation is refused and changes nothing."""
    path = tmp_path / "keys" / CHECKPOINT_KEY
    made = FileSigner.create(path, PASSPHRASE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"ENCRYPTED PRIVATE KEY" in path.read_bytes()
    before = path.read_bytes()
    assert code_of(FileSigner.create, path, PASSPHRASE) == "signer-unusable"
    assert path.read_bytes() == before
    loaded = FileSigner.load(path, PASSPHRASE)
    assert loaded.public_key() == made.public_key()
    verify(made.public_key(), loaded.sign(b"text"), b"text")
    assert str(path) in loaded.describe()


def test_a_key_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """Wrong, short or missing passphrase, no file, garbage: one code, each with its reason."""
    path = tmp_path / CHECKPOINT_KEY
    FileSigner.create(path, PASSPHRASE)
    assert code_of(FileSigner.load, path, "another phrase") == "signer-unusable"
    assert code_of(FileSigner.load, tmp_path / "none", PASSPHRASE) == "signer-unusable"
    (tmp_path / "garbage").write_bytes(b"garbage")
    assert code_of(FileSigner.load, tmp_path / "garbage", PASSPHRASE) == "signer-unusable"
    assert code_of(MlDsaFileSigner.load, path, PASSPHRASE) == "signer-unusable"
    assert code_of(FileSigner.create, tmp_path / "short", "1234567") == "signer-unusable"
    assert not (tmp_path / "short").exists()
    assert code_of(read_passphrase, None, {}) == "signer-unusable"
    assert read_passphrase(None, {"PLEDGEBOOK_PASSPHRASE": "a b"}) == "a b"
    (tmp_path / "phrase").write_text("a b\n", encoding="utf-8")
    assert read_passphrase(tmp_path / "phrase", {}) == "a b"


@pytest.mark.skipif(not ml_dsa_supported(), reason="the installed OpenSSL has no ML-DSA")
async def test_the_served_checkpoint_carries_both_lines(tmp_path: Path) -> None:
    """Ed25519 first, ML-DSA-44 second, from key files; a receipt carries the first alone."""
    keys = tmp_path / "keys"
    made = Signers(
        FileSigner.create(keys / CHECKPOINT_KEY, PASSPHRASE),
        MlDsaFileSigner.create(keys / ML_DSA_KEY, PASSPHRASE),
    )
    assert made.ml_dsa is not None
    publics = {
        "checkpoint": made.checkpoint.public_key(),
        "checkpoint_ml_dsa_44": made.ml_dsa.public_key(),
    }
    registry = Registry().open(log_keys=publics)
    ledger = Ledger.open(
        tmp_path, settings=Settings(checkpoint_interval_s=3600.0),
        signers=load_signers(keys, PASSPHRASE),
    )  # fmt: skip
    await ledger.start()
    try:
        assert code_of(ledger.checkpoint) == "entry-absent"
        reply = await ledger.submit(raws(registry.events[:1]))
        vkeys = [
            note.VerifierKey(ORIGIN, note.ED25519, publics["checkpoint"]),
            note.VerifierKey(ORIGIN, note.MLDSA44, publics["checkpoint_ml_dsa_44"]),
        ]
        served = ledger.checkpoint()
        assert note.verify_note(served, vkeys).keys == tuple(vkeys)
        assert reply.checkpoint is not None
        assert note.verify_note(reply.checkpoint, vkeys).keys == tuple(vkeys[:1])
        later = await ledger.submit(raws(registry.events[1:]))
        assert accepted(later.outcomes[-1]).index == 2
        assert ledger.checkpoint() == served  # it moves at most once an interval
        assert ledger.receipt_checkpoint()[0] == 3
    finally:
        await ledger.close()


def test_log_lines_have_named_fields() -> None:
    """As text and as JSON, one line each, with a traceback only where there is one."""
    logger = logging.getLogger("ledger")
    before = (logger.handlers[:], logger.level, logger.propagate)
    try:
        for as_json in (False, True):
            stream = io.StringIO()
            configure_logging(level="info", stream=stream, as_json=as_json)
            say(logging.getLogger("ledger.committer"), logging.INFO, "ledger opened", size=3)
            [line] = stream.getvalue().splitlines()
            if as_json:
                told = json.loads(line)
                assert told["message"] == "ledger opened"
                assert (told["size"], told["level"]) == (3, "info")
            else:
                assert line.endswith("info    ledger opened size=3")
    finally:
        logger.handlers[:], logger.level, logger.propagate = before


def test_counters_and_codes_are_closed_lists() -> None:
    """A counter or a code that is not listed cannot be used by mistake."""
    counters = Counters()
    counters["events"] += 2
    assert counters.snapshot() == dict.fromkeys(COUNTERS, 0) | {"events": 2}
    with pytest.raises(KeyError):
        counters["evnets"] += 1
    with pytest.raises(KeyError):
        LedgerError("T-unheard-of", "…")
    assert all(hint for _, hint in CODES.values())
