"""Due diligence on partners, step by step, and all of it where a test only needs it done."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from tests.harness.registry import Registry
from verifier.rules import dates, partnership
from verifier.rules.book import Entry
from verifier.rules.diligence.case import Exclusions, profile_for
from verifier.rules.diligence.state import asks_attestation, case_type, depth_asked, is_exempt
from verifier.rules.partnership import Partnership

RATER = "actor-diligence-office-a"
DECIDER = "actor-diligence-office-b"
ENTITY = "actor-un-agency"
HEAD = "actor-executive-head"

ISSUER = "actor-guideline-issuer"
DEFAULT_SET = Path(__file__).parents[2] / "ledger" / "data" / "guidelines-default.json"

NOTHING = dict.fromkeys(Exclusions.__struct_fields__, False)


def words(text: str) -> list[dict[str, str]]:
    """Return a text in English, as a payload holds it."""
    return [{"lang": "en", "text": text}]


def staff(registry: Registry) -> Registry:
    """Let the executive head of the UN agency appoint two due diligence officers."""
    for office in (RATER, DECIDER):
        if not registry.subject(office).things:
            registry.enlist(office, kind="office", principal=ENTITY)
            registry.grant(office, "due_diligence_officer", HEAD)
    return registry


def _found(registry: Registry, name: str) -> Partnership:
    found = partnership.of(registry.subject(name))
    assert found is not None
    return found


def principles(registry: Registry) -> dict[str, Any]:
    """Issue the principles that ship with the ledger, once; return the version to attest."""
    for document in json.loads(DEFAULT_SET.read_text("utf-8"))["before"]:
        stream = document["stream"]
        if (
            stream == "guidelines/principles/ten"
            and stream not in registry.subject("guidelines").heads
        ):
            registry.append(ISSUER, stream, "PrincipleSetIssued", valid_from=registry.day(),
                            **document["fields"])  # fmt: skip
    return {"set": "ten", "version": 1}


def attest(registry: Registry, name: str, organization: str, **changes: Any) -> Entry:
    """Let a partner attest the principles."""
    fields = {"principles": principles(registry),
              "signatory": "Office of the chief executive"} | changes  # fmt: skip
    return registry.append(organization, f"{name}/attestation/{organization}",
                           "PrincipleAttested", **fields)  # fmt: skip


def step(registry: Registry, name: str, organization: str, type_: str, author: str = RATER,
         **fields: Any) -> Entry:  # fmt: skip
    """Record a step of the due diligence on a partner."""
    return registry.append(author, f"{name}/diligence/{organization}", type_,
                           **fields_of(registry, name, organization, type_, **fields))  # fmt: skip


def fields_of(registry: Registry, name: str, organization: str, type_: str,
              **changes: Any) -> dict[str, Any]:  # fmt: skip
    """Return the fields of a step: nothing found, low risk, approved. None leaves a field out."""
    found = _found(registry, name)
    profile = profile_for(registry.subject(name), registry.now, registry.book)
    assert profile is not None
    types = [p.stakeholder_type for p in found.partners if p.organization == organization]
    until = dates.add(date.fromisoformat(registry.day()), profile.due_diligence_valid)
    depth = depth_asked(profile, types[0] if types else "other")
    fields: dict[str, Any] = {
        "DueDiligenceOpened": {"organization": organization, "depth": depth,
                               "case_type": case_type(types[0] if types else "other"),
                               "modality": "gives money and advice"},
        "ExclusionScreened": {"criteria": NOTHING,
                              "lists": [{"name": "UN sanctions", "as_of": registry.day()}]},
        "ControversyResearched": {"level": "none", "sources": ["the press of ten years"],
                                  "text": words("Nothing came up"),
                                  "local_input": words("Known and liked")},
        "RiskRated": {"risk": "low", "text": words("Nothing stands against it")},
        "DueDiligenceDecided": {"outcome": "approved", "reasons": words("As rated"),
                                "valid_until": until.isoformat()},
        "DueDiligenceReopened": {"trigger": "expiry", "depth": depth,
                                 "text": words("Its time is over")},
    }[type_] | changes  # fmt: skip
    return {k: v for k, v in fields.items() if v is not None}


def examine(registry: Registry, name: str, organization: str, *, risk: str = "low",
            until: str = "DueDiligenceDecided") -> Registry:  # fmt: skip
    """Take a case through its steps, to the one that is named."""
    key = f"diligence:{organization}"
    opens = "DueDiligenceReopened" if key in registry.subject(name).things else "DueDiligenceOpened"
    plan = {} if risk == "low" else {"monitoring": words("Yearly talks")}
    way: tuple[tuple[str, dict[str, Any]], ...] = (
        (opens, {}), ("ExclusionScreened", {}), ("ControversyResearched", {}),
        ("RiskRated", {"risk": risk} | plan), ("DueDiligenceDecided", {}),
    )  # fmt: skip
    for type_, fields in way:
        if type_ == "ControversyResearched" and _depth(registry, name, organization) == "basic":
            continue
        author = DECIDER if type_ == "DueDiligenceDecided" else RATER
        step(registry, name, organization, type_, author, **fields)
        if type_ == until:
            break
    return registry


def _depth(registry: Registry, name: str, organization: str) -> str:
    return str(registry.subject(name).things[f"diligence:{organization}"].depth)


def clear(registry: Registry, name: str) -> Registry:
    """Let every partner attest the principles and be approved, where the profile asks it."""
    subject = registry.subject(name)
    profile = profile_for(subject, registry.now, registry.book)
    found = _found(registry, name)
    assert profile is not None
    for partner in found.partners:
        organization, type_ = partner.organization, partner.stakeholder_type
        if asks_attestation(profile, found.un_role, type_):
            attest(registry, name, organization)
        if not is_exempt(type_) and depth_asked(profile, type_) != "basic":
            examine(staff(registry), name, organization)
    return registry
