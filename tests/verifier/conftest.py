"""What the tests of sources ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.harness.log_server import Handler, Server, serving
from tests.verifier.published import Log
from verifier import sources
from verifier.sources import (
    Source,
    open_source,
)

LOG = Log.of(700)
Answer = Callable[["Handler", bytes | None], None]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 700 entries, published once when it had 300 and once at its end."""
    path = tmp_path_factory.mktemp("log")
    LOG.publish(path, 300)
    LOG.publish(path)
    return path


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The folder behind HTTP; repetitions do not wait."""
    monkeypatch.setattr(sources, "BACKOFF_S", 0.0)
    with serving(Server(folder)) as running:
        yield running


@pytest.fixture
def opened() -> Iterator[Callable[[str], Source]]:
    """Opens sources and closes them after the test."""
    with ExitStack() as stack:

        def open_(text: str) -> Source:
            source = open_source(text)
            stack.callback(source.close)
            return source

        yield open_


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads to fetch in."""
    with ThreadPoolExecutor(4) as executor:
        yield executor
