"""A registry that lets a machine import in its name, for scenarios with imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.harness.registry import Registry, body_fields, ref
from verifier.rules.book import Body, Entry

IMPORTER = "actor-import-service"
REGISTRY = "actor-registry"
TYPES = ("ParticipantImported", "CommitmentImported", "AssessmentImported", "StatusImported")


@dataclass
class ImportDesk:
    """The registry, and the delegation by which the machine signs its imports."""

    registry: Registry
    on_behalf_of: dict[str, Any]

    def append(self, stream: str, body: Body, **fields: Any) -> Entry:
        """Sign, admit and record an import in the registry's name."""
        values = body_fields(body) | {"on_behalf_of": self.on_behalf_of} | fields
        return self.registry.append(IMPORTER, stream, body.TYPE, **values)


def import_desk(day: str = "2026-11-02", **delegation: Any) -> ImportDesk:
    """Open a ledger with a registry, a machine, and the delegation from one to the other."""
    registry = Registry().on(day).open().enlist(REGISTRY).appoint(REGISTRY, "registry")
    registry.enlist(IMPORTER, kind="machine", principal=REGISTRY)
    terms = {
        "to": IMPORTER,
        "types": list(TYPES),
        "last_day": registry.day(30),
        "mandate": "A/RES/70/224",
        "scope": {"subjects": ["imported:"]},
    }
    granted = registry.append(
        REGISTRY, f"{REGISTRY}/delegation/imports", "DelegationGranted", **(terms | delegation)
    )
    return ImportDesk(registry, {"actor": REGISTRY, "delegation": ref(granted)})
