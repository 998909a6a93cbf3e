"""What a subject publishes in the register: a few fields, computed from its own state alone.

1. A partnership: its standing on the register (listing, profile, guideline version), its lead,
   the day it was listed, the day from which its reports are counted and how many were accepted,
   how many commitments are in which state, and its removal case, if it ever had one.
2. An actor: its kind, the principal it counts for, whether it is confirmed, and the thumbprints
   of its active keys.
3. Nothing depends on the day: what time alone changes is for the reader to compute.

The fields of every other subject are none; its streams and their heads are on the register all the
same.
"""

from __future__ import annotations

from typing import Any

from verifier.rules.authority.state import Actor, Confirmed, Key, thumbprint
from verifier.rules.book import Subject
from verifier.rules.commitment.state import Commitment
from verifier.rules.delisting.case import RemovalCase
from verifier.rules.partnership import Partnership
from verifier.rules.report import Report

__all__ = ["public"]


def public(subject: Subject) -> dict[str, Any]:
    """Return the public fields of a subject; empty where it has none."""
    found = subject.get("partnership", Partnership)
    if found is not None:
        return _partnership(found, subject)
    actor = subject.get("actor", Actor)
    return _actor(actor, subject) if actor is not None else {}


def _partnership(found: Partnership, subject: Subject) -> dict[str, Any]:
    commitments: dict[str, int] = {}
    accepted = 0
    for thing in subject.things.values():
        if type(thing) is Commitment:
            commitments[thing.state] = commitments.get(thing.state, 0) + 1
        elif type(thing) is Report:
            accepted += thing.state == "accepted"
    case = subject.get("case", RemovalCase)
    version = found.guideline
    fields = {
        "listing": found.listing,
        "lead": found.lead,
        "listed_on": found.listed_on,
        "profile": found.profile,
        "guideline": {"set": version.set, "version": version.version} if version else None,
        "reports_from": found.clock_from,
        "reports_accepted": accepted,
        "commitments": commitments,
        "case": case and {"id": case.id, "track": case.track, "ended": case.ground or "open"},
    }
    return {name: value for name, value in fields.items() if value not in (None, {})}


def _actor(actor: Actor, subject: Subject) -> dict[str, Any]:
    kids = sorted(thumbprint(key.public) for key in subject.all(Key) if key.ended is None)
    fields = {
        "kind": actor.kind,
        "principal": actor.principal,
        "confirmed": subject.get("confirmed", Confirmed) is not None,
        "keys": kids,
    }
    return {name: value for name, value in fields.items() if value != []}
