"""The committed vectors of ``tests/vectors``, as tests read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "vectors"


def load(name: str) -> list[dict[str, Any]]:
    """Return the vectors of a file such as ``event/valid``."""
    vectors: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return vectors


def names(vector: dict[str, Any]) -> str:
    """Name a test by its vector."""
    return str(vector["name"])
