"""What is owed on reports by which day, and by whom: the registry's own lateness is told alike.

- RE27 The report that is owed is submitted by its due day (whole log). [R74, R86]
- RE28 A submitted report is screened within the profile's time (whole log). [R87]

A partnership owes no report before its due day, and while one waits for screening it has done its
part. What is counted, and how the clock stands still, is ``standing``'s. Sources: R6, R74, R86,
R87; domain C3.1; decision D3.17.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verifier.rules import dates, partnership
from verifier.rules.book import Body, Book, Broken, Subject
from verifier.rules.duty import Duty, late
from verifier.rules.report.state import OWN, Report, officer
from verifier.rules.standing import standing_at

__all__ = ["EVENTS", "duties", "whole_log"]


def duties(subject: Subject, book: Book) -> Iterator[Duty]:
    """Yield the report that a partnership owes next, and the screening of every one that waits."""
    found = partnership.of(subject)
    profile = found and partnership.profile_of(found, book)
    if found is None or not profile:
        return
    now = standing_at(subject, book.time, book)
    if now.due is not None and now.state != "pending_review":
        yield Duty(
            rule="RE27", subject=subject.id, stream=f"{subject.id}/report/*",
            what=f"report {now.obligation}", who=found.secretariat, due=now.due.isoformat(),
        )  # fmt: skip
    for report in subject.all(Report):
        due = dates.add(dates.parse_day(report.submitted_on), profile.screening_within)
        if report.kind in OWN and report.state != "unsigned":
            yield Duty(
                rule="RE28", subject=subject.id, stream=report.ref.stream, what="its screening",
                who=" or ".join(capacity.name for capacity in officer), due=due.isoformat(),
                met_on=report.screened_on if report.state != "submitted" else None,
            )  # fmt: skip


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield every report and every screening that is late (RE27, RE28)."""
    yield from late(duties, book)


EVENTS: Final[tuple[type[Body], ...]] = ()
