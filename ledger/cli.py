"""The ledger's commands of ``pledgebook``; ``projections/cli.py`` mounts them.

Exit codes: 0 done · 1 refused or not so · 2 usage · 3 could not decide. Modules are imported inside
the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.beside import cli as beside
from ledger.telling import FILE, at_option, policy_option, telling_errors

if TYPE_CHECKING:
    from datetime import date

    from ledger.http.wire import SubjectReply
    from verifier.policy import Policy
    from verifier.rules.ahead import Step

__all__ = ["COMMANDS", "FILE", "telling_errors"]

FOLDER: Final = click.Path(path_type=Path, file_okay=False)
COUNT: Final = click.IntRange(1, 20)
MAX_PAYLOAD_BYTES: Final = 1 << 20


@click.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--origin", required=True, help="The log's name for life, e.g. ledger.example.org/log."
)
@click.option("--roots", type=COUNT, default=3, show_default=True, help="Root principals.")
@click.option(
    "--threshold",
    type=COUNT,
    default=2,
    show_default=True,
    help="Roots that an act of theirs needs.",
)
@click.option("--registry", default="actor-registry", show_default=True, help="Actor id.")
@click.option("--clock", type=click.Choice(["real", "stated"]), default="real", show_default=True)
@telling_errors
def init(folder: Path, origin: str, roots: int, threshold: int, registry: str, clock: Any) -> None:
    """Found a ledger in FOLDER: keys, genesis, registry, guidelines, trust policy.

    The keys are encrypted with PLEDGEBOOK_PASSPHRASE.
    """
    from ledger.errors import LedgerError
    from ledger.founding import Founding, found_folder
    from ledger.signer import read_passphrase

    if folder.exists() and any(folder.iterdir()):
        raise LedgerError("config-invalid", f"{folder} is not empty", hint="Name a new folder.")
    if threshold > roots:
        raise click.UsageError(f"a threshold of {threshold} needs as many roots")
    if not re.fullmatch(r"actor-[a-z0-9][a-z0-9._:-]{0,40}", registry):
        raise click.UsageError(f"{registry!r} is not an actor id, such as actor-registry")
    if not re.fullmatch(r"[A-Za-z0-9._~/:-]{3,200}", origin):
        raise click.UsageError(f"{origin!r} is not a log's name, such as ledger.example.org/log")
    founding = Founding(
        origin=origin, clock=clock, roots=roots, threshold=threshold, registry=registry,
        service=f"{registry}-service",
    )  # fmt: skip
    ledger_id = asyncio.run(found_folder(folder, founding, read_passphrase(None)))
    click.echo(f"ledger   {ledger_id.hex()}")
    click.echo(f"policy   {folder / 'policy.txt'}: hand it to auditors by another way than the log")
    click.echo(
        f"keys     {folder / 'keys'}: move the roots' keys to their owners, off this machine"
    )
    click.echo(f"next     pledgebook serve {folder}")


@click.group()
def key() -> None:
    """Make and show signing keys."""


@key.command("new")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@telling_errors
def key_new(path: Path) -> None:
    """Make an Ed25519 key in PATH, encrypted with PLEDGEBOOK_PASSPHRASE."""
    from ledger.signer import FileSigner, read_passphrase

    _show_key(FileSigner.create(path, read_passphrase(None)).public_key())


@key.command("show")
@click.argument("path", type=FILE)
@telling_errors
def key_show(path: Path) -> None:
    """Show the public key and thumbprint of the key in PATH."""
    from ledger.signer import FileSigner, read_passphrase

    _show_key(FileSigner.load(path, read_passphrase(None)).public_key())


def _show_key(public: bytes) -> None:
    from verifier.keys import thumbprint

    click.echo(f"public   {public.hex()}\nkid      {thumbprint(public).hex()}")


@click.command()
@click.argument("payload", type=FILE)
@click.option("--as", "actor", required=True, help="The actor that signs.")
@click.option("--key", "key_path", type=FILE, required=True, help="Its key file.")
@click.option("--stream", required=True, help="The stream, e.g. p-000123/report/2026.")
@click.option("--type", "type_", required=True, help="The event type, e.g. ReportSubmitted/1.")
@click.option("--dry-run", is_flag=True, help="Ask whether it would be admitted; record nothing.")
@click.option(
    "--receipt", type=click.Path(path_type=Path, dir_okay=False), help="Where to keep the receipt."
)
@click.option(
    "--refusal", type=click.Path(path_type=Path, dir_okay=False),
    help="Where to keep the signed refusal, should the rules refuse.",
)  # fmt: skip
@at_option
@policy_option
@telling_errors
def submit(
    payload: Path,
    actor: str,
    key_path: Path,
    stream: str,
    type_: str,
    dry_run: bool,
    receipt: Path | None,
    refusal: Path | None,
    address: str,
    policy_path: Path,
) -> None:
    """Sign the JSON in PAYLOAD as an event and submit it (byte strings as base64)."""
    from ledger.client import DeclinedError, LedgerClient
    from ledger.signer import FileSigner, read_passphrase

    statement = _statement(payload, stream, type_)
    signer = FileSigner.load(key_path, read_passphrase(None))
    policy = _read_policy(policy_path)

    async def run() -> int:
        from ledger.author import Author

        async with LedgerClient(address, policy=policy) as client:
            author = Author(actor, signer, ledger_id=policy.ledger)
            if dry_run:
                return await _ask(client, author, statement)
            try:
                recorded = await client.append(author, statement)
            except DeclinedError as error:
                if refusal is not None and error.problem.refusal is not None:
                    await asyncio.to_thread(refusal.write_bytes, error.problem.refusal)
                raise
            if receipt is not None:
                await asyncio.to_thread(receipt.write_bytes, recorded.receipt)
            click.echo(f"recorded at {recorded.index}: {recorded.event.id.hex()}")
            return 0

    sys.exit(asyncio.run(run()))


def _statement(payload: Path, stream: str, type_: str) -> Any:
    import msgspec

    from ledger.author import Statement
    from verifier.errors import MalformedError, UndecidedError
    from verifier.rules.table import EVENTS

    if type_ not in EVENTS:
        raise UndecidedError("event-type-unknown", f"{type_}; reference/events lists them all")
    with payload.open("rb") as file:
        data = file.read(MAX_PAYLOAD_BYTES)
    try:
        return Statement.of(stream, msgspec.json.decode(data, type=EVENTS[type_]))
    except msgspec.DecodeError as error:
        raise MalformedError("event-fields", f"{payload}: {error}") from None


async def _ask(client: Any, author: Any, statement: Any) -> int:
    await client.prefetch(author, [statement.stream])
    seen = await client.seen() if statement.needs_seen else None
    answer = await client.dry_run(author.sign(statement, seen=seen))
    if answer.admissible:
        click.echo("it would be admitted now")
        return 0
    click.echo("it would be refused:")
    for unmet in answer.unmet:
        click.echo(f"  {unmet.rule}: {unmet.reason}")
        if unmet.hint:
            click.echo(f"      {unmet.hint}")
    return 1


@click.command("next")
@click.argument("subject", required=False)
@click.option("--open-cases", is_flag=True, help="Of every subject with an open removal case.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="As of a later day.")
@click.option("--json", "as_json", is_flag=True, help="JSON Lines, one for each subject.")
@at_option
@policy_option
@telling_errors
def next_(
    subject: str | None,
    open_cases: bool,
    day: datetime | None,
    as_json: bool,
    address: str,
    policy_path: Path,
) -> None:
    """Say what may happen next to SUBJECT: when, and who must act.

    Without SUBJECT it is said of every subject that has an open removal case.
    """
    from ledger.client import LedgerClient

    if subject and open_cases:
        raise click.UsageError("take SUBJECT or --open-cases")
    policy = _read_policy(policy_path)
    as_of = datetime.now(UTC).date() if day is None else day.date()
    tell = _tell_json if as_json else _tell_next

    async def run() -> int:
        async with LedgerClient(address, policy=policy) as client:
            subjects = [subject] if subject else await client.open_cases()
            for one in subjects:
                tell(await client.subject(one, day=as_of), as_of)
            return len(subjects)

    if not asyncio.run(run()) and not as_json:
        click.echo("no removal case is open")


def _tell_next(reply: SubjectReply, as_of: date) -> None:
    day = f"{as_of.day} {as_of:%B %Y}"
    click.echo(f"{reply.subject}, as of {day}, or of the log's time if that is later:")
    if not reply.ahead:
        click.echo("no procedure is under way here, and none can begin")
    for step in reply.ahead:
        click.echo(_step(step))


def _tell_json(reply: SubjectReply, as_of: date) -> None:
    from ledger.http.wire import encode_json

    line = {"subject": reply.subject, "size": reply.size, "as_of": as_of, "ahead": reply.ahead}
    click.echo(encode_json(line))


def _step(step: Step) -> str:
    """Return one step in words: «not yet lawful: …; earliest 14 March 2027; it is for … to act»."""
    who = f"it is for {' or '.join(step.who)} to act"
    due = f"; it is about what is due {step.due}" if step.due else ""
    due += f"; in time until {step.latest}" if step.latest else ""
    if step.lawful:
        return f"{step.type} on {step.stream}: lawful now{due}; {who}"
    missing = "; ".join(unmet.reason for unmet in step.unmet)
    earliest = ""
    if step.earliest is not None:
        moment = datetime.fromtimestamp(step.earliest, UTC)
        earliest = f"; earliest {moment.day} {moment:%B %Y}"
    return f"{step.type} on {step.stream}: not yet lawful: {missing}{earliest}{due}; {who}"


@click.command("import")
@click.argument("source")
@click.argument("folder", type=FOLDER, required=False)
@click.option("--office", required=True, help="The registry office in whose name it is imported.")
@click.option("--service", required=True, help="The registry service that signs.")
@click.option("--keys", type=FOLDER, required=True, help="The folder of both actors' key files.")
@at_option
@policy_option
@telling_errors
def import_(
    source: str,
    folder: Path | None,
    office: str,
    service: str,
    keys: Path,
    address: str,
    policy_path: Path,
) -> None:
    """Import another register: SOURCE is one of ogp, ogp-status, un-ocean."""
    from ledger.client import LedgerClient
    from ledger.errors import LedgerError
    from ledger.founding import ActorKeys
    from ledger.importers import IMPORTERS
    from ledger.importers.run import import_source
    from ledger.signer import read_passphrase
    from ledger.stage import Stage

    if source not in IMPORTERS:
        raise LedgerError("import-source", f"{source}: known are {', '.join(IMPORTERS)}")
    policy = _read_policy(policy_path)
    signers = ActorKeys(keys, read_passphrase(None))

    async def run() -> int:
        async with LedgerClient(address, policy=policy) as client:
            stage = Stage(client, signers, ledger_id=policy.ledger)
            return await import_source(stage, source, giver=office, service=service, folder=folder)

    click.echo(f"{asyncio.run(run()):,} events recorded; {IMPORTERS[source].licence}")


@click.command()
@at_option
@telling_errors
def status(address: str) -> None:
    """Say whether a service takes events, and where its log stands."""
    import json
    import urllib.error
    import urllib.request

    from verifier.errors import UndecidedError

    for path in ("/-/readyz", "/checkpoint"):
        try:
            request = urllib.request.urlopen(address + path, timeout=10)  # noqa: S310 - the operator names it
        except urllib.error.HTTPError as error:
            request = error
        except (urllib.error.URLError, ValueError, OSError) as error:
            raise UndecidedError("source-unreadable", f"{address}: {error}") from None
        with contextlib.closing(request) as response:
            text = response.read(1 << 20).decode(errors="replace")
        if path == "/-/readyz":
            try:
                told = dict(json.loads(text))
            except (ValueError, TypeError):
                raise UndecidedError("source-unreadable", f"{address} is no ledger") from None
            for name, value in told.items():
                click.echo(f"{name:<10} {value}")
        else:
            click.echo(f"checkpoint {' '.join(text.splitlines()[:3])}")


@click.command()
@click.argument("source")
@click.argument("out", type=FOLDER)
@telling_errors
def publish(source: str, out: Path) -> None:
    """Write the log of SOURCE (a ledger folder or an address) as static files to OUT.

    Only what is new is written, the checkpoint last; any file server can serve the folder.
    """
    from ledger.static import publish as write

    with _source(source) as log:
        before, after = write(log, out)
    click.echo(f"{out}: from {before:,} to {after:,} entries")


@click.command()
@click.argument("subject")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@at_option
@policy_option
@telling_errors
def bundle(subject: str, out: Path, address: str, policy_path: Path) -> None:
    """Write the evidence bundle of SUBJECT to OUT: all of it, and all that it rests on.

    It is verified by the trust policy before it is written.
    """
    import urllib.error
    import urllib.parse
    import urllib.request

    from verifier.archive import MAX_ARCHIVE_BYTES
    from verifier.bundle import told, verify_bundle
    from verifier.errors import UndecidedError

    policy = _read_policy(policy_path)
    url = f"{address}/bundle/{urllib.parse.quote(subject, safe='')}"
    try:
        with urllib.request.urlopen(url, timeout=300) as response:  # noqa: S310 - the reader names it
            data = response.read(MAX_ARCHIVE_BYTES + 1)
    except (urllib.error.URLError, ValueError, OSError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise UndecidedError("source-unreadable", f"{url}: {error}") from None
    found = verify_bundle(data, policy=policy)
    if found.subject != subject:
        raise UndecidedError("source-unreadable", f"{address} answered with {found.subject}")
    out.write_bytes(data)
    click.echo(told(found, policy))


@contextlib.contextmanager
def _source(text: str) -> Any:
    """Open a ledger folder with its keys, or any published log."""
    from ledger.application import Ledger
    from ledger.config import load_settings
    from ledger.source import LedgerSource
    from verifier.sources import open_source

    folder = Path(text)
    if not (folder / "ledger.db").exists():
        source = open_source(text)
        yield source
        source.close()
        return
    ledger = Ledger.open(folder, settings=load_settings(folder))
    try:
        yield LedgerSource(ledger)
    finally:
        ledger.close()


def _read_policy(path: Path) -> Policy:
    from verifier.policy import parse_policy

    return parse_policy(path.read_bytes())


COMMANDS: Final[tuple[click.Command, ...]] = (
    init,
    key,
    submit,
    next_,
    import_,
    status,
    publish,
    bundle,
    *beside.COMMANDS,
)
key.add_command(beside.sealing_key)
