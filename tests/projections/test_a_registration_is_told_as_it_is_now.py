"""Whoever joins, leads, leaves or withdraws is told so on the page and in the directory."""

from __future__ import annotations

from pathlib import Path

from projections.views import Directory, Subject, lookup, subject
from projections.views.state import State
from tests.harness import removals, stories
from tests.harness.registry import Registry, ref
from tests.harness.stories import COMPANY, GOVERNMENT, NGO, PARTNERSHIP, SECRETARIAT, text
from tests.projections.logs import Log, runner
from verifier.rules import partnership


def _told(registry: Registry, folder: Path) -> State:
    """Return what the page tells; page and directory agree with the rules on the listing."""
    follower = runner(Log.of(registry), folder, Subject, Directory)
    follower.catch_up()
    with follower.reading("subject") as (rows, _):
        answer = subject.read(rows, PARTNERSHIP)
    with follower.reading("directory") as (rows, _):
        (row,) = lookup.find(rows, lookup.Filters(kind="partnership")).results
    follower.close()
    found = partnership.of(registry.subject(PARTNERSHIP))
    assert answer is not None
    assert found is not None
    assert answer.state.status is not None
    assert answer.state.status.state == row.status == found.listing
    now = answer.state.registration
    assert (now["lead"], now["secretariat"]) == (found.lead, found.secretariat)
    assert [p["organization"] for p in now["partners"]] == [
        p.organization for p in found.partners
    ]  # fmt: skip
    return answer.state


def test_partners_come_and_go(tmp_path: Path) -> None:
    """Asked to join is not joined; handed over is not taken over."""
    registry = stories.listed_partnership().enlist("actor-new", stakeholder_type="ngo")
    joined = registry.append(
        "actor-new", f"{PARTNERSHIP}/partner/actor-new", "PartnerJoined",
        organization="actor-new", role="partner", sector="civil_society", stakeholder_type="ngo",
    )  # fmt: skip
    assert [*_told(registry, tmp_path / "1").registration["asks_to_join"]] == ["actor-new"]
    registry.append(NGO, joined.event.stream, "PartnerConfirmed", joined=ref(joined))
    handed = registry.append(NGO, f"{PARTNERSHIP}/lead", "LeadHandedOver", to=COMPANY,
                             reason=text("By turns"))  # fmt: skip
    assert _told(registry, tmp_path / "2").registration["next_lead"] == COMPANY
    registry.append(COMPANY, f"{PARTNERSHIP}/lead", "LeadTakenOver", handover=ref(handed))
    registry.append(GOVERNMENT, f"{PARTNERSHIP}/partner/{GOVERNMENT}", "PartnerLeft",
                    organization=GOVERNMENT, reason=text("Another focus"))  # fmt: skip
    state = _told(registry, tmp_path / "3")
    assert {p["organization"]: p["role"] for p in state.registration["partners"]} == {
        NGO: "partner", COMPANY: "lead", "actor-new": "partner",
    }  # fmt: skip


def test_an_amended_title_is_shown_and_found(tmp_path: Path) -> None:
    """The page and the directory say the newest word, and since when it stands (R72)."""
    registry = stories.listed_partnership()
    first = registry.day()
    assert _told(registry, tmp_path / "1").registration["confirmed_on"] == first
    registry.on("2024-06-01")
    registry.append(
        SECRETARIAT, f"{PARTNERSHIP}/details", "DetailsAmended", reason=text("A further region"),
        before={"title": text("Clean water for coastal towns")},
        after={"title": text("Clean water for islands")},
    )  # fmt: skip
    state = _told(registry, tmp_path / "2")
    assert state.title == {"en": "Clean water for islands"}
    assert state.registration["confirmed_on"] == "2024-06-01"


def test_a_withdrawal_under_a_case_is_told_as_one(tmp_path: Path) -> None:
    """The listing and the case both say that the partnership left."""
    registry = removals.noticed()
    registry.append(SECRETARIAT, f"{PARTNERSHIP}/registration", "PartnershipWithdrawn",
                    reason=text("The funds ended"), under_case=True)  # fmt: skip
    state = _told(registry, tmp_path)
    assert state.status is not None
    assert state.status.state == "withdrawn_under_case"
    assert state.things["case:c1"].state == "left"
