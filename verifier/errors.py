"""The one error tree of the verifier: each error has a stable code, a reason and a hint.

::

    PledgebookError
    ├── MalformedError    bytes are not what they claim to be      (a check is false: exit 1)
    ├── FalseError        a proof, signature or claim is false      (exit 1)
    ├── RefusedError      the rules do not admit an event           (exit 1)
    ├── UndecidedError    unknown type, ruleset or missing bytes    (could not decide: exit 3)
    └── PolicyError       no, or no suitable, trust policy          (exit 4)

Names end in ``Error``. The *code* is part of the public contract (``docs/reference/errors.md``
is generated from ``CODES``); the *reason* says what happened here; the *hint* says what to do.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "CODES",
    "FalseError",
    "MalformedError",
    "PledgebookError",
    "PolicyError",
    "RefusedError",
    "UndecidedError",
]

CODES: Final[dict[str, str]] = {
    # encoding.py
    "payload-malformed": "Encode the payload in the canonical MessagePack profile (spec/encoding).",
    "payload-not-canonical": "Encode with shortest headers, keys ascending, nothing after the map.",
    "payload-value": "Use only the types, ranges and characters of the profile (spec/encoding).",
    "payload-too-large": "Split the content, or refer to an attachment by its hash.",
    # event.py
    "event-malformed": "Build the event as spec/event says; any other encoding is refused.",
    "event-too-large": "An event is at most 48,000 bytes; decisions at most 3,500.",
    "event-type-unknown": "Use a verifier that knows this event type and version.",
    "ruleset-unknown": "Use a verifier that knows this ruleset.",
    "event-fields": "Compare the payload with the fields of its event type (reference/events).",
    # keys.py
    "key-unsuitable": "Enrol a canonical Ed25519 key of prime order.",
    "signature-false": "The bytes differ from what was signed, or another key signed them.",
    "engine-unknown": "Choose one of the named signature engines.",
    "engine-missing": "Install the extra pledgebook-verifier[fast], or use --engine openssl.",
    # tree.py, tiles.py
    "proof-malformed": "Ask for a fresh proof; this one has the wrong shape.",
    "proof-false": "The entry is not in the tree of this checkpoint, or the tree was changed.",
    "tile-malformed": "Fetch the tile again; its length or framing is wrong.",
    "tile-false": "The published tile differs from the entries below it.",
    # note.py, policy.py
    "note-malformed": "A checkpoint is a C2SP signed note with exactly three lines of text.",
    "note-signature-false": "A known key's signature line does not verify: the note is forged.",
    "note-unsigned": "No key of the trust policy signed this note.",
    "vkey-malformed": "Copy the verifier key again, whole, from the party that published it.",
    "mldsa-missing": "Install a cryptography whose OpenSSL knows ML-DSA (3.5 or later).",
    "quorum-missing": "Collect more cosignatures, or use the policy that fits this log.",
    "policy-malformed": "Write the policy in C2SP tlog-policy form, one log line per file.",
    "policy-unsuitable": "Get the trust policy of this ledger from a party you trust.",
    # blob.py, fieldtree.py, disclosure.py
    "blob-name": "An attachment's name has 64 hexadecimal digits; its object at most 16 MiB.",
    "blob-altered": "Ask for the attachment again; what you have is not what the log names.",
    "sealed-malformed": "Compare it with spec/sealed: fields, recipients and sizes have limits.",
    "sealed-closed": "Open it with a key that it was sealed to, and the receipt of its own event.",
    "disclosure-malformed": "Ask for the file again, whole, as pledgebook disclose wrote it.",
    "disclosure-false": "Do not rely on it: the log did not commit to what is shown.",
    # timestamps.py
    "token-false": "Compare the token with the checkpoint that it stands beside: openssl ts.",
    "token-unknown": "Name the certificates of the authority that made it, if you trust it.",
    "timestamps-missing": "Install the extra pledgebook-verifier[timestamps].",
    # receipt.py
    "receipt-malformed": "Get it anew: GET /entries/<id> with Accept: application/cose.",
    "receipt-forged": "Keep event and receipt as evidence; ask a mirror whether it has the event.",
    "receipt-unwitnessed": "Ask for the .tlog-proof, or take the operator's word with --fresh.",
    # refusal.py
    "refusal-malformed": "Ask for the refusal again; it is base64 in the member refusal.",
    "refusal-other": "Give the refusal as the ledger sent it, with the event that it is about.",
    "refusal-forged": "Do not accuse anybody by it: this ledger did not sign it.",
    "refusal-fork": "Keep it with the log's checkpoint: the ledger signed two histories.",
    "refusal-wrong": "Submit the event again; hand refusal and log to those who watch the ledger.",
    "refusal-undecided": "Ask a mirror that has at least as many entries, and audit it.",
    # sources.py
    "source-unreadable": "Check the address or folder and that it holds a published log.",
    "source-missing": "The log does not serve what its checkpoint covers; ask a mirror.",
    # audit.py, differences.py
    "root-false": "Keep the checkpoint and the entries: together they prove the change.",
    "tail-cut": "Ask a mirror for the missing entries; keep the checkpoint that covers them.",
    "rolled-back": "Keep both checkpoints: together they prove that entries were taken away.",
    "history-forked": "Keep both checkpoints: together they prove that there are two histories.",
    "ledger-other": "Use the trust policy of this ledger, or the address of the other.",
    "origin-other": "Ask the operator and a mirror which log this is; do not rely on it.",
    "log-key-other": "Ask for the event by which the log's key changed; do not rely on it.",
    "entry-changed": "Compare the entry with a mirror's, byte by byte.",
    "entry-removed": "Ask a mirror for the entry; the index is the one it had.",
    "entry-inserted": "Compare with a mirror: the log never committed to this entry.",
    "known-unsuitable": "Give the checkpoint that you saved of this very log, as it was.",
    "worker-lost": "Audit again, perhaps with --jobs 1: a process was ended from outside.",
    "entries-swapped": "Compare with a mirror: the order is part of what was committed to.",
    "time-ahead": "Keep both checkpoints: a date in this log lies ahead of when it was seen.",
    "time-behind": "Keep the log: it holds a date before which others vouch it was not recorded.",
    "anchor-false": "Ask the witness or authority named; the log recorded what it did not say.",
    "log-too-large": "Ask the operator and a mirror for the true size of this log.",
    "state-unreadable": "Delete the state file to audit anew; it is this auditor's own.",
    "rules-fault": "A fault of the verifier, not of the log: report it, with the entry.",
    # explain.py
    "event-id": "Give @ and the entry's index, or the beginning of the event's id in hexadecimal.",
    "event-unknown": "Copy the id from a page, a finding or a receipt of this ledger.",
    # compare.py
    "compare-undecided": "Name the server or mirror itself in place of its saved checkpoint.",
    "fork-malformed": "Ask for the proof file again, whole, as the command compare wrote it.",
    "fork-unproven": "The file proves nothing: do not accuse anybody by it.",
    # register.py
    "register-malformed": "Ask for the proof again, whole; a register proof has one form alone.",
    "register-incomplete": "Ask for the proof with both neighbours: without them it hides records.",
    "register-present": "It stands there: what was said to be missing was filed.",
    "register-silent": "Ask for the register proof of the subject that the stream is of.",
    "register-other": "Ask for a proof out of the publication that the checkpoint covers.",
    # archive.py, replay.py, bundle.py
    "archive-malformed": "Ask for the archive again, as the ledger made it; it has one form.",
    "bundle-malformed": "Ask for the bundle again; its parts do not belong together.",
    "bundle-false": "Do not rely on it: it puts together what does not belong together.",
    "bundle-incomplete": "Do not rely on it: events or subjects are left out that it rests on.",
    "bundle-time": "Do not rely on it: it states times at which its events were not recorded.",
    "bundle-too-large": "What the subject rests on fits no bundle; audit the ledger instead.",
    # witness_http.py
    "witness-key": "Give a PEM file with an Ed25519 private key, or a path where one can be made.",
    "witness-address": "Give a free HOST:PORT, such as 127.0.0.1:7380.",
    "witness-log": "Give the log's verifier key as its operator published it, not your own.",
    # projections/
    "view-building": "The view is being built from the first entry; ask again in a moment.",
    "view-behind": "The view has not reached that position yet; ask again in a moment.",
    "view-stopped": "The view stands still before an entry; see /-/views, mend it and rebuild.",
    "view-fault": "The view failed on this entry: report it, with the entry's index.",
    "view-unknown": "The views are listed at /-/views.",
    "views-busy": "Another process runs the views of this folder; stop it or use another folder.",
    "query-malformed": "Compare the parameters with those of this answer (docs/reference).",
}


class PledgebookError(Exception):
    """The root of all errors of this project; never raised itself."""

    def __init__(self, code: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.hint = hint or CODES.get(code, "")


class MalformedError(PledgebookError):
    """Bytes from outside are not what they claim to be."""


class FalseError(PledgebookError):
    """A signature, proof or claim was checked and is false."""


class UndecidedError(PledgebookError):
    """The check could not be made; never to be read as «ok»."""


class PolicyError(PledgebookError):
    """There is no trust policy, or it does not fit this log."""


class RefusedError(PledgebookError):
    """The rules do not admit an event; carries every unmet condition, not the first."""
