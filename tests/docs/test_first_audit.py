"""The tutorial «A first audit in ten minutes» works when it is followed word for word."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "tutorial" / "first-audit.md"


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[str]:
    """A served demonstration in an empty folder, and its address."""
    command = [sys.executable, "-m", "projections.cli", "demo", str(tmp_path / "demo-ledger")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    words = ""
    for line in process.stdout:
        words += line
        if "never from the server" in line:
            break
    yield re.search(r"serving (http://\S+)", words)[1]
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    process.wait(timeout=30)
    process.stdout.close()


def test_every_step_does_what_the_page_says(demo: str, tmp_path: Path) -> None:
    """Audit over HTTP, publish a copy, audit it, ask of one entry, change a byte, and be told."""
    for name, module in (("pledgebook", "projections.cli"), ("pledgebook-verify", "verifier")):
        script = tmp_path / ".venv" / "bin" / name
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m {module} "$@"\n')
        script.chmod(0o755)
    blocks = re.findall(r"```\n(.*?)```", PAGE.read_text(), re.DOTALL)
    steps = [block for block in blocks if not block.startswith(("make demo", "  [yes]"))]
    script = "\n".join(steps).replace("http://127.0.0.1:PORT", demo)
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True,
                          check=False)  # fmt: skip
    said = done.stdout
    assert said.count("VERIFIED: 0 findings") == 2, said + done.stderr
    changed = said.split("VERIFIED: 0 findings")[2]
    assert "authority, back to the genesis" in changed
    assert "holds the role registry, given by the roots" in changed
    assert re.search(r"FALSE at entry \d+: ", changed)
    assert "entry-changed" in changed
    assert "exit 1" in changed
    assert (tmp_path / "known").read_text().startswith("demonstration.pledgebook.example/log\n")
