"""The table of event types: every module's ``EVENTS``, joined and indexed by type.

Adding an event type is one class in a module of ``verifier/rules`` and one place in that module's
``EVENTS`` (``docs/how-to/add-an-event-type.md``).
"""

from __future__ import annotations

from typing import Final

import msgspec

from verifier.rules import (
    calendar,
    evidence,
    guideline,
    imported,
    partnership,
    proposal,
    report,
)
from verifier.rules.authority import actors, genesis, roles
from verifier.rules.book import Body
from verifier.rules.commitment import assessment, ending, milestone, progress, promise, revision
from verifier.rules.delisting import appeal, decision, notice, reinstatement, support
from verifier.rules.review import course
from verifier.rules.review import decision as review_decision

__all__ = ["DECODERS", "EVENTS", "MODULES"]

MODULES: Final = (
    genesis,
    actors,
    roles,
    proposal,
    guideline,
    calendar,
    imported,
    partnership,
    promise,
    revision,
    milestone,
    progress,
    ending,
    assessment,
    report,
    evidence,
    course,
    review_decision,
    support,
    notice,
    decision,
    appeal,
    reinstatement,
)

EVENTS: Final[dict[str, type[Body]]] = {
    event.TYPE: event for module in MODULES for event in module.EVENTS
}

DECODERS: Final[dict[str, msgspec.msgpack.Decoder[Body]]] = {
    name: msgspec.msgpack.Decoder(event) for name, event in EVENTS.items()
}
