"""Anchors bound from outside when an event was recorded, whatever its signers say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness.anchors import (
    SERVICE,
    STREAM,
    anchor,
    cosigned,
    real_registry,
    witness_policy,
)
from tests.harness.ledgers import actor_events
from tests.harness.registry import Registry, seconds
from verifier import finding
from verifier.cli import main

HOUR = 3_600


def told(
    registry: Registry, folder: Path, capsys: pytest.CaptureFixture[str], *command: str,
    witnesses: tuple[str, ...] = ("w", "v"),
) -> list[dict[str, Any]]:  # fmt: skip
    """Publish the log, run a command on it, and return what it says, without progress."""
    registry.publish(folder)
    policy = folder / "policy.txt"
    policy.write_text(witness_policy(registry, *witnesses), "utf-8")
    name, *rest = command
    main([name, str(folder), *rest, "--policy", str(policy), "--jobs", "1", "--json"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if line["message"] != "progress"]


def codes(lines: list[dict[str, Any]]) -> list[tuple[str, int | None]]:
    """Return the findings of an audit: code and index."""
    return [(line["code"], line.get("index")) for line in lines if line["message"] == "finding"]


def grow(registry: Registry, *names: str) -> int:
    """Record an event for each name and return the index of the last."""
    for event in actor_events(registry, [f"actor-{name}" for name in names]):
        registry.add(event)
    return len(registry.events) - 1


def test_the_tightest_bounds_and_who_vouches_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of several anchors the last before and the first after count, and their best witness."""
    registry = real_registry()
    anchor(registry)
    registry.now += HOUR
    grow(registry, "one")
    first = anchor(registry, {"w": registry.now, "v": registry.now + 20})
    registry.now += HOUR
    index = grow(registry, "two")
    second = anchor(registry, {"w": registry.now + 50, "v": registry.now + 40, "x": 1})
    registry.now += HOUR
    grow(registry, "three")
    anchor(registry)
    explained = told(registry, tmp_path / "log", capsys, "explain", f"@{index}")[-1]
    assert explained["after"] == {"time": first.at + 20, "by": "v", "anchor": first.index}
    assert explained["before"] == {"time": second.at + 40, "by": "v", "anchor": second.index}
    lines = told(registry, tmp_path / "log", capsys, "audit")
    assert codes(lines) == []
    assert any("4 anchors bound it" in line for line in lines[-1]["not_checked"])


def test_what_an_author_had_seen_bounds_when_it_was_signed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A proposal that says it saw an anchored log was not signed before that anchor's time."""
    registry = real_registry()
    first = anchor(registry)
    grow(registry, "one")
    registry.now += HOUR
    registry.enlist("actor-other", kind="office", principal="actor-registry")
    index = registry.append(
        "actor-root-a", "actor-other/appointment/registry", "AppointmentProposed",
        terms={"role": "registry", "mandate": "A/1", "first_day": registry.day()}, quorum=2,
        expires=registry.day(30),
    ).index  # fmt: skip
    explained = told(registry, tmp_path / "log", capsys, "explain", f"@{index}")[-1]
    assert explained["signed_after"] == {"time": first.at, "by": "w", "anchor": first.index}
    unseen = told(registry, tmp_path / "log", capsys, "explain", f"@{first.index + 1}")[-1]
    assert "signed_after" not in unseen


def test_a_person_reads_the_bounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The text says when, who and where; without anchors it says that nobody vouches."""
    registry = real_registry()
    anchor(registry)
    registry.publish(tmp_path)
    policy = tmp_path / "policy.txt"
    for names, words in ((("w",), "before 2024-01-15 12:00:00 UTC: witness w, anchor at entry"),
                         ((), "nobody outside vouches for it")):  # fmt: skip
        policy.write_text(witness_policy(registry, *names))
        main(["explain", str(tmp_path), "@2", "--policy", str(policy), "--jobs", "1"])
        assert words in capsys.readouterr().out


@pytest.mark.parametrize(("ahead_s", "found"), [(300, False), (301, True)])
def test_a_date_ahead_of_the_anchor_that_covers_it_is_false(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ahead_s: int, found: bool
) -> None:
    """The first event that is ahead is named; a witness that the policy does not name is none."""
    registry = real_registry()
    grow(registry, "calm")
    seen = registry.now
    registry.now += ahead_s
    index = grow(registry, "ahead")
    grow(registry, "more")
    anchor(registry, {"w": seen})
    lines = told(registry, tmp_path / "log", capsys, "audit")
    assert codes(lines) == ([("time-ahead", index)] if found else [])
    assert lines[-1]["exit"] == int(found)
    assert codes(told(registry, tmp_path / "log", capsys, "audit", witnesses=("v",))) == []


@pytest.mark.parametrize(("behind_s", "found"), [(300, False), (301, True)])
def test_a_date_behind_an_anchor_before_it_is_false(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], behind_s: int, found: bool
) -> None:
    """What is recorded after a witness's word cannot be of long before it; it is told once."""
    registry = real_registry()
    anchor(registry, {"w": registry.now + behind_s})
    index = grow(registry, "behind", "another")
    lines = told(registry, tmp_path / "log", capsys, "audit")
    assert codes(lines) == ([("time-behind", index - 1)] if found else [])
    assert lines[-1]["exit"] == int(found)


def test_a_forged_cosignature_makes_the_anchor_false(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Admission cannot know witnesses; the auditor who does finds what none of them signed."""
    registry = real_registry()
    entry = anchor(registry)
    grow(registry, "x")
    true, other = cosigned(registry, {"w": registry.now}), cosigned(registry, {"w": 1})
    *lines_before, line = true.splitlines()
    forged = [*lines_before, other.splitlines()[-1][:-20] + line[-20:]]
    false = registry.append(SERVICE, STREAM, "CheckpointAnchored", note=b"\n".join([*forged, b""]))
    lines = told(registry, tmp_path / "log", capsys, "audit")
    assert codes(lines) == [("anchor-false", false.index)]
    assert false.index > entry.index
    assert lines[-1]["exit"] == 1


def test_a_stated_clock_is_neither_bound_nor_anchored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A demonstration plays another year: what witnesses say of ours means nothing there."""
    registry = Registry().open()
    registry.enlist("actor-registry").appoint("actor-registry", "registry")
    registry.append("actor-registry", STREAM, "CheckpointAnchored",
                    note=cosigned(registry, {"w": 10}))  # fmt: skip
    registry.on("2025-01-15")
    grow(registry, "x")
    assert codes(told(registry, tmp_path / "log", capsys, "audit")) == []
    explained = told(registry, tmp_path / "log", capsys, "explain", "@3")[-1]
    assert "before" not in explained


# AN4


def test_a_log_that_is_not_anchored_in_time_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """AN4: late once, and at the end never; it makes the log no less true."""
    registry = real_registry()
    anchor(registry)
    index = grow(registry, "first")
    registry.on("2024-01-20")
    anchor(registry)
    registry.on("2024-03-01")
    last = grow(registry, "second")
    registry.on("2024-03-10")
    grow(registry, "third")
    lines = told(registry, tmp_path / "log", capsys, "audit")
    assert codes(lines) == [("AN4", None), ("AN4", None)]
    assert [f"entry {entry} " in line["reason"]
            for entry, line in zip((index, last), lines, strict=False)] == [True, True]  # fmt: skip
    assert lines[-1]["exit"] == 0
    duties = told(registry, tmp_path / "log", capsys, "duties")
    assert [duty["who"] for duty in duties if duty.get("rule") == "AN4"] == ["registry_service"] * 2
    assert finding.meaning("AN4") != finding.meaning("AN")


def test_an_idle_log_owes_no_anchor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """AN4: years of silence after an anchor are no omission, and the time runs from the event."""
    registry = real_registry()
    anchor(registry)
    registry.on("2029-01-15")
    grow(registry, "later")
    anchor(registry)
    assert codes(told(registry, tmp_path / "log", capsys, "audit")) == []


# Distrust, measured by anchors


def test_whether_a_key_signed_before_is_measured_by_anchors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An event dated before, and seen by nobody outside until after, is suspect (KD3)."""
    registry = real_registry()
    registry.enlist("actor-ngo", stakeholder_type="ngo")
    key = registry.possession("actor-ngo", "second")

    def signed(local: str) -> int:
        entry = registry.append(
            "actor-ngo", f"actor-ngo/delegation/{local}", "DelegationGranted", to="actor-registry",
            types=["EvidenceSubmitted"], last_day="2024-12-31", mandate="A/1",
        )  # fmt: skip
        return entry.index

    early = signed("d1")
    anchor(registry)
    late = signed("d2")
    registry.append("actor-ngo", "actor-ngo/keys", "KeyEnrolled", **key)
    registry.now = seconds("2024-01-18")
    proposal = registry.append(
        "actor-root-a", "actor-ngo/distrust/k1", "KeyDistrustProposed", quorum=2,
        kid=bytes(registry.events[early].kid), since="2024-01-16", reason="A/1",
        expires=registry.day(30),
    )  # fmt: skip
    for root in ("actor-root-a", "actor-root-b"):
        registry.endorse(root, proposal, f"{root}-org")
    anchor(registry)

    def doubted(index: int, *witnesses: str) -> bool:
        lines = told(registry, tmp_path / "log", capsys, "explain", f"@{index}",
                     witnesses=witnesses)  # fmt: skip
        return "suspect" in lines[-1]["sentences"][0]["reason"]

    assert not doubted(early, "w")
    assert doubted(late, "w"), "its day lies before, but no anchor shows that it was there"
    assert not doubted(late), "an auditor who knows no witness has only the log's word"
