"""The judges of an appeal: announced, and drawn by a lot that a test may choose."""

from __future__ import annotations

from typing import Any

from tests.harness.lots import WITNESS, drawing, seed_of
from tests.harness.registry import Registry, ref
from tests.harness.stories import APPEALS_PANEL, BODY_SECRETARY
from verifier.rules.authority.state import organization_of
from verifier.rules.book import Entry
from verifier.rules.delisting.judges import judges_of
from verifier.rules.delisting.roster import Moment, barred, has_seat, ties
from verifier.rules.lot import in_order

__all__ = ["announce_judges", "draw_judges", "judged", "roster"]


def roster(registry: Registry, filed: Entry, *without: str) -> dict[str, Any]:
    """Return the fields of the announcement of who can be drawn to hear an appeal."""
    case = filed.body.case  # type: ignore[attr-defined]
    names = [name for name in sorted(registry.book.subjects) if name not in without
             and hears(registry, filed.event.subject, name)]  # fmt: skip
    members = [{"member": name, "organization": organization_of(name, registry.book)}
               for name in names]  # fmt: skip
    return {"case": case, "appeal": ref(filed), "seats": 3, "roster": members,
            "witnesses": [str(WITNESS)]}  # fmt: skip


def hears(registry: Registry, subject: str, name: str) -> bool:
    """Say whether an actor may hear the appeal in a partnership's case now."""
    index, book = len(registry.events), registry.book
    tied = ties(registry.subject(subject), index)
    when = Moment(registry.now, index)
    return has_seat(name, tied, when, book) and not any(
        barred(name, organization_of(name, book), tied, when, book)
    )


def judges_stream(filed: Entry) -> str:
    """Return the stream of the judges of an appeal."""
    return filed.event.stream.replace("/appeal/", "/judges/")


def announce_judges(registry: Registry, filed: Entry, **changes: Any) -> Entry:
    """Announce everyone who can be drawn to hear an appeal."""
    return registry.append(BODY_SECRETARY, judges_stream(filed), "AppealPanelAnnounced",
                           **(roster(registry, filed) | changes))  # fmt: skip


def draw_judges(registry: Registry, filed: Entry, *first: str) -> Entry:
    """Announce and draw the judges of an appeal: those of the story, unless others are named."""
    announced = announce_judges(registry, filed)
    names = [one.member for one in announced.body.roster]  # type: ignore[attr-defined]
    checkpoint = drawing(registry, names, first or APPEALS_PANEL)
    return registry.append(BODY_SECRETARY, judges_stream(filed), "AppealPanelDrawn",
                           checkpoint=checkpoint,
                           drawn=list(in_order(seed_of(checkpoint), names)))  # fmt: skip


def judged(registry: Registry, filed: Entry) -> Registry:
    """Let the judges of an appeal be drawn, where they are not yet."""
    if judges_of(filed.ref, registry.subject(filed.event.subject)) is None:
        draw_judges(registry, filed)
    return registry
