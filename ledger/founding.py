"""Founding a ledger: its folder, its keys, its genesis, its registry and its guidelines.

1. Keys are made in ``DIR/keys``, encrypted: the log's own, and one for each founding actor below
   ``DIR/keys/actors``. In a real registry every actor makes its own key elsewhere and hands over
   only the public key and its proof of possession.
2. The trust policy is written to ``DIR/policy.txt``: origin, the log's key, the ledger id, the key
   of its COSE receipts. It is for handing to others by another way than the log itself.
3. The service gets an actor, named in ``DIR/ledger.toml``, and the key ``DIR/keys/service.key``.
4. The guidelines that ship with the ledger are issued as events like any other.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from ledger.application import Ledger, Settings
from ledger.client import LedgerClient
from ledger.config import FILE_NAME
from ledger.http import make_app, serving
from ledger.signer import (
    CHECKPOINT_KEY,
    ML_DSA_KEY,
    RECEIPT_KEY,
    REFUSAL_KEY,
    SERVICE_KEY,
    FileSigner,
    MlDsaFileSigner,
    P256FileSigner,
    Signer,
    Signers,
    load_signers,
    ml_dsa_supported,
)
from ledger.stage import Stage
from verifier import note
from verifier.policy import LogKey, Policy, format_policy, parse_policy
from verifier.rules.authority.genesis import LedgerOpened, LogKeys
from verifier.rules.authority.roles import Terms
from verifier.rules.authority.roots import Root
from verifier.rules.book import Body
from verifier.rules.guideline import GuidelineSetIssued
from verifier.rules.table import EVENTS

__all__ = ["ActorKeys", "Founding", "found", "log_policy", "on_stage"]

GUIDELINES: Final = Path(__file__).resolve().parent / "data" / "guidelines-default.json"
POLICY_FILE: Final = "policy.txt"
RULESET: Final = "pledgebook-1"
MANDATE: Final = "A/RES/70/224"


@dataclass(frozen=True, kw_only=True)
class Founding:
    """What a new ledger is to be."""

    origin: str
    clock: Literal["real", "stated"]
    roots: int = 3
    threshold: int = 2
    registry: str = "actor-registry"
    registry_name: str = "Registry"
    service: str = ""
    """The actor of the service itself, which signs the log's upkeep; none where it is empty."""
    demonstration: bool = False
    now: float | None = None

    def root_names(self) -> dict[str, str]:
        """Return the roots' actor ids, each with the principal it counts for."""
        return {f"actor-root-{n}": f"actor-root-{n}-principal" for n in range(1, self.roots + 1)}


@dataclass
class ActorKeys:
    """The founding actors' key files; a key is made when first asked for."""

    folder: Path
    passphrase: str
    elsewhere: Mapping[str, Path] = field(default_factory=dict)
    """Actor -> its key file, where that is not in the folder under the actor's name."""
    _signers: dict[str, FileSigner] = field(default_factory=dict)

    def __call__(self, actor: str) -> FileSigner:
        """Return an actor's signer."""
        if actor not in self._signers:
            path = self.elsewhere.get(actor) or self.folder / f"{actor}.key"
            make = FileSigner.load if path.exists() else FileSigner.create
            self._signers[actor] = make(path, self.passphrase)
        return self._signers[actor]


def make_log_keys(folder: Path, passphrase: str) -> Signers:
    """Make the log's own keys, one for each purpose; ML-DSA-44 where this installation can."""
    keys = folder / "keys"
    if not (keys / CHECKPOINT_KEY).exists():
        FileSigner.create(keys / CHECKPOINT_KEY, passphrase)
        P256FileSigner.create(keys / RECEIPT_KEY, passphrase)
        FileSigner.create(keys / REFUSAL_KEY, passphrase)
        if ml_dsa_supported():
            MlDsaFileSigner.create(keys / ML_DSA_KEY, passphrase)
    return load_signers(keys, passphrase)


def log_policy(origin: str, signers: Signers, ledger: bytes | None, *comments: str) -> bytes:
    """Return the trust policy of a log that no witness cosigns yet."""
    keys = [LogKey(note.VerifierKey(origin, note.ED25519, signers.checkpoint.public_key()))]
    if signers.receipt is not None:
        comments += (f"pledgebook-receipts: {signers.receipt.public_key().hex()}",)
    return format_policy(keys, ledger=ledger, comments=comments)


def _public(signer: Signer | None) -> bytes | None:
    return None if signer is None else signer.public_key()


@asynccontextmanager
async def on_stage(
    ledger: Ledger, policy: Policy, keys: ActorKeys, *, now: float | None = None
) -> AsyncIterator[Stage]:
    """Serve a ledger on a free loopback port and put actors before it."""
    app = make_app(ledger)
    async with (
        serving(app, host="127.0.0.1", port=0) as address,
        LedgerClient(address.url, policy=policy) as client,
    ):
        yield Stage(client, keys, ledger_id=ledger.ledger_id or None, now=now)


async def found(stage: Stage, founding: Founding, signers: Signers) -> None:
    """Open a ledger, set up its registry with two offices, and issue the shipped guidelines."""
    roots = founding.root_names()
    await stage.open(_genesis(stage, founding, signers))
    first = next(iter(roots))
    alone = founding.threshold == 1
    registry, name = founding.registry, founding.registry_name
    second = None if alone else list(roots)[1]
    await stage.register(registry, name, by=first, confirmed_by=second)
    enter = partial(
        stage.register,
        by=first, confirmed_by=None if alone else registry, principal=registry, kind="office",
    )  # fmt: skip
    appoint = partial(stage.appoint, roots=roots, quorum=founding.threshold, mandate=MANDATE)
    for letter in "ab":
        office = f"{registry}-office-{letter}"
        await enter(office, f"{name}, office {letter.upper()}")
        await appoint(office, "registry")
    issuer = f"{registry}-guidelines"
    await enter(issuer, f"{name}, guidelines")
    await appoint(issuer, "guideline_issuer")
    for stream, body in shipped_guidelines(stage.day()):
        await stage.say(issuer, stream, body)
    if founding.service:
        await enter(founding.service, f"{name}, service", kind="machine")
        terms = Terms(role="registry_service", mandate=MANDATE, first_day=stage.day())
        await stage.grant(founding.service, terms, by=f"{registry}-office-a")


def shipped_guidelines(valid_from: str) -> Iterator[tuple[str, Body]]:
    """Yield what ships as (stream, payload): instruments, principles, the set, templates, criteria.

    They are events like any other; an issuer may follow each with a next version.
    """
    shipped: dict[str, Any] = json.loads(GUIDELINES.read_text("utf-8"))
    base = {"stream": f"guidelines/set/{shipped['set']}", "type": GuidelineSetIssued.TYPE,
            "fields": shipped["issued"]}  # fmt: skip
    for document in (*shipped["before"], base, *shipped["after"]):
        fields, body = document["fields"], EVENTS[document["type"]]
        day = {"valid_from": valid_from} if "version" in fields else {}
        yield document["stream"], msgspec.convert(fields | day, body)


def _genesis(stage: Stage, founding: Founding, signers: Signers) -> LedgerOpened:
    roots = founding.root_names()
    return LedgerOpened(
        origin=founding.origin,
        roots=tuple(
            Root(actor, principal, stage.public_key(actor)) for actor, principal in roots.items()
        ),
        quorum=founding.threshold,
        expires=stage.day(90),
        ruleset=RULESET,
        clock=founding.clock,
        anchor_every="P1D",
        register_every="P7D",  # each costs an audit a second at a million streams (ADR 0022)
        log_keys=LogKeys(
            checkpoint=signers.checkpoint.public_key(),
            checkpoint_ml_dsa_44=_public(signers.ml_dsa),
            receipt_p256=_public(signers.receipt),
            refusal=_public(signers.refusal),
        ),
        demonstration=founding.demonstration,
    )


async def found_folder(folder: Path, founding: Founding, passphrase: str) -> bytes:
    """Make a folder's keys and ledger and write its trust policy; return the ledger id."""
    signers = make_log_keys(folder, passphrase)
    own = {founding.service: folder / "keys" / SERVICE_KEY} if founding.service else {}
    keys = ActorKeys(folder / "keys" / "actors", passphrase, own)
    policy = parse_policy(log_policy(founding.origin, signers, None))
    ledger = Ledger.open(folder, settings=Settings(), signers=signers)
    async with on_stage(ledger, policy, keys, now=founding.now) as stage:
        await found(stage, founding, signers)
        ledger_id = ledger.ledger_id
    write_policy(folder, founding, signers, ledger_id)
    if founding.service:
        (folder / FILE_NAME).write_text(f'service_actor = "{founding.service}"\n', "utf-8")
    return ledger_id


def write_policy(folder: Path, founding: Founding, signers: Signers, ledger_id: bytes) -> None:
    """Write the trust policy of a new ledger, with a word on where it came from."""
    words = ["Made by the one who made this ledger. An auditor gets it from a party they trust."]
    if founding.demonstration:
        words.insert(0, "DEMONSTRATION ledger, made on this machine; it vouches for nothing.")
    path = folder / POLICY_FILE
    path.write_bytes(log_policy(founding.origin, signers, ledger_id, *words))
    path.chmod(0o644)
