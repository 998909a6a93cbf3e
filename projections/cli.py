"""The command ``pledgebook``: the composition root, the one file that joins ledger and views.

``serve`` joins the two aiohttp applications in one process (``--only log|pages`` splits them);
``demo`` builds, audits and serves the demonstration. The ledger's own commands are mounted from
``ledger/cli.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.cli import COMMANDS, FILE, FOLDER, telling_errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aiohttp import web

    from ledger.http import Address
    from verifier.policy import Policy
    from verifier.sources import Source

__all__ = ["main"]

VIEWS_PREFIX: Final = "/views"
MAX_PORT: Final = 65_535
DEFAULT_LISTEN: Final = "127.0.0.1:8080"
DEMO_MARK: Final = ".demonstration"
MIRROR_POLICY: Final = "policy.txt"
UNFINISHED: Final = ".demonstration-unfinished"  # the first file of a demo: only then may it go


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option("0.1.0", prog_name="pledgebook")
def main() -> None:
    """Run an accountability ledger: found it, serve it, submit to it, publish it."""


for command in COMMANDS:
    main.add_command(command)


@main.command()
@click.argument("source")
@click.option("--listen", default=DEFAULT_LISTEN, show_default=True, help="HOST:PORT; port 0: any.")
@click.option("--only", type=click.Choice(["log", "pages"]), help="Serve one half alone.")
@click.option(
    "--policy",
    "policy_path",
    type=FILE,
    help="The trust policy; needed by pages of a log elsewhere, DIR/policy.txt otherwise.",
)
@click.option("--state", type=FOLDER, help="Where the views are kept; default SOURCE/views.")
@click.option("--read-only", is_flag=True, help="Serve a mirror: its log and the pages over it.")
@telling_errors
def serve(
    source: str, listen: str, only: str | None, policy_path: Path | None, state: Path | None,
    *, read_only: bool,
) -> None:  # fmt: skip
    """Serve the ledger in the folder SOURCE, with --only pages any published log, or a mirror."""
    if read_only:
        app = _mirror_app(Path(source), policy_path, state)
    elif only == "pages":
        app = _pages_app(source, policy_path, state)
    else:
        app = _ledger_app(Path(source), policy_path, state, pages=only is None)
    _run(app, listen, tell=_serving)


def _run(app: web.Application, listen: str, *, tell: Callable[[Address], None]) -> None:
    """Serve an application until it is told to stop; ``tell`` gets the address."""
    import uvloop

    from ledger.http import serve as serve_app

    host, port = _host_port(listen)
    uvloop.run(serve_app(app, host=host, port=port, ready=tell))


def _serving(address: Address) -> None:
    click.echo(f"serving {address.url}")


def _host_port(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > MAX_PORT:
        raise click.UsageError(f"--listen takes HOST:PORT, not {listen!r}")
    return host.strip("[]"), int(port)


def _ledger_app(
    folder: Path,
    policy_path: Path | None,
    state: Path | None,
    *,
    pages: bool,
    caught_up: bool = False,
) -> web.Application:
    from ledger.application import Ledger
    from ledger.config import load_settings
    from ledger.errors import LedgerError
    from ledger.http import make_app
    from ledger.source import LedgerSource

    if not (folder / "ledger.db").exists():
        raise LedgerError("config-invalid", f"{folder} is not a ledger folder: no ledger.db",
                          hint="Found one with: pledgebook init FOLDER --origin NAME")  # fmt: skip
    ledger = Ledger.open(folder, settings=load_settings(folder))
    app = make_app(ledger)
    if pages:
        policy = _policy(policy_path or folder / "policy.txt")
        _join_pages(
            app, LedgerSource(ledger), policy, state or folder / "views", caught_up=caught_up
        )
    return app


def _pages_app(source: str, policy_path: Path | None, state: Path | None) -> web.Application:
    from aiohttp import web

    from verifier.sources import open_source

    if policy_path is None or state is None:
        raise click.UsageError("pages of a log elsewhere need --policy FILE and --state DIR")
    app = web.Application()
    _join_pages(app, open_source(source), _policy(policy_path), state, log_url=source)
    return app


def _mirror_app(folder: Path, policy_path: Path | None, state: Path | None) -> web.Application:
    """Return the application of a copy: its log, and the pages that anyone makes from it."""
    from aiohttp import web

    from projections.web.log_files import add_log_files
    from verifier.sources import FolderSource

    app = web.Application()
    add_log_files(app, folder)
    policy = _policy(policy_path or folder / MIRROR_POLICY)
    _join_pages(app, FolderSource(folder), policy, state or folder / "views")
    return app


@main.command()
@click.argument("source")
@click.argument("folder", type=FOLDER)
@click.option("--policy", "policy_path", type=FILE, help="The trust policy; kept in the mirror.")
@click.option("--every", type=float, help="Go on looking every so many seconds.")
@telling_errors
def mirror(source: str, folder: Path, policy_path: Path | None, every: float | None) -> None:
    """Keep a verified copy of the log of SOURCE in FOLDER; serve it with: serve --read-only FOLDER.

    Nothing is believed: the copy's checkpoint moves when the trust policy accepts the log's, and
    the entries copied lead to its root.
    """
    import shutil
    import time

    from ledger.mirror import mirror as bring_up
    from verifier.sources import open_source

    policy = _policy(policy_path or folder / MIRROR_POLICY)
    folder.mkdir(parents=True, exist_ok=True)
    if policy_path is not None:
        shutil.copyfile(policy_path, folder / MIRROR_POLICY)
    log = open_source(source)
    while True:
        before, after = bring_up(log, folder, policy, tell=_copied)
        click.echo(f"{folder}: from {before:,} to {after:,} entries, verified")
        if every is None:
            return
        time.sleep(every)


def _copied(done: int, total: int) -> None:
    click.echo(f"  {done:,} of {total:,} entries", err=True)


def _join_pages(
    app: web.Application, source: Source, policy: Policy, state: Path, *,
    caught_up: bool = False, log_url: str = "",
) -> None:  # fmt: skip
    """Let the views follow a source while the application runs, ``caught_up`` before it serves."""
    from concurrent.futures import ThreadPoolExecutor

    from projections.feed import Feed
    from projections.runner import Runner
    from projections.views import VIEWS
    from projections.web.app import add_pages

    state.mkdir(parents=True, exist_ok=True)
    executor = ThreadPoolExecutor(2, thread_name_prefix="views")
    runner = Runner(Feed(source, policy=policy, executor=executor), state, VIEWS)
    add_pages(app, runner, prefix=VIEWS_PREFIX, log_url=log_url)

    async def follow(_app: web.Application) -> AsyncIterator[None]:
        if caught_up:
            await asyncio.to_thread(runner.catch_up)
        runner.start()
        yield
        await asyncio.to_thread(runner.close)
        executor.shutdown()

    app.cleanup_ctx.append(follow)


def _policy(path: Path) -> Policy:
    from verifier.errors import PolicyError
    from verifier.policy import parse_policy

    try:
        return parse_policy(path.read_bytes())
    except OSError as error:
        raise PolicyError("policy-unsuitable", f"{path}: {error.strerror}") from None


@main.command()
@click.argument("folder", type=FOLDER, default=Path("demo-ledger"))
@click.option("--listen", default="127.0.0.1:0", show_default=True, help="HOST:PORT; port 0: any.")
@click.option("--no-serve", is_flag=True, help="Build and audit, then stop.")
@telling_errors
def demo(folder: Path, listen: str, no_serve: bool) -> None:
    """Build a demonstration ledger in FOLDER, audit it from outside, and serve it.

    A folder that holds a finished demonstration is audited and served again.
    """
    passphrase_file = folder / "keys" / "passphrase"
    if not (folder / DEMO_MARK).exists():
        _build_demo(folder, passphrase_file)
    from ledger.cli import publish

    publish.callback(str(folder), folder / "published")  # type: ignore[misc]
    _audit_outside(folder)
    if no_serve:
        return
    app = _ledger_app(folder, None, None, pages=True, caught_up=True)
    _run(app, listen, tell=lambda address: _invite(address, folder))


def _build_demo(folder: Path, passphrase_file: Path) -> None:
    import secrets

    from ledger.demonstration.build import build
    from ledger.errors import LedgerError

    if folder.exists() and any(folder.iterdir()):
        if not (folder / UNFINISHED).exists():
            raise LedgerError("demo-folder", f"{folder} holds something that is not a demo")
        shutil.rmtree(folder)  # an earlier demo that was stopped half-way
    folder.mkdir(parents=True, exist_ok=True)
    (folder / UNFINISHED).write_text("Made by a demonstration that has not finished.\n")
    passphrase_file.parent.mkdir(mode=0o700)
    passphrase = secrets.token_hex(16)
    passphrase_file.write_text(passphrase)
    passphrase_file.chmod(0o600)
    relative = passphrase_file.relative_to(folder)
    (folder / "ledger.toml").write_text(f'passphrase_file = "{relative}"\n')
    size = asyncio.run(build(folder, passphrase, lambda text: click.echo(f"  {text}")))
    (folder / DEMO_MARK).write_text("A demonstration ledger; remove the folder when done.\n")
    (folder / UNFINISHED).unlink()
    click.echo(f"  {size:,} entries on record")


def _audit_outside(folder: Path) -> None:
    """Run the verifier as a process of its own, which knows the folder and the policy only."""
    click.echo("\nAuditing the published log with the verifier, as a separate process:\n")
    command = [
        sys.executable,
        "-m",
        "verifier",
        "audit",
        str(folder / "published"),
        "--policy",
        str(folder / "policy.txt"),
    ]
    done = subprocess.run(command, check=False)  # noqa: S603 - our own interpreter and files
    if done.returncode:
        sys.exit(done.returncode)


def _invite(address: Address, folder: Path) -> None:
    verify = Path(sys.executable).with_name("pledgebook-verify")
    with contextlib.suppress(ValueError):
        verify = verify.relative_to(Path.cwd())
    pledgebook = verify.with_name("pledgebook")
    click.echo(
        f"\nserving {address.url}   (demonstration; Ctrl-C stops)\n\n"
        "Open it in a browser; each page has its JSON beside it:\n\n"
        f"  the register  {address.url}/en/register?q=parliament\n"
        f"  as of a day   {address.url}/en/register/imported:ogp:tto?as_of=2019-06-01\n"
        f"  the story     {address.url}/en/register/p-demo-forest\n\n"
        "Check it from outside, in a second terminal:\n\n"
        f"  {verify} audit {address.url} --policy {folder / 'policy.txt'}\n\n"
        f"Ask what may happen next:  {pledgebook} next p-demo-water --at {address.url} "
        f"--policy {folder / 'policy.txt'}\n\n"
        "This trust policy was made on this machine a moment ago: you are trusting yourself.\n"
        "A real auditor gets it from a party they trust, never from the server."
    )


if __name__ == "__main__":
    main()
