"""Random histories: any event of the partnerships and imports, in any order, lawful or not."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.harness import stories
from tests.harness.registry import Registry
from tests.projections.logs import Log

_WORDS = st.sampled_from(
    ["clean water", "eau potable", "agua limpia", "чистая вода", "清洁用水", "مياه نظيفة"]
)
_SUBJECTS = st.sampled_from(["p-one", "p-two", "imported:ogp:tto", "imported:sbti:42"])
_LOCALS = st.sampled_from(["a", "b"])
_DAYS = st.sampled_from(["2018-12-05", "2019-12-06", "2021-01-31"])
_ORGANIZATIONS = st.sampled_from([stories.COMPANY, stories.GOVERNMENT])
_registry = stories.listed_partnership(Registry())
_SUBMISSION = stories.submission(_registry)
_COMMITMENT = stories.commitment(_registry)
_REF = {"stream": "p-one/decision/d", "seq": 0, "id": bytes(32)}


def _text(words: str) -> list[dict[str, str]]:
    return [{"lang": "en", "text": words}]


def _source(day: str) -> dict[str, Any]:
    return {"id": "1", "row": bytes(32), "file": "rows.csv", "observed": day}


def _fields(type_: str, words: str, day: str, organization: str) -> dict[str, Any]:
    """Return the payload of an event type, varied by what was drawn."""
    date = {"text": day, "precision": "day", "value": day}
    return {
        "PartnershipSubmitted": _SUBMISSION | {"title": _text(words)},
        "PartnershipScreened": {"outcome": "pass", "method": "desk", "minutes": 10},
        "PartnershipListed": {"guideline": {"set": "default", "version": 1}, "profile": "light",
                              "mandate": "A/RES/70/224"},
        "PartnershipRemoved": {"decision": _REF, "effective_on": day, "ground": "non_reporting"},
        "PartnershipWithdrawn": {"reason": _text(words), "under_case": day > "2020"},
        "PartnershipCompleted": {"report": _REF, "ended_on": day},
        "PartnerJoined": {"organization": organization, "role": "partner", "sector": "business",
                          "stakeholder_type": "business"},
        "PartnerConfirmed": {"joined": _REF},
        "PartnerLeft": {"organization": organization, "reason": _text(words)},
        "LeadHandedOver": {"to": organization, "reason": _text(words)},
        "LeadTakenOver": {"handover": _REF},
        "DetailsAmended": {"after": {"title": _text(words), "planned_end": day},
                           "reason": _text(words)},
        "CommitmentMade": _COMMITMENT | {"text": _text(words), "accountable": organization},
        "CommitmentAcknowledged": {"organization": organization},
        "ProgressReported": {"as_of": day, "status": "on_track"},
        "CommitmentFulfilled": {"on": day, "evidence": [bytes(32)]},
        "CommitmentMissed": {"what": _text(words), "why": _text(words)},
        "CommitmentWithdrawn": {"reason": _text(words)},
        "CommitmentTransferred": {"proposal": _REF, "organization": organization},
        "FailureReported": {n: _text(words) for n in ("what", "why", "changed")},
        "Endorsed": {"proposal": _REF, "organization": organization},
        "CaseClosed": {"ground": "cured"},
        "ParticipantImported": {"source": _source(day), "name": words, "kind": "state",
                                "place": {"name": words, "country": "TTO"}},
        "CommitmentImported": {"source": _source(day), "title": words, "start": date,
                               "cells": {"completion": "ND"}},
        "AssessmentImported": {"source": _source(day), "point": "end_of_term", "scale": "s",
                               "code": "Complete" if day < "2020" else "Limited", "reviewer": "R"},
        "StatusImported": {"source": _source(day), "event": "designated", "on": date,
                           "state": words.split(maxsplit=1)[0] if words.isascii() else None},
        "Unheard": {"words": words, "list": [{"day": day}]},
    }[type_]  # fmt: skip


_STREAMS = {
    "p": {
        "registration": ("PartnershipSubmitted", "PartnershipScreened", "PartnershipListed",
                         "PartnershipWithdrawn", "PartnershipCompleted"),
        "partner/{}": ("PartnerJoined", "PartnerConfirmed", "PartnerLeft"),
        "lead": ("LeadHandedOver", "LeadTakenOver"),
        "details": ("DetailsAmended",),
        "commitment/{}": ("CommitmentMade", "CommitmentAcknowledged", "CommitmentAcknowledged",
                          "ProgressReported", "CommitmentFulfilled", "CommitmentMissed",
                          "CommitmentWithdrawn", "CommitmentTransferred", "FailureReported"),
        "case/{}": ("PartnershipRemoved", "CaseClosed"),
        "endorsement/d/actor-x": ("Endorsed",),
        "matter/{}": ("Unheard",),
    },
    "i": {
        "record": ("ParticipantImported",),
        "commitment/{}": ("CommitmentImported", "AssessmentImported"),
        "status": ("StatusImported",),
        "matter/{}": ("Unheard",),
    },
}  # fmt: skip


@st.composite
def logs(draw: st.DrawFn, max_events: int = 40) -> Log:
    """Draw a published log whose first event opens a ledger."""
    log = Log(_registry_raws())
    for _ in range(draw(st.integers(1, max_events))):
        subject = draw(_SUBJECTS)
        streams = _STREAMS["p" if subject.startswith("p-") else "i"]
        stream = draw(st.sampled_from(sorted(streams)))
        type_ = draw(st.sampled_from(streams[stream]))
        fields = _fields(type_, draw(_WORDS), draw(_DAYS), draw(_ORGANIZATIONS))
        version = 7 if type_ == "Unheard" else 1
        log.append(
            stories.SECRETARIAT, f"{subject}/{stream.format(draw(_LOCALS))}", f"{type_}/{version}",
            **{name: value for name, value in fields.items() if value is not None},
        )  # fmt: skip
    return log.publish()


def _registry_raws() -> list[bytes]:
    return [_registry.events[0].raw]
