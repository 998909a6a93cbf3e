"""Reviews of the decade: a panel is seated, declares, finds, hears, decides; conditions follow."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.harness.decade.cast import PANELS
from tests.harness.decade.player import Player
from tests.harness.removals import fields_of, seated
from tests.harness.stories import BODY_SECRETARY, text
from verifier.rules.book import Entry
from verifier.rules.review.state import Review, of

if TYPE_CHECKING:
    from tests.harness.decade.lives import Life

__all__ = ["open_review"]

EVERY_DAYS = {"un_led": 730, "un_participating": 1095, "light": 1825}


def open_review(player: Player, life: Life) -> None:
    """Open a review of a listed partnership, seat its panel and let each member declare."""
    player.plan_in(EVERY_DAYS[life.members.profile], partial(open_review, player, life))
    if player.partnership(life.name).listing != "listed":
        return
    panel = _panel(life)
    opened = player.take(panel[0], life.name, "ReviewOpened", terms=text("What was promised"))
    local = opened.event.stream.rpartition("/")[2]
    for member in panel:
        player.do(BODY_SECRETARY, f"{life.name}/panel/{local}", "ReviewerAssigned",
                  **seated(player.registry, member))  # fmt: skip
        player.do(member, f"{life.name}/declaration/{local}/{member}", "ConflictOfInterestDeclared",
                  interest="none", statement=text("As far as my office knows"))  # fmt: skip
    player.plan_in(40, partial(_find, player, life, local))


def _panel(life: Life) -> tuple[str, ...]:
    return PANELS["mega" if life.members.mega else life.members.profile]


def _find(player: Player, life: Life, local: str) -> None:
    panel, findings = _panel(life), list[Entry]()
    if player.chance.random() < 0.5:
        findings.append(player.do(
            panel[1], f"{life.name}/review/{local}", "FindingRecorded", clause="2.1",
            severity=player.chance.randrange(1, 5), text=text("Reported later than it says"),
        ))  # fmt: skip
    player.take(panel[0], life.name, "DraftShared", on=f"/review/{local}",
                text=text("What the panel found"))  # fmt: skip
    draft = _review(player, life, local).draft
    assert draft is not None
    heard_on = date.fromisoformat(draft.comments_by) + timedelta(2)
    player.plan_on(heard_on, partial(_decide, player, life, local, findings))


def _decide(player: Player, life: Life, local: str, findings: list[Entry]) -> None:
    changes: dict[str, Any] = {}
    if findings:
        condition = {"id": "c1", "text": text("Report in time"), "due": player.registry.day(90)}
        changes = {"findings": [fields_of(f.ref) for f in _review(player, life, local).findings],
                   "outcome": "conditions", "conditions": [condition]}  # fmt: skip
    panel = _panel(life)
    proposal = player.take(panel[0], life.name, "ReviewDecisionProposed", review=local,
                           **changes)  # fmt: skip
    player.endorse(proposal, *((member, member) for member in panel))
    if findings:
        kind = "ConditionMet" if player.chance.random() < 0.7 else "ConditionMissed"
        player.plan_in(92, partial(_settle, player, life, local, kind))


def _settle(player: Player, life: Life, local: str, kind: str) -> None:
    player.take(
        _panel(life)[2],
        life.name,
        kind,
        on=f"/review/{local}",
        text=text("As recorded"),
    )


def _review(player: Player, life: Life, local: str) -> Review:
    found = of(player.registry.subject(life.name), local)
    assert found is not None
    return found
