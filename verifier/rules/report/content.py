"""What a report says: results of every commitment, finances, answers, evidence.

- RE6 Its results name commitments on record, each once.
- RE7 A self report uses the template of the partnership's profile; no question is answered
      twice. [R85]
- RE13 A self or national report has a result for every commitment that is active or was missed and
      was made by the end of the period, or as many as a report can hold. [R74]
- RE14 A result that is neither on track nor completed says how it deviates and what is done about
      it. [R74]
- RE15 A self or national report discloses its finances as the profile asks: the total; or besides
      what each partner contributed, matching funds marked; at country level the country of each;
      or audited statements. [R80]
- RE16 Its evidence is as the profile asks: a document at least, or evidence of each result that
      states a value. [R66]
- RE17 A national or equivalent report names the mechanism that it was made for; an equivalent one
      also which targets of the partnership it reports on. [R26, R88]

- RE18 A self or national report answers every question of its template in force, and no
       other. [R79, R81]

Sources: R24, R74, R80, R85, R88; domain C2.4, C5; decision D3.17.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal as Number
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import dates, partnership
from verifier.rules.book import Body, Book, Entry, Subject, Unmet
from verifier.rules.commitment.state import Commitment, Currency
from verifier.rules.fields import (
    ActorId,
    Alpha3,
    Blob,
    Code,
    Decimal,
    LocalId,
    SdgTarget,
    Symbol,
    Texts,
)
from verifier.rules.guideline import Profile
from verifier.rules.guideline.state import in_force
from verifier.rules.guideline.templates import template
from verifier.rules.partnership import Partnership
from verifier.rules.partnership.state import belonged
from verifier.rules.report.state import SIGNED

__all__ = [
    "Amount",
    "Answer",
    "Content",
    "Contribution",
    "Finances",
    "Result",
    "asked",
    "unmet_content",
]


MOST_RESULTS: Final = 500


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to a question of the template."""

    question: LocalId
    text: Texts


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a report says of one commitment."""

    commitment: LocalId
    status: Literal[
        "on_track", "off_track", "financial_issues", "completed", "cancelled", "inactive"
    ]
    value: Decimal | None = None
    deviation: Texts | None = None
    corrective_action: Texts | None = None
    evidence: Annotated[tuple[Blob, ...], Meta(max_length=20)] = ()


class Amount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount in an ISO 4217 currency."""

    amount: Decimal
    currency: Currency


class Contribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a partner put in during the period."""

    organization: ActorId
    kind: Literal["cash", "in_kind", "staff", "other"]
    value: Amount
    matching: bool = False
    """Whether it matches another contribution (A/RES/70/224, paragraph 14)."""
    country: Alpha3 | None = None


class Finances(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The finances of the period; amounts are never summed across currencies."""

    total: Amount
    contributions: Annotated[tuple[Contribution, ...], Meta(max_length=200)] = ()
    statements: Annotated[tuple[Blob, ...], Meta(max_length=20)] = ()
    """Audited statements."""


class Content(Body, frozen=True, kw_only=True):
    """What a report says: the fields that a submission and an amendment share."""

    template: Code
    answers: Annotated[tuple[Answer, ...], Meta(min_length=1, max_length=200)]
    results: Annotated[tuple[Result, ...], Meta(max_length=MOST_RESULTS)] = ()
    finances: Finances | None = None
    mechanism: Symbol | None = None
    """The mechanism that a national or equivalent report was made for."""
    sdg_targets: Annotated[tuple[SdgTarget, ...], Meta(max_length=60)] = ()
    documents: Annotated[tuple[Blob, ...], Meta(max_length=50)] = ()


def asked(code: str, day: date, book: Book) -> tuple[str, ...]:
    """Return the questions of the template in force on a day, or none where none is issued."""
    ref = in_force(code, day, book, kind="template")
    found = template(ref, book) if ref is not None else None
    return tuple(question.id for question in found.questions) if found else ()


def unmet_content(
    said: Content, kind: str, period: tuple[str, str], entry: Entry, book: Book
) -> Iterator[Unmet]:
    """Yield what is not met of RE6, RE7 and RE13 to RE18 by a report of a kind.

    ``period`` is its first and its last day.
    """
    subject = book.subject(entry.event.subject)
    found = partnership.of(subject)
    profile = partnership.profile_of(found, book) if found is not None else None
    if profile is None:
        return
    answered = [answer.question for answer in said.answers]
    if kind == "self" and said.template != profile.template:
        yield Unmet(rule="RE7", reason=f"the template is {profile.template}")
    if len(set(answered)) < len(answered):
        yield Unmet(rule="RE7", reason="a question is answered twice")
    questions = asked(said.template, dates.day_of(entry.at), book)
    if kind in SIGNED and questions and set(answered) != set(questions):
        yield Unmet(rule="RE18", reason="the questions that differ from the template's: "
                    + ", ".join(sorted(set(answered) ^ set(questions))))  # fmt: skip
    yield from _unmet_results(said, subject)
    if kind in SIGNED and found is not None:
        yield from _unmet_complete(said, period[1], subject)
        members = _members(found, said.finances, period, subject)
        yield from _unmet_finances(said.finances, members, profile)
        yield from _unmet_evidence(said, profile)
    if kind in ("national", "equivalent") and said.mechanism is None:
        yield Unmet(rule="RE17", reason="it does not say for which mechanism it was made")
    served = found.sdg_targets if found is not None else ()
    if kind == "equivalent" and not said.sdg_targets:
        yield Unmet(rule="RE17", reason="it does not say on which targets it reports")
    for target in said.sdg_targets:
        if target not in served:
            yield Unmet(rule="RE17", reason=f"the partnership does not serve target {target}")


def _unmet_results(said: Content, subject: Subject) -> Iterator[Unmet]:
    named = [result.commitment for result in said.results]
    if len(set(named)) < len(named):
        yield Unmet(rule="RE6", reason="a commitment stands twice")
    for result in said.results:
        if "commitment:" + result.commitment not in subject.things:
            yield Unmet(rule="RE6", reason=f"there is no commitment {result.commitment} here")
        told = result.deviation is not None and result.corrective_action is not None
        if result.status not in ("on_track", "completed") and not told:
            yield Unmet(rule="RE14", reason=f"{result.commitment} is {result.status}",
                        hint="say how it deviates and what is done about it")  # fmt: skip


def _unmet_complete(said: Content, period_end: str, subject: Subject) -> Iterator[Unmet]:
    named = {"commitment:" + result.commitment for result in said.results}
    if len(named) >= MOST_RESULTS:  # one partner's many promises make no report impossible
        return
    for key, made in subject.by_key(Commitment).items():
        if key in named:
            continue
        if made.state in ("active", "missed") and made.made_on <= period_end:
            yield Unmet(rule="RE13", reason=f"no result is told of {key.partition(':')[2]}")


def _members(
    found: Partnership, told: Finances | None, period: tuple[str, str], subject: Subject
) -> set[str]:
    """Return which of those who contributed were partners on a day of the period."""
    named = {given.organization for given in told.contributions} if told is not None else set()
    return {one for one in named if belonged(found, one, subject, *period)}


def _unmet_finances(told: Finances | None, members: set[str], profile: Profile) -> Iterator[Unmet]:
    asked = profile.financial_disclosure
    if told is None:
        yield Unmet(rule="RE15", reason=f"no finances are told; asked is {asked}")
        return
    amounts = [told.total, *(given.value for given in told.contributions)]
    if any(one.amount.startswith("-") for one in amounts):
        yield Unmet(rule="RE15", reason="an amount is negative")
    for given in told.contributions:
        if given.organization not in members:
            yield Unmet(rule="RE15", reason=f"{given.organization} was no partner in the period")
    if asked != "total" and not told.contributions and Number(told.total.amount) != 0:
        yield Unmet(rule="RE15", reason="it does not say what each partner contributed")
    if asked.endswith("_country") and any(given.country is None for given in told.contributions):
        yield Unmet(rule="RE15", reason="a contribution names no country")
    if asked == "audited_statements" and not told.statements:
        yield Unmet(rule="RE15", reason="the audited statements are missing")


def _unmet_evidence(said: Content, profile: Profile) -> Iterator[Unmet]:
    if profile.evidence == "one_link":
        if not said.documents and not any(result.evidence for result in said.results):
            yield Unmet(rule="RE16", reason="no document or evidence is named")
        return
    for result in said.results:
        if result.value is not None and not result.evidence:
            yield Unmet(rule="RE16", reason=f"the value of {result.commitment} has no evidence")
