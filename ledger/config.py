"""Settings of a ledger: from ``ledger.toml`` in its folder, overridden by the environment.

Rules:

1. ``PLEDGEBOOK_<NAME>`` in the environment wins over ``<name>`` in the file, the file over the
   default. An unknown name in the file is an error, never ignored.
2. Nothing here decides what is admitted: that is the log's, by its genesis and its rules.
3. Secrets are never settings. A passphrase comes from ``PLEDGEBOOK_PASSPHRASE`` or from the file
   that ``passphrase_file`` names.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from ledger.errors import LedgerError
from verifier.keys import ENGINES, default_engine

__all__ = ["FILE_NAME", "Settings", "load_settings"]

FILE_NAME: Final = "ledger.toml"
PREFIX: Final = "PLEDGEBOOK_"
MAX_FILE_BYTES: Final = 64 * 1024
SERVICE_PROCESSES: Final = 2  # what one event loop can keep busy


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this service runs; every field has a default that suits one machine."""

    engine: str = ""
    """Signature engine, empty for the fastest that is installed."""
    verify_threads: int = 2
    """Threads that check signatures where there are no processes for it."""
    verify_processes: int = 0
    """Processes that check signatures instead; 0 for none. A service that reads its settings from
    a folder has ``SERVICE_PROCESSES`` unless told otherwise."""
    hot_subjects: int = 20_000
    """Subjects whose state is kept in memory between commits."""
    max_pending_events: int = 20_000
    """Events in the pipeline before requests are answered ``T-busy``."""
    max_group_events: int = 1_000
    """Events that share one commit at most; a single larger request still is one commit."""
    clock_skew_s: int = 300
    """How far ahead of this clock an event may be signed, where the genesis clock is real."""
    checkpoint_interval_s: float = 1.0
    """The least time between two published checkpoints (not: receipts)."""
    busy_retry_s: int = 1
    """What ``Retry-After`` says when the queue is full."""
    switch_interval_s: float = 0.0001
    """The interpreter's thread switch interval while serving; 0 leaves it as it is."""
    max_pages: int = 0
    """Ceiling of the database in pages of 8 KiB; 0 for none."""
    signing_state: Path | None = None
    """Where the signing state lies; better on another disk. Default ``signing/state``."""
    passphrase_file: Path | None = None
    """A file whose first line is the passphrase of the key files."""
    witness_policy: Path | None = None
    """A trust policy that names the witnesses to ask, with their addresses, and the quorum."""
    max_blobs_bytes: int = 100 * 1024**3
    """Bytes of all attachments together, beyond which none is stored."""
    service_actor: str = ""
    """The actor in whose name this service signs the log's upkeep, with ``keys/service.key``."""
    anchor_interval_s: float = 21_600.0
    """How often a checkpoint that others vouch for is anchored while the log grows, in seconds; at
    least twice in the time that the genesis states."""
    timestamp_url: str = ""
    """The address of an RFC 3161 authority that stamps what is anchored."""

    def __post_init__(self) -> None:
        for name in ("verify_threads", "hot_subjects", "max_pending_events", "max_group_events"):
            if getattr(self, name) < 1:
                raise LedgerError("config-invalid", f"{name} must be at least 1")
        if self.engine and self.engine not in ENGINES:
            raise LedgerError("config-invalid", f"engine {self.engine!r}: {sorted(ENGINES)}")

    @property
    def engine_name(self) -> str:
        """The signature engine in use."""
        return self.engine or default_engine()


def load_settings(folder: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of the ledger in a folder (rule 1).

    Raises:
        LedgerError: code ``config-invalid``, with the name of the setting.
    """
    values = {"verify_processes": SERVICE_PROCESSES} | _read_file(folder / FILE_NAME)
    kinds = {field.name: str(field.type) for field in fields(Settings)}
    for name in values:
        if name not in kinds:
            raise LedgerError("config-invalid", f"{FILE_NAME}: unknown setting {name!r}")
    for name in kinds:
        text = (os.environ if environ is None else environ).get(PREFIX + name.upper())
        if text is not None:
            values[name] = text
    return Settings(**{name: _convert(name, kinds[name], value, folder)
                       for name, value in values.items()})  # fmt: skip


def _read_file(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise LedgerError("config-invalid", f"{path}: {error.strerror}") from None
    if len(data) > MAX_FILE_BYTES:
        raise LedgerError("config-invalid", f"{path} has more than {MAX_FILE_BYTES} bytes")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise LedgerError("config-invalid", f"{path}: {error}") from None


def _convert(name: str, kind: str, value: Any, folder: Path) -> Any:
    """Convert a value of the file or the environment; relative paths start at the folder."""
    try:
        if kind.startswith("Path"):
            return folder / str(value)
        if kind == "int" and not isinstance(value, bool):
            return int(value)
        if kind == "float" and not isinstance(value, bool):
            return float(value)
        if kind == "str" and isinstance(value, str):
            return value
    except (TypeError, ValueError):
        pass
    raise LedgerError("config-invalid", f"{name} = {value!r} is not of type {kind}")
