"""The words that pages use for states, kinds and facts; each is translated like any other text.

A value that has no words here is shown as it stands on record, its underscores as spaces: a page
never hides what it does not know. Colour never speaks alone: a state has a sign and a word beside.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from projections.web.event_names import EVENT_NAMES

__all__ = ["LABELS", "SIGNS", "Sign", "sign", "spelt", "words"]


class Sign(NamedTuple):
    """How a state looks: a shape, and the name of its colour in the style sheet."""

    shape: str
    tone: str


GOOD: Final = Sign("●", "good")
NEAR: Final = Sign("◕", "near")
MIXED: Final = Sign("◐", "mixed")
BAD: Final = Sign("■", "bad")
OPEN: Final = Sign("○", "open")

SIGNS: Final[dict[str, Sign]] = {
    **dict.fromkeys(
        ("fulfilled", "Complete", "listed", "accepted", "granted", "closed", "completed",
         "completed_with_lessons", "overturned", "reported"), GOOD,
    ),
    "Substantial": NEAR,
    **dict.fromkeys(
        ("Limited", "claimed", "inactive", "suspended", "notice", "final_notice",
         "conditions_open", "returned", "unsigned", "late", "appealed"), MIXED,
    ),
    **dict.fromkeys(
        ("missed", "Not Started", "Withdrawn", "removed", "rejected", "refused", "lapsed",
         "removal_decided", "removal_upheld", "withdrawn_under_case", "not_participating"), BAD,
    ),
}  # fmt: skip
"""From best to worst. What is not here is open, or says nothing good or bad."""

LABELS: Final[dict[str, str]] = {
    "ledger": "recorded here",
    "imported": "participant observed in another register",
    "partnership": "partnership",
    "actor": "actor",
    "listed": "on the register",
    "submitted": "submitted",
    "returned": "returned",
    "rejected": "rejected",
    "lapsed": "lapsed",
    "suspended": "suspended",
    "removed": "removed from the register",
    "withdrawn": "withdrawn",
    "withdrawn_under_case": "withdrawn while a case was open",
    "completed": "completed",
    "completed_with_lessons": "completed with lessons",
    "merged": "merged",
    "inactive": "inactive",
    "not_participating": "not participating",
    "claimed": "claimed, not acknowledged",
    "active": "promised, under way",
    "observed": "observed in another register",
    "fulfilled": "fulfilled",
    "missed": "missed",
    "unsigned": "not yet signed by all",
    "accepted": "accepted",
    "open": "open",
    "closed": "closed",
    "conditions_open": "conditions open",
    "notice": "first notice given",
    "final_notice": "final notice given",
    "removal_decided": "removal decided",
    "removal_upheld": "removal upheld on appeal",
    "overturned": "overturned on appeal",
    "remitted": "sent back on appeal",
    "dismissed": "dismissed",
    "appealed": "appealed",
    "cured": "put right",
    "requested": "requested",
    "granted": "granted",
    "refused": "refused",
    "Complete": "complete",
    "Substantial": "substantial",
    "Limited": "limited",
    "Not Started": "not started",
    "Unclear": "unclear",
    "Withdrawn": "withdrawn",
    "mid_term": "mid-term",
    "end_of_term": "end of term",
    "ogp": "Open Government Partnership",
    "report": "Reports",
    "review": "Reviews",
    "case": "Removal cases",
    "reinstatement": "Reinstatements",
    "extension": "Extensions",
    "purpose": "purpose",
    "lead": "lead",
    "secretariat": "secretariat",
    "un_role": "role of the United Nations",
    "scale": "scale",
    "countries": "countries",
    "sdg_targets": "SDG targets",
    "initiative_kind": "kind of initiative",
    "start": "start",
    "planned_end": "planned end",
    "confirmed_on": "details confirmed on",
    "msp": "multi-stakeholder partnership",
    "kind": "kind",
    "status": "status",
    "country": "country",
    "year": "year",
    "source": "source",
    "principal": "acts for",
    "stakeholder_type": "stakeholder type",
    "organization": "organization",
    "body": "body",
    "office": "office",
    "machine": "automatic service",
    "state": "state",
    "government": "government",
    "business": "business",
    "un_entity": "United Nations entity",
    "member_state": "Member State",
    "partner": "partner",
    "none": "none",
    "led": "leads",
    "participating": "takes part",
    "local": "local",
    "national": "national",
    "regional": "regional",
    "global": "global",
    "obligation": "obligation",
    "due": "due",
    "profile": "profile",
    "light": "light",
    "period_start": "start of the period",
    "period_end": "end of the period",
    "awaits": "awaits",
    "duration": "duration",
    "reviewer_class": "class of reviewer",
    "mandate": "mandate",
    "outcome": "outcome",
    "decision": "decision",
    "conditions": "conditions",
    "ground": "ground",
    "until": "until",
    "peer": "peer review",
    "desk": "desk review",
    "independent": "independent review",
    "self": "by itself",
    "satisfactory": "satisfactory",
    "unsatisfactory": "unsatisfactory",
    "on_track": "on track",
    "off_track": "off track",
    "financial_issues": "financial issues",
    "cancelled": "cancelled",
    "discontinued": "discontinued",
    "in_force": "in force",
    "lifted": "lifted",
    "moved": "moved",
    "support": "Support",
    "measure": "Measures",
    "cycle": "Cycles",
    "offered": "offered",
    "reporting": "reporting",
    "designated_inactive": "designated inactive",
    "inactive_extended": "inactivity extended",
    "suspension_extended": "suspension extended",
    "ceased_participation": "ceased to take part",
    "concern_filed": "concern filed",
    "extension_granted": "extension granted",
    "process": "process",
}
"""English words by value; they are the message ids of the catalogues."""

_EVENT_NAMES: Final = frozenset(EVENT_NAMES)
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def sign(state: object) -> Sign:
    """Return the sign of a state."""
    return SIGNS.get(str(state), OPEN)


def words(value: str) -> str | None:
    """Return the English words of a value or of an event type, if the catalogues have them."""
    found = LABELS.get(value)
    if found is None and (name := spelt(value)) in _EVENT_NAMES:
        return name
    return found


def spelt(value: str) -> str:
    """Return a value without words of its own as words: ``ReportSubmitted/1`` → Report
    submitted.
    """
    words = _CAMEL.sub(" ", value.partition("/")[0]).replace("_", " ")
    return words[:1] + words[1:].lower() if _CAMEL.search(value) else words
