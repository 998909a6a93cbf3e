"""A checkpoint with its witnesses' word is recorded in the log that it is of (AN1 to AN3)."""

from __future__ import annotations

import pytest

from tests.harness.anchors import SERVICE, STREAM, anchor, cosigned, real_registry, witness_key
from tests.harness.ledgers import actor_events
from tests.harness.publishing import published
from tests.harness.registry import ORIGIN, Registry, secret, signed_checkpoint
from tests.harness.removals import branch
from verifier import note
from verifier.rules import publication
from verifier.rules.anchor import Anchored
from verifier.rules.book import Refused


@pytest.fixture(scope="module")
def opened() -> Registry:
    """A ledger with a real clock and a service."""
    return real_registry()


@pytest.fixture
def registry(opened: Registry) -> Registry:
    """A branch of that ledger of the test's own."""
    return branch(opened)


def untold(registry: Registry, note_: bytes, *, by: str = SERVICE, **more: bytes) -> set[str]:
    """Submit a note and record nothing; return the rules that are not met."""
    event = registry.sign(by, STREAM, "CheckpointAnchored", note=note_, **more)
    try:
        registry.entry(event)
    except Refused as refusal:
        return {unmet.rule for unmet in refusal.unmet}
    return set()


def test_an_anchor_is_remembered(registry: Registry) -> None:
    """AN1, AN2, AN3: the newest anchor, its place and the size that it covers."""
    size = len(registry.events)
    entry = anchor(registry)
    held = registry.subject("ledger").get("anchored", Anchored)
    assert held == Anchored(entry.index, size, entry.at, entry.index + 1)


def test_an1_only_a_checkpoint_of_this_very_log_is_anchored(registry: Registry) -> None:
    """AN1: the log's origin, its key, a size that it has, and the root that it has there."""
    at, size = {"w": registry.now}, len(registry.events)
    root = registry.roots[size]
    line = cosigned(registry, at).rpartition(b"\n\xe2")[2]

    def made(checkpoint: note.Checkpoint, key: str = "log") -> bytes:
        return signed_checkpoint(checkpoint, key) + b"\xe2" + line

    assert untold(registry, b"x" * 100) == {"AN1"}
    assert untold(registry, made(note.Checkpoint("other.example/log", size, root))) == {"AN1"}
    assert untold(registry, made(note.Checkpoint(ORIGIN, size, bytes(32)))) == {"AN1"}
    assert untold(registry, made(note.Checkpoint(ORIGIN, size + 1, root))) == {"AN1"}
    assert untold(registry, cosigned(registry, at, key="another")) == {"AN1"}
    assert untold(registry, cosigned(registry, at, size=size - 1)) == set()


def test_an2_somebody_else_vouches(registry: Registry) -> None:
    """AN2: the log's own word is none, nor is a line without a time; a token is enough."""
    assert untold(registry, cosigned(registry, {})) == {"AN2"}
    assert untold(registry, cosigned(registry, {"w": 0})) == {"AN2"}
    text = note.parse_note(cosigned(registry, {})).text
    own = note.VerifierKey(ORIGIN, note.COSIGNATURE, witness_key("w").public)
    line = note.cosignature_line(own, text, timestamp=registry.now, sign=secret("w").sign)
    assert untold(registry, cosigned(registry, {}) + line) == {"AN2"}, "under the log's own name"
    assert untold(registry, cosigned(registry, {}), token=bytes(100)) == set()


def test_an3_anchors_alone_call_for_none(registry: Registry) -> None:
    """AN3: on an idle log the second is refused; one other event calls for the next."""
    anchor(registry)
    assert untold(registry, cosigned(registry, {"w": registry.now})) == {"AN3"}
    size = len(registry.events)
    registry.add(actor_events(registry, ["actor-x"])[0])
    assert untold(registry, cosigned(registry, {"w": 1}, size=3)) == {"AN3"}, "less than before"
    assert untold(registry, cosigned(registry, {"w": 1}, size=size)) == {"AN3"}, "the anchor alone"
    anchor(registry)
    assert untold(registry, cosigned(registry, {"w": registry.now})) == {"AN3"}


def test_an3_what_came_while_witnesses_were_asked_calls_for_an_anchor(registry: Registry) -> None:
    """AN3: an event between the checkpoint and its anchor is not forgotten."""
    size = len(registry.events)
    registry.add(actor_events(registry, ["actor-x"])[0])
    anchor(registry, size=size)
    anchor(registry)
    assert untold(registry, cosigned(registry, {"w": registry.now})) == {"AN3"}


def test_anchors_and_publications_of_the_register_call_for_neither() -> None:
    """AN3, RG3: on an idle log each stands once; one event of another kind calls for both."""
    registry = real_registry()
    published(registry, SERVICE)
    anchor(registry)
    note_ = cosigned(registry, {"w": registry.now})
    assert untold(registry, note_) == {"AN3"}
    with pytest.raises(Refused) as refusal:
        published(registry, SERVICE)
    assert [unmet.rule for unmet in refusal.value.unmet] == ["RG3"]
    registry.add(actor_events(registry, ["actor-x"])[0])
    published(registry, SERVICE)
    anchor(registry)
    assert untold(registry, cosigned(registry, {"w": registry.now})) == {"AN3"}


def test_an_anchor_makes_no_publication_due() -> None:
    """RG4: what is recorded on an idle log after the last publication is upkeep alone."""
    registry = real_registry(register_every="P1D")
    registry.add(actor_events(registry, ["actor-y"])[0])
    published(registry, SERVICE)
    registry.on("2027-03-01")
    anchor(registry)
    registry.now += 40 * 3_600
    assert not [*publication.whole_log(registry.book)]
    registry.add(actor_events(registry, ["actor-z"])[0])
    registry.on("2027-03-06").add(actor_events(registry, ["actor-zz"])[0])
    assert [broken.due for broken in publication.whole_log(registry.book)] == ["2027-03-03"]


def test_only_the_registry_and_its_service_anchor(registry: Registry) -> None:
    """AD10: nobody else writes on this stream."""
    at = {"w": registry.now}
    assert untold(registry, cosigned(registry, at), by="actor-registry") == set()
    assert untold(registry, cosigned(registry, at), by="actor-root-a") == {"AD10"}
