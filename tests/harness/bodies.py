"""A council that decides: its offices, its sessions, and decisions that they certify."""

from __future__ import annotations

from typing import Any

from tests.harness.registry import Registry, ref
from tests.harness.stories import text
from verifier.rules.book import Entry

COUNCIL = "actor-ecosoc"
SECRETARY = "actor-ecosoc-secretary"
PRESIDENT = "actor-ecosoc-president"
UN_SECRETARIAT = "actor-un-secretariat"
MISSIONS = ("actor-mission-a", "actor-mission-b")
STATES = ("actor-state-a", "actor-state-b")
COUNTRIES = ("CHL", "NOR")


def seat(registry: Registry, *covered: str) -> Registry:
    """Register the council, its two offices and two missions; ``covered`` widens their scope."""
    scope = {"subjects": [COUNCIL, *covered]}
    registry.enlist(UN_SECRETARIAT)
    registry.append("actor-root-a", f"{COUNCIL}/profile", "ActorRegistered", kind="body",
                    name=text("Economic and Social Council"), principal=COUNCIL,
                    stakeholder_type="igo")  # fmt: skip
    for office, role in ((SECRETARY, "body_secretary"), (PRESIDENT, "presiding_officer")):
        registry.enlist(office, kind="office", principal=UN_SECRETARIAT)
        registry.appoint(office, role, scope=scope)
    for mission, state, country in zip(MISSIONS, STATES, COUNTRIES, strict=True):
        registry.enlist(state, stakeholder_type="government", country=country)
        registry.enlist(mission, kind="office", principal=state, stakeholder_type="government",
                        country=country)  # fmt: skip
        registry.appoint(mission, "permanent_mission", scope={"countries": [country]})
    return registry


def schedule(registry: Registry, local: str = "2024", *, days: int = 300) -> Entry:
    """Schedule a session from this day on."""
    return registry.append(SECRETARY, f"{COUNCIL}/session/{local}", "SessionScheduled",
                           name=f"Session of {local}", first_day=registry.day(),
                           last_day=registry.day(days))  # fmt: skip


def item(subject: str = "p-clean-water", matter: str = "c1", result: str = "remove",
         **fields: Any) -> dict[str, Any]:  # fmt: skip
    """Return an item of a decision."""
    return {"subject": subject, "matter": matter, "result": result, **fields}


def votes(in_favour: int, against: int = 0, abstaining: int = 0) -> dict[str, int]:
    """Return a recorded vote."""
    return {"in_favour": in_favour, "against": against, "abstaining": abstaining}


def adopted(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of a decision adopted without a vote today; None leaves a field out."""
    fields = {
        "symbol": "E/2024/1", "kind": "removal", "title": text("Removals from the register"),
        "items": [item()], "adoption": "without_vote", "adopted_on": registry.day(),
        "session": "2024",
    }  # fmt: skip
    return {k: v for k, v in (fields | changes).items() if v is not None}


def certify(registry: Registry, local: str = "d1", **changes: Any) -> Entry:
    """Certify a decision by the secretary; it waits for the presiding officer."""
    return registry.append(SECRETARY, f"{COUNCIL}/decision/{local}", "DecisionCertified",
                           **adopted(registry, **changes))  # fmt: skip


def cosign(registry: Registry, certified: Entry, by: str = PRESIDENT) -> Entry:
    """Cosign a certified decision."""
    return registry.append(by, certified.event.stream, "DecisionCosigned", decision=ref(certified))


def decide(registry: Registry, local: str = "d1", **changes: Any) -> Entry:
    """Certify and cosign a decision; return the certification, which others refer to.

    A session of this day is scheduled where none is named or the one named is not on record.
    """
    session = changes.setdefault("session", registry.day())
    if (
        session is not None
        and f"{COUNCIL}/session/{session}" not in registry.subject(COUNCIL).heads
    ):
        schedule(registry, session)
    certified = certify(registry, local, **changes)
    cosign(registry, certified)
    return certified


def seat_another(registry: Registry, body: str, organization: str) -> Registry:
    """Register another body, with two offices of an organization, and open a session of it."""
    registry.append("actor-root-a", f"{body}/profile", "ActorRegistered", kind="body",
                    name=text("Another"), principal=body, stakeholder_type="igo")  # fmt: skip
    for role in ("body_secretary", "presiding_officer"):
        registry.enlist(f"{body}-{role}", kind="office", principal=organization)
        registry.appoint(f"{body}-{role}", role, scope={"subjects": [body]})
    days = {"first_day": registry.day(), "last_day": registry.day(300)}
    registry.append(f"{body}-body_secretary", f"{body}/session/2024", "SessionScheduled",
                    name="A session", **days)  # fmt: skip
    return registry


def decide_another(registry: Registry, body: str, local: str = "d1", **changes: Any) -> Entry:
    """Certify and cosign a decision of another body, in its session."""
    stream = f"{body}/decision/{local}"
    certified = registry.append(f"{body}-body_secretary", stream, "DecisionCertified",
                                **adopted(registry, **changes))  # fmt: skip
    registry.append(f"{body}-presiding_officer", stream, "DecisionCosigned",
                    decision=ref(certified))  # fmt: skip
    return certified
