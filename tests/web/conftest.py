"""A small site for tests that ask over HTTP; the demonstration for those that open a browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from playwright.sync_api import Browser, sync_playwright

from projections.views import Directory, Subject
from projections.web import pages_app
from tests.conftest import ROOT
from tests.harness import stories
from tests.harness.registry import Registry
from tests.projections.logs import Log, runner
from tests.web.site import Site

HOSTILE = "<script>alert(1)</script> & “water” 'q' \uffff"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """The pages of a listed partnership with a promise and a hostile claim, on a free port."""
    registry = stories.listed_partnership(Registry())
    stories.acknowledged_commitment(registry)
    stories.made_commitment(registry, local="wells", text=stories.text(HOSTILE))
    follower = runner(Log.of(registry), tmp_path, Directory, Subject)
    follower.catch_up()
    server = web.AppRunner(pages_app(follower))
    await server.setup()
    await web.TCPSite(server, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as session:
        yield Site(session, f"http://127.0.0.1:{server.addresses[0][1]}")
    await server.cleanup()
    follower.close()


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
