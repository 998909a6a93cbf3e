"""What a report says and who signs it: complete, disclosed, signed by all whom its profile asks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import removals, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import refused
from tests.harness.stories import (
    BODY_SECRETARY,
    COMPANY,
    DOCUMENT,
    GOVERNMENT,
    NGO,
    OFFICE_A,
    PARTNERSHIP,
    REVIEWERS,
    SCREENER,
    SECRETARIAT,
    UN_AGENCY,
    text,
)
from verifier.rules.ahead import steps
from verifier.rules.book import Entry
from verifier.rules.report import Report, Return, content
from verifier.rules.standing import standing_at

STREAM = f"{PARTNERSHIP}/report/first"
AMOUNT = {"amount": "1", "currency": "USD"}


def due(profile: str = "light") -> Registry:
    """Return a partnership of a profile with a commitment, a day before its first report is due."""
    registry = stories.listed_partnership(profile=profile)
    stories.acknowledged_commitment(registry)
    return registry.on("2025-01-14")


@pytest.fixture
def registry() -> Registry:
    """A light partnership with one commitment, a day before its first report is due."""
    return due()


def submit(registry: Registry, by: str = SECRETARIAT, **changes: Any) -> Entry:
    """Submit the story's report, changed; a field changed to None is left out."""
    return registry.append(by, STREAM, "ReportSubmitted", **report(registry, **changes))


def report(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of the story's report, changed; a None is left out."""
    return {k: v for k, v in stories.report(registry, **changes).items() if v is not None}


def refusal(registry: Registry, by: str = SECRETARIAT, **changes: Any) -> set[str]:
    """Return the rules by which a report is refused."""
    return refused(registry, by, STREAM, "ReportSubmitted", **report(registry, **changes))


def found(registry: Registry) -> Report:
    """Return the report on record."""
    thing = registry.subject(PARTNERSHIP).get("report:first", Report)
    assert thing is not None
    return thing


def result(**changes: Any) -> dict[str, Any]:
    """Return a result for the one commitment."""
    return {"commitment": "taps", "status": "on_track"} | changes


# What it says.


def test_a_report_tells_of_every_commitment(registry: Registry) -> None:
    """RE13, R74: a result for what is active or was missed; claims and endings need none."""
    assert refusal(registry, results=None) == {"RE13"}
    stories.made_commitment(registry, local="wells")
    submit(registry)


def test_one_partners_promises_make_no_report_impossible(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RE13: a report that holds as many results as a report can is complete."""
    monkeypatch.setattr(content, "MOST_RESULTS", 2)
    for local in ("wells", "pumps"):
        stories.acknowledged_commitment(registry, local=local)
    results = [result(commitment=local) for local in ("taps", "wells")]
    assert refusal(registry, results=results[:1]) == {"RE13"}
    submit(registry, results=results)


def test_what_is_missed_is_told_as_well() -> None:
    """RE13: a miss does not leave the report."""
    registry = stories.listed_partnership()
    stories.acknowledged_commitment(registry, due=registry.day(100))
    registry.on("2025-01-14")
    registry.append(COMPANY, f"{PARTNERSHIP}/commitment/taps", "CommitmentMissed",
                    what=text("a"), why=text("b"))  # fmt: skip
    assert refusal(registry, results=None) == {"RE13"}
    assert refusal(registry, results=[result(status="inactive")]) == {"RE14"}


@pytest.mark.parametrize("status", ["off_track", "financial_issues", "cancelled", "inactive"])
def test_a_deviation_comes_with_what_is_done_about_it(registry: Registry, status: str) -> None:
    """RE14, R74: half an explanation is none."""
    half = result(status=status, deviation=text("Twelve of thirty"))
    assert refusal(registry, results=[half]) == {"RE14"}
    submit(registry, results=[half | {"corrective_action": text("Two more pumps")}])


def test_a_question_is_answered_once(registry: Registry) -> None:
    """RE7: the same question twice is refused."""
    answer = {"question": "1", "text": text("a")}
    assert refusal(registry, answers=[answer, answer]) == {"RE7"}
    submit(registry, answers=[answer, answer | {"question": "2"}])


@pytest.mark.parametrize(
    ("profile", "finances", "is_enough"),
    [
        ("light", None, False),
        ("light", {"total": AMOUNT}, True),
        ("light", {"total": AMOUNT | {"amount": "-1"}}, False),
        ("un_participating", {"total": AMOUNT}, False),
        ("un_participating", {"total": AMOUNT, "contributions": [
            {"organization": REVIEWERS[0], "kind": "cash", "value": AMOUNT}]}, False),
        ("un_participating", {"total": AMOUNT, "contributions": [
            {"organization": COMPANY, "kind": "cash", "value": AMOUNT, "matching": True}]}, True),
    ],
)  # fmt: skip
def test_finances_are_disclosed_as_the_profile_asks(
    profile: str, finances: dict[str, Any] | None, is_enough: bool
) -> None:
    """RE15, R80: the total, or besides what each partner contributed."""
    registry = due(profile)
    if is_enough:
        submit(registry, finances=finances)
    else:
        assert refusal(registry, finances=finances) == {"RE15"}


def test_who_has_left_is_told_for_the_time_in_which_it_was_a_partner() -> None:
    """RE15: a former partner's contribution counts in a period in which it belonged, then not."""
    registry = due("un_participating")
    given = {"organization": COMPANY, "kind": "cash", "value": AMOUNT}
    told = {"total": AMOUNT, "contributions": [given]}
    registry.append(COMPANY, f"{PARTNERSHIP}/partner/{COMPANY}", "PartnerLeft",
                    organization=COMPANY, reason=text("Another focus"))  # fmt: skip
    stories.accepted_report(registry, finances=told)
    registry.on("2026-01-14")
    second = (SECRETARIAT, f"{PARTNERSHIP}/report/second", "ReportSubmitted")
    assert refused(registry, *second, **report(registry, finances=told)) == {"RE15"}


def test_a_year_to_which_nobody_gave_anything_is_reported() -> None:
    """RE15: where the total is nothing, no contribution is missing."""
    submit(due("un_participating"), finances={"total": AMOUNT | {"amount": "0"}})


def test_stricter_profiles_ask_for_countries_and_audited_statements() -> None:
    """RE15: what is asked follows the guideline's parameter, whatever the profile is called."""
    for asked, missing in (
        ("partners_contributions_matching_funds_country", {"country": "KEN"}),
        ("audited_statements", {}),
    ):
        registry = stories.guidelines(stories.cast(Registry()), financial_disclosure=asked)
        stories.listed_partnership(registry)
        given = {"organization": COMPANY, "kind": "cash", "value": AMOUNT}
        told = {"total": AMOUNT, "contributions": [given]}
        registry.on("2025-01-14")
        assert refusal(registry, finances=told) == {"RE15"}
        whole = told | {"contributions": [given | missing], "statements": [DOCUMENT]}
        submit(registry, finances=whole)


def test_evidence_is_as_the_profile_asks() -> None:
    """RE16: a light report names a document; elsewhere each value has its evidence."""
    light = due()
    assert refusal(light, documents=None, results=[result()]) == {"RE16"}
    submit(light, documents=None, results=[result(evidence=[DOCUMENT])])
    other = due("un_participating")
    assert refusal(other, results=[result(value="4")]) == {"RE16"}
    submit(other, results=[result(value="4", evidence=[DOCUMENT])])


COP = {"kind": "equivalent", "template": "cop", "mechanism": "UNGC CoP 2024",
       "sdg_targets": ["6.1"]}  # fmt: skip


def test_an_equivalent_report_says_for_what_it_was_made(registry: Registry) -> None:
    """RE17, RE20, R88: its mechanism, the targets it reports on; accepted as what it is."""
    assert refusal(registry, **(COP | {"mechanism": None})) == {"RE17"}
    assert refusal(registry, **(COP | {"sdg_targets": None})) == {"RE17"}
    assert refusal(registry, **(COP | {"sdg_targets": ["4.1"]})) == {"RE17"}
    submitted = ref(submit(registry, **COP))
    assert refused(registry, SCREENER, STREAM, "ReportAccepted", report=submitted) == {"RE20"}
    equivalent = (SCREENER, STREAM, "ReportAcceptedAsEquivalent")
    why = {"report": submitted, "reason": text("It maps every action to a target")}
    assert refused(registry, *equivalent, mechanism="GRI", **why) == {"RE20"}
    registry.append(*equivalent, mechanism="UNGC CoP 2024", **why)
    now = standing_at(registry.subject(PARTNERSHIP), registry.now, registry.book)
    assert (found(registry).state, now.obligation) == ("accepted", 2)


def test_a_self_report_is_not_accepted_as_equivalent(registry: Registry) -> None:
    """RE20: each kind has its own acceptance."""
    submitted = ref(submit(registry))
    assert refused(registry, SCREENER, STREAM, "ReportAcceptedAsEquivalent", report=submitted,
                   mechanism="UNGC CoP 2024", reason=text("a")) == {"RE20"}  # fmt: skip
    assert refusal(stories.listed_partnership().on("2025-01-14"), kind="national",
                   template="national") == {"RE17"}  # fmt: skip


def test_outside_reports_come_from_outside(registry: Registry) -> None:
    """RE19, R84: an auditor's or reviewer's report satisfies nothing; a partner's is refused."""
    registry.enlist("actor-auditor", stakeholder_type="business")
    registry.enlist("actor-seconded", kind="office", principal=NGO, stakeholder_type="ngo")
    outside = {"kind": "audit", "obligation": None, "due": None, "template": "issai"}
    for auditor in ("actor-auditor", "actor-seconded"):
        registry.grant(auditor, "independent_auditor", BODY_SECRETARY)
    assert refusal(registry, "actor-seconded", **outside, organization=NGO) == {"RE19"}
    submit(registry, "actor-auditor", **outside, organization="actor-auditor")
    assert refused(registry, "actor-auditor", f"{PARTNERSHIP}/report/b", "ReportSubmitted",
                   **report(registry, kind="external", organization="actor-auditor",
                            obligation=None, due=None)) == {"AD10"}  # fmt: skip
    registry.append(REVIEWERS[1], f"{PARTNERSHIP}/report/b", "ReportSubmitted",
                    **report(registry, kind="external", organization=REVIEWERS[1],
                             obligation=None, due=None))  # fmt: skip
    now = standing_at(registry.subject(PARTNERSHIP), registry.now, registry.book)
    assert (now.state, now.obligation) == ("due_soon", 1)


# Who signs it.


def cosign(registry: Registry, by: str, slot: str, **changes: Any) -> tuple[Any, ...]:
    """Return the arguments of a further signature, and its fields."""
    fields = {"report": stories.waiting(registry), "slot": slot, "organization": by} | changes
    return (by, STREAM, "ReportCosigned"), fields


def test_a_un_led_report_is_signed_by_both() -> None:
    """RE10, RE11, R80: by the secretariat and the lead UN entity; before, nothing rests on it."""
    registry = due("un_led")
    assert refusal(registry, awaits=None) == {"RE10"}
    submitted = ref(submit(registry))
    assert (found(registry).state, found(registry).awaits) == ("unsigned", ("lead_un_entity",))
    assert refused(registry, SCREENER, STREAM, "ReportAccepted", report=submitted) == {"RE8"}
    for by, slot in ((COMPANY, "lead_un_entity"), (UN_AGENCY, "secretariat")):
        args, fields = cosign(registry, by, slot)
        assert refused(registry, *args, **fields) >= {"AD10"}
    assert [s.lawful for s in steps(PARTNERSHIP, registry.book, registry.now)
            if s.type == "ReportCosigned/1"] == [True]  # fmt: skip
    args, fields = cosign(registry.on("2025-01-20"), UN_AGENCY, "lead_un_entity")
    registry.append(*args, **fields)
    assert (found(registry).state, found(registry).submitted_on) == ("submitted", "2025-01-20")
    assert refused(registry, *args, **fields) == {"RE11"}
    registry.append(SCREENER, STREAM, "ReportAccepted", report=submitted)


def test_either_may_sign_first() -> None:
    """RE10: the lead submits, and the secretariat signs in its own place."""
    registry = due("un_led")
    fields = {"organization": UN_AGENCY, "awaits": ["secretariat"]}
    assert refusal(registry, UN_AGENCY, organization=UN_AGENCY) == {"RE10"}
    submit(registry, UN_AGENCY, **fields)
    args, more = cosign(registry, SECRETARIAT, "secretariat", organization=NGO)
    registry.append(*args, **more)
    assert found(registry).state == "submitted"


def test_a_partners_signature_is_anothers() -> None:
    """RE12: not the author's again, nor another office's of the organization that submitted it."""
    registry = due("un_participating")
    submit(registry)
    for by in (SECRETARIAT, NGO):
        args, fields = cosign(registry, by, "partner", organization=NGO)
        assert refused(registry, *args, **fields) == {"RE12"}
    args, fields = cosign(registry, GOVERNMENT, "partner")
    registry.append(*args, **fields)
    assert found(registry).state == "submitted"


def test_an_auditors_signature_is_no_partners() -> None:
    """RE12, R84: where the profile asks for three, each gives its own, an auditor from outside."""
    registry = stories.guidelines(
        stories.cast(Registry()), report_signatures="lead_un_entity_secretariat_and_auditor"
    )
    stories.listed_partnership(registry, profile="un_led")
    for auditor, principal in (("actor-seconded", NGO), ("actor-auditor", "actor-auditor")):
        kind = "office" if principal == NGO else "organization"
        registry.enlist(auditor, kind=kind, principal=principal, stakeholder_type="ngo")
        registry.grant(auditor, "independent_auditor", BODY_SECRETARY)
    registry.on("2025-01-14")
    submit(registry)
    args, fields = cosign(registry, "actor-seconded", "auditor", organization=NGO)
    assert refused(registry, *args, **fields) == {"RE12"}
    for by, slot in (("actor-auditor", "auditor"), (UN_AGENCY, "lead_un_entity")):
        assert found(registry).state == "unsigned"
        args, fields = cosign(registry, by, slot)
        registry.append(*args, **fields)
    assert found(registry).state == "submitted"


def test_a_local_partner_signs_where_it_is_asked() -> None:
    """RE11: a government or a partner of one of the countries; another partner is refused."""
    registry = stories.guidelines(
        stories.cast(Registry()), report_signatures="secretariat_and_local_partner"
    )
    stories.listed_partnership(registry).on("2025-01-14")
    submit(registry)
    args, fields = cosign(registry, COMPANY, "local_partner")
    assert refused(registry, *args, **fields) == {"AD10"}
    args, fields = cosign(registry, GOVERNMENT, "local_partner")
    registry.append(*args, **fields)
    assert found(registry).state == "submitted"


def test_the_one_local_partner_is_no_dead_end() -> None:
    """RE10: where the author is local itself, another partner signs, from wherever it is."""
    registry = stories.guidelines(
        stories.cast(Registry()), report_signatures="secretariat_and_local_partner"
    )
    registry.enlist("actor-town", stakeholder_type="ngo", country="KEN")
    members = [("actor-town", "lead", "civil_society", "ngo"),
               (COMPANY, "partner", "business", "business")]  # fmt: skip
    fields = stories.submission(registry) | {
        "lead": "actor-town", "secretariat": "actor-town", "partners": [
            {"organization": o, "role": r, "sector": s, "stakeholder_type": t}
            for o, r, s, t in members
        ],
    }  # fmt: skip
    stream = f"{PARTNERSHIP}/registration"
    registry.append("actor-town", stream, "PartnershipSubmitted", **fields)
    registry.append(SCREENER, stream, "PartnershipScreened", outcome="pass", method="desk",
                    minutes=9)  # fmt: skip
    registry.append(OFFICE_A, stream, "PartnershipListed", **stories.listing(registry))
    registry.on("2025-01-14")
    told = report(registry) | {"organization": "actor-town"}
    place = ("actor-town", STREAM, "ReportSubmitted")
    assert refused(registry, *place, **told) == {"RE10"}
    registry.append(*place, **(told | {"awaits": ["partner"]}))
    args, signed = cosign(registry, COMPANY, "partner")
    registry.append(*args, **signed)
    assert found(registry).state == "submitted"


def test_a_signature_comes_in_its_time() -> None:
    """RE11, RE5: after thirty days it is submitted anew; what was never signed stays on record."""
    registry = due("un_participating")
    submit(registry)
    other = f"{PARTNERSHIP}/report/second"
    assert refused(registry, SECRETARIAT, other, "ReportSubmitted",
                   **report(registry)) == {"RE4"}  # fmt: skip
    args, fields = cosign(registry.on("2025-02-14"), GOVERNMENT, "partner")
    assert refused(registry, *args, **fields) == {"RE11"}
    submit(registry, period_end="2025-01-14")
    assert found(registry).returns == (Return("2025-01-14", "2025-02-14", unsigned=True),)
    args, fields = cosign(registry, GOVERNMENT, "partner")
    registry.append(*args, **fields)
    assert found(registry).state == "submitted"


def test_what_waits_for_signatures_stops_the_clock_for_their_time_alone() -> None:
    """ST2, ST3: nobody is harmed by a partner that is slow to sign, and nobody gains by it."""
    registry = due("un_participating")
    submit(registry.on("2025-06-01"))
    subject, book = registry.subject(PARTNERSHIP), registry.book
    before = standing_at(subject, registry.on("2025-07-01").now, book)
    assert before.state == "pending_review"
    after = standing_at(subject, registry.on("2025-07-02").now, book)
    assert after.state == "non_communicating"
    assert str(after.second_state_from) == "2026-02-14"  # 2026-01-15 and the 30 days


def test_a_conditions_change_stops_a_signature() -> None:
    """RE11: an equivalent report that was accepted meanwhile leaves nothing to sign."""
    registry = due("un_participating")
    submit(registry)
    registry.on("2025-02-13")
    removals.later(registry, 0)
    other = f"{PARTNERSHIP}/report/cop"
    assert refused(registry, SECRETARIAT, other, "ReportSubmitted",
                   **report(registry, **COP, awaits=None)) == {"RE4"}  # fmt: skip
    submitted_late = registry.on("2025-02-20")
    cop = submitted_late.append(SECRETARIAT, other, "ReportSubmitted",
                                **report(registry, **COP, awaits=None))  # fmt: skip
    args, fields = cosign(registry, GOVERNMENT, "partner")
    assert refused(registry, *args, **fields) == {"RE11"}
    assert refused(registry, OFFICE_A, STREAM, "ReportAccepted", report=ref(cop)) == {"RE8"}


def test_every_question_of_the_template_is_answered(registry: Registry) -> None:
    """RE18, R81: once a template is in force, each of its questions and no other."""
    questions = [
        {"id": name, "item": item, "text": "What was done?",
         "clauses": [{"set": "default", "clause": "2.1"}]}
        for name, item in (("a", "results"), ("b", "lessons"))
    ]  # fmt: skip
    registry.append(stories.ISSUER, "guidelines/template/light", "ReportTemplateIssued",
                    version=1, mandate="A/RES/70/224", valid_from=registry.day(),
                    questions=questions)  # fmt: skip
    one, two, other = ({"question": q, "text": text("Twelve taps")} for q in ("a", "b", "c"))
    for answers in ([one], [one, two, other], [one, other]):
        assert refusal(registry, answers=answers) == {"RE18"}
    submit(registry, answers=[two, one])


def test_what_may_come_next_asks_the_templates_questions(registry: Registry) -> None:
    """RE18: the report that is offered has an answer to each, for its author to write."""
    registry.append(stories.ISSUER, "guidelines/template/light", "ReportTemplateIssued",
                    version=1, mandate="A/RES/70/224", valid_from=registry.day(), questions=[
                        {"id": "a", "item": "results", "text": "What was done?",
                         "clauses": [{"set": "default", "clause": "2.1"}]}])  # fmt: skip
    offered = [s for s in steps(PARTNERSHIP, registry.book, registry.now)
               if s.type == "ReportSubmitted/1"]  # fmt: skip
    assert [step.lawful for step in offered] == [True]


def test_each_kind_of_report_has_its_authors(registry: Registry) -> None:
    """R78: one kind of record for all; what is not one's own to report is refused."""
    others = {"obligation": None, "due": None, "organization": UN_AGENCY}
    registry.enlist("actor-head", kind="office", principal=UN_AGENCY)
    registry.enlist("actor-officer", kind="office", principal=UN_AGENCY)
    registry.appoint("actor-head", "executive_head")
    registry.grant("actor-officer", "lead_entity_officer", "actor-head")
    for kind in ("board", "external", "audit", "contributor"):
        fields = report(registry, kind=kind, **others)
        stream = f"{PARTNERSHIP}/report/{kind}"
        if kind == "board":
            registry.append("actor-officer", stream, "ReportSubmitted", **fields)
        else:
            assert refused(registry, "actor-officer", stream, "ReportSubmitted",
                           **fields) == {"AD10"}  # fmt: skip
    submit(registry)
    kinds = [thing.kind for thing in registry.subject(PARTNERSHIP).all(Report)]
    assert kinds == ["board", "self"]
