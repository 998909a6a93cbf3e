"""Other people's SCITT and COSE software accepts our events and receipts, unmodified.

``scitt-cose`` and ``pycose`` stand in an environment of their own, with the ``cbor2`` below 6 that
pycose asks for; what runs there is ``tests/interop/scitt_check.py``, which imports nothing of ours.
The environment is made once with pip and kept in the cache of pytest. Without an index the tests
are skipped; in a run that requires every tool they fail.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.harness import logkeys, tools, vectors
from tests.harness.registry import public
from tests.harness.service import registration, service

pytestmark = pytest.mark.interop

PACKAGES = ("scitt-cose==0.5.0", "pycose==1.1.0", "cbor2==5.9.0")
SCRIPT = Path(__file__).with_name("scitt_check.py")
MADE_IN_S = 300


@pytest.fixture(scope="module")
def python(request: pytest.FixtureRequest) -> Path:
    """The interpreter of the environment that holds their software."""
    cache: pytest.Cache = request.config.cache  # type: ignore[assignment]
    folder = cache.mkdir("scitt-tools") / "-".join(PACKAGES).replace("==", "-")
    interpreter = folder / "bin" / "python"
    if not (folder / "made").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        install = subprocess.run(
            [interpreter, "-m", "pip", "install", "--quiet", *PACKAGES],
            capture_output=True, text=True, check=False, timeout=MADE_IN_S,
        )  # fmt: skip
        if install.returncode:
            tools.missing(f"{', '.join(PACKAGES)}: {install.stderr.strip()[-400:]}")
        (folder / "made").touch()
    return interpreter


def ask(python: Path, folder: Path, **question: Any) -> dict[str, Any]:
    """Ask their software; return what it said."""
    file = folder / "question.json"
    file.write_text(json.dumps(question), encoding="utf-8")
    answer = subprocess.run(
        [python, "-I", SCRIPT, file], capture_output=True, text=True, check=False, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    said: dict[str, Any] = json.loads(answer.stdout)
    return said


def pem(key: EllipticCurvePublicKey | Ed25519PublicKey) -> str:
    """Return a public key as PEM."""
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def ec_pem(point: bytes) -> str:
    """Return a point of P-256 as PEM."""
    return pem(EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point))


async def recorded(folder: Path) -> dict[str, Any]:
    """Record an event in a running ledger; return event, receipt and both keys."""
    async with service(folder / "ledger", logkeys.opened()) as live:
        for n in range(40):
            await live.post(registration(live.registry, f"actor-n{n}").raw)
        event = registration(live.registry, "actor-x")
        receipt = await (await live.post(event.raw, Accept="application/cose")).read()
        ledger = live.ledger.ledger_id.hex()
    return {
        "event": event.raw.hex(), "receipt": receipt.hex(), "ledger": ledger,
        "iss": event.iss, "stream": event.stream, "payload": event.payload.hex(),
        "author": pem(Ed25519PublicKey.from_public_bytes(public("actor-root-a"))),
        "author_x": public("actor-root-a").hex(), "key": ec_pem(logkeys.point(logkeys.RECEIPTS)),
        "point": logkeys.point(logkeys.RECEIPTS).hex(),
    }  # fmt: skip


async def test_scitt_cose_accepts_an_event_and_its_receipt(python: Path, tmp_path: Path) -> None:
    """The event is a signed statement; with its receipt attached it is a transparent one."""
    made = await recorded(tmp_path)
    said = ask(python, tmp_path, what="scitt-cose", **made)
    assert said["statement"] == {
        "signature_verified": True, "issuer": made["iss"], "subject": made["stream"],
        "content_type": "application/vnd.msgpack", "payload": made["payload"],
    }  # fmt: skip
    assert said["receipt"]["ok"], said
    assert said["receipt"]["issuer"] == "registry.example.org/log"
    assert said["receipt"]["subject"] == f"urn:pledgebook:ledger:{made['ledger']}"
    assert said["attached"] == [made["receipt"]]
    assert not said["changed"]


async def test_pycose_accepts_an_event_and_its_receipt(python: Path, tmp_path: Path) -> None:
    """Both are COSE_Sign1 whose signatures verify, the receipt's over the root that it proves."""
    said = ask(python, tmp_path, what="pycose", **await recorded(tmp_path))
    assert said == {"statement": True, "receipt": True, "changed": False}


def test_scitt_cose_accepts_every_frozen_receipt(python: Path, tmp_path: Path) -> None:
    """Each with the root that the vector states."""
    valid = [vector | {"key": ec_pem(bytes.fromhex(vector["public"]))}
             for vector in vectors.load("receipt/valid")]  # fmt: skip
    said = ask(python, tmp_path, what="vectors", vectors=valid)
    assert said["roots"] == [vector["root"] for vector in valid]
