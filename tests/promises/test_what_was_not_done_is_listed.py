"""Anyone lists what was due and not done, whose it was, and what shows that nothing was filed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import Registry
from tests.harness.stories import PARTNERSHIP, SECRETARIAT
from verifier.cli import main


@pytest.fixture
def silent(tmp_path: Path) -> list[str]:
    """Return the arguments of an audit of a log in which one partnership never reports."""
    registry = stories.listed_partnership()
    stories.acknowledged_commitment(registry)
    stories.listed_partnership(registry, name="p-clean-coast")
    registry.on("2025-01-10")
    stories.accepted_report(registry, name="p-clean-coast")
    registry.on("2025-03-10").enlist("actor-somebody-else")
    return published(registry, tmp_path)


def published(registry: Registry, folder: Path) -> list[str]:
    """Publish a log and return the arguments of an audit of it."""
    policy = folder / "policy.txt"
    policy.write_text(registry.policy(), "utf-8")
    return [str(registry.publish(folder / "log")), "--policy", str(policy), "--jobs", "1"]


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return what was printed as JSON Lines, without progress."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if line["message"] != "progress"]


def test_a_late_report_is_listed_with_the_state_that_shows_it(
    silent: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The duty, its day, who owed it; every stream of the subject with its head; the verdict."""
    assert main(["duties", *silent, "--json"]) == 0
    *duties, verdict = told(capsys)
    (late,) = (duty for duty in duties if duty.get("rule") == "RE27")
    before = duties[: duties.index(late)]
    state = [item for item in before if item["message"] == "state"][-1]
    assert late["subject"] == state["subject"] == PARTNERSHIP
    assert (late["who"], late["due"]) == (SECRETARIAT, "2025-01-15")
    assert late["stream"] == f"{PARTNERSHIP}/report/*"
    streams = {one["stream"]: one["events"] for one in state["streams"]}
    assert streams[f"{PARTNERSHIP}/commitment/taps"] == 2
    assert not [stream for stream in streams if "/report/" in stream]
    assert (verdict["message"], state["size"]) == ("verdict", verdict["size"])


def test_people_read_what_is_missing(silent: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """In text each duty says by which day, whose it was, and which stream is not there."""
    assert main(["duties", *silent]) == 0
    printed = capsys.readouterr().out
    assert f"NOT DONE, due 2025-01-15, owed by {SECRETARIAT}" in printed
    assert f"shown   there is no stream {PARTNERSHIP}/report/*" in printed
    assert "VERIFIED" in printed


def test_where_everything_was_done_nothing_is_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reminded on each day; and the day before the due day nothing else is owed yet."""
    registry = stories.listed_partnership()
    for moment, day in (("2024-10-17", -90), ("2024-12-16", -30), ("2025-01-08", -7)):
        registry.on(moment).append(
            stories.MACHINE, f"{PARTNERSHIP}/reminder", "ReminderSent", obligation=1,
            due="2025-01-15", day=day,
        )  # fmt: skip
    registry.on("2025-01-14").enlist("actor-somebody-else")
    assert main(["duties", *published(registry, tmp_path), "--json"]) == 0
    (verdict,) = told(capsys)
    assert verdict["message"] == "verdict"


def test_a_log_that_was_cut_shows_nothing_about_absence(
    tmp_path: Path, silent: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Where entries are missing, nothing is concluded from what is not there."""
    for bundle in (tmp_path / "log" / "tile" / "entries").rglob("*"):
        if bundle.is_file():
            bundle.write_bytes(bundle.read_bytes()[:-1])
    assert main(["duties", *silent, "--json"]) != 0
    (verdict,) = told(capsys)
    assert verdict["message"] == "verdict"
