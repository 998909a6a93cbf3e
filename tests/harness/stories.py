"""Scenarios told so often that every suite begins with one of them.

Each takes a registry and gives it back further on, so that a test reads as what happens next. All
days lie on from ``registry.now``; nothing here moves log time unless its name says so.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from tests.harness import diligences
from tests.harness.registry import Registry
from verifier.rules import partnership as partnerships
from verifier.rules.authority.scope import Place
from verifier.rules.book import Entry
from verifier.rules.commitment import Commitment
from verifier.rules.guideline import Profile, applicable, base_in_force
from verifier.rules.report import Report, clock_of, first_open, own_reports
from verifier.rules.report.content import asked
from verifier.rules.report.signing import awaited

DEFAULT_SET = Path(__file__).parents[2] / "ledger" / "data" / "guidelines-default.json"

PARTNERSHIP = "p-clean-water"
OFFICE_A = "actor-registry-office-a"
OFFICE_B = "actor-registry-office-b"
MACHINE = "actor-registry-machine"
SCREENER = "actor-screening-officer"
ISSUER = "actor-guideline-issuer"
BODY = "actor-review-body"
BODY_SECRETARY = "actor-body-secretary"
BODY_PRESIDENT = "actor-body-president"
EXECUTIVE_HEAD = "actor-executive-head"
FOCAL_POINT = "actor-focal-point"
GOVERNMENT = "actor-government"
NGO = "actor-ngo"
COMPANY = "actor-company"
UN_AGENCY = "actor-un-agency"
SECRETARIAT = "actor-secretariat"
REVIEWERS = ("actor-reviewer-a", "actor-reviewer-b", "actor-reviewer-c")
APPEALS_PANEL = ("actor-appeals-a", "actor-appeals-b", "actor-appeals-c")

DOCUMENT = bytes(range(32))

UN_ROLES = {"light": "none", "un_participating": "participating", "un_led": "led"}


def text(words: str) -> list[dict[str, str]]:
    """Return a text in English, as a payload holds it."""
    return [{"lang": "en", "text": words}]


def cast(registry: Registry) -> Registry:
    """Open the ledger if need be; register everyone who acts, and give them their roles.

    The secretariat is an office of the NGO. A body decides who sits on its panels: reviewers and
    appeals panel members are organizations
    of their own; the first of each is a government.
    """
    if registry.book.ledger is None:
        registry.open()
    registry.enlist("actor-registry-org")
    for office in (OFFICE_A, OFFICE_B, SCREENER):
        registry.enlist(office, kind="office", principal="actor-registry-org")
    registry.enlist(MACHINE, kind="machine", principal="actor-registry-org")
    registry.enlist(ISSUER).enlist(BODY_SECRETARY).enlist(UN_AGENCY)
    registry.enlist(BODY_PRESIDENT, kind="office", principal=BODY_SECRETARY)
    registry.append("actor-root-a", f"{BODY}/profile", "ActorRegistered", kind="body",
                    name=text("The body whose panels these are"), principal=BODY,
                    stakeholder_type="igo")  # fmt: skip
    for office in (EXECUTIVE_HEAD, FOCAL_POINT):
        registry.enlist(office, kind="office", principal=UN_AGENCY)
    registry.enlist(GOVERNMENT, stakeholder_type="government", country="KEN")
    registry.enlist(NGO, stakeholder_type="ngo").enlist(COMPANY, stakeholder_type="business")
    registry.enlist(SECRETARIAT, kind="office", principal=NGO, stakeholder_type="ngo")
    for panel in (REVIEWERS, APPEALS_PANEL):
        for member, type_ in zip(panel, ("government", "un_entity", "academia"), strict=True):
            country = {"country": "NOR"} if type_ == "government" else {}
            registry.enlist(member, stakeholder_type=type_, **country)
    return _appoint(registry)


def _appoint(registry: Registry) -> Registry:
    for office in (OFFICE_A, OFFICE_B):
        registry.appoint(office, "registry")
    registry.appoint(ISSUER, "guideline_issuer")
    registry.appoint(BODY_SECRETARY, "body_secretary", local="body", scope={"subjects": [BODY]})
    registry.appoint(BODY_PRESIDENT, "presiding_officer", scope={"subjects": [BODY]})
    registry.appoint(BODY_SECRETARY, "body_secretary")
    registry.grant(SCREENER, "screening_officer", OFFICE_A)
    registry.grant(MACHINE, "registry_service", OFFICE_A)
    registry.appoint(EXECUTIVE_HEAD, "executive_head")
    registry.grant(FOCAL_POINT, "focal_point", EXECUTIVE_HEAD)
    for reviewer in REVIEWERS:
        registry.grant(reviewer, "reviewer", BODY_SECRETARY)
    for member in APPEALS_PANEL:
        registry.grant(member, "appeals_panel", BODY_SECRETARY)
    return registry


def default_guidelines() -> tuple[str, dict[str, Any]]:
    """Return the default set that ships with the ledger: its id and the fields of its event."""
    shipped = json.loads(DEFAULT_SET.read_text("utf-8"))
    return shipped["set"], shipped["issued"]


def shipped_documents(where: str) -> list[dict[str, Any]]:
    """Return the documents that ship ``before`` or ``after`` the default set."""
    documents: list[dict[str, Any]] = json.loads(DEFAULT_SET.read_text("utf-8"))[where]
    return documents


def issue(registry: Registry, document: dict[str, Any]) -> Entry:
    """Issue a shipped document, in force from this day where it has versions."""
    kind, fields = document["type"].partition("/")[0], document["fields"]
    day = {"valid_from": registry.day()} if "version" in fields else {}
    return registry.append(ISSUER, document["stream"], kind, **fields, **day)


def instruments(registry: Registry) -> Registry:
    """Register the instruments that the default set derives from, once."""
    heads = registry.subject("guidelines").heads
    for document in shipped_documents("before"):
        stream = document["stream"]
        if stream.startswith("guidelines/instrument/") and stream not in heads:
            issue(registry, document)
    return registry


def guidelines(registry: Registry, **changes: Any) -> Registry:
    """Issue the default guideline set, in force from this day.

    ``changes`` go to every profile; None leaves a parameter out.
    """
    instruments(registry)
    set_id, fields = default_guidelines()
    profiles = [
        {name: value for name, value in (profile | changes).items() if value is not None}
        for profile in fields["profiles"]
    ]
    head = registry.subject("guidelines").heads.get(f"guidelines/set/{set_id}")
    version = 1 if head is None else head.seq + 2
    registry.append(
        ISSUER, f"guidelines/set/{set_id}", "GuidelineSetIssued",
        **(fields | {"profiles": profiles, "valid_from": registry.day(), "version": version}),
    )  # fmt: skip
    return registry


def submission(registry: Registry, profile: str = "light", **changes: Any) -> dict[str, Any]:
    """Return the fields of a submission that fits a profile."""
    members = [(NGO, "civil_society", "ngo"), (GOVERNMENT, "public", "government"),
               (COMPANY, "business", "business")]  # fmt: skip
    if profile != "light":
        members.append((UN_AGENCY, "public", "un_entity"))
    lead = UN_AGENCY if profile == "un_led" else NGO
    return {
        "title": text("Clean water for coastal towns"),
        "purpose": text("Safe drinking water in twelve coastal towns"),
        "initiative_kind": "msp", "un_role": UN_ROLES[profile], "scale": "regional",
        "lead": lead, "secretariat": SECRETARIAT,
        "partners": [
            {"organization": o, "role": "lead" if o == lead else "partner", "sector": s,
             "stakeholder_type": t} for o, s, t in members
        ],
        "countries": ["KEN"], "sdg_targets": ["6.1", "14.1"], "priority_goals": [6],
        "start": registry.day(), "planned_end": "2030-12-31",
        "monitoring_plan": {
            "baseline": text("No tap with safe water in the first year"),
            "indicators": text("Taps that deliver safe water"),
            "milestones": text("Ten taps each year"), "methods": text("Sampling at every tap"),
        },
        "governance": {
            "structure": text("A board of the partners; the secretariat is an office of the NGO"),
            "disputes": text("The board names a mediator from outside"),
            "learning": text("A yearly meeting on what went wrong"),
        },
        "complementarity_statement": text("Follows the national water plan and adds to it"),
    } | ({} if profile == "light" else {"un_signature": UN_AGENCY}) | changes  # fmt: skip


def submitted_partnership(
    registry: Registry | None = None, *, profile: str = "light", name: str = PARTNERSHIP,
    **changes: Any,
) -> Registry:  # fmt: skip
    """Submit a partnership; a registry without a cast or guidelines gets them first."""
    registry = Registry() if registry is None else registry
    if not registry.subject(OFFICE_A).things:
        cast(registry)
    if not registry.subject("guidelines").things:
        guidelines(registry)
    author = SECRETARIAT if profile == "light" else UN_AGENCY
    registry.append(author, f"{name}/registration", "PartnershipSubmitted",
                    **submission(registry, profile, **changes))  # fmt: skip
    return registry


def screened_partnership(registry: Registry | None = None, **options: Any) -> Registry:
    """Submit a partnership and let it pass the screening."""
    registry = submitted_partnership(registry, **options)
    name = options.get("name", PARTNERSHIP)
    registry.append(SCREENER, f"{name}/registration", "PartnershipScreened",
                    outcome="pass", method="desk", minutes=40)  # fmt: skip
    return registry


def listed_partnership(registry: Registry | None = None, **options: Any) -> Registry:
    """Submit, screen and list a partnership; its clock runs from this day.

    Options: ``profile`` (light, un_participating, un_led), ``name`` of the subject, and changes to
    the fields of the submission.
    """
    registry = screened_partnership(registry, **options)
    name = options.get("name", PARTNERSHIP)
    diligences.clear(registry, name)
    terms = listing(registry, options.get("profile", "light")) | further(registry, name)
    registry.append(OFFICE_A, f"{name}/registration", "PartnershipListed", **terms)
    return registry


def further(registry: Registry, name: str = PARTNERSHIP) -> dict[str, Any]:
    """Return the further layers in force that apply to a partnership, where there are some."""
    place = registry.subject(name).get("place", Place)
    layers = applicable(place, date.fromisoformat(registry.day()), registry.book) if place else ()
    return {"further": [{"set": r.set, "version": r.version} for r in layers]} if layers else {}


def listing(registry: Registry, profile: str = "light") -> dict[str, Any]:
    """Return the fields of a listing by the guideline in force."""
    version = base_in_force(date.fromisoformat(registry.day()), registry.book)
    assert version is not None
    return {"guideline": {"set": version.set, "version": version.version}, "profile": profile,
            "mandate": "A/RES/70/224"}  # fmt: skip


def commitment(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of a commitment that is due in two years."""
    return {
        "text": text("Thirty new taps with safe water"), "accountable": COMPANY,
        "contributors": [{"organization": GOVERNMENT, "share": 40}],
        "due": registry.day(730), "sdg_target": "6.1",
        "indicator": {
            "name": text("Taps that deliver safe water"), "unit": "{tap}", "direction": "increase",
            "baseline": {"value": "0", "day": registry.day()},
            "target": {"value": "30", "day": registry.day(730)},
        },
        "horizon": "short", "result_level": "output",
    } | changes  # fmt: skip


def made_commitment(
    registry: Registry, *, name: str = PARTNERSHIP, local: str = "taps", **changes: Any
) -> Entry:
    """Record a commitment of the company; it is claimed."""
    return registry.append(SECRETARIAT, f"{name}/commitment/{local}", "CommitmentMade",
                           **commitment(registry, **changes))  # fmt: skip


def acknowledged_commitment(
    registry: Registry, *, name: str = PARTNERSHIP, local: str = "taps", **changes: Any
) -> Entry:
    """Record a commitment of the company and let the company acknowledge it."""
    made_commitment(registry, name=name, local=local, **changes)
    return registry.append(COMPANY, f"{name}/commitment/{local}", "CommitmentAcknowledged",
                           organization=COMPANY)  # fmt: skip


def report(registry: Registry, name: str = PARTNERSHIP, **changes: Any) -> dict[str, Any]:
    """Return the fields of a self report on the first open obligation, up to this day."""
    subject = registry.subject(name)
    found = partnerships.of(subject)
    assert found is not None
    assert found.clock_from is not None
    profile = partnerships.profile_of(found, registry.book)
    assert profile is not None
    clock = clock_of(found, subject, profile)
    assert clock is not None
    owed = first_open(own_reports(subject, found.clock_from), clock, subject, registry.book)
    until = changes.get("period_end", registry.day())
    results = [
        {"commitment": key.partition(":")[2], "status": "on_track", "value": "4",
         "evidence": [DOCUMENT]}
        for key, thing in subject.things.items()
        if isinstance(thing, Commitment) and thing.state in ("active", "missed")
        and thing.made_on <= until
    ]  # fmt: skip
    fields = {
        "kind": "self", "period_start": owed.start.isoformat(), "period_end": until,
        "obligation": owed.k, "due": owed.due.isoformat(), "template": profile.template,
        "answers": [{"question": q, "text": text("What was done, and what was not")} for q in
                    asked(profile.template, date.fromisoformat(registry.day()), registry.book)
                    or ("1",)],
        "organization": NGO, "documents": [DOCUMENT], "finances": finances(profile),
        "awaits": awaited("self", profile), "results": results,
    } | changes  # fmt: skip
    return {name: value for name, value in fields.items() if value not in ((), [])}


def finances(profile: Profile) -> dict[str, Any]:
    """Return what a report discloses of its finances by a profile."""
    amount = {"amount": "120000", "currency": "USD"}
    told: dict[str, Any] = {"total": amount}
    if profile.financial_disclosure != "total":
        told["contributions"] = [
            {"organization": COMPANY, "kind": "cash", "value": amount, "country": "KEN"},
            {"organization": GOVERNMENT, "kind": "staff", "value": amount, "matching": True,
             "country": "KEN"},
        ]  # fmt: skip
    if profile.financial_disclosure == "audited_statements":
        told["statements"] = [DOCUMENT]
    return told


def submitted_report(
    registry: Registry, *, name: str = PARTNERSHIP, local: str = "first", **changes: Any
) -> Entry:
    """Submit a self report on the first open obligation, up to this day, signed by all."""
    stream = f"{name}/report/{local}"
    submitted = registry.append(SECRETARIAT, stream, "ReportSubmitted",
                                **report(registry, name, **changes))  # fmt: skip
    for slot in registry.subject(name).things[f"report:{local}"].awaits:
        by = UN_AGENCY if slot == "lead_un_entity" else GOVERNMENT
        registry.append(by, stream, "ReportCosigned", slot=slot, organization=by,
                        report=waiting(registry, name, local))  # fmt: skip
    return submitted


def accept(registry: Registry, *, name: str = PARTNERSHIP, local: str = "first") -> Entry:
    """Accept the report that waits on a stream."""
    return registry.append(
        SCREENER, f"{name}/report/{local}", "ReportAccepted", report=waiting(registry, name, local)
    )


def send_back(registry: Registry, *, name: str = PARTNERSHIP, local: str = "first") -> Entry:
    """Return the report that waits on a stream."""
    return registry.append(
        SCREENER, f"{name}/report/{local}", "ReportReturned",
        report=waiting(registry, name, local), deficiencies=text("No result for the commitment"),
    )  # fmt: skip


def waiting(registry: Registry, name: str = PARTNERSHIP, local: str = "first") -> dict[str, Any]:
    """Return the reference to the submission that waits on a report's stream."""
    found = registry.subject(name).get(f"report:{local}", Report)
    assert found is not None
    return {"stream": found.ref.stream, "seq": found.ref.seq, "id": found.ref.id}


def accepted_report(
    registry: Registry, *, name: str = PARTNERSHIP, local: str = "first", **changes: Any
) -> Entry:
    """Submit a self report and accept it the same day."""
    submitted_report(registry, name=name, local=local, **changes)
    return accept(registry, name=name, local=local)


def returned_report(
    registry: Registry, *, name: str = PARTNERSHIP, local: str = "first", **changes: Any
) -> Entry:
    """Submit a self report and return it the same day."""
    submitted_report(registry, name=name, local=local, **changes)
    return send_back(registry, name=name, local=local)
