"""Principles are attested by those whom no Charter binds; eligibility lapses and is cured."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.diligences import DECIDER, RATER, attest, examine, principles, staff, step
from tests.harness.registry import Registry
from tests.harness.removals import later, next_step, next_steps, refused
from tests.harness.stories import (
    COMPANY,
    FOCAL_POINT,
    GOVERNMENT,
    MACHINE,
    NGO,
    OFFICE_A,
    PARTNERSHIP,
    SECRETARIAT,
    UN_AGENCY,
    text,
)
from verifier.rules import admission, partnership
from verifier.rules.book import Entry
from verifier.rules.diligence import compact
from verifier.rules.diligence.state import Lapse

STREAM = f"{PARTNERSHIP}/eligibility/{COMPANY}"
PARENT = "actor-parent-company"


@pytest.fixture
def registry() -> Registry:
    """A listed partnership with a UN partner, where companies commit themselves."""
    return stories.listed_partnership(profile="un_participating")


def members_only() -> Registry:
    """Return a screened partnership whose guideline asks companies for membership."""
    registry = stories.guidelines(stories.cast(Registry()), compact_mode="member")
    stories.screened_partnership(registry, profile="un_participating")
    return staff(registry).enlist(PARENT, stakeholder_type="business")


def observe(registry: Registry, organization: str = COMPANY, status: str = "active",
            **changes: Any) -> None:  # fmt: skip
    """Observe a status with the Global Compact."""
    fields = {"status": status, "source": "unglobalcompact.org", "observed_on": registry.day()}
    registry.append(MACHINE, f"{organization}/compact", "CompactStatusObserved",
                    **(fields | changes))  # fmt: skip


def own(registry: Registry, *, belongs: bool = True) -> None:
    """Let the parent say that the company is its subsidiary, or is so no more."""
    registry.append(PARENT, f"{PARENT}/subsidiary/{COMPANY}", "SubsidiaryNamed", company=COMPANY,
                    belongs=belongs)  # fmt: skip


def unattested(registry: Registry, organization: str = COMPANY, author: str = "",
               **changes: Any) -> set[str]:  # fmt: skip
    """Return the rules by which an attestation is refused."""
    fields = {"principles": principles(registry), "signatory": "Chief executive"} | changes
    return refused(registry, author or organization, f"{PARTNERSHIP}/attestation/{organization}",
                   "PrincipleAttested", **fields)  # fmt: skip


def lapse_fields(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of a lapse for a due diligence that has expired."""
    return {"ground": "diligence_expired", "cure_until": registry.day(90)} | changes


def expired(registry: Registry) -> Registry:
    """Let two years and a day go by, so that every approval has expired."""
    return later(registry, 732)


def lapsed(registry: Registry) -> Registry:
    """Let the company's eligibility lapse."""
    expired(registry).append(RATER, STREAM, "PartnerEligibilityLapsed", **lapse_fields(registry))
    return registry


def state(registry: Registry) -> str:
    """Return how the company's lapse has ended."""
    found = registry.subject(PARTNERSHIP).get(f"lapse:{COMPANY}", Lapse)
    assert found is not None
    return found.ended


def partners(registry: Registry) -> list[str]:
    """Return who is a partner."""
    found = partnership.of(registry.subject(PARTNERSHIP))
    assert found is not None
    return [p.organization for p in found.partners]


def test_a_partner_attests_for_itself_and_once() -> None:
    """GC1: not for another, not a State, not an outsider, not an old version, not twice."""
    registry = stories.screened_partnership(profile="un_participating")
    assert unattested(registry, author=NGO) == {"AD10"}
    for bound in (GOVERNMENT, UN_AGENCY):
        assert unattested(registry, bound) == {"GC1"}
    assert unattested(registry, "actor-reviewer-c") == {"GC1"}
    assert unattested(registry, principles={"set": "five", "version": 1}) == {"GC1"}
    assert all(s.lawful for s in next_steps(registry, "PrincipleAttested"))
    attest(registry, PARTNERSHIP, COMPANY)
    assert unattested(registry) == {"GC1"}


def test_membership_is_shown_by_a_status_that_is_active() -> None:
    """GC2: asked of companies alone, and met by their own status or their parent's."""
    registry = members_only()
    assert unattested(registry) == {"GC2"}
    observe(registry, status="noncommunicating")
    assert unattested(registry, holder=COMPANY) == {"GC2"}
    observe(registry, PARENT)
    assert unattested(registry, holder=PARENT) == {"GC2"}
    own(registry)
    attest(registry, PARTNERSHIP, COMPANY, holder=PARENT)
    attest(registry, PARTNERSHIP, NGO)


def test_a_parent_speaks_for_itself() -> None:
    """GC8: no company names its parent, nothing is said twice, and no stranger is a subsidiary."""
    registry = members_only()
    stream, type_ = f"{PARENT}/subsidiary/{COMPANY}", "SubsidiaryNamed"
    said = {"company": COMPANY, "belongs": True}
    assert refused(registry, COMPANY, stream, type_, **said) == {"AD10"}
    assert refused(registry, PARENT, stream, type_, **(said | {"belongs": False})) == {"GC8"}
    unknown = f"{PARENT}/subsidiary/actor-unknown"
    assert refused(registry, PARENT, unknown, type_, company="actor-unknown",
                   belongs=True) == {"GC8"}  # fmt: skip
    assert refused(registry, PARENT, f"{PARENT}/subsidiary/{PARENT}", type_, company=PARENT,
                   belongs=True) == {"GC8"}  # fmt: skip
    assert refused(registry, PARENT, f"{PARENT}/subsidiary/{NGO}", type_, **said) == {"GC8"}
    own(registry)
    assert refused(registry, PARENT, stream, type_, **said) == {"GC8"}
    own(registry, belongs=False)


def test_a_company_that_was_sold_has_its_parents_status_no_more() -> None:
    """GC4: once the parent takes its word back, the status is no proof."""
    registry = members_only()
    observe(registry, PARENT)
    own(registry)
    attest(registry, PARTNERSHIP, COMPANY, holder=PARENT)
    ground = lapse_fields(registry, ground="compact_status", holder=PARENT)
    assert refused(registry, RATER, STREAM, "PartnerEligibilityLapsed", **ground) == {"GC4"}
    own(registry, belongs=False)
    registry.append(RATER, STREAM, "PartnerEligibilityLapsed", **ground)


def test_what_an_event_does_not_name_is_not_looked_at() -> None:
    """GC5: a restoration that names nobody's status is judged without any other's record."""
    registry = members_only()
    observe(registry, PARENT)
    own(registry)
    attest(registry, PARTNERSHIP, COMPANY, holder=PARENT)
    observe(registry, PARENT, "delisted")
    ground = lapse_fields(registry, ground="compact_status", holder=PARENT)
    registry.append(RATER, STREAM, "PartnerEligibilityLapsed", **ground)
    event = registry.sign(RATER, STREAM, "PartnerEligibilityRestored", reason=text("…"))
    entry = Entry(registry.book.size, event, admission.read_body(event), registry.now)
    told = list(entry.body.unmet(entry, registry.book))
    del registry.book.subjects[PARENT]
    assert list(entry.body.unmet(entry, registry.book)) == told != []


def test_a_status_is_observed_in_order() -> None:
    """GC3: not of a day to come, not before the last one, and by nobody without the role."""
    registry = members_only()
    fields = {"status": "active", "source": "unglobalcompact.org"}
    stream = f"{COMPANY}/compact"

    def unseen(day: str, author: str = MACHINE) -> set[str]:
        return refused(registry, author, stream, "CompactStatusObserved", observed_on=day, **fields)

    assert unseen(registry.day(1)) == {"GC3"}
    observe(registry)
    assert unseen(registry.day(-1)) == {"GC3"}
    assert unseen(registry.day(), FOCAL_POINT) == {"AD10"}
    observe(registry, status="delisted")


def test_eligibility_lapses_on_what_the_record_bears_out(registry: Registry) -> None:
    """GC4: not before the approval has expired, not on another ground, not for another time."""
    kind = "PartnerEligibilityLapsed"
    assert refused(registry, RATER, STREAM, kind, **lapse_fields(registry)) == {"GC4"}
    expired(registry)
    for changes in ({"ground": "compact_status"}, {"cure_until": registry.day(30)},
                    {"holder": COMPANY}):  # fmt: skip
        assert refused(registry, RATER, STREAM, kind, **lapse_fields(registry, **changes)) == {
            "GC4"
        }
    outsider = f"{PARTNERSHIP}/eligibility/actor-reviewer-c"
    assert refused(registry, RATER, outsider, kind, **lapse_fields(registry)) == {"GC4"}
    registry.append(RATER, STREAM, kind, **lapse_fields(registry))
    assert refused(registry, RATER, STREAM, kind, **lapse_fields(registry)) == {"GC4"}


def test_a_status_that_is_lost_lets_eligibility_lapse_until_it_is_active_again() -> None:
    """GC4 and GC5: the parent's delisting is the company's lapse, where membership is asked."""
    registry = members_only()
    observe(registry, PARENT)
    own(registry)
    attest(registry, PARTNERSHIP, COMPANY, holder=PARENT)
    ground = lapse_fields(registry, ground="compact_status", holder=PARENT)
    assert refused(registry, RATER, STREAM, "PartnerEligibilityLapsed", **ground) == {"GC4"}
    observe(registry, PARENT, "delisted")
    registry.append(RATER, STREAM, "PartnerEligibilityLapsed", **ground)
    cured = {"reason": text("Back in good standing"), "holder": PARENT}
    assert refused(registry, RATER, STREAM, "PartnerEligibilityRestored", **cured) == {"GC5"}
    observe(registry, PARENT)
    assert refused(registry, RATER, STREAM, "PartnerEligibilityRestored",
                   reason=cured["reason"]) == {"GC5"}  # fmt: skip
    registry.append(RATER, STREAM, "PartnerEligibilityRestored", **cured)
    assert state(registry) == "restored"


def test_a_lapse_is_cured_by_a_new_due_diligence(registry: Registry) -> None:
    """GC5: not while it is examined, only once it is approved; and only where one lapsed."""
    cured = {"reason": text("Approved anew")}
    assert refused(registry, RATER, STREAM, "PartnerEligibilityRestored", **cured) == {"GC5"}
    lapsed(registry)
    assert refused(registry, RATER, STREAM, "PartnerEligibilityRestored", **cured) == {"GC5"}
    step(registry, PARTNERSHIP, COMPANY, "DueDiligenceReopened")
    assert refused(registry, RATER, STREAM, "PartnerEligibilityRestored", **cured) == {"GC5"}
    for type_ in ("ExclusionScreened", "ControversyResearched", "RiskRated"):
        step(registry, PARTNERSHIP, COMPANY, type_)
    step(registry, PARTNERSHIP, COMPANY, "DueDiligenceDecided", DECIDER)
    assert next_step(registry, "PartnerEligibilityRestored").lawful
    registry.append(RATER, STREAM, "PartnerEligibilityRestored", **cured)
    assert state(registry) == "restored"


def test_no_part_ends_without_a_lapse(registry: Registry) -> None:
    """GC6: neither that of an eligible partner, nor the lead's own."""
    why = {"reason": text("We would rather have another")}
    assert refused(registry, OFFICE_A, STREAM, "PartnerEligibilityEnded", **why) == {"GC6"}
    lapsed(registry)
    lead = f"{PARTNERSHIP}/eligibility/{NGO}"
    registry.append(RATER, lead, "PartnerEligibilityLapsed", **lapse_fields(registry))
    later(registry, 91)
    assert refused(registry, SECRETARIAT, lead, "PartnerEligibilityEnded", **why) == {"GC6"}
    registry.append(SECRETARIAT, STREAM, "PartnerEligibilityEnded", **why)
    assert COMPANY not in partners(registry)


def test_who_does_not_cure_its_lapse_is_a_partner_no_more(registry: Registry) -> None:
    """GC6 and GC7: not within its time; afterwards the registry may, and must."""
    why = {"reason": text("Its time to cure is over")}
    lapsed(registry)
    later(registry, 90)
    assert refused(registry, OFFICE_A, STREAM, "PartnerEligibilityEnded", **why) == {"GC6"}
    assert next_step(registry, "PartnerEligibilityEnded").earliest is not None
    assert not list(compact.whole_log(registry.book))
    later(registry, 1).enlist("actor-day-after")
    (told,) = compact.whole_log(registry.book)
    assert (told.rule, told.kind, told.who) == ("GC7", "omission", "registry")
    registry.append(OFFICE_A, STREAM, "PartnerEligibilityEnded", **why)
    assert (state(registry), COMPANY in partners(registry)) == ("removed", False)
    assert not list(compact.whole_log(registry.book))


def test_a_declined_partner_lapses(registry: Registry) -> None:
    """GC4: what was decided against a sitting partner lets its eligibility lapse."""
    step(registry, PARTNERSHIP, COMPANY, "DueDiligenceReopened", trigger="controversy")
    for type_ in ("ExclusionScreened", "ControversyResearched", "RiskRated"):
        step(registry, PARTNERSHIP, COMPANY, type_)
    step(registry, PARTNERSHIP, COMPANY, "DueDiligenceDecided", DECIDER, outcome="declined",
         valid_until=None)  # fmt: skip
    ground = lapse_fields(registry, ground="diligence_adverse")
    registry.append(OFFICE_A, STREAM, "PartnerEligibilityLapsed", **ground)
    assert state(registry) == ""
    examine(registry, PARTNERSHIP, COMPANY)
    registry.append(OFFICE_A, STREAM, "PartnerEligibilityRestored", reason=text("All is clear"))
