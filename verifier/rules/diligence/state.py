"""What is known of a partner's due diligence, its principles and its eligibility.

- PL4 Where the profile asks it, a partnership is listed only after each of its companies has
      attested the principles of the Global Compact; with a UN role, after all of its partners have
      but States and United Nations entities. [R14, R63]
- PL5 No partner of what is listed was declined or excluded, or has a due diligence that has
      expired or waits for its decision; where the profile asks more than a basic one, each that has
      to pass one was approved. [R60]

A basic due diligence is part of the screening of the submission; a case of its own is opened where
the screening officer has reason to. States and United Nations entities attest no principles and
pass no due diligence: the Charter binds them. Sources: R14, R58, R60, R61, R63; decisions D2.14,
D3.28.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from verifier.rules.book import Subject, Unmet
from verifier.rules.fields import EventRef, VersionRef
from verifier.rules.guideline import Profile

if TYPE_CHECKING:
    from verifier.rules.partnership import Partner

__all__ = [
    "CASE_TYPES",
    "DEPTHS",
    "Attested",
    "Depth",
    "Diligence",
    "Lapse",
    "adverse",
    "asks_attestation",
    "case_type",
    "depth_asked",
    "is_company",
    "is_exempt",
    "unmet_partners",
]

Depth = Literal["basic", "standard", "enhanced"]
DEPTHS: Final = ("basic", "standard", "enhanced")

CaseType = Literal["business", "civil_society", "philanthropy", "knowledge", "igo", "other"]

CASE_TYPES: Final[dict[str, CaseType]] = {
    "business": "business", "sme": "business", "business_association": "business",
    "ngo": "civil_society", "cso": "civil_society", "labour": "civil_society",
    "media": "civil_society", "philanthropy": "philanthropy", "academia": "knowledge",
    "scientific_community": "knowledge", "igo": "igo",
}  # fmt: skip
"""What kind of case a stakeholder type calls for (R58); the types left out are other."""

EXEMPT: Final = frozenset({"government", "local_government", "parliament", "un_entity"})
"""States and United Nations entities (decision D2.14)."""

_DEPTH_ASKED: Final[dict[str, tuple[Depth, Depth]]] = {
    "basic": ("basic", "basic"),
    "standard_government_informed": ("standard", "standard"),
    "standard_enhanced_for_business": ("standard", "enhanced"),
    "enhanced": ("enhanced", "enhanced"),
    "enhanced_yearly": ("enhanced", "enhanced"),
}
"""The depth that a profile asks, of others and of business (R61)."""


class Diligence(msgspec.Struct, frozen=True, kw_only=True):
    """The present or last due diligence on a partner; the thing ``diligence:<organization>``."""

    ref: EventRef
    organization: str
    depth: Depth
    state: str = "opened"
    """opened, screened, excluded, researched, rated, reserved or decided."""
    risk: str = ""
    rated_by: tuple[str, ...] = ()
    outcome: str = ""
    """approved, approved_with_reservation, declined or excluded."""
    valid_until: str | None = None
    """The last day on which an approval counts, ISO 8601."""
    against: str = ""
    """What stood against the partner when it was reopened: declined, excluded or expired."""
    reopened_on: str = ""
    """The day on which it was reopened, ISO 8601."""


class Attested(msgspec.Struct, frozen=True):
    """That a partner attested the principles; the thing ``attested:<organization>``."""

    ref: EventRef
    principles: VersionRef
    holder: str | None = None
    """Whose status with the Global Compact is the proof."""


class Lapse(msgspec.Struct, frozen=True, kw_only=True):
    """A partner's eligibility that has lapsed; the thing ``lapse:<organization>``."""

    ref: EventRef
    organization: str
    ground: str
    cure_until: str
    """The last day of the time to cure it, ISO 8601."""
    ended: str = ""
    """restored or removed, once it is over."""


def is_exempt(stakeholder_type: str) -> bool:
    """Say whether a partner of this type attests nothing and passes no due diligence."""
    return stakeholder_type in EXEMPT


def is_company(stakeholder_type: str) -> bool:
    """Say whether the Global Compact asks something of this type: companies, not associations."""
    return stakeholder_type in ("business", "sme")


def case_type(stakeholder_type: str) -> CaseType:
    """Return what kind of case a stakeholder type calls for (R58)."""
    return CASE_TYPES.get(stakeholder_type, "other")


def depth_asked(profile: Profile, stakeholder_type: str) -> Depth:
    """Return the depth that a profile asks for a stakeholder type (R61)."""
    others, business = _DEPTH_ASKED.get(profile.due_diligence, ("enhanced", "enhanced"))
    return business if case_type(stakeholder_type) == "business" else others


def adverse(found: Diligence | None, today: str) -> str:
    """Return why a partner's due diligence stands against it on a day: declined, expired; or ""."""
    if found is None or not found.outcome:
        return ""
    if found.outcome in ("declined", "excluded"):
        return found.outcome
    return "expired" if found.valid_until is not None and found.valid_until < today else ""


def asks_attestation(profile: Profile, un_role: str, stakeholder_type: str) -> bool:
    """Say whether a partner of this type has to attest the principles (PL4)."""
    if is_exempt(stakeholder_type):
        return False
    required = profile.compact == "required" or (
        profile.compact == "required_with_un_role" and un_role != "none"
    )
    return (is_company(stakeholder_type) and required) or un_role != "none"


def unmet_partners(
    subject: Subject, partners: Iterable[Partner], un_role: str, profile: Profile, today: str
) -> Iterator[Unmet]:
    """Yield what is not met of PL4 and PL5 by the partners of a partnership."""
    for partner in partners:
        name, type_ = partner.organization, partner.stakeholder_type
        if is_exempt(type_):
            continue
        if asks_attestation(profile, un_role, type_) and f"attested:{name}" not in subject.things:
            yield Unmet(rule="PL4", reason=f"{name} has not attested the principles", who=name)
        found = subject.get(f"diligence:{name}", Diligence)
        against = adverse(found, today)
        if against:
            yield Unmet(rule="PL5", reason=f"the due diligence on {name}: {against}",
                        who="due_diligence_officer")  # fmt: skip
        elif not found.outcome if found else depth_asked(profile, type_) != "basic":
            yield Unmet(rule="PL5", reason=f"the due diligence on {name} is not decided",
                        who="due_diligence_officer")  # fmt: skip
