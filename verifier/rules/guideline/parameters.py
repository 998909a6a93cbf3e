"""The parameters of the procedure: what each is for, and which of two values is the milder.

One table says both, and everything that compares values asks it: the bounds of a set, what a layer
may change, how layers join, and which of two versions rules a case (lex mitior).

- A *demand* is what a guideline asks of a partnership. A layer may only ask for more.
- A *protection* is what guards a partnership. A layer may only give more of it.
- What is *fixed* is neither; the base set alone says it, and a case keeps what it began with.

Of two values the milder is the one that is better for the partnership. Sources: domain C5;
decisions D3.18, D3.26.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.fields import ActorId, Code, Duration, LocalId

__all__ = [
    "PARAMETERS",
    "PROFILES",
    "Cell",
    "Cells",
    "Parameter",
    "Profile",
    "ReviewerClass",
    "below_bounds",
    "changed",
    "joined",
    "length",
    "milder",
    "overlaid",
    "profile_name",
    "unranked",
    "weaker",
]

_A_DAY: Final = date(2001, 1, 1)  # durations are compared from one day, where no month is clamped

PROFILES: Final[dict[str, str]] = {
    "led": "un_led",
    "participating": "un_participating",
    "none": "light",
}
"""The base profile of a UN role (decision D3.26)."""

Quorum = Annotated[int, Meta(ge=1, le=50)]
ReviewerClass = Literal["member_state", "un", "independent"]
Percent = Annotated[int, Meta(ge=1, le=100)]
MonthDay = Annotated[
    str,
    Meta(
        pattern=r"^((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
        r"|02-(0[1-9]|1[0-9]|2[0-8]))\Z"
    ),
]
"""A day that every year has, such as ``06-30``."""


class Profile(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True,
    cache_hash=True,
):  # fmt: skip
    """All that a guideline asks of one kind of partnership; durations are ISO 8601.

    ``grace``, ``second_state`` and ``removal_eligible_after`` are counted from a report's due day.
    """

    name: Code
    """``un_led``, ``un_participating`` or ``light``, with the overlays that were laid upon it."""

    first: Duration
    """From the clock's first day to the first report's due day."""
    cycle: Duration
    window: Duration
    """How long before its due day a report is «due soon» and its period may end."""
    grace: Duration
    """To the day on which an overdue report makes its partnership non-communicating."""
    second_state: Duration
    """To the day on which a non-communicating partnership becomes inactive."""
    removal_eligible_after: Duration
    """To the first day on which a removal case may be opened."""
    screening_within: Duration
    cure_after_return: Duration
    cure_periods: Annotated[int, Meta(ge=1, le=20)]
    """How many returned or unsigned reports on one obligation stop the clock; the next does not."""
    cosign_within: Duration
    """For how long a report that waits for its further signatures stops the clock."""
    amend_within: Duration
    return_lapses: Duration
    """From a return to the day on which the report can no longer be submitted again."""
    withheld_at_most: Duration
    cycle_move_at_most: Duration
    """By how much the one move of the reporting cycle may put off a due day."""
    due_on: MonthDay | None = None
    """The day of the year on which reports are due, such as ``06-30``, where a calendar says it."""
    reminder_days: Annotated[
        tuple[Annotated[int, Meta(ge=-366, le=366)], ...], Meta(min_length=1, max_length=12)
    ]
    """The days of the reminders, counted from the due day; a negative one comes before it."""
    milestone_every: Duration
    """In each such time a commitment has a milestone, or its due day."""
    template: Code
    questions_at_most: Annotated[int, Meta(ge=1, le=200)]
    """How many questions the template of its reports may ask."""

    removal_track: Literal["light", "full"]
    support_before_final: Duration
    notice_to_final: Duration
    notice_lapses: Duration
    """From the final notice's decision day to the day on which a new final notice is needed."""
    notice_published_counts_after: Duration
    """Where no delivery is on record: from a notice's publication to the day it counts from."""
    reply_window: Duration
    decision_window: Duration
    decision_offices: Quorum
    removal_body: ActorId | None = None
    """The body that decides where offices do not: another decides nothing in a case."""
    suspension: Duration | None = None
    extension: Duration
    suspension_lifted_within: Duration
    """From the acceptance of the report to the day by which the registry lifts a suspension."""
    opinion_within: Duration
    """How long a United Nations entity that is consulted has for its opinion."""
    due_after_overturn: Duration
    """From a removal that failed to the new due day of its report."""
    objection_window: Duration
    """How long the deciders may object to a return."""
    reapply_after: Duration
    """From a refused return to the next request."""
    integrity_reply: Duration
    interim_measure: Duration
    """How long an interim measure lasts unless a body confirms it."""
    measure_examined_every: Duration
    integrity_return_after: Duration
    """From a removal for integrity to the first request to return."""
    appeal_window: Duration
    appeal_decided_within: Duration
    appeal_seats: Quorum
    review_quorum: Quorum
    reviewer_classes: Annotated[tuple[ReviewerClass, ...], Meta(min_length=1, max_length=3)]
    """Whose reviewers may review: Member States', the United Nations', independent ones."""
    review_within: Duration
    """From a review's opening to the day by which it is decided or discontinued."""
    review_comments: Duration
    """For how long a draft review is open to comments."""
    review_follow_up: Duration
    """From a missed condition to the day by which a further review is opened."""
    audit_every: Duration | None = None
    """From the listing, or an audit, to the day by which an independent audit is filed."""
    auditor_tie: Duration
    """For how long a funding tie to a partnership bars an auditor from it."""

    evidence: Code
    financial_disclosure: Code
    due_diligence: Code
    compact: Code
    """Whether a company must have committed itself to the principles of the Global Compact."""
    review_every: Duration | None = None
    review_share: Percent | None = None
    """Of how many partnerships in a hundred a review draws its sample."""
    board_tabling: Code
    report_signatures: Code

    partner_cure: Duration
    """How long the loss of the partners that are asked, or of one's eligibility, may be cured."""
    conclude_within: Duration
    """From the planned end to the day by which a partnership is completed, put off or withdrawn."""
    details_fresh_for: Duration
    """From an amendment or confirmation to the day on which details are stale."""
    disclose_within: Duration
    """From the end of a year to the day by which its governance and funding are disclosed."""
    settle_within: Duration
    """From the opening of a dispute to the day by which it is closed."""
    association_at_most: Duration
    """For how long the use of the name of the United Nations is authorised at most."""
    waiver_at_most: Duration
    """How long a clause of a guideline can be waived for one partnership."""
    small_staff: Annotated[int, Meta(ge=0, le=50)]
    """With how many full-time posts a secretariat is small, and given time once more."""
    consultation_mix: Annotated[int, Meta(ge=1, le=16)]
    """How many categories of stakeholders a consultation hears at least."""
    support_offered_within: Duration
    """From an overdue report's due day to the day by which support for it is offered."""
    champion_report: Duration
    """How old the last accepted report of a champion may be."""
    concern_decided_within: Duration
    """From a concern's filing to the day by which the registry decides whether it is eligible."""
    reply_within: Duration
    """For how long a partnership may reply to a concern or an observation."""
    state_concern_answered_within: Duration
    """From a State's concern to the day by which it is answered."""
    government_notice: Duration
    """How long a government has to answer, and how long an objection waits for its review."""
    risk_escalated_within: Duration
    """From the day a high risk to integrity is raised to the day by which it is escalated."""
    due_diligence_valid: Duration
    """How long the approval of a partner counts."""
    compact_mode: Literal["commit", "member"]
    """Whether a company attests the principles, or has to be a member in active status."""
    principles: LocalId
    """The set of principles that partners attest."""


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One parameter and its value."""

    name: Code
    value: str | int | tuple[int | str, ...]


class Cells(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values of some parameters of one profile or overlay."""

    profile: Code
    cells: Annotated[tuple[Cell, ...], Meta(min_length=1, max_length=60)]


Rank = Literal["longer", "shorter", "greater", "less"] | tuple[str, ...]
"""Which value is the milder; codes stand in order, the mildest first."""


class Parameter(msgspec.Struct, frozen=True):
    """What a parameter is for, how its values rank, and the bound that none may fall short of."""

    kind: Literal["demand", "protection", "fixed"]
    milder: Rank = ()
    bound: str | int | None = None

    def mildness(self, value: Any) -> int:
        """Return a number that is the greater, the milder the value is.

        A demand that is absent asks nothing, a protection that is absent guards nothing.
        """
        if value is None:
            return dates.LATEST.toordinal() if self.kind == "demand" else -dates.LATEST.toordinal()
        if isinstance(self.milder, tuple):
            return -self.milder.index(value) if value in self.milder else -len(self.milder)
        number = value if isinstance(value, int) else length(value)
        return number if self.milder in {"longer", "greater"} else -number


PARAMETERS: Final[dict[str, Parameter]] = {
    "first": Parameter("demand", "longer"),
    "cycle": Parameter("demand", "longer"),
    "window": Parameter("fixed"),
    "grace": Parameter("demand", "longer"),
    "second_state": Parameter("demand", "longer"),
    "removal_eligible_after": Parameter("protection", "longer"),
    "screening_within": Parameter("protection", "shorter"),
    "cure_after_return": Parameter("protection", "longer"),
    "cure_periods": Parameter("protection", "greater"),
    "cosign_within": Parameter("protection", "longer"),
    "amend_within": Parameter("protection", "longer"),
    "return_lapses": Parameter("protection", "longer"),
    "withheld_at_most": Parameter("demand", "longer"),
    "cycle_move_at_most": Parameter("demand", "longer"),
    "due_on": Parameter("fixed"),
    "reminder_days": Parameter("fixed"),
    "milestone_every": Parameter("demand", "longer"),
    "template": Parameter(
        "demand", ("light", "national", "standard", "enhanced", "enhanced_financial")
    ),
    "questions_at_most": Parameter("protection", "less"),
    "removal_track": Parameter("fixed"),
    "support_before_final": Parameter("protection", "longer"),
    "notice_to_final": Parameter("protection", "longer"),
    "notice_lapses": Parameter("protection", "shorter"),
    "notice_published_counts_after": Parameter("protection", "longer"),
    "reply_window": Parameter("protection", "longer"),
    "decision_window": Parameter("protection", "shorter"),
    "decision_offices": Parameter("protection", "greater", bound=2),
    "removal_body": Parameter("fixed"),
    "suspension": Parameter("protection", "longer"),
    "extension": Parameter("protection", "longer"),
    "suspension_lifted_within": Parameter("protection", "shorter"),
    "opinion_within": Parameter("fixed"),
    "due_after_overturn": Parameter("protection", "longer"),
    "objection_window": Parameter("protection", "shorter"),
    "reapply_after": Parameter("protection", "shorter"),
    "integrity_reply": Parameter("protection", "longer", bound="P30D"),
    "interim_measure": Parameter("protection", "shorter", bound="P60D"),
    "measure_examined_every": Parameter("protection", "shorter"),
    "integrity_return_after": Parameter("protection", "shorter"),
    "appeal_window": Parameter("protection", "longer"),
    "appeal_decided_within": Parameter("protection", "shorter"),
    "appeal_seats": Parameter("protection", "greater", bound=3),
    "review_quorum": Parameter("protection", "greater", bound=2),
    "reviewer_classes": Parameter("fixed"),
    "review_within": Parameter("fixed"),
    "review_comments": Parameter("protection", "longer"),
    "review_follow_up": Parameter("fixed"),
    "audit_every": Parameter("demand", "longer"),
    "auditor_tie": Parameter("demand", "shorter"),
    "evidence": Parameter(
        "demand", ("one_link", "per_milestone", "per_deliverable", "per_deliverable_sampled")
    ),
    "financial_disclosure": Parameter(
        "demand",
        (
            "total",
            "partners_contributions_matching_funds",
            "partners_contributions_matching_funds_country",
            "audited_statements",
        ),
    ),
    "due_diligence": Parameter(
        "demand",
        (
            "basic",
            "standard_government_informed",
            "standard_enhanced_for_business",
            "enhanced",
            "enhanced_yearly",
        ),
    ),
    "compact": Parameter("demand", ("recommended", "required_with_un_role", "required")),
    "review_every": Parameter("demand", "longer"),
    "review_share": Parameter("demand", "less"),
    "board_tabling": Parameter("demand", ("none", "qcpr", "every_two_years", "yearly")),
    "report_signatures": Parameter(
        "demand",
        (
            "secretariat",
            "secretariat_and_partner",
            "secretariat_and_local_partner",
            "lead_un_entity_and_secretariat",
            "lead_un_entity_secretariat_and_auditor",
        ),
    ),
    "partner_cure": Parameter("protection", "longer"),
    "conclude_within": Parameter("demand", "longer"),
    "details_fresh_for": Parameter("demand", "longer"),
    "disclose_within": Parameter("demand", "longer"),
    "settle_within": Parameter("demand", "longer"),
    "association_at_most": Parameter("demand", "longer"),
    "waiver_at_most": Parameter("fixed"),
    "small_staff": Parameter("protection", "greater"),
    "consultation_mix": Parameter("demand", "less"),
    "support_offered_within": Parameter("protection", "shorter"),
    "champion_report": Parameter("demand", "longer"),
    "concern_decided_within": Parameter("fixed"),
    "reply_within": Parameter("protection", "longer"),
    "state_concern_answered_within": Parameter("fixed"),
    "government_notice": Parameter("fixed"),
    "risk_escalated_within": Parameter("fixed"),
    "due_diligence_valid": Parameter("demand", "longer"),
    "compact_mode": Parameter("demand", ("commit", "member")),
    "principles": Parameter("fixed"),
}
"""Every parameter of a profile. Decision windows are protections: after them the deciders lose
their decision."""


@lru_cache(maxsize=1024)
def length(duration: str) -> int:
    """Return a number by which durations compare: the day that lies one after a certain day."""
    return dates.add(_A_DAY, duration).toordinal()


@lru_cache(maxsize=1024)
def milder(first: Profile, later: Profile) -> Profile:
    """Return the parameters of the first profile, each replaced where the later one is milder."""
    return _choose(first, later, max, max)


def joined(base: Profile, layer: Profile) -> Profile:
    """Return what a layer makes of a base: of demands the stricter, of protections the milder."""
    return _choose(base, layer, min, max)


def changed(base: Profile, cells: Cells) -> Profile:
    """Return a profile with some of its values replaced.

    Raises:
        msgspec.ValidationError: a value does not fit its parameter, or there is no such one.
    """
    for cell in cells.cells:
        if cell.name not in PARAMETERS:
            raise msgspec.ValidationError(f"there is no parameter {cell.name}")
    fields = msgspec.structs.asdict(base) | {cell.name: cell.value for cell in cells.cells}
    return msgspec.convert(fields, Profile)


def overlaid(
    bases: Iterable[Profile], country: Cells | None, mega: Cells | None
) -> tuple[Profile, ...]:
    """Return the bases and every profile that the overlays make of them.

    The country overlay names the cells it overrides; the mega overlay, which only a partnership
    with a role of the United Nations gets, makes demands stricter and protections milder.
    """
    found = [*bases]
    if country is not None:
        found += [_renamed("country_", base, changed(base, country)) for base in found]
    if mega is not None:
        found += [
            _renamed("mega_", base, _mega(base, mega))
            for base in found
            if not base.name.endswith("light")
        ]
    return tuple(found)


def _mega(base: Profile, mega: Cells) -> Profile:
    laid = changed(base, mega)
    named = (cell.name for cell in mega.cells)
    fixed = {n: getattr(laid, n) for n in named if PARAMETERS[n].kind == "fixed"}
    return msgspec.structs.replace(joined(base, laid), **fixed)


def _renamed(prefix: str, base: Profile, profile: Profile) -> Profile:
    return msgspec.structs.replace(profile, name=prefix + base.name)


def profile_name(un_role: str, scale: str, *, mega: bool) -> str:
    """Return the name of the profile of a partnership (decision D3.26)."""
    name = PROFILES[un_role]
    if scale in {"local", "national"}:
        name = "country_" + name
    return "mega_" + name if mega and un_role != "none" else name


def _choose(first: Profile, later: Profile, demand: Any, protection: Any) -> Profile:
    """Return a profile whose every value is chosen from two by how mild it is."""
    if first is later:
        return first
    changes: dict[str, Any] = {}
    for name, parameter in PARAMETERS.items():
        one, other = getattr(first, name), getattr(later, name)
        if parameter.kind != "fixed" and one != other:
            choice = demand if parameter.kind == "demand" else protection
            changes[name] = choice(one, other, key=parameter.mildness)
    return msgspec.structs.replace(first, **changes) if changes else first


def weaker(base: Profile, layer: Profile, *, fixed: bool = True) -> Iterator[str]:
    """Yield each parameter by which a layer asks less, guards less, or moves what is fixed.

    Without ``fixed`` what is fixed may move: the base set's own overlays say it anew.
    """
    for name, parameter in PARAMETERS.items():
        one, other = getattr(base, name), getattr(layer, name)
        if one == other or (parameter.kind == "fixed" and not fixed):
            continue
        gain = parameter.mildness(other) - parameter.mildness(one)
        if parameter.kind == "fixed" or (gain > 0) == (parameter.kind == "demand"):
            yield name


def below_bounds(profile: Profile) -> Iterator[str]:
    """Yield each parameter whose value falls short of its bound."""
    for name, parameter in PARAMETERS.items():
        if parameter.bound is not None and parameter.mildness(
            getattr(profile, name)
        ) < parameter.mildness(parameter.bound):
            yield name


def unranked(profile: Profile) -> Iterator[str]:
    """Yield each parameter whose code is not one of those in order."""
    for name, parameter in PARAMETERS.items():
        codes = parameter.milder
        if isinstance(codes, tuple) and codes and getattr(profile, name) not in codes:
            yield name
