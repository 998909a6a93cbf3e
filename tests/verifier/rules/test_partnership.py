"""Registration: submitted, screened, listed, and only by those who may."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import diligences, stories
from tests.harness.registry import Registry, ref
from tests.harness.stories import (
    COMPANY,
    GOVERNMENT,
    NGO,
    OFFICE_A,
    PARTNERSHIP,
    SCREENER,
    SECRETARIAT,
    UN_AGENCY,
    text,
)
from verifier.rules import partnership
from verifier.rules.ahead import steps
from verifier.rules.authority.scope import Place
from verifier.rules.book import Entry, Refused
from verifier.rules.fields import VersionRef
from verifier.rules.partnership import Partnership, screening
from verifier.rules.partnership.submission import Turn

STREAM = f"{PARTNERSHIP}/registration"


@pytest.fixture
def registry() -> Registry:
    """A registry with its cast and the default guidelines."""
    return stories.guidelines(stories.cast(Registry()))


def submit(registry: Registry, author: str = SECRETARIAT, profile: str = "light",
           **changes: Any) -> Entry:  # fmt: skip
    """Submit the partnership of the story, changed; what is nothing is left out."""
    whole = stories.submission(registry, profile, **changes)
    fields = {name: value for name, value in whole.items() if value is not None}
    return registry.append(author, STREAM, "PartnershipSubmitted", **fields)


def screen(registry: Registry, author: str = SCREENER, **fields: Any) -> Entry:
    """Screen the partnership."""
    values = {"outcome": "pass", "method": "desk", "minutes": 40} | fields
    return registry.append(author, STREAM, "PartnershipScreened", **values)


def list_it(registry: Registry, author: str = OFFICE_A, **fields: Any) -> Entry:
    """List the partnership."""
    values = stories.listing(registry) | fields
    return registry.append(author, STREAM, "PartnershipListed", **values)


def cosign(registry: Registry, submission: Entry, author: str = UN_AGENCY,
           organization: str = "", **fields: Any) -> Entry:  # fmt: skip
    """Sign a submission beside its author."""
    return registry.append(
        author, STREAM, "SubmissionCosigned", submission=ref(submission),
        un_signature=organization or author, **fields,
    )  # fmt: skip


def rules(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    """Return the numbers of the rules that were not met."""
    return {unmet.rule for unmet in refused.value.unmet}


def refusal(registry: Registry, author: str = SECRETARIAT, profile: str = "light",
            **changes: Any) -> set[str]:  # fmt: skip
    """Return the rules by which a submission is refused."""
    with pytest.raises(Refused) as refused:
        submit(registry, author, profile, **changes)
    return rules(refused)


def found(registry: Registry) -> Partnership:
    """Return the partnership on record."""
    thing = partnership.of(registry.subject(PARTNERSHIP))
    assert thing is not None
    return thing


def members(*rows: tuple[str, str, str, str]) -> list[dict[str, str]]:
    """Return partners as a payload holds them: organization, role, sector, stakeholder type."""
    names = ("organization", "role", "sector", "stakeholder_type")
    return [dict(zip(names, row, strict=True)) for row in rows]


LEAD = (NGO, "lead", "civil_society", "ngo")
STATE = (GOVERNMENT, "partner", "public", "government")
FIRM = (COMPANY, "partner", "business", "business")


def test_a_partnership_is_listed_and_its_clock_starts(registry: Registry) -> None:
    """The whole path: who stands in it, where it is at work, by which guideline, from which day."""
    submit(registry)
    screen(registry.on("2024-02-01"))
    list_it(registry.on("2024-03-01"))
    listed = found(registry)
    assert (listed.listing, listed.listed_on) == ("listed", "2024-03-01")
    assert listed.clock_from == "2024-03-01"
    assert (listed.guideline, listed.profile) == (VersionRef("default", 1), "light")
    assert [p.organization for p in listed.partners] == [NGO, GOVERNMENT, COMPANY]
    assert registry.subject(PARTNERSHIP).get("place", Place) == Place(("KEN",), (6, 14))


def test_a_submission_waits_until_it_is_returned(registry: Registry) -> None:
    """PA1: a second submission is refused, and admitted after a return."""
    submit(registry)
    assert refusal(registry) == {"PA1"}
    screen(registry, outcome="return", findings=text("No baseline"))
    assert found(registry).listing == "returned"
    submit(registry, scale="regional")
    assert (found(registry).listing, found(registry).scale) == ("submitted", "regional")


@pytest.mark.parametrize(
    "partners",
    [
        members(LEAD, STATE, (SCREENER, "partner", "public", "un_entity")),
        members(LEAD, STATE, ("actor-unknown", "partner", "business", "business")),
        members(LEAD, STATE, (COMPANY, "partner", "civil_society", "ngo")),
        members(LEAD, STATE, (COMPANY, "partner", "knowledge", "business")),
        members(LEAD, STATE, STATE),
        members(LEAD, (GOVERNMENT, "lead", "public", "government")),
        members((NGO, "partner", "civil_society", "ngo"), STATE),
        members(LEAD, STATE, ("actor-chapter", "partner", "civil_society", "ngo")),
    ],
    ids=["an-office", "unknown", "type", "sector", "twice", "two-leads", "no-lead", "a-branch"],
)
def test_partners_are_registered_organizations(
    registry: Registry, partners: list[dict[str, str]]
) -> None:
    """PA2: each once and for itself, of its type and sector, and exactly one of them leads."""
    registry.enlist("actor-chapter", principal=NGO, stakeholder_type="ngo")
    assert "PA2" in refusal(registry, partners=partners)


def test_two_sectors_come_together(registry: Registry) -> None:
    """PA3: business alone is no multi-stakeholder partnership, but may be another initiative."""
    registry.enlist("actor-firm", stakeholder_type="business")
    firms = members((COMPANY, "lead", "business", "business"),
                    ("actor-firm", "partner", "business", "business"))  # fmt: skip
    assert refusal(registry, COMPANY, partners=firms, lead=COMPANY) == {"PA3"}
    submit(registry, COMPANY, partners=firms, lead=COMPANY, initiative_kind="private_engagement")


@pytest.mark.parametrize("role", ["led", "participating"])
def test_a_un_role_fits_the_partners(registry: Registry, role: str) -> None:
    """PA4: without a UN entity among the partners no UN role can be claimed."""
    assert refusal(registry, un_role=role) == {"PA4"}


def test_a_un_role_is_claimed_over_a_un_signature(registry: Registry) -> None:
    """PA4: the secretariat cannot sign for the United Nations; the agency that takes part can."""
    assert refusal(registry, profile="un_participating") == {"PA4"}
    assert refusal(registry, UN_AGENCY, "un_participating", un_role="none") == {"PA4"}
    assert refusal(registry, un_signature=UN_AGENCY) == {"PA4"}
    submit(registry, UN_AGENCY, "un_participating")
    assert (found(registry).un_role, found(registry).un_signature) == ("participating", UN_AGENCY)
    screen(registry)


def test_a_un_partner_signs_beside_the_secretariat(registry: Registry) -> None:
    """PA4, PA9: what the secretariat submits takes effect when the agency has cosigned it."""
    submission = submit(registry, profile="un_participating", un_signature=None)
    with pytest.raises(Refused) as refused:
        screen(registry)
    assert rules(refused) == {"PS1"}
    assert not list(registry.subject(PARTNERSHIP).all(Turn))
    ahead = {step.type: step for step in steps(PARTNERSHIP, registry.book, registry.now)}
    assert ahead["SubmissionCosigned/1"].who == ("a UN partner",)
    cosign(registry.on("2024-02-01"), submission)
    assert [t.submitted_on for t in registry.subject(PARTNERSHIP).all(Turn)] == ["2024-02-01"]
    screen(registry)
    list_it(diligences.clear(registry, PARTNERSHIP), profile="un_participating")


def test_only_who_is_asked_signs_for_the_united_nations(registry: Registry) -> None:
    """PA4: where one UN entity leads, another cannot sign for it; nobody signs by delegation."""
    registry.enlist("actor-un-other")
    other = ("actor-un-other", "partner", "public", "un_entity")
    leader = (UN_AGENCY, "lead", "public", "un_entity")
    partners = members(leader, other, (NGO, "partner", "civil_society", "ngo"))
    submission = submit(registry, SECRETARIAT, "un_led", partners=partners, un_signature=None)
    with pytest.raises(Refused) as refused:
        cosign(registry, submission, "actor-un-other")
    assert rules(refused) == {"PA4"}
    given = registry.append(
        UN_AGENCY, f"{UN_AGENCY}/delegation/help", "DelegationGranted", to=SECRETARIAT,
        types=["SubmissionCosigned"], last_day=registry.day(30), mandate="A/RES/70/224",
    )  # fmt: skip
    behalf = {"actor": UN_AGENCY, "delegation": ref(given)}
    with pytest.raises(Refused) as refused:
        cosign(registry, submission, SECRETARIAT, UN_AGENCY, on_behalf_of=behalf)
    assert rules(refused) == {"PA4"}
    cosign(registry, submission)


def test_the_newest_submission_is_cosigned_once(registry: Registry) -> None:
    """PA1, PA9: what waits for a cosignature can be put anew; only the newest is cosigned."""
    first = submit(registry, profile="un_participating", un_signature=None)
    second = submit(registry, profile="un_participating", un_signature=None, scale="regional")
    with pytest.raises(Refused) as refused:
        cosign(registry, first)
    assert rules(refused) == {"PA9"}
    cosign(registry, second)
    assert refusal(registry, profile="un_participating", un_signature=None) == {"PA1"}
    with pytest.raises(Refused) as refused:
        cosign(registry, second)
    assert rules(refused) == {"PA9"}


def test_a_national_priority_is_of_a_country_where_it_works(registry: Registry) -> None:
    """PA8: with the plan that sets it, in one of its countries, once."""
    plan = {"country": "KEN", "document": "Vision 2030", "reference": "4.2 Water"}
    assert refusal(registry, national_priorities=[plan | {"country": "TZA"}]) == {"PA8"}
    assert refusal(registry, national_priorities=[plan, plan]) == {"PA8"}
    submit(registry, national_priorities=[plan])


@pytest.mark.parametrize(
    "changes",
    [
        {"start": "2024-02-30"},
        {"planned_end": "2024-01-15"},
        {"planned_end": "2031-01-01"},
    ],
)
def test_its_days_are_days_in_order(registry: Registry, changes: dict[str, str]) -> None:
    """PA5: real days, the end after the start, and a reason where it lies after 2030."""
    assert refusal(registry, **changes) == {"PA5"}


def test_an_end_after_the_agenda_has_a_reason(registry: Registry) -> None:
    """PA5: with a reason a later end is admitted."""
    submit(registry, planned_end="2031-01-01", planned_end_reason=text("The last well is then due"))
    assert found(registry).planned_end == "2031-01-01"


def test_priorities_are_among_the_targets(registry: Registry) -> None:
    """PA6: a priority goal without a target, and a target named twice, are refused."""
    assert refusal(registry, priority_goals=[5]) == {"PA6"}
    assert refusal(registry, sdg_targets=["6.1", "6.1"]) == {"PA6"}


def test_the_secretariat_is_registered(registry: Registry) -> None:
    """PA7: an unknown actor cannot be the secretariat, nor one that keeps the register."""
    for actor in ("actor-unknown", OFFICE_A):
        assert refusal(registry, NGO, secretariat=actor) == {"PA7"}


def test_strangers_do_not_submit(registry: Registry) -> None:
    """Only the secretariat, the lead or a UN partner that it names may submit."""
    assert refusal(registry, COMPANY) == {"AD10"}
    submit(registry, NGO)
    assert found(registry).lead == NGO


def test_only_what_waits_is_screened(registry: Registry) -> None:
    """PS1: neither what was never submitted nor what has passed already."""
    with pytest.raises(Refused) as refused:
        screen(registry)
    assert rules(refused) == {"PS1"}
    submit(registry)
    screen(registry)
    with pytest.raises(Refused) as refused:
        screen(registry)
    assert rules(refused) == {"PS1"}


def test_an_officer_of_a_partner_does_not_screen(registry: Registry) -> None:
    """PS2: the role alone is not enough where the officer belongs to a partner."""
    registry.enlist("actor-seconded", kind="office", principal=NGO, stakeholder_type="ngo")
    registry.grant("actor-seconded", "screening_officer", OFFICE_A)
    submit(registry)
    with pytest.raises(Refused) as refused:
        screen(registry, "actor-seconded")
    assert rules(refused) == {"PS2"}


@pytest.mark.parametrize("outcome", ["return", "reject"])
def test_a_return_or_rejection_says_why(registry: Registry, outcome: str) -> None:
    """PS3: without findings it is refused, with them it takes effect."""
    submit(registry)
    with pytest.raises(Refused) as refused:
        screen(registry, outcome=outcome)
    assert rules(refused) == {"PS3"}
    screen(registry, outcome=outcome, findings=text("No monitoring plan worth the name"))
    assert found(registry).listing == outcome + "ed"


def test_a_rejection_is_final(registry: Registry) -> None:
    """PA1: what was rejected is not submitted again under the same name."""
    submit(registry)
    screen(registry, outcome="reject", findings=text("Not a partnership"))
    assert refusal(registry) == {"PA1"}


def lapse(registry: Registry) -> Entry:
    """End a submission that nobody follows up."""
    thing = found(registry)
    named = {"stream": thing.ref.stream, "seq": thing.ref.seq, "id": thing.ref.id}
    return registry.append(OFFICE_A, STREAM, "SubmissionLapsed", submission=named)


def test_what_was_returned_does_not_wait_for_ever(registry: Registry) -> None:
    """PS5: half a year after the return it lapses, and may be put anew."""
    submit(registry)
    with pytest.raises(Refused) as refused:
        lapse(registry)
    assert rules(refused) == {"PS5"}
    screen(registry.on("2024-02-01"), outcome="return", findings=text("No baseline"))
    ahead = {step.type: step for step in steps(PARTNERSHIP, registry.book, registry.now)}
    assert not ahead["SubmissionLapsed/1"].lawful
    registry.on("2024-07-30")
    with pytest.raises(Refused) as refused:
        lapse(registry)
    assert rules(refused) == {"PS5"}
    lapse(registry.on("2024-08-01"))
    assert found(registry).listing == "lapsed"
    submit(registry)


def test_what_waits_for_the_united_nations_lapses_too(registry: Registry) -> None:
    """PS5: a UN role that nobody signs is no dead end."""
    submit(registry, profile="un_participating", un_signature=None)
    lapse(registry.on("2024-07-15"))
    assert found(registry).listing == "lapsed"


def test_nothing_is_listed_unscreened(registry: Registry) -> None:
    """PL1: a submission is not enough."""
    submit(registry)
    with pytest.raises(Refused) as refused:
        list_it(registry)
    assert rules(refused) == {"PL1"}


def test_two_actors_screen_and_list(registry: Registry) -> None:
    """PL1: who screened does not list, even with both roles."""
    registry.grant(OFFICE_A, "screening_officer", OFFICE_A)
    submit(registry)
    screen(registry, OFFICE_A)
    with pytest.raises(Refused) as refused:
        list_it(registry)
    assert rules(refused) == {"PL1"}
    list_it(registry, stories.OFFICE_B)


def test_a_listing_names_the_guideline_in_force_and_the_profile_of_the_un_role(
    registry: Registry,
) -> None:
    """PL2: an outdated version and a profile that is not the partnership's are refused."""
    submit(registry)
    screen(registry)
    stories.guidelines(registry.on("2024-02-01"))
    old = {"set": "default", "version": 1}
    for changes in ({"guideline": old}, {"profile": "un_led"}, {"profile": "country"}):
        with pytest.raises(Refused) as refused:
            list_it(registry, **changes)
        assert rules(refused) == {"PL2"}
    list_it(registry)
    assert found(registry).guideline == VersionRef("default", 2)


def test_only_partnerships_have_a_clock(registry: Registry) -> None:
    """A voluntary commitment is listed but owes no reports."""
    submit(registry, initiative_kind="voluntary_commitment")
    screen(registry)
    list_it(registry)
    assert (found(registry).listing, found(registry).clock_from) == ("listed", None)


def test_what_may_happen_next_is_told_in_order(registry: Registry) -> None:
    """A submission can be screened now; the listing says what it still lacks, and of whom."""
    submit(registry)
    ahead = {step.type: step for step in steps(PARTNERSHIP, registry.book, registry.now)}
    assert ahead["PartnershipScreened/1"].lawful
    assert ahead["PartnershipScreened/1"].who == ("screening_officer",)
    listing = ahead["PartnershipListed/1"]
    assert (listing.lawful, listing.earliest, listing.who) == (False, None, ("registry",))
    assert [(u.rule, u.who) for u in listing.unmet] == [("PL1", "screening_officer")]
    screen(registry)
    ahead = {step.type: step for step in steps(PARTNERSHIP, registry.book, registry.now)}
    assert ahead["PartnershipListed/1"].lawful
    assert "PartnershipScreened/1" not in ahead


def test_an_open_proposal_asks_for_its_endorsement() -> None:
    """The endorsement is a step until the proposal expires, and tells who may give it."""
    registry = Registry().open().enlist("actor-office")
    registry.append(
        "actor-root-a", "actor-office/appointment/registry", "AppointmentProposed", quorum=2,
        expires=registry.day(30),
        terms={"role": "registry", "mandate": "A/RES/70/224", "first_day": registry.day()},
    )  # fmt: skip
    (step,) = steps("actor-office", registry.book, registry.now)
    assert (step.type, step.lawful, step.who) == ("Endorsed/1", True, ("a root",))
    assert step.stream == "actor-office/endorsement/appointment:registry/*"
    (step,) = steps("actor-office", registry.book, registry.on("2024-03-01").now)
    assert (step.lawful, [u.rule for u in step.unmet]) == (False, ["PR4"])


def test_a_screening_in_time_is_nothing_to_tell(registry: Registry) -> None:
    """PS4 is met by a screening on the last of thirty days, however long ago that is."""
    submit(registry)
    registry.on(registry.day(30))
    screen(registry)
    registry.book.time += 400 * 86_400
    assert not list(screening.whole_log(registry.book))


def test_a_late_screening_is_the_registrys_own_omission(registry: Registry) -> None:
    """PS4 tells a screening after its time, and one that is owed and was never made."""
    submit(registry)
    registry.book.time += 31 * 86_400
    (owed,) = screening.whole_log(registry.book)
    assert (owed.rule, owed.kind, owed.who) == ("PS4", "omission", "registry")
    assert "not by 2024-02-15" in owed.reason
    registry.on("2024-02-20")
    screen(registry, outcome="return", findings=text("No baseline"))
    submit(registry)
    (late,) = screening.whole_log(registry.book)
    assert "screened on 2024-02-20" in late.reason
