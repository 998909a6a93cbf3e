"""The full track and cases about integrity: what a body decides, put into effect."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.harness import bodies, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import (
    ANSWERS,
    CASE,
    deliver,
    give_final_notice,
    later,
    notice_fields,
    offer_support,
    overdue,
    stated,
    treated,
)
from tests.harness.stories import OFFICE_A, text
from verifier.rules import dates
from verifier.rules.book import Entry

UN_HEAD = "actor-un-head"


def full_track(profile: str = "un_led", registry: Registry | None = None) -> Registry:
    """Tell the story of a partnership with a UN role up to replies that are over."""
    registry = bodies.seat(overdue(registry, profile=profile))
    registry.enlist(UN_HEAD, kind="office", principal=stories.UN_AGENCY)
    registry.appoint(UN_HEAD, "executive_head")
    offer_support(registry)
    fields = notice_fields(registry) | {"profile": profile}
    deliver(registry, registry.append(OFFICE_A, CASE, "RemovalNoticeIssued", **fields))
    registry.append(OFFICE_A, CASE, "OpinionRequested", entity=stories.UN_AGENCY)
    if profile == "un_led":
        registry.append(OFFICE_A, CASE, "BoardInformed", board=bodies.COUNCIL)
    give_final_notice(later(registry, 90))
    return later(registry, 32)


def ruling(
    registry: Registry, result: str, local: str = "", *, matter: str = "c1", **changes: Any
) -> dict[str, Any]:
    """Let the council decide on the case today; return the fields of the ruling."""
    local = local or f"{result}-{registry.day()}"
    decided = bodies.decide(registry, local, items=[bodies.item(matter=matter, result=result)])
    fields = {
        "decision": ref(decided), "guideline": stories.listing(registry)["guideline"],
        "appeal_window": "P30D", "reasons": text("No report"), "evidence": treated(registry),
    }  # fmt: skip
    return {k: v for k, v in stated(fields | ANSWERS | changes).items() if v is not None}


def suspend(registry: Registry, **changes: Any) -> Entry:
    """Let the council suspend the partnership."""
    fields = ruling(registry, "suspend", until=anniversary(registry)) | changes
    return registry.append(OFFICE_A, CASE, "PartnershipSuspended", **fields)


def anniversary(registry: Registry) -> str:
    """Return this day a year on."""
    return dates.add(date.fromisoformat(registry.day()), "P1Y").isoformat()


def rule(registry: Registry, outcome: str, *, case: str = CASE, **changes: Any) -> Entry:
    """Let the council decide on the removal, and put it into effect."""
    matter = case.rpartition("/")[2]
    fields = ruling(registry, outcome, matter=matter, outcome=outcome) | changes
    return registry.append(OFFICE_A, case, "RemovalDecided", **fields)
