"""Errors of the ledger alone; the tree's root and all shared codes are the verifier's.

Codes with ``T-`` are transport checks (record format §4): they can only refuse, they run after
the lookup of a resubmission, and no auditor ever sees them. The others stop the service from
starting, or say that a thing asked for is not there.
"""

from __future__ import annotations

from typing import Final

from verifier.errors import PledgebookError

__all__ = ["CODES", "LedgerError"]

CODES: Final[dict[str, tuple[int, str]]] = {
    "T-busy": (503, "Wait as long as Retry-After says, then submit the same bytes again."),
    "T-clock": (422, "Set the author's clock; events may be at most 300 s ahead of the service."),
    "T-too-large": (413, "Send at most 1,000 events and 8 MiB in one request."),
    "T-media-type": (415, "Send application/cose or application/vnd.pledgebook.entries."),
    "T-encoding": (415, "Send the body as it is, without content coding."),
    "T-slow": (408, "Send the whole body within the time allowed."),
    "T-batch": (400, "Frame each event as its length (uint16be) and its bytes, nothing after."),
    "T-path": (404, "See /openapi.json for what there is."),
    "T-method": (405, "Use one of the methods in Allow."),
    "T-request": (400, "Correct the request as the detail says; see /openapi.json."),
    "T-storage": (503, "Submit the same bytes again later; if they were recorded, that tells."),
    "T-storage-full": (507, "The operator must free disk space; then submit the same bytes again."),
    "T-internal": (500, "Submit the same bytes again; if it stays, tell the operator the time."),
    "T-log-key": (422, "State this service's own keys in the genesis."),
    "entry-absent": (404, "Ask for what the present checkpoint covers."),
    "blob-unnamed": (403, "Submit the event that refers to it first, then store it."),
    "blob-erased": (410, "It is gone on purpose; ask the authority named."),
    "authority-failed": (502, "Check timestamp_url, and that the extra «timestamps» is installed."),
    "receipt-absent": (404, "Take the .tlog-proof: Accept: text/plain."),
    "import-source": (422, "Compare the folder and its files with the importer's page."),
    "import-refused": (
        422,
        "Read the rule; if the rows were imported before, this is as it should be.",
    ),
    "publish-fork": (500, "Publish into an empty folder, and find out whose log the other is."),
    "demo-folder": (422, "Name an empty or new folder, or one that an earlier demo made."),
    # client.py
    "ledger-unreachable": (503, "The outcome is unknown: submit the same bytes again, it is safe."),
    "reply-malformed": (502, "Ask the operator; do not take the event for recorded."),
    "receipt-false": (502, "Keep the reply as evidence; do not take the event for recorded."),
    "log-split": (502, "Keep both checkpoints: together they prove that the log forked."),
    "head-unknown": (500, "Prefetch the head of the stream, or adopt it, before signing on it."),
    "head-rolled-back": (502, "Do not sign again: the service shows less than it promised."),
    # At start. None of these is cured by trying again.
    "config-invalid": (500, "Correct the named setting; ledger/config.py lists them all."),
    "database-damaged": (500, "Stop, keep the files, and restore from a backup or a mirror."),
    "database-too-old": (500, "Install Python with SQLite 3.37 or later."),
    "database-unusable": (500, "Check the path, its permissions and the free space."),
    "ledger-locked": (500, "One process appends to a ledger: stop the other one first."),
    "signer-unusable": (500, "Check the key file and PLEDGEBOOK_PASSPHRASE."),
    "signing-state-ahead": (
        500,
        (
            "The data is older than what was signed: restore the newest data. Never sign a smaller "
            "tree. If entries are lost for good, open a new ledger that names this one."
        ),
    ),
    "signing-state-fork": (
        500,
        "The data differs from what was signed: keep both, and find out who changed which.",
    ),
    "signing-state-damaged": (500, "Restore the signing state from where it was kept apart."),
    "signing-state-missing": (500, "Put the signing state back; without it nothing is signed."),
}
"""Stable code -> (HTTP status, hint)."""


class LedgerError(PledgebookError):
    """Something about this service, not about the record."""

    def __init__(self, code: str, reason: str, *, hint: str = "") -> None:
        self.status, default = CODES[code]
        super().__init__(code, reason, hint=hint or default)
