"""The demonstration, served by its own command, for tests that open it in a browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.conftest import ROOT


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demonstration as ``make demo`` serves it: its address."""
    folder = tmp_path_factory.mktemp("served") / "ledger"
    process = subprocess.Popen(
        [sys.executable, "-m", "projections.cli", "demo", str(folder)],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    words = ""
    for line in process.stdout:
        words += line
        if "never from the server" in line:
            break
    address = re.search(r"serving (http://\S+)", words)
    assert address is not None, words
    yield address[1]
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    process.wait(timeout=30)
    process.stdout.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it; without one the test is skipped, or fails if required."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        reason = "Chromium is not installed"
        if os.environ.get("PLEDGEBOOK_REQUIRE_TOOLS") == "1":
            pytest.fail(f"{reason}, and this run requires every tool")
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
