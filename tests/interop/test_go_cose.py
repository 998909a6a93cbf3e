"""Go's ``veraison/go-cose`` and ``x/mod/sumdb/tlog`` accept our events, receipts and refusals.

``tests/interop/gocose`` holds the few lines that ask them, with the versions pinned in ``go.sum``.
Modules are fetched by ``go`` itself into the cache of pytest.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.harness import tools, vectors

pytestmark = pytest.mark.interop

FOLDER = Path(__file__).with_name("gocose")
BUILT_IN_S = 400


@pytest.fixture(scope="module")
def checker(request: pytest.FixtureRequest) -> Path:
    """The program, built once."""
    cache: pytest.Cache = request.config.cache  # type: ignore[assignment]
    made = cache.mkdir("gocose") / "gocose"
    environment = os.environ | {"GOFLAGS": "-modcacherw -mod=readonly", "CGO_ENABLED": "0"}
    try:
        build = subprocess.run(
            ["go", "build", "-o", made, "."], cwd=FOLDER, env=environment,
            capture_output=True, text=True, check=False, timeout=BUILT_IN_S,
        )  # fmt: skip
    except FileNotFoundError:
        tools.missing("the program 'go'")
    else:
        if build.returncode:
            tools.missing(f"go build: {build.stderr.strip()[-400:]}")
    return made


def ask(checker: Path, **question: Any) -> dict[str, str]:
    """Ask the program; return what it said of each name."""
    answer = subprocess.run(
        [checker], input=json.dumps(question), capture_output=True, text=True, check=True,
        timeout=60,
    )  # fmt: skip
    said: dict[str, str] = json.loads(answer.stdout)
    return said


def shown(kind: str, *members: str) -> list[dict[str, Any]]:
    """Return the valid vectors of a kind, with the members that are asked about."""
    return [{name: vector[name] for name in ("name", "hex", "public", *members)}
            for vector in vectors.load(f"{kind}/valid")]  # fmt: skip


@pytest.mark.parametrize("kind", ["event", "refusal"])
def test_go_verifies_every_frozen_statement(checker: Path, kind: str) -> None:
    """Events and refusals are COSE_Sign1 to it; one that was changed is not."""
    signed = shown(kind)
    said = ask(checker, signed=signed)
    assert said == {one["name"]: "ok" for one in signed}
    changed = [one | {"hex": one["hex"][:-2] + f"{int(one['hex'][-2:], 16) ^ 1:02x}"}
               for one in signed]  # fmt: skip
    assert "ok" not in ask(checker, signed=changed).values()


def test_go_verifies_every_frozen_receipt(checker: Path) -> None:
    """Path and signature hold; for another entry, and with a changed signature, they do not."""
    receipts = shown("receipt", "entry", "root")
    said = ask(checker, receipts=receipts)
    assert said == {one["name"]: "ok" for one in receipts}
    for change in ({"entry": "00"}, {"root": "00" * 32}):
        assert "ok" not in ask(checker, receipts=[one | change for one in receipts]).values()
    changed = [one | {"hex": one["hex"][:-2] + f"{int(one['hex'][-2:], 16) ^ 1:02x}"}
               for one in receipts]  # fmt: skip
    assert "ok" not in ask(checker, receipts=changed).values()
