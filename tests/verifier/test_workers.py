"""Signatures checked in other processes get the verdicts that they get in this one."""

from __future__ import annotations

import os
import signal

import pytest

from tests.harness.registry import public, secret
from verifier.errors import UndecidedError
from verifier.keys import Check, verify_many
from verifier.workers import Workers


def checks(count: int, *, length: int = 300) -> list[Check]:
    """Signed messages of growing length; every seventh signature is of another message."""
    items = []
    for number in range(count):
        message = bytes([number % 256]) * (length + number)
        name = f"actor-{number % 5}"
        signed = message if number % 7 else message + b"!"
        items.append((public(name), secret(name).sign(signed), message))
    return items


def tell(workers: Workers, number: signal.Signals) -> None:
    """Send every process a signal."""
    for worker in workers._workers:
        assert worker._process.pid is not None
        os.kill(worker._process.pid, number)


@pytest.mark.parametrize("engine", ["openssl", "sodium"])
def test_verdicts_are_those_of_this_process(engine: str) -> None:
    """Every batch gets the verdicts of ``verify_many``, in the order of its checks."""
    batches = [checks(count) for count in (1, 64, 7, 200, 31, 256, 3)]
    with Workers(2, engine=engine) as workers:
        handed = [workers.submit(batch) for batch in batches]
        verdicts = [batch.result() for batch in handed]
    assert verdicts == [verify_many(batch, engine=engine) for batch in batches]


def test_results_may_be_asked_for_in_any_order() -> None:
    """A later batch's verdicts can be taken first, and the earlier ones are not lost."""
    batches = [checks(count) for count in (20, 10, 30, 5)]
    with Workers(2, engine="openssl") as workers:
        handed = [workers.submit(batch) for batch in batches]
        verdicts = [batch.result() for batch in reversed(handed)]
    assert [len(v) for v in verdicts] == [5, 30, 10, 20]
    assert verdicts[::-1] == [verify_many(batch, engine="openssl") for batch in batches]


def test_messages_of_the_largest_size_pass() -> None:
    """Batches larger than a pipe holds are checked as well."""
    batch = checks(60, length=48_000)
    with Workers(1, engine="openssl") as workers:
        handed = [workers.submit(batch) for _ in range(2)]
        assert [b.result() for b in handed] == [verify_many(batch, engine="openssl")] * 2


def test_who_asks_for_room_gives_no_process_more_than_it_needs() -> None:
    """Rule 1: when each has four batches in hand there is no room, until one is answered."""
    batch = checks(60)
    with Workers(2, engine="openssl") as workers:
        assert workers.has_room()
        workers.submit(batch).result()
        tell(workers, signal.SIGSTOP)
        handed = [workers.submit(batch) for _ in range(workers.most)]
        assert len(handed) == 8
        assert [worker.load() for worker in workers._workers] == [4, 4]
        assert not workers.has_room()
        tell(workers, signal.SIGCONT)
        assert [b.result() for b in handed] == [verify_many(batch, engine="openssl")] * 8
        assert workers.has_room()


def test_a_process_that_ended_is_no_verdict() -> None:
    """When a process is killed, its batches are undecided, and nothing waits for them."""
    with Workers(1, engine="openssl") as workers:
        assert workers.submit(checks(3)).result() == verify_many(checks(3), engine="openssl")
        (worker,) = workers._workers
        assert worker._process.pid is not None
        os.kill(worker._process.pid, signal.SIGKILL)
        worker._process.join()
        with pytest.raises(UndecidedError) as lost:
            workers.submit(checks(3)).result()
    assert lost.value.code == "worker-lost"
