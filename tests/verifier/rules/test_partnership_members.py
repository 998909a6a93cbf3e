"""Who belongs to a partnership: by their own word, and never too few without a next step."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import removals, stories
from tests.harness.registry import Registry, ref
from tests.harness.stories import (
    APPEALS_PANEL,
    BODY_SECRETARY,
    COMPANY,
    GOVERNMENT,
    NGO,
    OFFICE_A,
    PARTNERSHIP,
    REVIEWERS,
    SECRETARIAT,
    UN_AGENCY,
    text,
)
from verifier.rules import partnership
from verifier.rules.ahead import steps
from verifier.rules.authority.scope import Place
from verifier.rules.book import Entry, Refused
from verifier.rules.partnership import Partnership, members

UNIVERSITY = "actor-university"


@pytest.fixture
def registry() -> Registry:
    """A listed partnership of an NGO that leads, a government and a company."""
    return stories.listed_partnership().enlist(UNIVERSITY, stakeholder_type="academia")


def stream(organization: str) -> str:
    """Return the stream on which an organization joins and leaves."""
    return f"{PARTNERSHIP}/partner/{organization}"


def join(registry: Registry, organization: str = UNIVERSITY, **changes: Any) -> Entry:
    """Ask to join."""
    author = changes.pop("author", organization)
    fields = {
        "organization": organization, "role": "partner", "sector": "knowledge",
        "stakeholder_type": "academia",
    } | changes  # fmt: skip
    return registry.append(author, stream(organization), "PartnerJoined", **fields)


def confirm(registry: Registry, joined: Entry, author: str = SECRETARIAT) -> Entry:
    """Confirm who asked to join."""
    return registry.append(author, joined.event.stream, "PartnerConfirmed", joined=ref(joined))


def leave(registry: Registry, organization: str, author: str = "") -> Entry:
    """Leave the partnership."""
    return registry.append(author or organization, stream(organization), "PartnerLeft",
                           organization=organization, reason=text("Another focus"))  # fmt: skip


def hand_over(registry: Registry, to: str, author: str = NGO) -> Entry:
    """Hand the lead on."""
    return registry.append(
        author, f"{PARTNERSHIP}/lead", "LeadHandedOver", to=to, reason=text("By turns")
    )


def take_over(registry: Registry, handed: Entry, author: str) -> Entry:
    """Take the lead over."""
    return registry.append(author, f"{PARTNERSHIP}/lead", "LeadTakenOver", handover=ref(handed))


def replace(registry: Registry, to: str = UNIVERSITY, author: str = NGO) -> Entry:
    """Name another secretariat."""
    return registry.append(author, f"{PARTNERSHIP}/secretariat", "SecretariatReplaced",
                           to=to, reason=text("The office was closed"))  # fmt: skip


def confirm_secretariat(registry: Registry, replaced: Entry, author: str = COMPANY) -> Entry:
    """Confirm the new secretariat."""
    stream, type_ = f"{PARTNERSHIP}/secretariat", "SecretariatReplacementConfirmed"
    return registry.append(author, stream, type_, replacement=ref(replaced))


def lapse(registry: Registry) -> Entry:
    """End a listing that lost its partners."""
    return registry.append(OFFICE_A, f"{PARTNERSHIP}/registration", "PartnershipLapsed",
                           reasons=text("One partner is left"))  # fmt: skip


def found(registry: Registry) -> Partnership:
    """Return the partnership on record."""
    thing = partnership.of(registry.subject(PARTNERSHIP))
    assert thing is not None
    return thing


def refused(act: Any, *args: Any, **fields: Any) -> set[str]:
    """Return the rules by which an act is refused."""
    with pytest.raises(Refused) as error:
        act(*args, **fields)
    return {unmet.rule for unmet in error.value.unmet}


def shortened(registry: Registry) -> Registry:
    """Let the government leave: an NGO and a company remain; then the company."""
    leave(registry, GOVERNMENT)
    leave(registry, COMPANY)
    return registry


def test_a_partner_joins_by_two_signatures(registry: Registry) -> None:
    """MB1, MB3: its own and the secretariat's; until then it is no partner."""
    joined = join(registry)
    assert not partnership.is_partner(found(registry), UNIVERSITY)
    ahead = {step.type: step for step in steps(PARTNERSHIP, registry.book, registry.now)}
    assert ahead["PartnerConfirmed/1"].lawful
    confirm(registry, joined)
    assert found(registry).partners[-1].organization == UNIVERSITY
    assert refused(join, registry) == {"MB1"}
    assert refused(confirm, registry, joined) == {"MB3"}


@pytest.mark.parametrize(
    "changes",
    [
        {"sector": "business"},
        {"stakeholder_type": "ngo", "sector": "civil_society"},
        {"organization": "actor-faculty"},
        {"organization": COMPANY, "sector": "business", "stakeholder_type": "business"},
    ],
    ids=["sector", "type", "a-branch", "a-partner"],
)
def test_who_joins_is_an_organization_of_its_own(
    registry: Registry, changes: dict[str, str]
) -> None:
    """MB1: of the type on record and its sector, counting for itself, and no partner yet."""
    registry.enlist("actor-faculty", principal=UNIVERSITY, stakeholder_type="academia")
    name = changes.get("organization", UNIVERSITY)
    author = UNIVERSITY if name == "actor-faculty" else name
    rules = refused(join, registry, **({"organization": UNIVERSITY, "author": author} | changes))
    assert "MB1" in rules


def test_nobody_joins_on_behalf_of_another(registry: Registry) -> None:
    """MB1: a delegation is not the signature of the organization itself."""
    given = registry.append(
        UNIVERSITY, f"{UNIVERSITY}/delegation/help", "DelegationGranted", to=SECRETARIAT,
        types=["PartnerJoined"], last_day=registry.day(30), mandate="A/RES/70/224",
    )  # fmt: skip
    behalf = {"actor": UNIVERSITY, "delegation": ref(given)}
    assert refused(join, registry, author=SECRETARIAT, on_behalf_of=behalf) == {"MB1"}


def test_who_joins_does_not_confirm_it(registry: Registry) -> None:
    """MB3: an office of the same organization that is secretariat cannot confirm it."""
    registry.enlist("actor-office", kind="office", principal=UNIVERSITY,
                    stakeholder_type="academia")  # fmt: skip
    confirm_secretariat(registry, replace(registry, "actor-office"))
    joined = join(registry)
    assert refused(confirm, registry, joined, "actor-office") == {"MB3"}
    confirm(registry, joined, NGO)


def test_nobody_joins_what_is_not_on_the_register() -> None:
    """MB2: a submission has the partners that it names."""
    registry = stories.submitted_partnership().enlist(UNIVERSITY, stakeholder_type="academia")
    assert refused(join, registry) == {"MB2"}


def test_the_united_nations_joins_by_its_own_word(registry: Registry) -> None:
    """MB1: its signature gives the partnership its UN role, and its leaving takes it away."""
    joined = join(registry, UN_AGENCY, sector="public", stakeholder_type="un_entity")
    confirm(registry, joined)
    assert found(registry).un_role == "participating"
    place = registry.subject(PARTNERSHIP).get("place", Place)
    assert place is not None
    assert place.entities == (UN_AGENCY,)
    leave(registry, UN_AGENCY)
    assert (found(registry).un_role, found(registry).former) == ("none", (UN_AGENCY,))


def test_a_partner_leaves_by_its_own_word(registry: Registry) -> None:
    """MB4: nobody else's, and not while it leads; its commitments stay its own."""
    stories.acknowledged_commitment(registry)
    assert refused(leave, registry, COMPANY, NGO) == {"AD10"}
    assert refused(leave, registry, NGO) == {"MB4"}
    assert refused(leave, registry, UNIVERSITY) == {"MB4"}
    leave(registry, COMPANY)
    registry.append(COMPANY, f"{PARTNERSHIP}/commitment/taps", "ProgressReported",
                    as_of=registry.day(), status="on_track")  # fmt: skip


def test_a_listing_without_partners_ends_after_the_time_to_cure(registry: Registry) -> None:
    """MB5: ninety days, told in advance; then it may be submitted anew."""
    begun = registry.day()
    shortened(registry)
    assert found(registry).short_since == begun
    assert refused(lapse, registry) == {"MB5"}
    ahead = {step.type: step for step in steps(PARTNERSHIP, registry.book, registry.now)}
    assert ahead["PartnershipLapsed/1"].earliest is not None
    registry.on(registry.day(92))
    lapse(registry)
    assert found(registry).listing == "lapsed"
    registry.append(SECRETARIAT, f"{PARTNERSHIP}/registration", "PartnershipSubmitted",
                    **stories.submission(registry))  # fmt: skip
    assert (found(registry).listing, found(registry).short_since) == ("submitted", None)


def test_a_new_partner_cures_the_loss(registry: Registry) -> None:
    """MB5: once there are partners of two sectors again nothing ends."""
    shortened(registry)
    confirm(registry, join(registry))
    assert found(registry).short_since is None
    registry.on(registry.day(92))
    assert refused(lapse, registry) == {"MB5"}


def test_sectors_are_as_needed_as_partners(registry: Registry) -> None:
    """MB5: two businesses are no multi-stakeholder partnership."""
    registry.enlist("actor-firm", stakeholder_type="business")
    confirm(registry, join(registry, "actor-firm", sector="business", stakeholder_type="business"))
    take_over(registry, hand_over(registry, COMPANY), COMPANY)
    leave(registry, GOVERNMENT)
    assert found(registry).short_since is None
    leave(registry, NGO)
    assert found(registry).short_since == registry.day()


def test_a_new_submission_does_not_rewrite_the_register() -> None:
    """What was on the register at a size stays known, so that a draw stays true (SM7)."""
    registry = stories.listed_partnership()
    for organization in (COMPANY, GOVERNMENT):
        leave(registry, organization)
    size = len(registry.events)
    removals.later(registry, 92)
    stream = f"{PARTNERSHIP}/registration"
    registry.append(OFFICE_A, stream, "PartnershipLapsed", reasons=text("Nobody came"))
    registry.append(SECRETARIAT, stream, "PartnershipSubmitted", **stories.submission(registry))
    assert partnership.profile_at(found(registry), size) == "light"
    assert partnership.profile_at(found(registry), len(registry.events)) is None


def test_an_open_case_goes_its_own_way() -> None:
    """MB5: while a removal case is open the listing does not lapse."""
    registry = removals.noticed()
    shortened(registry)
    registry.on(registry.day(92))
    assert refused(lapse, registry) == {"MB5"}


def test_leaving_an_empty_listing_is_the_registrys_omission(registry: Registry) -> None:
    """MB6: told from the day after the time to cure, and not once the listing has ended."""
    shortened(registry)
    registry.book.time += 90 * 86_400
    assert not [*members.whole_log(registry.book)]
    registry.book.time += 2 * 86_400
    (told,) = members.whole_log(registry.book)
    assert (told.rule, told.kind, told.who) == ("MB6", "omission", "registry")
    registry.on(registry.day(92))
    lapse(registry)
    assert not [*members.whole_log(registry.book)]


def test_the_lead_is_taken_over_by_who_is_to_lead(registry: Registry) -> None:
    """SE2: handed on by lead or secretariat to another partner, and taken over by that one."""
    assert refused(hand_over, registry, UNIVERSITY) == {"SE2"}
    assert refused(hand_over, registry, NGO) == {"SE2"}
    first = hand_over(registry, GOVERNMENT, SECRETARIAT)
    handed = hand_over(registry, COMPANY)
    assert refused(take_over, registry, first, COMPANY) == {"SE2"}
    assert "AD10" in refused(take_over, registry, handed, GOVERNMENT)
    take_over(registry, handed, COMPANY)
    assert found(registry).lead == COMPANY
    assert {p.organization: p.role for p in found(registry).partners}[NGO] == "partner"
    assert refused(take_over, registry, handed, COMPANY) == {"SE2"}
    leave(registry, NGO)


def test_who_left_does_not_lead(registry: Registry) -> None:
    """SE2: a partner that was to lead and left cannot take the lead over."""
    handed = hand_over(registry, COMPANY)
    leave(registry, COMPANY)
    assert refused(take_over, registry, handed, COMPANY) == {"SE2"}


def test_an_orphaned_secretariat_is_replaced(registry: Registry) -> None:
    """SE3: by the lead and a partner of another organization, together; by none of its judges."""
    assert refused(replace, registry, SECRETARIAT) == {"SE3"}
    assert refused(replace, registry, "actor-unknown") == {"SE3"}
    for judge in (OFFICE_A, REVIEWERS[0], APPEALS_PANEL[0], BODY_SECRETARY):
        assert refused(replace, registry, judge) == {"SE3"}
    replaced = replace(registry)
    assert refused(confirm_secretariat, registry, replaced, NGO) == {"SE3"}
    assert found(registry).secretariat == SECRETARIAT
    confirm_secretariat(registry, replaced)
    assert found(registry).secretariat == UNIVERSITY
    assert refused(confirm_secretariat, registry, replaced) == {"SE3"}


def test_offices_change_while_the_partnership_is_on_the_register() -> None:
    """SE1: not while it is submitted."""
    registry = stories.submitted_partnership().enlist(UNIVERSITY, stakeholder_type="academia")
    assert refused(replace, registry) == {"SE1"}
    assert refused(hand_over, registry, COMPANY) == {"SE1"}


def test_an_orphaned_secretariat_is_replaced_after_a_removal_too() -> None:
    """SE1: what was removed still owes reports and may come back; what completed may not."""
    registry = removals.removed()
    registry.enlist(UNIVERSITY, stakeholder_type="academia")
    confirm_secretariat(registry, replace(registry))
    assert found(registry).secretariat == UNIVERSITY
    take_over(registry, hand_over(registry, COMPANY), COMPANY)
    assert found(registry).lead == COMPANY
    registry.append(UNIVERSITY, f"{PARTNERSHIP}/reinstatement/r1", "ReinstatementRequested",
                    recommitment=text("Under a new lead"))  # fmt: skip
