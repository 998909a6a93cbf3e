"""Time stamps of a real authority: made by ``openssl ts``, checked by it and by us."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from ledger.anchoring import Anchoring
from tests.harness.anchors import SERVICE, STREAM, real_registry
from tests.harness.ledgers import actor_events
from tests.harness.registry import Registry, body_fields
from verifier.cli import main
from verifier.errors import FalseError, UndecidedError
from verifier.rules.anchor import CheckpointAnchored
from verifier.timestamps import Query, parse_authorities

pytestmark = pytest.mark.interop

REQUIRED = os.environ.get("PLEDGEBOOK_REQUIRE_TOOLS") == "1"
MISSING = [
    name
    for name, found in (
        ("openssl", shutil.which("openssl")),
        ("rfc3161-client", importlib.util.find_spec("rfc3161_client")),
    )
    if not found
]
CONFIG = """
[tsa]
default_tsa = a
[a]
dir = .
serial = ./serial
crypto_device = builtin
signer_cert = ./tsa.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.13762.3
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@pytest.fixture(autouse=True)
def tools() -> None:
    """Skip where a tool is missing; fail where all of them must be there."""
    if MISSING and not REQUIRED:
        pytest.skip(f"not installed: {', '.join(MISSING)}")
    assert not MISSING


def openssl(folder: Path, *words: str) -> bytes:
    """Run openssl in a folder; fail with its words."""
    run = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


def authority(folder: Path, name: str = "Test TSA") -> Path:
    """Make an authority: a root, and a certificate for time stamping under it."""
    folder.mkdir()
    (folder / "ts.cnf").write_text(CONFIG)
    (folder / "serial").write_text("01\n")
    usage = "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"
    (folder / "ext").write_text(usage + "basicConstraints=CA:FALSE\n")
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
            "-subj", f"/CN={name} Root")  # fmt: skip
    openssl(folder, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", f"/CN={name}")  # fmt: skip
    openssl(folder, "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-extfile", "ext", "-days", "20", "-out", "tsa.pem")  # fmt: skip
    return folder


def stamped(folder: Path, query: bytes) -> bytes:
    """Return an authority's answer to a request."""
    (folder / "query.tsq").write_bytes(query)
    openssl(folder, "ts", "-reply", "-config", "ts.cnf", "-queryfile", "query.tsq",
            "-out", "answer.tsr")  # fmt: skip
    return (folder / "answer.tsr").read_bytes()


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[str]:
    """Serve an authority over HTTP as RFC 3161 §3.4 says."""

    async def answer(request: web.Request) -> web.Response:
        assert request.content_type == "application/timestamp-query"
        token = await asyncio.to_thread(stamped, folder, await request.read())
        return web.Response(body=token, content_type="application/timestamp-reply")

    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def anchored(registry: Registry, folder: Path) -> CheckpointAnchored:
    """Let the service have its newest checkpoint stamped, and record it; no witness is asked."""
    async with served(folder) as url:
        chore = Anchoring(registry.book, witnessed=lambda: None, newest=registry.checkpoint,
                          interval_s=0.0, authority=url)  # fmt: skip
        body = await chore.due()
    assert isinstance(body, CheckpointAnchored)
    registry.append(SERVICE, STREAM, "CheckpointAnchored", **body_fields(body))
    return body


async def test_openssl_confirms_what_is_anchored(tmp_path: Path) -> None:
    """The token in the log and three lines of text are all that ``openssl ts -verify`` needs."""
    folder = authority(tmp_path / "tsa")
    body = await anchored(real_registry(int(time.time())), folder)
    assert body.token is not None
    (folder / "token.tsr").write_bytes(body.token)
    (folder / "checkpoint").write_bytes(body.checkpoint().text())
    told = openssl(folder, "ts", "-verify", "-data", "checkpoint", "-in", "token.tsr",
                   "-CAfile", "ca.pem")  # fmt: skip
    assert b"OK" in told
    (folder / "checkpoint").write_bytes(body.checkpoint().text()[:-2] + b"\n")
    with pytest.raises(AssertionError):
        openssl(folder, "ts", "-verify", "-data", "checkpoint", "-in", "token.tsr",
                "-CAfile", "ca.pem")  # fmt: skip


async def test_the_authority_that_the_auditor_names_bounds_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its certificate the bound is told; with another, or none, the token is no bound."""
    folder, other = authority(tmp_path / "tsa"), authority(tmp_path / "other", "Other TSA")
    registry = real_registry(int(time.time()))
    before = int(time.time())
    await anchored(registry, folder)
    registry.publish(tmp_path / "log")
    policy = tmp_path / "policy.txt"
    policy.write_text(registry.policy())

    def explained(*more: str) -> dict[str, object]:
        main(["explain", str(tmp_path / "log"), "@3", "--policy", str(policy), "--jobs", "1",
              "--json", *more])  # fmt: skip
        told: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return told

    told = explained("--timestamp-authorities", str(folder / "ca.pem"))
    bound = told["before"]
    assert isinstance(bound, dict)
    assert (bound["by"], bound["kind"]) == ("Test TSA", "authority")
    assert before <= bound["time"] <= time.time() + 1
    for more in ((), ("--timestamp-authorities", str(other / "ca.pem"))):
        told = explained(*more)
        assert "before" not in told
        assert any("1 time-stamp tokens" in line for line in told["not_checked"])  # type: ignore[attr-defined]


async def test_a_token_over_something_else_makes_the_anchor_false(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A trusted authority's token that was made for another checkpoint is found by the audit."""
    folder = authority(tmp_path / "tsa")
    registry = real_registry(int(time.time()))
    body = await anchored(registry, folder)
    for event in actor_events(registry, ["actor-x"]):
        registry.add(event)
    registry.append(SERVICE, STREAM, "CheckpointAnchored", note=registry.checkpoint(),
                    token=body.token)  # fmt: skip
    registry.publish(tmp_path / "log")
    (tmp_path / "policy.txt").write_text(registry.policy())
    code = main(["audit", str(tmp_path / "log"), "--policy", str(tmp_path / "policy.txt"),
                 "--jobs", "1", "--timestamp-authorities", str(folder / "ca.pem")])  # fmt: skip
    assert code == 1
    assert "an anchor holds a cosignature or time stamp that nobody made" in capsys.readouterr().out


def test_an_answer_to_another_request_is_refused(tmp_path: Path) -> None:
    """Another message, another nonce and no time stamp at all answer nothing."""
    folder = authority(tmp_path / "tsa")
    asked, again, other = Query(b"message"), Query(b"message"), Query(b"another")
    token = stamped(folder, asked.der)
    asked.require_answer(token)
    for query, answer in ((again, token), (other, token), (asked, b""), (asked, token[:-1])):
        with pytest.raises(FalseError):
            query.require_answer(answer)


def test_no_byte_of_a_token_can_be_changed(tmp_path: Path) -> None:
    """Whatever bit is flipped, no other time comes out than the one that was stamped."""
    folder = authority(tmp_path / "tsa")
    trusted = parse_authorities((folder / "ca.pem").read_bytes())
    token = stamped(folder, Query(b"message").der)
    true = trusted.check(token, b"message")
    for place in range(0, len(token), 3):
        flipped = bytearray(token)
        flipped[place] ^= 1 << place % 8
        try:
            assert trusted.check(bytes(flipped), b"message").time == true.time
        except (FalseError, UndecidedError):
            continue
