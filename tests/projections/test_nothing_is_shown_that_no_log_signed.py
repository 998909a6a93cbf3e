"""Rows rest only on entries that lie under a checkpoint of the trusted log."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.reading import recorded
from projections.views import Subject
from tests.harness import stories
from tests.harness.registry import Registry
from tests.projections.logs import EXECUTOR, Log, dump, feed, policy, runner
from verifier.errors import FalseError, MalformedError
from verifier.event import parse
from verifier.policy import parse_policy
from verifier.tree import leaf_hash

REGISTRY = stories.listed_partnership(Registry())
stories.acknowledged_commitment(REGISTRY)


def test_reading_the_frame_equals_parsing_the_event() -> None:
    """The quick reader and the parser say the same of every field that both tell."""
    raws = [event.raw for event in REGISTRY.events]
    entries = list(recorded(0, raws, map(leaf_hash, raws), time=0))
    for entry, event in zip(entries, map(parse, raws), strict=True):
        assert (entry.id, entry.iss, entry.stream, entry.iat, entry.type, entry.seq) == (
            event.id, event.iss, event.stream, event.iat, event.type, event.seq,
        )  # fmt: skip
        assert entry.payload == event.payload
        assert (entry.subject, entry.local, entry.name) == (
            event.subject, event.local, event.name,
        )  # fmt: skip
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)


@given(
    actor=st.from_regex(r"actor-[a-z0-9][a-z0-9._:-]{0,57}", fullmatch=True),
    stream=st.from_regex(r"[a-z0-9][a-z0-9._:-]{0,40}(/[a-z0-9][a-z0-9._:-]{0,20}){1,3}",
                         fullmatch=True),
    type_=st.from_regex(r"[A-Z][A-Za-z0-9]{2,47}/[1-9][0-9]{0,2}", fullmatch=True),
    text=st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=400),
)  # fmt: skip
def test_every_lawful_frame_is_read(actor: str, stream: str, type_: str, text: str) -> None:
    """Names of any length and payloads of any size are read as the parser reads them."""
    log = Log()
    for number in range(3):
        log.append(actor, stream, type_, number=number, text=text + "x")
    raws = log.raws
    for entry, event in zip(recorded(0, raws, raws, time=0), map(parse, raws), strict=True):
        assert (entry.iss, entry.stream, entry.iat, entry.type, entry.seq, entry.payload) == (
            event.iss, event.stream, event.iat, event.type, event.seq, event.payload,
        )  # fmt: skip


@pytest.mark.parametrize("raw", [b"", b"\xd2\x84", b"x" * 60_000])
def test_what_is_no_event_is_refused_with_the_parsers_words(raw: bytes) -> None:
    """The quick reader lets nothing pass that it does not match."""
    with pytest.raises(MalformedError, match="event-"):
        list(recorded(0, [raw], [b""], time=0))


def test_a_changed_entry_is_never_shown(tmp_path: Path) -> None:
    """A source that serves other bytes than its checkpoint covers is not applied; the status says
    so; the rows before it are served on, and true bytes are followed again.
    """
    registry = stories.listed_partnership(Registry())
    log = Log.of(registry)
    follower = runner(log, tmp_path, Subject)
    follower.catch_up()
    before = dump(follower, "subject")
    truth = stories.made_commitment(registry).event.raw
    log.take(registry)
    hashes = log.checkpoint()
    log.raws[-1] = truth[:-1] + bytes([truth[-1] ^ 1])
    log.checkpoint = lambda: hashes  # type: ignore[method-assign]
    follower.catch_up()
    (status,) = follower.status()
    assert status.state == "failing"
    assert status.trouble is not None
    assert status.trouble.startswith("proof-false")
    assert dump(follower, "subject") == before
    log.raws[-1] = truth
    follower.catch_up()
    assert follower.status()[0].position == len(log.raws)
    follower.close()


def test_every_page_on_the_way_is_proved_and_not_only_the_last() -> None:
    """A false entry in the first of several pages is found before that page is handed on."""
    log = Log.of(REGISTRY)
    note = log.checkpoint()
    log.checkpoint = lambda: note  # type: ignore[method-assign]
    tiles = {(level, n, w): log.tile(level, n, w) for level, n, w in [(0, 0, len(log.raws))]}
    log.tile = lambda level, n, width: tiles[level, n, width]  # type: ignore[method-assign]
    log.raws[3] = log.raws[4]
    reader = feed(log, page=8)
    from projections.feed import Place

    with pytest.raises(FalseError):
        next(reader.pages(Place.start(), reader.head()))


def test_a_fork_is_not_followed(tmp_path: Path) -> None:
    """Another root at a size that was read, signed by the log itself, stops the following."""
    log = Log.of(REGISTRY)
    follower = runner(log, tmp_path, Subject)
    follower.catch_up()
    log.raws[-1] = log.raws[-2]
    follower.catch_up()
    assert follower.status()[0].state == "failing"
    assert (follower.status()[0].trouble or "").startswith("proof-false")
    follower.close()


def test_another_key_and_another_ledger_are_refused(tmp_path: Path) -> None:
    """The policy decides which log it is: by the key under the checkpoint, and by the pin."""
    log = Log.of(REGISTRY)
    log.key = "someone-else"
    follower = runner(log, tmp_path / "key", Subject)
    follower.catch_up()
    assert (follower.status()[0].trouble or "").startswith("note-unsigned")
    follower.close()
    log.key = "log"
    pinned = parse_policy(
        f"# pledgebook-ledger: {'ab' * 32}\nlog {policy().log_keys[0].key}\nquorum none\n".encode()
    )
    from projections import Feed, Runner

    other = Runner(Feed(log, policy=pinned, executor=EXECUTOR), tmp_path / "pin", (Subject,))
    other.catch_up()
    assert (other.status()[0].trouble or "").startswith("proof-false")
    other.close()
