"""The commands that verify what was handed on: ``register`` and ``bundle``.

Modules are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verifier.policy import Policy

__all__ = ["add_commands"]

ReadFile = Callable[[str, int], bytes]
"""Reads a file up to one byte more than a bound."""


def add_commands(
    commands: argparse._SubParsersAction[Any], *,
    policy: Callable[[argparse.Namespace], Policy], read: ReadFile,
) -> None:  # fmt: skip
    """Add both commands; ``policy`` reads the trust policy that they require."""
    register = commands.add_parser(
        "register", help="verify what the register shows of a subject or a stream",
        description="Verify a register proof offline: that these were all the streams of a subject "
        "at a published size of the log, with what it published; or that there was none.",
    )  # fmt: skip
    register.add_argument("proof", metavar="FILE", help="a register proof, as a server gives it")
    register.add_argument(
        "--absent", metavar="STREAM",
        help="require that it shows no such stream; * stands for one segment: p-x/report/*",
    )  # fmt: skip
    register.set_defaults(run=partial(_register, policy, read))
    bundle = commands.add_parser(
        "bundle", help="verify an evidence bundle: all of one subject, and what it rests on",
        description="Verify an evidence bundle offline: every signature, every rule, every event "
        "in the log, and that nothing of its subject is left out.",
    )  # fmt: skip
    bundle.add_argument("bundle", metavar="FILE", help="a bundle, as a ledger makes it")
    bundle.add_argument("--engine", choices=("openssl", "sodium"), help="signature engine")
    bundle.set_defaults(run=partial(_bundle, policy, read))
    for command in (register, bundle):
        command.add_argument("--policy", metavar="FILE", help="the trust policy; required")
        command.add_argument(
            "--ledger", metavar="HEX", help="the ledger id, if the policy pins none"
        )


def _register(
    policy_of: Callable[[argparse.Namespace], Policy], read: ReadFile, arguments: argparse.Namespace
) -> int:
    from verifier.register import (
        MAX_REGISTER_PROOF_BYTES,
        require_absent,
        shown_text,
        verify_register,
    )

    policy = policy_of(arguments)
    data = read(arguments.proof, MAX_REGISTER_PROOF_BYTES)
    shown = verify_register(data, policy=policy)
    if arguments.absent is not None:
        require_absent(shown, arguments.absent)
        _tell(f"ABSENT: no stream {arguments.absent} before entry {shown.size:,}")
    _tell(shown_text(shown, policy))
    return 0


def _bundle(
    policy_of: Callable[[argparse.Namespace], Policy], read: ReadFile, arguments: argparse.Namespace
) -> int:
    from verifier.archive import MAX_ARCHIVE_BYTES
    from verifier.bundle import told, verify_bundle

    policy = policy_of(arguments)
    data = read(arguments.bundle, MAX_ARCHIVE_BYTES)
    _tell(told(verify_bundle(data, policy=policy, engine=arguments.engine), policy))
    return 0


def _tell(text: str) -> None:
    from verifier.report import inert

    print("\n".join(map(inert, text.split("\n"))))
