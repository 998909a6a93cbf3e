"""The commands of ``pledgebook`` for attachments and sealed reports.

What is read from a log is checked before it is believed: an attachment by its name, a sealed report
by the commitment of the event whose receipt is given.
"""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.telling import FILE, at_option, policy_option, telling_errors

if TYPE_CHECKING:
    from ledger.beside.sealing import Opened

__all__ = ["COMMANDS", "sealing_key"]

NEW: Final = click.Path(path_type=Path, dir_okay=False)
MAX_REPORT_BYTES: Final = 1 << 20
TIMEOUT_S: Final = 60.0


@click.group()
def attachment() -> None:
    """Make, store and fetch attachments, which stand beside the log."""


@attachment.command("new")
@click.argument("file", type=FILE)
@click.argument("out", type=NEW)
@telling_errors
def attachment_new(file: Path, out: Path) -> None:
    """Make the object OUT from FILE, and show the name by which an event refers to it."""
    import secrets

    from verifier.blob import MAX_BLOB_BYTES, SALT_BYTES, blob_name
    from verifier.errors import MalformedError

    stored = secrets.token_bytes(SALT_BYTES) + file.read_bytes()
    if len(stored) > MAX_BLOB_BYTES:
        raise MalformedError("blob-name", f"{file} has more than {MAX_BLOB_BYTES:,} bytes")
    _write(out, stored)
    name = blob_name(stored)
    click.echo(f"name     {name.hex()}\nbase64   {base64.b64encode(name).decode()}")


@attachment.command("put")
@click.argument("stored", metavar="OBJECT", type=FILE)
@click.option("--event", required=True, help="The id of an event on record that refers to it.")
@at_option
@telling_errors
def attachment_put(stored: Path, event: str, address: str) -> None:
    """Store OBJECT with the ledger; it is durable when the command returns."""
    from verifier.blob import blob_name, blob_path, read_name
    from verifier.errors import RefusedError, UndecidedError

    data = stored.read_bytes()
    url = f"{address.rstrip('/')}/{blob_path(blob_name(data))}?event={read_name(event).hex()}"
    headers = {"Content-Type": "application/octet-stream"}
    request = urllib.request.Request(url, data=data, headers=headers, method="PUT")  # noqa: S310 - the user names the service
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - as above
            new = answer.status == 201
    except urllib.error.HTTPError as error:
        with error:
            told = _problem(error.read(1 << 16))
        raise RefusedError(told.get("code", "T-request"), told.get("detail", str(error))) from None
    except (urllib.error.URLError, OSError) as error:
        raise UndecidedError("source-unreadable", f"{address}: {error}") from None
    click.echo("stored" if new else "it was stored before")


def _problem(body: bytes) -> dict[str, str]:
    try:
        return {str(key): str(value) for key, value in dict(json.loads(body)).items()}
    except (ValueError, TypeError):
        return {}


@attachment.command("get")
@click.argument("name")
@click.argument("out", type=NEW)
@click.option("--from", "source", required=True, help="A folder, or an http(s) address.")
@telling_errors
def attachment_get(name: str, out: Path, source: str) -> None:
    """Fetch the attachment NAME, check it against its name, and write its content to OUT."""
    from contextlib import closing

    from verifier.blob import content_of, read_name
    from verifier.sources import open_source

    wanted = read_name(name)
    with closing(open_source(source)) as log:
        content = content_of(wanted, log.blob(wanted))
    _write(out, content)
    click.echo(f"{out}: {len(content):,} bytes, as named")


@click.command("sealing")
@click.argument("path", type=NEW)
@telling_errors
def sealing_key(path: Path) -> None:
    """Make a key in PATH that opens sealed reports; its public line goes to PATH.pub.

    It is encrypted with PLEDGEBOOK_PASSPHRASE.
    """
    from ledger.beside.sealing import SealingKey
    from ledger.signer import read_passphrase

    key = SealingKey.generate()
    key.save(path, read_passphrase(None))
    _write(path.with_name(path.name + ".pub"), f"{key.recipient}\n".encode())
    click.echo(f"public   {path}.pub\nkid      {key.recipient.thumbprint.hex()}")


@click.command()
@click.argument("report", type=FILE)
@click.argument("out", type=NEW)
@click.option(
    "--to",
    "recipients",
    type=FILE,
    multiple=True,
    required=True,
    help="The public line of a recipient; repeatable. Name yourself to disclose later.",
)
@telling_errors
def seal(report: Path, out: Path, recipients: tuple[Path, ...]) -> None:
    """Seal the JSON in REPORT into the object OUT, and write its payload beside it (OUT.json).

    Submit the payload as ReportSealed/1, then store the object.
    """
    from ledger.beside.sealing import Recipient
    from ledger.beside.sealing import seal as seal_report

    parsed = [Recipient.parse(path.read_text("utf-8")) for path in recipients]
    sealed = seal_report(_read_report(report), parsed)
    _write(out, sealed.stored)
    payload = {
        "root": _base64(sealed.root),
        "leaves": sealed.leaves,
        "sealed": _base64(sealed.name),
        "recipients": [_base64(thumbprint) for thumbprint in sealed.recipients],
    }
    _write(out.with_name(out.name + ".json"), json.dumps(payload, indent=1).encode() + b"\n")
    click.echo(f"name     {sealed.name.hex()}\nroot     {sealed.root.hex()}")


def _read_report(path: Path) -> dict[str, Any]:
    from verifier.errors import MalformedError

    with path.open("rb") as file:
        data = file.read(MAX_REPORT_BYTES)
    try:
        report = json.loads(data)
    except ValueError as error:
        raise MalformedError("sealed-malformed", f"{path}: {error}") from None
    if not isinstance(report, dict):
        raise MalformedError("sealed-malformed", f"{path} holds no JSON object")
    return report


key_option = click.option(
    "--key", "key_path", type=FILE, required=True, help="A key that opens it."
)
receipt_option = click.option(
    "--receipt", type=FILE, required=True, help="The receipt of the event that committed to it."
)


@click.command("open")
@click.argument("stored", metavar="OBJECT", type=FILE)
@click.argument("out", type=NEW)
@key_option
@receipt_option
@policy_option
@telling_errors
def open_(stored: Path, out: Path, key_path: Path, receipt: Path, policy_path: Path) -> None:
    """Open the sealed report in OBJECT, check it against its commitment, and write it to OUT."""
    from verifier.fieldtree import report_of

    opened = _opened(stored, key_path, receipt, policy_path)
    text = json.dumps(report_of(opened.tree.fields), indent=1, ensure_ascii=False, default=_base64)
    _write(out, text.encode() + b"\n")
    click.echo(f"{out}: {len(opened.tree.fields)} fields, all as committed to")


@click.command()
@click.argument("stored", metavar="OBJECT", type=FILE)
@click.argument("out", type=NEW)
@click.option("--field", "fields", multiple=True, help="A field to show, such as finding/text.")
@click.option("--all", "whole", is_flag=True, help="Show every field, and that these are all.")
@key_option
@receipt_option
@policy_option
@telling_errors
def disclose(
    stored: Path,
    out: Path,
    fields: tuple[str, ...],
    whole: bool,
    key_path: Path,
    receipt: Path,
    policy_path: Path,
) -> None:
    """Write a file that shows chosen fields of a sealed report, for anyone to check."""
    from verifier.disclosure import Disclosure

    if bool(fields) == whole:
        raise click.UsageError("take --all, or one --field or more")
    opened, proof = _opened(stored, key_path, receipt, policy_path), receipt.read_bytes()
    if whole:
        told = Disclosure.of_all(opened.tree, proof, opened.secret)
    else:
        told = Disclosure.of(opened.tree, proof, fields)
    _write(out, told.text())
    click.echo(f"{out}: check it with pledgebook-verify disclosure {out} --policy POLICY")


def _opened(stored: Path, key_path: Path, receipt: Path, policy_path: Path) -> Opened:
    """Open a sealed report as the event of a receipt describes it."""
    from ledger.beside.sealing import SealingKey, open_sealed
    from ledger.signer import read_passphrase
    from verifier.errors import MalformedError
    from verifier.event import parse
    from verifier.policy import parse_policy
    from verifier.proof import verify_proof
    from verifier.rules import admission
    from verifier.rules.sealed import ReportSealed

    policy = parse_policy(policy_path.read_bytes())
    proven = verify_proof(receipt.read_bytes(), None, policy=policy, require_quorum=False)
    body = admission.read_body(parse(proven.entry))
    if not isinstance(body, ReportSealed):
        raise MalformedError("sealed-malformed", f"{receipt} is the receipt of a {body.TYPE}")
    key = SealingKey.load(key_path, read_passphrase(None))
    return open_sealed(
        stored.read_bytes(), key, name=body.sealed, root=body.root, leaves=body.leaves
    )


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)


COMMANDS: Final[tuple[click.Command, ...]] = (attachment, seal, open_, disclose)
