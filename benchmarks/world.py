"""Who acts in a benchmark, and what they state: fields of events as a registry would see them.

The cast is some two hundred keys: roots, offices of a registry, a machine that imports, and
organizations of four kinds. A partnership lives for four years: it is listed, its commitments are
made, acknowledged and reported on, its yearly reports are accepted, its promises are kept or not.
An imported participant is observed with its commitments and their assessments.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.author import Pen, Statement, key_of
from verifier.rules import dates

__all__ = ["ORIGIN", "START", "Member", "day", "import_year", "member", "opening", "year_of"]

ORIGIN = "benchmark.example.org/log"
START = int(datetime(2024, 1, 15, 12, tzinfo=UTC).timestamp())
YEAR_S = 366 * 86_400  # so that each year's report comes after the year
MANDATE = "A/RES/70/224"
GUIDELINES = Path(__file__).parents[1] / "ledger" / "data" / "guidelines-default.json"

ROOTS = ("actor-root-a", "actor-root-b")
REGISTRY = "actor-registry-org"
OFFICE = "actor-registry-office"
MACHINE = "actor-import-service"
ISSUER = "actor-guideline-issuer"
SCREENERS = tuple(f"actor-screening-officer-{i}" for i in range(8))
ORGANIZATIONS = {"ngo": 45, "government": 45, "business": 45}
COMMITMENTS = 4  # of each partnership
IMPORTED = 8  # commitments of each imported participant

WORDS = (
    "Safe drinking water and sanitation for every household of the district, with taps that are "
    "sampled each quarter by the health office and repaired within ten days of a complaint. The "
    "towns keep the network, the company trains its fitters, the organization counts and tells."
)


def day(time_s: int) -> str:
    """Return the UTC day of a log time."""
    return dates.day_text(time_s)


def text(words: str) -> list[dict[str, str]]:
    """Return a text in English, as a payload holds it."""
    return [{"lang": "en", "text": words}]


class Member(NamedTuple):
    """The names of one partnership's actors."""

    name: str
    ngo: str
    government: str
    company: str
    secretariat: str
    screener: str


def member(number: int) -> Member:
    """Return the partnership of a number; organizations take part in many."""
    ngo = f"actor-ngo-{number % ORGANIZATIONS['ngo']}"
    return Member(
        f"p-{number:07d}", ngo, f"actor-government-{number * 7 % ORGANIZATIONS['government']}",
        f"actor-business-{number * 11 % ORGANIZATIONS['business']}",
        f"{ngo}-secretariat", SCREENERS[number % len(SCREENERS)],
    )  # fmt: skip


# The opening: genesis, cast, roles, guidelines.


def opening(pen: Pen, *, log_key: bytes) -> Iterator[Statement]:
    """Yield what opens a ledger whose checkpoints carry *log_key*; all on the first day."""
    today = day(START)
    yield Statement(ROOTS[0], "ledger/genesis", "LedgerOpened/1", {
        "origin": ORIGIN, "quorum": len(ROOTS), "expires": day(START + 30 * 86_400),
        "roots": [{"actor": r, "principal": f"{r}-org", "public": key_of(r).public} for r in ROOTS],
        "ruleset": "pledgebook-1", "clock": "stated", "anchor_every": "P1D",
        "register_every": "P50Y", "log_keys": {"checkpoint": log_key}, "demonstration": True,
    })  # fmt: skip
    yield from _endorsed(pen, "ledger/genesis")
    yield from _enlist(pen, REGISTRY, "organization", REGISTRY, "un_entity")
    yield from _enlist(pen, ISSUER, "organization", ISSUER, "un_entity")
    yield from _enlist(pen, MACHINE, "machine", REGISTRY, "un_entity")
    for office in (OFFICE, *SCREENERS):
        yield from _enlist(pen, office, "office", REGISTRY, "un_entity")
    for type_, count in ORGANIZATIONS.items():
        for number in range(count):
            name = f"actor-{type_}-{number}"
            yield from _enlist(pen, name, "organization", name, type_)
            if type_ == "ngo":
                yield from _enlist(pen, f"{name}-secretariat", "office", name, type_)
    yield from _appointed(pen, OFFICE, "registry", today)
    yield from _appointed(pen, ISSUER, "guideline_issuer", today)
    for screener in SCREENERS:
        yield _granted(pen, screener, "screening_officer", today)
    yield _granted(pen, MACHINE, "registry_service", today)
    shipped = json.loads(GUIDELINES.read_text("utf-8"))
    for one in shipped["before"]:
        if one["type"] == "InstrumentRegistered/1":
            yield Statement(ISSUER, one["stream"], one["type"], one["fields"])
    yield Statement(ISSUER, f"guidelines/set/{shipped['set']}", "GuidelineSetIssued/1",
                    shipped["issued"] | {"valid_from": today})  # fmt: skip
    yield Statement(OFFICE, f"{OFFICE}/delegation/imports", "DelegationGranted/1", {
        "to": MACHINE, "last_day": "2030-12-31", "mandate": MANDATE,
        "types": ["ParticipantImported", "CommitmentImported", "AssessmentImported"],
        "scope": {"subjects": ["imported:"]},
    })  # fmt: skip


def _endorsed(pen: Pen, proposal: str) -> Iterator[Statement]:
    subject, _, local = proposal.partition("/")
    for r in ROOTS:
        stream = f"{subject}/endorsement/{local.replace('/', ':')}/{r}"
        fields = {"proposal": pen.ref(proposal), "organization": f"{r}-org"}
        yield Statement(r, stream, "Endorsed/1", fields, saw="all")


def _enlist(
    pen: Pen, actor: str, kind: str, principal: str, stakeholder_type: str
) -> Iterator[Statement]:
    fields = {"kind": kind, "name": text(actor.removeprefix("actor-").replace("-", " ").title()),
              "principal": principal, "stakeholder_type": stakeholder_type}  # fmt: skip
    yield Statement(ROOTS[0], f"{actor}/profile", "ActorRegistered/1", fields)
    yield from pen.enrolment(actor, ROOTS[0])
    confirmed = {"organization": principal, "kid": key_of(actor).kid}
    by = ROOTS[1] if principal == actor else principal
    yield Statement(by, f"{actor}/profile", "ActorConfirmed/1", confirmed)


def _appointed(pen: Pen, actor: str, role: str, today: str) -> Iterator[Statement]:
    stream = f"{actor}/appointment/{role.replace('_', '-')}"
    yield Statement(ROOTS[0], stream, "AppointmentProposed/1", {
        "terms": {"role": role, "mandate": MANDATE, "first_day": today}, "quorum": len(ROOTS),
        "expires": day(START + 30 * 86_400),
    }, saw="all")  # fmt: skip
    yield from _endorsed(pen, stream)


def _granted(pen: Pen, actor: str, role: str, today: str) -> Statement:
    terms = {"role": role, "mandate": MANDATE, "first_day": today}
    stream = f"{actor}/role/{role.replace('_', '-')}"
    basis = {"giver": "registry", "under": pen.ref(f"{OFFICE}/appointment/registry")}
    return Statement(OFFICE, stream, "RoleGranted/1", {"depth": 2, "terms": terms} | basis)


# A partnership, year by year.


def year_of(pen: Pen, m: Member, year: int, now: int) -> Iterator[Statement]:
    """Yield what happens to a partnership in its year 0 … 3, around a log time."""
    if year == 0:
        yield from registration(m, now)
        for local in range(COMMITMENTS):
            yield from commitment(m, f"c{local}", now)
    for local in range(COMMITMENTS):
        if year < 3 or local == COMMITMENTS - 1:
            for _ in range(2):
                yield progress(m, f"c{local}", now)
    if year > 0:
        yield from report(pen, m, year, now)
    if year == 2:
        for local in range(COMMITMENTS - 1):
            yield Statement(m.company, f"{m.name}/commitment/c{local}", "CommitmentFulfilled/1", {
                "on": day(now), "value": "30", "evidence": [_hash(m.name, local)],
            })  # fmt: skip
    if year == 3:
        last = f"{m.name}/commitment/c{COMMITMENTS - 1}"
        yield Statement(m.company, last, "CommitmentMissed/1", {
            "what": text("Eleven of thirty taps"), "why": text("The pumps came two years late"),
        })  # fmt: skip


def registration(m: Member, now: int) -> Iterator[Statement]:
    """Yield submission, screening and listing of a partnership."""
    stream = f"{m.name}/registration"
    partners = ((m.ngo, "civil_society", "ngo"), (m.government, "public", "government"),
                (m.company, "business", "business"))  # fmt: skip
    yield Statement(m.secretariat, stream, "PartnershipSubmitted/1", {
        "title": text(f"Clean water for the towns of district {m.name[2:]}"),
        "purpose": text(WORDS), "initiative_kind": "msp", "un_role": "none", "scale": "regional",
        "lead": m.ngo, "secretariat": m.secretariat,
        "partners": [{"organization": o, "role": "lead" if o == m.ngo else "partner", "sector": s,
                      "stakeholder_type": t} for o, s, t in partners],
        "countries": ["KEN"], "sdg_targets": ["6.1", "14.1"], "priority_goals": [6],
        "start": day(now), "planned_end": "2030-12-31",
        "monitoring_plan": {
            "baseline": text("No tap with safe water in the first year"),
            "indicators": text("Taps that deliver safe water"),
            "milestones": text("Ten taps each year"), "methods": text("Sampling at every tap"),
        },
        "governance": {
            "structure": text("A board of the partners; the first hosts the secretariat"),
            "disputes": text("The board names a mediator from outside"),
            "learning": text("A yearly meeting on what went wrong"),
        },
        "complementarity_statement": text("Follows the national water plan and adds to it"),
    })  # fmt: skip
    yield Statement(m.screener, stream, "PartnershipScreened/1",
                    {"outcome": "pass", "method": "desk", "minutes": 40})  # fmt: skip
    yield Statement(OFFICE, stream, "PartnershipListed/1", {
        "guideline": {"set": "default", "version": 1}, "profile": "light", "mandate": MANDATE,
    }, saw="recently")  # fmt: skip


def commitment(m: Member, local: str, now: int) -> Iterator[Statement]:
    """Yield a commitment that is due in two years, and both acknowledgements."""
    stream, due = f"{m.name}/commitment/{local}", day(now + 730 * 86_400)
    yield Statement(m.secretariat, stream, "CommitmentMade/1", {
        "text": text(WORDS), "accountable": m.company, "due": due, "sdg_target": "6.1",
        "contributors": [{"organization": m.government, "share": 40}],
        "indicator": {
            "name": text("Taps that deliver safe water"), "unit": "{tap}", "direction": "increase",
            "baseline": {"value": "0", "day": day(now)}, "target": {"value": "30", "day": due},
        },
        "horizon": "short", "result_level": "output",
    })  # fmt: skip
    for organization in (m.company, m.government):
        fields = {"organization": organization}
        yield Statement(organization, stream, "CommitmentAcknowledged/1", fields)


def progress(m: Member, local: str, now: int) -> Statement:
    """Return a word of progress on a commitment."""
    return Statement(m.secretariat, f"{m.name}/commitment/{local}", "ProgressReported/1", {
        "as_of": day(now), "status": "on_track", "value": "12",
        "remarks": text("Twelve taps run since the last count; two wells wait for their pumps"),
        "evidence": [_hash(m.name, now)],
    })  # fmt: skip


def report(pen: Pen, m: Member, k: int, now: int) -> Iterator[Statement]:
    """Yield the report on obligation k and its acceptance; the clock runs from the listing."""
    anchor = date.fromisoformat(day(now - k * YEAR_S))
    stream = f"{m.name}/report/year-{k}"
    yield Statement(m.secretariat, stream, "ReportSubmitted/1", {
        "kind": "self", "period_start": dates.add(anchor, "P1Y", times=k - 1).isoformat(),
        "period_end": day(now), "obligation": k, "template": "light",
        "due": dates.add(anchor, "P1Y", times=k).isoformat(),
        "answers": [{"question": str(q), "text": text(WORDS)} for q in range(1, 4)],
        "results": [{"commitment": f"c{i}", "status": "on_track", "value": "12"}
                    for i in range(COMMITMENTS)],
        "finances": {"total": {"amount": "120000", "currency": "USD"}},
        "organization": m.ngo, "documents": [_hash(m.name, now)],
    })  # fmt: skip
    yield Statement(m.screener, stream, "ReportAccepted/1", {"report": pen.ref(stream)},
                    saw="recently")  # fmt: skip


# An imported participant, year by year.


def import_year(pen: Pen, number: int, year: int, now: int) -> Iterator[Statement]:
    """Yield what is observed of an imported participant in year 0 … 2."""
    subject = f"imported:register:{number:07d}"
    if year == 0:
        yield _imported(pen, f"{subject}/record", "ParticipantImported/1", now, {
            "name": f"Participant {number}", "kind": "country",
            "place": {"name": "Kenya", "m49": "404", "country": "KEN"},
        })  # fmt: skip
        for local in range(IMPORTED):
            yield _imported(pen, f"{subject}/commitment/k{local}", "CommitmentImported/1", now, {
                "title": f"Open contracts, measure {local}", "text": WORDS,
                "maker": "Ministry of Water", "plan_end": "2026",
                "start": {"text": "01/2024", "precision": "month", "value": "2024-01"},
                "cells": {"commitment": f"K{local}", "specificity": "High", "relevance": "Clear",
                          "impact": "Moderate", "completion": "NR"},
            })  # fmt: skip
        return
    for local in range(IMPORTED if year < 3 else 0):
        point = "mid_term" if year == 1 else "end_of_term"
        yield _imported(pen, f"{subject}/commitment/k{local}", "AssessmentImported/1", now, {
            "point": point, "scale": "completion", "code": "Substantial",
            "reviewer": "Reporting Mechanism",
        })  # fmt: skip


def _imported(pen: Pen, stream: str, type_: str, now: int, fields: dict[str, Any]) -> Statement:
    source = {"id": stream, "row": _hash(stream, now), "file": "register.csv", "observed": day(now)}
    behalf = {"actor": OFFICE, "delegation": pen.ref(f"{OFFICE}/delegation/imports")}
    return Statement(MACHINE, stream, type_, fields | {"source": source, "on_behalf_of": behalf})


def _hash(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()
