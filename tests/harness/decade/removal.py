"""Removal cases of the decade: notices, replies, decisions, appeals, and what follows.

On the light track two offices decide; on the full one the United Nations are heard, the council
suspends, and only a year later it removes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tests.harness import bodies, stories
from tests.harness.decade.player import Player
from tests.harness.lots import WITNESS, seed_of, witnessed
from tests.harness.registry import ref
from tests.harness.removals import REGISTRY_ORG
from tests.harness.stories import BODY_SECRETARY, FOCAL_POINT, OFFICE_A, OFFICE_B
from verifier.rules.book import Entry
from verifier.rules.delisting import case as cases
from verifier.rules.delisting.judges import judges_of, seated
from verifier.rules.lot import in_order

if TYPE_CHECKING:
    from tests.harness.decade.lives import Life

__all__ = ["close_cured", "open_case"]

OFFICES = ((OFFICE_A, REGISTRY_ORG), (OFFICE_B, REGISTRY_ORG))


def open_case(player: Player, life: Life) -> None:
    """Offer support, give the first notice and deliver it."""
    player.take(FOCAL_POINT, life.name, "SupportOffered")
    player.take(OFFICE_A, life.name, "RemovalNoticeIssued")
    player.take(OFFICE_A, life.name, "NoticeDelivered", channels=["post", "email"],
                copy_to=FOCAL_POINT, delivered_on=player.today)  # fmt: skip
    if life.members.profile != "light":
        player.take(OFFICE_A, life.name, "OpinionRequested", entity=life.members.agency)
    if life.members.profile == "un_led":
        player.do(OFFICE_A, _stream(player, life), "BoardInformed", board=bodies.COUNCIL)
    if life.behaviour == "warned":
        player.plan_in(player.chance.randrange(5, 60), life.reported_after_all)
        return
    if life.behaviour == "contesting":
        player.plan_in(20, partial(_reply, player, life))
    player.plan_in(91, partial(_final_notice, player, life))


def _stream(player: Player, life: Life) -> str:
    """Return the stream of the open case."""
    case = cases.open_case(player.registry.subject(life.name))
    assert case is not None
    return f"{life.name}/case/{case.id}"


def _reply(player: Player, life: Life) -> None:
    player.take(life.members.secretariat, life.name, "ReplyFiled",
                text=stories.text("We have nothing to report on"))  # fmt: skip


def _final_notice(player: Player, life: Life) -> None:
    player.take(OFFICE_B, life.name, "FinalNoticeIssued")
    player.take(OFFICE_B, life.name, "NoticeDelivered", channels=["post", "email"],
                copy_to=FOCAL_POINT, delivered_on=player.today)  # fmt: skip
    player.plan_in(45, partial(_decide, player, life))


def _decide(player: Player, life: Life) -> None:
    if life.members.profile != "light":
        _suspend(player, life)
        return
    proposal = player.take(OFFICE_A, life.name, "RemovalDecisionProposed", outcome="remove")
    player.endorse(proposal, *OFFICES)
    if life.behaviour in ("contesting", "appealing"):
        player.plan_in(10, partial(_appeal, player, life))
    else:
        player.plan_in(32, partial(_remove, player, life))


def _council(player: Player, life: Life, result: str) -> dict[str, Any]:
    """Let the council decide on a case; return what a ruling says of that."""
    case = cases.open_case(player.registry.subject(life.name))
    assert case is not None
    item = bodies.item(life.name, case.id, result)
    decided = bodies.decide(player.registry, f"{life.name}-{result}",
                            symbol=f"E/{life.name}/{result}", items=[item])  # fmt: skip
    return {"decision": ref(decided)}


def _suspend(player: Player, life: Life) -> None:
    ruling = _council(player, life, "suspend")
    player.take(OFFICE_A, life.name, "PartnershipSuspended", **ruling)
    if life.behaviour == "appealing":
        player.plan_in(120, life.reported_after_all)
    else:
        player.plan_in(380, partial(_rule_removal, player, life))


def _rule_removal(player: Player, life: Life) -> None:
    ruling = _council(player, life, "remove")
    player.take(OFFICE_B, life.name, "RemovalDecided", outcome="remove", **ruling)
    player.plan_in(40, partial(_remove, player, life))


def _appeal(player: Player, life: Life) -> None:
    filed = player.take(life.members.secretariat, life.name, "AppealFiled")
    outcome = "uphold" if life.behaviour == "contesting" else "overturn"
    player.plan_in(2, partial(_announce_judges, player, life))
    player.plan_in(30, partial(_decide_appeal, player, life, filed, outcome))


def _announce_judges(player: Player, life: Life) -> None:
    player.take(BODY_SECRETARY, life.name, "AppealPanelAnnounced", witnesses=[str(WITNESS)])
    player.plan_in(3, partial(_draw_judges, player, life))


def _draw_judges(player: Player, life: Life) -> None:
    _, body = player.offered(life.name, "AppealPanelDrawn")
    checkpoint = witnessed(player.registry, player.registry.now)
    drawn = in_order(seed_of(checkpoint), body.drawn)  # type: ignore[attr-defined]
    player.take(life.members.secretariat, life.name, "AppealPanelDrawn", checkpoint=checkpoint,
                drawn=list(drawn))  # fmt: skip


def _decide_appeal(player: Player, life: Life, filed: Entry, outcome: str) -> None:
    _, body = player.offered(life.name, "AppealDecisionProposed")
    answers = [{"ground": answer.ground, "founded": outcome != "uphold", "reason": "As recorded"}
               for answer in body.answers]  # type: ignore[attr-defined]  # fmt: skip
    found = judges_of(filed.ref, player.registry.subject(life.name))
    assert found is not None
    first, second, third = seated(found)
    if player.chance.random() < 0.3:
        stream = f"{found.ref.stream.replace('/judges/', '/vacancy/')}/{first}"
        player.do(first, stream, "JudgeReplaced", member=first, ground="recused",
                  reason=stories.text("My brother works there"))  # fmt: skip
        first = second
        second = third
    proposal = player.take(first, life.name, "AppealDecisionProposed", outcome=outcome,
                           answers=answers)  # fmt: skip
    player.endorse(proposal, (first, first), (second, second))
    if outcome == "uphold":
        player.plan_in(5, partial(_remove, player, life))
    else:
        player.plan_in(20, life.reported_after_all)


def _remove(player: Player, life: Life) -> None:
    player.take(OFFICE_B, life.name, "PartnershipRemoved", effective_on=player.today)


def close_cured(player: Player, life: Life) -> None:
    """Close the case of a partnership whose report was accepted, and lift its suspension."""
    if player.partnership(life.name).listing == "suspended":
        player.take(OFFICE_A, life.name, "SuspensionLifted")
        return
    case = cases.open_case(player.registry.subject(life.name))
    if case is not None:
        player.do(OFFICE_A, f"{life.name}/case/{case.id}", "CaseClosed", ground="cured")
