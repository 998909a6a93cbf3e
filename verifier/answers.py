"""The commands that verify what a ledger answered to its author: ``receipt`` and ``refusal``.

Modules are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from verifier.audit import Audit
    from verifier.policy import Policy
    from verifier.refusal import Trial

__all__ = ["add_commands"]

MAX_FILE_BYTES: Final = 256 * 1024  # the largest event or proof file is half of it

PolicyOf = Callable[[argparse.Namespace], "Policy"]
ReadFile = Callable[[str, int], bytes]
"""Reads a file up to one byte more than a bound."""

AuditOf = Callable[[argparse.Namespace, "Trial"], AbstractContextManager["Audit"]]
"""Opens the source that was given and yields an audit of it, which the trial watches."""


def add_commands(
    commands: argparse._SubParsersAction[Any], *, policy: PolicyOf, read: ReadFile,
    add_source: Callable[[argparse.ArgumentParser], object], audit: AuditOf,
) -> None:  # fmt: skip
    """Add both commands, with what they share with the others of the command line."""
    receipt = commands.add_parser(
        "receipt", help="verify offline that an event is in a log",
        description="Verify the receipt of an event: a .tlog-proof or a COSE receipt (RFC 9942).",
    )  # fmt: skip
    receipt.add_argument(
        "event", metavar="EVENT", nargs="?",
        help="a file with the event's bytes; a .tlog-proof may carry them itself",
    )  # fmt: skip
    receipt.add_argument("receipt", metavar="RECEIPT", help="a file with its receipt")
    receipt.add_argument("--policy", metavar="FILE", help="the trust policy; required")
    receipt.add_argument(
        "--genesis", metavar="FILE",
        help="the log's first event, if the policy names no receipt key",
    )  # fmt: skip
    receipt.add_argument(
        "--fresh", action="store_true", help="do not ask for the policy's quorum of witnesses"
    )
    receipt.add_argument("--ledger", metavar="HEX", help="the ledger id, if the policy pins none")
    receipt.set_defaults(run=partial(_receipt, policy, read))
    refusal = commands.add_parser(
        "refusal", help="judge again what a ledger refused, and say whether it was right",
        description="Verify a signed refusal and re-run the admission of its event by the entries "
        "that the ledger had then. Exit codes: 0 right, 1 wrong, 3 could not decide.",
    )  # fmt: skip
    refusal.add_argument("refusal", metavar="FILE", help="the refusal, as the ledger signed it")
    add_source(refusal)
    refusal.set_defaults(run=partial(_refusal, audit, read))


def _receipt(policy_of: PolicyOf, read: ReadFile, arguments: argparse.Namespace) -> int:
    from verifier.errors import FalseError, UndecidedError
    from verifier.proof import parse_proof, proven_text, verify_proof
    from verifier.receipt import is_receipt, member_text, require_no_quorum, verify_receipt

    policy, receipt = policy_of(arguments), read(arguments.receipt, MAX_FILE_BYTES)
    event = None if arguments.event is None else read(arguments.event, MAX_FILE_BYTES)
    if not is_receipt(receipt):
        carried = parse_proof(receipt).extra
        if event is not None and carried not in (None, event):
            reason = f"the proof carries another entry than {arguments.event}"
            raise FalseError("proof-false", reason)
        quorum = not arguments.fresh
        _tell(proven_text(verify_proof(receipt, event, policy=policy, require_quorum=quorum)))
        return 0
    if event is None:
        raise UndecidedError("source-missing", "a COSE receipt needs the event (EVENT) beside it")
    genesis = read(arguments.genesis, MAX_FILE_BYTES) if arguments.genesis else None
    member = verify_receipt(receipt, event, policy=policy, genesis=genesis)
    if not arguments.fresh:
        require_no_quorum(policy)
    _tell(member_text(member))
    return 0


def _refusal(audit_of: AuditOf, read: ReadFile, arguments: argparse.Namespace) -> int:
    from verifier.finding import EXIT_FALSE, EXIT_VERIFIED
    from verifier.refusal import Trial, parse_refusal, ruling_text
    from verifier.report import as_json

    trial = Trial(parse_refusal(read(arguments.refusal, MAX_FILE_BYTES)))
    with audit_of(arguments, trial) as audit:
        ruling = trial.hold(audit)
    _tell(as_json(ruling) if arguments.json else ruling_text(ruling))
    return EXIT_VERIFIED if ruling.right else EXIT_FALSE


def _tell(text: str) -> None:
    from verifier.report import inert

    print("\n".join(map(inert, text.split("\n"))), flush=True)
