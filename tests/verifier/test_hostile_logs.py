"""An audit ends, in a verdict that is not «verified», on whatever a hostile log or server serves.

The attacker holds the log's key and the keys of actors, or runs the server. No log here may be
called verified, and none may end the audit with an exception, keep it busy for ever, or be blamed
for what it did not do.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from tests.harness import stories
from tests.harness.registry import (
    ORIGIN,
    Registry,
    public,
    seconds,
    secret,
    signed_checkpoint,
    write_log,
)
from verifier import note, sources
from verifier.audit import MAX_ENTRIES, Audit, Options
from verifier.cli import main
from verifier.errors import UndecidedError
from verifier.finding import MEANINGS, Finding, Verdict
from verifier.policy import parse_policy
from verifier.rules import table
from verifier.rules.authority.state import itself
from verifier.rules.book import Body, Book, Change, Entry, Subject, Unmet
from verifier.sources import HttpSource, Source, open_source
from verifier.tree import EMPTY_ROOT, Frontier, leaf_hash

Capture = pytest.CaptureFixture[str]


def audit(
    source: Path | Source, policy: str, *, known: bytes | None = None
) -> tuple[dict[str, Finding], Verdict]:
    """Audit a log to its end; return the findings by code, and the verdict."""
    opened = open_source(str(source)) if isinstance(source, Path) else source
    options = Options(engine="openssl", known=known)
    run = Audit(opened, parse_policy(policy.encode()), options=options, executor=None).run()
    items = list(run)
    assert isinstance(items[-1], Verdict)
    return {f.code: f for f in items if isinstance(f, Finding)}, items[-1]


def small(registry: Registry | None = None, **opened: str) -> Registry:
    """Return a ledger with its roots and two organizations."""
    registry = registry or Registry()
    registry.open(**opened)
    return registry.enlist("actor-one").enlist("actor-two")


# What the log holds.


@pytest.mark.parametrize("late", [seconds("2199-12-31") + 86_400, 2**53 - 1])
def test_a_time_beyond_the_calendar_is_found_and_moves_no_clock(tmp_path: Path, late: int) -> None:
    """One event far in the future neither ends the audit nor freezes everybody out."""
    registry = small()
    fields = {"kind": "organization", "name": stories.text("Late"), "principal": "actor-late",
              "stakeholder_type": "ngo"}  # fmt: skip
    event = registry.sign("actor-root-a", "actor-late/profile", "ActorRegistered", iat=late,
                          **fields)  # fmt: skip
    place = len(registry.events)
    registry.events.append(event)
    registry.frontier.append(event.id)
    registry.roots.append(registry.frontier.root())
    registry.enlist("actor-three")
    findings, verdict = audit(registry.publish(tmp_path), registry.policy())
    assert set(findings) == {"AD12"}
    assert findings["AD12"].index == place
    assert verdict.exit == 1


def test_a_key_ended_and_replaced_by_one_office_is_found(tmp_path: Path) -> None:
    """The decision of two offices that one office signed twice names the key put in between."""
    registry = stories.cast(Registry())
    kid = registry.sign(stories.OFFICE_B, "calendar/extension/x", "DeadlineExtendedGenerally",
                        first_day=registry.day(), last_day=registry.day(), days=1,
                        ground=stories.text("Outage"), mandate="A/1").kid  # fmt: skip
    registry.append(stories.OFFICE_B, f"{stories.OFFICE_B}/keys", "KeyRevoked", kid=kid,
                    reason="lost")  # fmt: skip
    stolen = registry.sign(stories.OFFICE_A, f"{stories.OFFICE_B}/keys", "KeyEnrolled",
                           **registry.possession(stories.OFFICE_B, "thief"))  # fmt: skip
    registry.force(stolen)
    findings, verdict = audit(registry.publish(tmp_path), registry.policy())
    assert findings["AC5"].event == stolen.id.hex()
    assert verdict.exit == 1


class Faulty(Body, frozen=True, kw_only=True):
    """A type whose rules fail on every event."""

    TYPE: ClassVar[str] = "FaultyRules/1"
    STREAM: ClassVar[str] = "actor-*/faulty"
    SIGNERS: ClassVar = (itself,)

    during: str

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Fail, or claim that only the place is wrong."""
        if self.during == "unmet":
            raise OverflowError("beyond")
        if self.during == "forced":
            yield Unmet(rule="AD4", reason="its place alone is wrong")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Fail after the first change."""
        yield "half", self
        raise ValueError("no such state")


@pytest.mark.parametrize(("during", "exit_", "code"), [
    ("unmet", 3, "rules-fault"), ("evolve", 3, "rules-fault"), ("forced", 1, "AD4"),
])  # fmt: skip
def test_a_fault_of_the_rules_is_no_verdict_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, during: str, exit_: int, code: str
) -> None:
    """An event on which a rule itself fails is undecided, changes nothing, and is passed over."""
    monkeypatch.setitem(table.EVENTS, Faulty.TYPE, Faulty)
    monkeypatch.setitem(table.DECODERS, Faulty.TYPE, msgspec.msgpack.Decoder(Faulty))
    registry = small()
    event = registry.sign("actor-one", "actor-one/faulty", Faulty.TYPE, during=during)
    registry.events.append(event)
    registry.frontier.append(event.id)
    registry.roots.append(registry.frontier.root())
    registry.enlist("actor-three")
    source = open_source(str(registry.publish(tmp_path)))
    run = Audit(source, parse_policy(registry.policy().encode()),
                options=Options(engine="openssl"), executor=None)  # fmt: skip
    *_, verdict = items = list(run.run())
    assert [f.code for f in items if isinstance(f, Finding)] == [code]
    assert isinstance(verdict, Verdict)
    assert verdict.exit == exit_
    assert "half" not in run.book.subject("actor-one").things


# Log time and witnesses.


def witnessed(registry: Registry, folder: Path, *, behind_s: int) -> tuple[bytes, str]:
    """Publish with a witness's cosignature some seconds behind log time; return note, policy."""
    registry.publish(folder)
    key = note.VerifierKey("witness.example.org", note.COSIGNATURE, public("witness"))
    checkpoint = note.Checkpoint(ORIGIN, len(registry.events), registry.roots[-1])
    line = note.cosignature_line(key, checkpoint.text(), timestamp=registry.now - behind_s,
                                 sign=secret("witness").sign)  # fmt: skip
    cosigned = signed_checkpoint(checkpoint, "log") + line
    (folder / "checkpoint").write_bytes(cosigned)
    return cosigned, registry.policy().replace("quorum none", f"witness w {key}\nquorum w")


@pytest.mark.parametrize(("clock", "behind_s", "codes"), [
    ("real", 300, set()), ("real", 301, {"time-ahead"}), ("stated", 10**6, set()),
])  # fmt: skip
def test_a_real_clock_is_not_ahead_of_the_witnesses(
    tmp_path: Path, clock: str, behind_s: int, codes: set[str]
) -> None:
    """Events dated later than a witness saw them are a false check, but for a stated clock."""
    registry = small(clock=clock)
    _, policy = witnessed(registry, tmp_path, behind_s=behind_s)
    findings, verdict = audit(tmp_path, policy)
    assert set(findings) == codes
    assert verdict.exit == (1 if codes else 0)


def test_a_known_checkpoint_bounds_the_dates_before_it(tmp_path: Path) -> None:
    """Time that has passed since does not hide that the dates were ahead when they were seen."""
    registry = small(clock="real")
    known, _ = witnessed(registry, tmp_path / "then", behind_s=5_000)
    registry.now += 10_000
    registry.enlist("actor-three")
    _, policy = witnessed(registry, tmp_path / "now", behind_s=0)
    assert audit(tmp_path / "now", policy)[1].exit == 0
    findings, verdict = audit(tmp_path / "now", policy, known=known)
    assert set(findings) == {"time-ahead"}
    assert verdict.exit == 1


# What the server serves.


def test_bytes_behind_the_last_entry_are_found(tmp_path: Path) -> None:
    """A bundle that holds more than the log committed to is not passed as unchanged."""
    registry = small()
    registry.publish(tmp_path)
    bundle = tmp_path / f"tile/entries/000.p/{len(registry.events)}"
    for more in (b"\0", b"\x00\x03abc"):
        bundle.write_bytes(bundle.read_bytes() + more)
        findings, verdict = audit(tmp_path, registry.policy())
        assert set(findings) == {"tile-malformed"}
        assert verdict.exit == 1


def test_a_partial_bundle_that_is_gone_is_no_cut_tail(tmp_path: Path) -> None:
    """Where a log has grown, the full bundle and tile stand for the partial ones, cut to size."""
    registry = small()
    for number in range(256):
        registry.append(
            "actor-root-a", f"actor-n{number}/profile", "ActorRegistered", kind="organization",
            name=stories.text("Number"), principal=f"actor-n{number}", stakeholder_type="ngo",
        )  # fmt: skip
    size = 200
    write_log(tmp_path, [event.raw for event in registry.events], registry.checkpoint(size=size))
    assert not (tmp_path / f"tile/entries/000.p/{size}").exists()
    findings, verdict = audit(tmp_path, registry.policy())
    assert findings == {}
    assert (verdict.exit, verdict.checked["entries"]) == (0, size)


@pytest.mark.parametrize("size", [MAX_ENTRIES + 1, 2**53 - 1])
def test_a_size_that_nobody_can_read_is_undecided_at_once(tmp_path: Path, size: int) -> None:
    """A signed checkpoint over more entries than any audit reads starts no reading."""
    registry = small()
    registry.publish(tmp_path)
    forged = note.Checkpoint(ORIGIN, size, registry.roots[-1])
    (tmp_path / "checkpoint").write_bytes(signed_checkpoint(forged, "log"))
    findings, verdict = audit(tmp_path, registry.policy())
    assert set(findings) == {"log-too-large"}
    assert (verdict.exit, verdict.checked["entries"]) == (3, 0)


@pytest.mark.parametrize("entries", [
    [b""], [b"\xd2"], [b"\xd2\x84\x58"], [b"\xff" * 65_535], [b"\xd2\x84" + b"\x58\xff" * 99],
])  # fmt: skip
def test_entries_of_any_bytes_end_in_a_verdict(tmp_path: Path, entries: list[bytes]) -> None:
    """What is no event is told as such, from the first entry on."""
    frontier = Frontier()
    for entry in entries:
        frontier.append(leaf_hash(entry))
    checkpoint = note.Checkpoint(ORIGIN, len(entries), frontier.root())
    write_log(tmp_path, entries, signed_checkpoint(checkpoint, "log"))
    findings, verdict = audit(tmp_path, small().policy())
    assert {"event-malformed", "event-too-large"} & set(findings)
    assert verdict.exit == 1


@contextmanager
def serving(answer: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """Run a server that answers each connection by a script until the test is over."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)

    def accept() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65_536)
                answer(connection, over)
            except OSError:
                return

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/log"
    finally:
        over.set()
        thread.join()
        listener.close()


def interim(connection: socket.socket, over: threading.Event) -> None:
    """Say «100 Continue» for ever."""
    while not over.wait(0.005):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def drip(connection: socket.socket, over: threading.Event) -> None:
    """Send a header byte by byte, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not over.wait(0.005):
        connection.sendall(b"x")


def trickle(connection: socket.socket, over: threading.Event) -> None:
    """Send a body byte by byte, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n")
    while not over.wait(0.005):
        connection.sendall(b"x")


@pytest.mark.parametrize("answer", [interim, drip, trickle])
def test_a_server_that_never_ends_its_answer_is_given_up(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[socket.socket, threading.Event], None]
) -> None:
    """Head and body together have their time: bytes that keep coming do not extend it."""
    monkeypatch.setattr(sources, "ANSWER_TIMEOUT_S", 0.2)
    with serving(answer) as url, pytest.raises(UndecidedError) as caught:
        HttpSource(url).checkpoint()
    assert caught.value.code == "source-unreadable"
    assert "an answer of more than" in caught.value.reason


def test_what_a_server_says_reaches_no_terminal(tmp_path: Path, capsys: Capture) -> None:
    """An answer with control characters is told without them."""
    policy = tmp_path / "policy"
    policy.write_text(small().policy())

    def paint(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(b"\x1b]0;owned\x07\x1b[2J\r\n\r\n")

    with serving(paint) as url:
        assert main(["audit", url, "--policy", str(policy)]) == 3
    told = capsys.readouterr()
    assert "owned" in told.err
    assert "\x1b" not in told.err + told.out


def test_a_known_checkpoint_that_cannot_be_read_is_no_traceback(
    tmp_path: Path, capsys: Capture
) -> None:
    """A missing file is told, and nothing was decided."""
    registry = small()
    registry.publish(tmp_path / "log")
    policy = tmp_path / "policy"
    policy.write_text(registry.policy())
    arguments = ["audit", str(tmp_path / "log"), "--policy", str(policy)]
    assert main([*arguments, "--known", str(tmp_path / "none")]) == 3
    assert "known checkpoint" in capsys.readouterr().err


def test_an_empty_checkpoint_is_never_called_verified(tmp_path: Path) -> None:
    """Where nothing is on record nothing was verified, pinned or not."""
    checkpoint = note.Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    (tmp_path / "checkpoint").write_bytes(signed_checkpoint(checkpoint, "log"))
    findings, verdict = audit(tmp_path, small().policy())
    assert findings == {}
    assert verdict.exit == 3


def test_every_finding_of_a_hostile_log_has_words() -> None:
    """What these findings mean is said in words."""
    for code in ("AD12", "time-ahead", "tile-malformed", "log-too-large", "rules-fault"):
        assert code in MEANINGS
