"""The how-to «Draw a sample again» draws what the rules draw."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.harness import judging, removals
from tests.harness.registry import ORIGIN, public, secret
from verifier import encoding, note
from verifier.rules import lot
from verifier.rules.delisting.judges import Judges, seated
from verifier.rules.review import sample

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "draw-a-sample-again.md"
TEXT = note.Checkpoint(ORIGIN, 12, bytes(range(32))).text()


def key(name: str) -> note.VerifierKey:
    """Return the key of a witness's cosignatures."""
    return note.VerifierKey(f"{name}.example.org", note.COSIGNATURE, public(name))


def cosigned(times: dict[str, int]) -> bytes:
    """Return a checkpoint with the log's signature and those of witnesses at these times."""
    log = note.VerifierKey(ORIGIN, note.ED25519, public("log"))
    lines = [note.ed25519_line(log, TEXT, sign=secret("log").sign)]
    lines += [
        note.cosignature_line(key(name), TEXT, timestamp=at, sign=secret(name).sign)
        for name, at in times.items()
    ]
    return note.format_note(TEXT, lines)


def the_page() -> dict[str, Any]:
    """Return what the page's own code defines, which is what is tested."""
    page: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        exec(code, page)
    return page


@pytest.mark.parametrize(("count", "share"), [(0, 5), (1, 5), (30, 10), (187, 25), (200, 100)])
@pytest.mark.parametrize("times", [
    {"one": 1_700_000_000},
    {"one": 1_700_000_060, "two": 1_700_000_000, "unnamed": 1_600_000_000},
])  # fmt: skip
def test_following_the_page_draws_the_same(times: dict[str, int], count: int, share: int) -> None:
    """Whatever the population and the cosignatures; one that was not named draws nothing."""
    page = the_page()
    named = tuple(str(key(name)) for name in ("one", "two"))
    witnesses = {text.partition("+")[0] for text in named}
    population = [f"p-{n}" for n in range(count)]
    data = cosigned(times)
    _, seed = lot.earliest(data, named)
    drawn = sample.drawn(seed, population, share)
    assert page["redraw"](data, witnesses, population[::-1], share) == list(drawn)


@pytest.mark.parametrize("replaced", [0, 1])
def test_following_the_page_seats_the_same_judges(replaced: int) -> None:
    """The judges are those that the rules seat: of an organization each, replaced in order."""
    registry, filed = removals.appealed()
    judging.draw_judges(registry, filed)
    (found,) = registry.subject(removals.PARTNERSHIP).all(Judges)
    gone = seated(found)[:replaced]
    for member in gone:
        stream = f"{removals.PARTNERSHIP}/vacancy/a1/{member}"
        registry.append(member, stream, "JudgeReplaced", member=member, ground="recused",
                        reason=[{"lang": "en", "text": "A relative"}])  # fmt: skip
    (found,) = registry.subject(removals.PARTNERSHIP).all(Judges)
    event = next(e for e in registry.events if e.name == "AppealPanelDrawn")
    checkpoint = encoding.decode(event.payload)["checkpoint"]
    roster = [(one.member, one.organization) for one in found.roster]
    named = {text.partition("+")[0] for text in found.witnesses}
    assert the_page()["judges"](checkpoint, named, roster, found.seats, gone) == list(seated(found))
