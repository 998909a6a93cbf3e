"""The demonstration, served by its own command, for tests that open it in a browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.conftest import ROOT


@pytest.fixture(scope="session")
def demonstration_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demonstration is built."""
    return tmp_path_factory.mktemp("served") / "ledger"


@pytest.fixture(scope="session")
def demonstration(demonstration_folder: Path) -> Iterator[str]:
    """A demonstration as ``make demo`` serves it: its address."""
    folder = demonstration_folder
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it; without one the test is skipped, or fails if required.

    For one module: its event loop runs as long as it lives, and other tests need one of their own.
    """
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
