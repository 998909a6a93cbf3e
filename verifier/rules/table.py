"""The table of event types: every module's ``EVENTS``, joined and indexed by type.

A module that has rules over the whole log has a function ``whole_log`` beside its ``EVENTS``. It
judges subjects one by one, each by itself and what it names, so that an audit need not ask again
about those of which nothing is new. Where a rule compares all subjects with each other, or is about
the log as such, it is a function ``across`` of its own, with ``ACROSS``: the kinds of things
without which it has nothing to say, if there are any. Or, where it looks at some subjects only,
with ``concerns``, which tells them. What the module also judges one by one is ``by_subject``.

A simple filing is one row of ``filing/rows.py``. Adding any other event type is one class in a
module of ``verifier/rules`` and one place in that module's ``EVENTS``
(``docs/how-to/add-an-event-type.md``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import msgspec

from verifier.rules import (
    anchor,
    calendar,
    champion,
    classification,
    concern,
    erasure,
    evidence,
    government,
    imported,
    lesson,
    network,
    proposal,
    publication,
    risk,
    sealed,
    support,
    waiver,
)
from verifier.rules.authority import (
    actors,
    adoption,
    delegation,
    distrust,
    genesis,
    keys,
    monitoring,
    roles,
    rootchange,
)
from verifier.rules.body import certified, sessions
from verifier.rules.body import duties as body_duties
from verifier.rules.book import Body, Book, Broken, Subject
from verifier.rules.commitment import assessment, ending, milestone, progress, promise, revision
from verifier.rules.commitment import duties as commitment_duties
from verifier.rules.delisting import (
    appeal,
    consultation,
    decision,
    integrity,
    judges,
    notice,
    reinstatement,
    reminder,
    ruling,
    suspension,
)
from verifier.rules.delisting import duties as case_duties
from verifier.rules.diligence import case as diligence
from verifier.rules.diligence import compact, status
from verifier.rules.diligence import decision as diligence_decision
from verifier.rules.filing import rows as filing
from verifier.rules.filing import tabling
from verifier.rules.guideline import (
    criteria,
    instruments,
    principles,
    recognition,
    sets,
    situations,
    templates,
)
from verifier.rules.partnership import (
    association,
    details,
    disclosure,
    dispute,
    exits,
    members,
    merger,
    offices,
    screening,
    submission,
)
from verifier.rules.report import amendment, postponement, signing
from verifier.rules.report import duties as report_duties
from verifier.rules.report import screening as report_screening
from verifier.rules.report import submission as report_submission
from verifier.rules.review import (
    conditions,
    course,
    cycle,
    draft,
    exchange,
    independent,
    panel,
    sample,
)
from verifier.rules.review import decision as review_decision

__all__ = [
    "ACROSS",
    "BY_SUBJECT",
    "DECODERS",
    "EVENTS",
    "MODULES",
    "WHOLE_LOG",
    "Compared",
    "Rules",
]

MODULES: Final = (
    genesis,
    actors,
    keys,
    roles,
    delegation,
    monitoring,
    distrust,
    rootchange,
    adoption,
    anchor,
    proposal,
    sessions,
    certified,
    body_duties,
    instruments,
    principles,
    sets,
    templates,
    criteria,
    situations,
    recognition,
    calendar,
    imported,
    submission,
    screening,
    members,
    offices,
    details,
    disclosure,
    dispute,
    association,
    exits,
    merger,
    promise,
    revision,
    milestone,
    progress,
    ending,
    assessment,
    commitment_duties,
    report_submission,
    signing,
    report_screening,
    amendment,
    postponement,
    report_duties,
    evidence,
    cycle,
    sample,
    course,
    panel,
    exchange,
    draft,
    review_decision,
    conditions,
    independent,
    support,
    reminder,
    notice,
    decision,
    consultation,
    ruling,
    suspension,
    case_duties,
    integrity,
    judges,
    appeal,
    reinstatement,
    classification,
    waiver,
    lesson,
    network,
    champion,
    concern,
    government,
    risk,
    diligence,
    diligence_decision,
    status,
    compact,
    publication,
    filing,
    erasure,
    sealed,
    tabling,
)

EVENTS: Final[dict[str, type[Body]]] = {
    event.TYPE: event for module in MODULES for event in module.EVENTS
}


class _Decoders(dict[str, msgspec.msgpack.Decoder[Body]]):
    """The decoder of each type, made when it is first asked for: most logs hold few types."""

    def __missing__(self, name: str) -> msgspec.msgpack.Decoder[Body]:
        decoder = self[name] = msgspec.msgpack.Decoder(EVENTS[name])
        return decoder


DECODERS: Final = _Decoders()
"""By the type's name; a type that is not known here is a ``KeyError``."""

Rules = Callable[[Book], Iterator[Broken]]
"""Rules over the whole log, as a module has them."""


class Compared(NamedTuple):
    """Rules that compare subjects: with all others where one has such a thing, or some alone."""

    rules: Rules
    kinds: tuple[type, ...]
    concerns: Callable[[Subject], bool] | None

    def is_about(self, subject: Subject) -> bool:
        """Say whether a subject is a reason to ask, or one of those that are looked at."""
        if self.concerns is not None:
            return self.concerns(subject)
        return any(type(thing) in self.kinds for thing in subject.things.values())


ACROSS: Final[tuple[Compared, ...]] = tuple(
    Compared(module.across, getattr(module, "ACROSS", ()), getattr(module, "concerns", None))
    for module in MODULES
    if hasattr(module, "across")
)

BY_SUBJECT: Final[tuple[Rules, ...]] = tuple(
    getattr(module, "by_subject", None) or module.whole_log
    for module in MODULES
    if hasattr(module, "by_subject" if hasattr(module, "across") else "whole_log")
)

WHOLE_LOG: Final[tuple[Rules, ...]] = (*BY_SUBJECT, *(one.rules for one in ACROSS))
"""What the audit asks when it has read a log to its end (``book``, rule 5)."""
