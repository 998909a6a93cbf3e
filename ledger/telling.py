"""What the ledger's commands have in common: errors told plainly, and where the service is.

Modules are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

__all__ = ["FILE", "at_option", "policy_option", "telling_errors"]

FILE: Final = click.Path(path_type=Path, dir_okay=False, exists=True)
SERVICE: Final = "http://127.0.0.1:8080"


def telling_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command that tells errors with code and hint instead of a traceback."""

    @functools.wraps(command)
    def told(*args: Any, **kwargs: Any) -> Any:
        from verifier.errors import PledgebookError, UndecidedError

        try:
            return command(*args, **kwargs)
        except OSError as error:  # a port in use, a folder that cannot be written
            click.echo(f"pledgebook: {error}", err=True)
            sys.exit(1)
        except PledgebookError as error:
            click.echo(f"pledgebook: {error}", err=True)
            if error.hint:
                click.echo(f"  hint: {error.hint}", err=True)
            for unmet in getattr(error, "unmet", ()):
                click.echo(f"  {unmet.rule}: {unmet.reason}", err=True)
            sys.exit(3 if isinstance(error, UndecidedError) else 1)

    return told


at_option = click.option(
    "--at",
    "address",
    default=SERVICE,
    show_default=True,
    envvar="PLEDGEBOOK_AT",
    help="The ledger service.",
)
policy_option = click.option(
    "--policy",
    "policy_path",
    type=FILE,
    required=True,
    envvar="PLEDGEBOOK_POLICY",
    help="The trust policy.",
)
