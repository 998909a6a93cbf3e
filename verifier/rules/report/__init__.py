"""Reports: the one kind of record for what a partnership, a partner or an outsider reports.

``state`` holds what is known of a report and which obligations it covers, ``content`` what it says,
``submission`` and ``signing`` how it is submitted, ``screening`` how it is accepted or returned,
``amendment`` what is added to it, ``postponement`` how its due day moves. Which reports are owed is
``clock``'s. Sources: mission table R74 to R89; domain C2.4; decisions D3.17, D3.19.
"""

from __future__ import annotations

from verifier.rules.report.screening import (
    ReportAccepted,
    ReportAcceptedAsEquivalent,
    ReportReturned,
)
from verifier.rules.report.signing import ReportCosigned
from verifier.rules.report.state import (
    OWN,
    DueMoved,
    Report,
    Return,
    clock_of,
    covering,
    due_day,
    first_open,
    own_reports,
)
from verifier.rules.report.submission import ReportSubmitted

__all__ = [
    "OWN",
    "DueMoved",
    "Report",
    "ReportAccepted",
    "ReportAcceptedAsEquivalent",
    "ReportCosigned",
    "ReportReturned",
    "ReportSubmitted",
    "Return",
    "clock_of",
    "covering",
    "due_day",
    "first_open",
    "own_reports",
]
