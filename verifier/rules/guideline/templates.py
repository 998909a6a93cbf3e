"""Report templates: what a report is asked, and which clause each question is for.

- TP1 A template is for a code that profiles name as their template.
- TP2 No question and no item stands twice, and no question asks for what the registration of a
      partnership holds already [R15].
- TP3 Every question is for at least one clause, and each clause stands in the version in force of
      the set that it names [R81].
- TP4 No profile of the base version in force that uses the template allows fewer questions [R85].
- TP5 A gold standard is a version in force of a template [R79].

Templates and the gold standard are everyone's, and LY1 holds for who issues and names them.

Sources: R15, R79, R80, R81, R85; domain C2.7, C5.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Code, EventRef, LocalId, Text, Texts, VersionRef
from verifier.rules.guideline.document import Document
from verifier.rules.guideline.layers import unmet_issuer
from verifier.rules.guideline.parameters import PARAMETERS
from verifier.rules.guideline.state import (
    Issued,
    base_in_force,
    guideline_set,
    in_force,
    issued,
    issuer,
    key_of,
    named,
)

__all__ = ["EVENTS", "GoldStandardDesignated", "Question", "ReportTemplateIssued", "Template",
           "template"]  # fmt: skip

REGISTERED: Final = frozenset(
    {
        "title", "purpose", "un_role", "scale", "lead", "secretariat", "partners", "countries",
        "sdg_targets", "priority_goals", "planned_end", "monitoring_plan", "governance",
        "complementarity", "budget",
    }
)  # fmt: skip
"""What the registration holds; nobody is asked for it again (TP2)."""


class ClauseRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A clause of a set, whatever its version."""

    set: LocalId
    clause: LocalId


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question, the item of data that it asks for, and the clauses that it is for."""

    id: LocalId
    item: Code
    text: Text
    clauses: Annotated[tuple[ClauseRef, ...], Meta(min_length=1, max_length=20)]


class Template(Issued, frozen=True, kw_only=True):
    """A version of a report template; the thing ``template:<code>:<version>``."""

    questions: tuple[Question, ...]


class GoldStandard(msgspec.Struct, frozen=True):
    """The template that others are measured by; the thing ``gold-standard``."""

    ref: EventRef
    template: VersionRef


class ReportTemplateIssued(Document, frozen=True, kw_only=True):
    """A version of a report template is issued (GU1, GU2, GU11, LY1, TP1 to TP4)."""

    TYPE: ClassVar[str] = "ReportTemplateIssued/1"
    STREAM: ClassVar[str] = "guidelines/template/*"
    MISSION: ClassVar[tuple[int, ...]] = (15, 79, 80, 81, 85)

    questions: Annotated[tuple[Question, ...], Meta(min_length=1, max_length=200)]

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GU1, GU2, GU11, LY1 and TP1 to TP4."""
        yield from super().unmet(entry, book)
        yield from unmet_issuer(None, entry, book, "LY1")
        code, today = named(entry), dates.day_of(entry.at)
        if code not in PARAMETERS["template"].milder:
            yield Unmet(rule="TP1", reason=f"no profile can name the template {code}")
        for what in ("id", "item"):
            if len({getattr(q, what) for q in self.questions}) < len(self.questions):
                yield Unmet(rule="TP2", reason=f"the {what} of a question stands twice")
        for question in self.questions:
            if question.item in REGISTERED:
                yield Unmet(rule="TP2", reason=f"{question.item} is on record with the "
                            "registration", hint="do not ask again")  # fmt: skip
        yield from self._unmet_clauses(today, book)
        base = base_in_force(today, book)
        held = guideline_set(base, book) if base else None
        for profile in held.profiles if held else ():
            if profile.template == code and len(self.questions) > profile.questions_at_most:
                yield Unmet(rule="TP4", reason=f"{profile.name} allows "
                            f"{profile.questions_at_most} questions")  # fmt: skip

    def _unmet_clauses(self, today: date, book: Book) -> Iterator[Unmet]:
        known: dict[str, set[str]] = {}
        for ref in (clause for question in self.questions for clause in question.clauses):
            if ref.set not in known:
                version = in_force(ref.set, today, book)
                held = guideline_set(version, book) if version else None
                known[ref.set] = {clause.id for clause in held.clauses} if held else set()
            if ref.clause not in known[ref.set]:
                yield Unmet(rule="TP3", reason=f"{ref.set} has no clause {ref.clause} in force")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the version on record."""
        held = Template(**self.head(entry), questions=self.questions)
        yield key_of("template", held.ref), held


class GoldStandardDesignated(Body, frozen=True, kw_only=True):
    """A template is named the gold standard that others are measured by (LY1, TP5)."""

    TYPE: ClassVar[str] = "GoldStandardDesignated/1"
    STREAM: ClassVar[str] = "guidelines/gold-standard"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (issuer,)
    MISSION: ClassVar[tuple[int, ...]] = (79,)

    template: VersionRef
    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of LY1 and TP5."""
        yield from unmet_issuer(None, entry, book, "LY1")
        now = in_force(self.template.set, dates.day_of(entry.at), book, kind="template")
        if now != self.template:
            yield Unmet(rule="TP5", reason=f"{self.template.set} version "
                        f"{self.template.version} is no template in force")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the template."""
        yield "gold-standard", GoldStandard(entry.ref, self.template)


def template(ref: VersionRef, book: Book) -> Template | None:
    """Return a version of a report template."""
    return issued("template", ref, Template, book)


EVENTS: Final[tuple[type[Body], ...]] = (ReportTemplateIssued, GoldStandardDesignated)
