"""A whole registry in memory: it signs, admits and records like the real one, and can misbehave.

Not a mock: events are signed with real keys and admitted by the verifier's own rules. Keys come
from names, so that every run makes the same bytes. ``force`` records what the rules refuse, as an
operator who holds the log's key could.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.harness import seen
from verifier import encoding, note, tiles
from verifier.event import Draft, Event, Seen, sign
from verifier.keys import thumbprint
from verifier.rules import admission
from verifier.rules.authority.keys import possession_statement
from verifier.rules.authority.offices import APPOINTS
from verifier.rules.authority.roots import Roots
from verifier.rules.authority.seats import BY_DECISION
from verifier.rules.authority.state import Confirmed, Grant, Key
from verifier.rules.body.state import Session
from verifier.rules.book import Body, Book, Entry, Refused, Subject
from verifier.rules.table import EVENTS
from verifier.tree import Frontier, leaf_hash, node_hash

PLACE_RULES = frozenset({"AD4", "AD6", "AD7"})
ORIGIN = "registry.example.org/log"


def secret(name: str) -> Ed25519PrivateKey:
    """Return the private key that belongs to a name in tests."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def public(name: str) -> bytes:
    """Return the raw public key that belongs to a name in tests."""
    return secret(name).public_key().public_bytes_raw()


def seconds(day: str) -> int:
    """Return noon UTC of a day as log time."""
    d = date.fromisoformat(day)
    return int(datetime(d.year, d.month, d.day, 12, tzinfo=UTC).timestamp())


@dataclass
class Registry:
    """The log, the book and the keys of everyone in a scenario."""

    now: int = field(default_factory=lambda: seconds("2024-01-15"))
    events: list[Event] = field(default_factory=list)
    roots: list[bytes] = field(default_factory=list)
    frontier: Frontier = field(default_factory=Frontier)
    keys: dict[str, str] = field(default_factory=dict)
    """Actor -> name of the key it signs with, where it is not the actor's own name."""

    def __post_init__(self) -> None:
        self.roots.append(self.frontier.root())
        self.book = Book(lambda size: self.roots[size])

    def on(self, day: str) -> Registry:
        """Move log time to noon of a day."""
        self.now = seconds(day)
        return self

    def sign(self, actor: str, stream: str, type_: str, **fields: Any) -> Event:
        """Sign an event that continues its stream as the book knows it."""
        options = {k: fields.pop(k) for k in ("seq", "prev", "iat", "seen", "ledger", "key")
                   if k in fields}  # fmt: skip
        name = type_ if "/" in type_ else type_ + "/1"
        head = self.book.subject(stream.partition("/")[0]).heads.get(stream)
        key = options.pop("key", self.keys.get(actor, actor))
        size = len(self.events)
        statement = {
            "seq": 0 if head is None else head.seq + 1,
            "prev": None if head is None else head.id,
            "iat": self.now,
            "ledger": self.book.ledger,
            "seen": Seen(size, self.roots[size]) if EVENTS[name].DECISION else None,
        } | options
        payload = encoding.encode(msgspec.to_builtins(fields, builtin_types=(bytes,)))
        draft = Draft(
            kid=thumbprint(public(key)), iss=actor, stream=stream, type=name,
            payload=payload, **statement,
        )  # fmt: skip
        return sign(draft, secret(key).sign)

    def entry(self, event: Event) -> Entry:
        """Admit an event without recording it; raises as the rules say."""
        try:
            entry = admission.admit(event, admission.read_body(event), self.book)
        except Refused as error:
            seen.refused(error)
            raise
        seen.admitted(event)
        return entry

    def append(self, actor: str, stream: str, type_: str, **fields: Any) -> Entry:
        """Sign, admit and record an event."""
        return self.add(self.sign(actor, stream, type_, **fields))

    def add(self, event: Event) -> Entry:
        """Admit and record a signed event."""
        entry = self.entry(event)
        self._record(entry)
        return entry

    def force(self, event: Event) -> Entry:
        """Record an event that the rules refuse."""
        body = admission.read_body(event)
        entry = Entry(len(self.events), event, body, max(self.book.time, event.iat))
        self._record(entry)
        return entry

    def smuggle(self, event: Event) -> set[str]:
        """Put into the log what the rules refuse; return the rules that it breaks.

        As in an audit it does not take effect, unless its place alone is wrong; what comes later on
        its stream continues it.
        """
        try:
            self.entry(event)
        except Refused as refusal:
            broken = {unmet.rule for unmet in refusal.unmet}
        else:
            raise AssertionError(f"{event.type} on {event.stream} breaks no rule")
        if broken <= PLACE_RULES:
            self.force(event)
            return broken
        self.book.pass_over(event)
        self._append(event)
        return broken

    def _record(self, entry: Entry) -> None:
        admission.record(entry, self.book)
        self._append(entry.event)

    def _append(self, event: Event) -> None:
        self.events.append(event)
        self.frontier.append(event.id)
        self.roots.append(self.frontier.root())

    def subject(self, name: str) -> Subject:
        """Return a subject's state."""
        return self.book.subject(name)

    # The cast.

    def open(self, roots: tuple[str, ...] = ("actor-root-a", "actor-root-b"), threshold: int = 2,
             **fields: Any) -> Registry:  # fmt: skip
        """Open the ledger and endorse it by all its roots."""
        values: dict[str, Any] = {
            "origin": ORIGIN,
            "roots": [{"actor": r, "principal": f"{r}-org", "public": public(r)} for r in roots],
            "quorum": threshold, "expires": self.day(30), "ruleset": "pledgebook-1",
            "clock": "stated", "anchor_every": "P1D",
            "register_every": "P50Y",  # most stories have no service that could publish it
            "log_keys": {"checkpoint": public("log")},
        }  # fmt: skip
        genesis = self.append(roots[0], "ledger/genesis", "LedgerOpened", **(values | fields))
        for r in roots:
            self.endorse(r, genesis, f"{r}-org")
        return self

    def day(self, ahead: int = 0) -> str:
        """Return the day of the scenario's log time, some days ahead."""
        return datetime.fromtimestamp(self.now + ahead * 86_400, UTC).date().isoformat()

    def endorse(self, actor: str, proposal: Entry, organization: str, **fields: Any) -> Entry:
        """Endorse a proposal."""
        subject, _, local = proposal.event.stream.partition("/")
        stream = f"{subject}/endorsement/{local.replace('/', ':')}/{actor}"
        return self.append(actor, stream, "Endorsed", proposal=ref(proposal),
                           organization=organization, **fields)  # fmt: skip

    def enlist(self, actor: str, by: str = "actor-root-a", *, kind: str = "organization",
               principal: str | None = None, stakeholder_type: str = "un_entity",
               **fields: Any) -> Registry:  # fmt: skip
        """Register an actor, enrol its key and have it confirmed."""
        self.append(by, f"{actor}/profile", "ActorRegistered", kind=kind,
                    name=[{"lang": "en", "text": actor.removeprefix("actor-")}],
                    principal=principal or actor, stakeholder_type=stakeholder_type,
                    **fields)  # fmt: skip
        self.enrol(actor, by=by)
        if self.book.thing(actor, "confirmed", Confirmed) is None:
            self.confirm(actor, principal or actor, but=by)
        return self

    def confirm(self, actor: str, organization: str, *, but: str = "", by: str = "") -> Entry:
        """Confirm an actor by its organization if that holds a key, else by another registrar."""
        key = next(k for k in self.book.subject(actor).all(Key) if k.ended is None)
        able = organization != actor and any(
            k.ended is None for k in self.book.subject(organization).all(Key)
        )
        roots = self.book.thing("ledger", "roots", Roots)
        others = [r.actor for r in roots.members if r.actor != but] if roots else []
        return self.append(
            by or (organization if able else others[-1]), f"{actor}/profile", "ActorConfirmed",
            organization=organization, kid=thumbprint(key.public),
        )  # fmt: skip

    def enrol(self, actor: str, *, by: str, key: str | None = None) -> Entry:
        """Enrol a key to an actor."""
        return self.append(
            by, f"{actor}/keys", "KeyEnrolled", **self.possession(actor, key or actor)
        )

    def possession(self, actor: str, key: str, *, stream: str = "") -> dict[str, bytes]:
        """Return the fields of a new key: its bytes and its proof of possession."""
        stream = stream or f"{actor}/keys"
        head = self.book.subject(actor).heads.get(stream)
        statement = possession_statement(
            ledger=self.book.ledger or b"", actor=actor, kid=thumbprint(public(key)), stream=stream,
            seq=0 if head is None else head.seq + 1, prev=None if head is None else head.id,
        )  # fmt: skip
        return {"public": public(key), "pop": secret(key).sign(statement)}

    def appoint(
        self, actor: str, role: str,
        roots: tuple[str, ...] = ("actor-root-a", "actor-root-b"), *, local: str = "", **terms: Any,
    ) -> Registry:  # fmt: skip
        """Give a role by the roots' threshold."""
        local = local or role.replace("_", "-")
        proposal = self.append(
            roots[0], f"{actor}/appointment/{local}", "AppointmentProposed",
            terms={"role": role, "mandate": "A/RES/70/224", "first_day": self.day()} | terms,
            quorum=len(roots), expires=self.day(30),
        )  # fmt: skip
        for r in roots:
            self.endorse(r, proposal, f"{r}-org")
        return self

    def grant(self, actor: str, role: str, by: str, depth: int = 2, **terms: Any) -> Registry:
        """Give a role by a holder of a role that may, and as its body decides where one does."""
        stated = {"role": role, "mandate": "A/RES/70/224", "first_day": self.day()} | terms
        basis = self.basis(by, role)
        if role in BY_DECISION:
            basis["decision"] = self.decide_seat(actor, role, by, terms=stated)
        stream = self.free(f"{actor}/role/{role.replace('_', '-')}")
        self.append(by, stream, "RoleGranted", depth=depth, terms=stated, **basis)
        return self

    def dismiss(self, actor: str, role: str, by: str) -> Entry:
        """Take back a role that a body fills, as the body decides."""
        held = next(g for g in self.subject(actor).all(Grant)
                    if g.role == role and g.withdrawn is None)  # fmt: skip
        return self.append(
            by, self.free(f"{actor}/withdrawal/{role.replace('_', '-')}"), "RoleWithdrawn",
            grant=msgspec.to_builtins(held.ref, builtin_types=(bytes,)), reason="E/2024/9",
            decision=self.decide_seat(actor, role, by, "dismiss"),
        )  # fmt: skip

    def decide_seat(
        self, holder: str, role: str, by: str, result: str = "appoint", *, body: str = "",
        **item: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """Let a secretary's body decide on a seat, today; return the reference to the decision."""
        scopes = (g.scope for g in self.subject(by).all(Grant) if g.role == "body_secretary")
        named = [name for scope in scopes if scope for name in scope.subjects or ()]
        body = body or named[0]
        president = next(
            subject.id for subject in self.book.subjects.values() for g in subject.all(Grant)
            if g.role == "presiding_officer" and g.scope and body in (g.scope.subjects or ())
        )  # fmt: skip
        item = {"subject": holder, "matter": role.replace("_", "-"), "result": result} | item
        certified = self.append(
            by, self.free(f"{body}/decision/seat"), "DecisionCertified", symbol="E/2024/9",
            kind="appointment", title=[{"lang": "en", "text": "Seats"}], items=[item],
            adoption="without_vote", adopted_on=self.day(), session=self._sitting(body, by),
        )  # fmt: skip
        self.append(president, certified.event.stream, "DecisionCosigned", decision=ref(certified))
        return ref(certified)

    def _sitting(self, body: str, by: str) -> str:
        """Return the session of a body on this day; it is scheduled if there is none."""
        for key, held in self.subject(body).things.items():
            if isinstance(held, Session) and held.first_day <= self.day() <= held.last_day:
                return key.partition(":")[2]
        local = f"of-{self.day()}"
        self.append(by, f"{body}/session/{local}", "SessionScheduled", name="Session",
                    first_day=self.day(), last_day=self.day(300))  # fmt: skip
        return local

    def free(self, stream: str) -> str:
        """Return the first of a stream, its second, its third and so on that nothing stands on."""
        heads = self.subject(stream.partition("/")[0]).heads
        names = (stream if n == 1 else f"{stream}-{n}" for n in count(1))
        return next(name for name in names if name not in heads)

    def basis(self, giver: str, role: str) -> dict[str, Any]:
        """Return the fields that say on which of its grants a giver gives a role."""
        held = list(self.book.subject(giver).all(Grant))
        able = [grant for grant in held if role in APPOINTS.get(grant.role, ())]
        grant = (able or held)[-1]
        return {
            "giver": grant.role,
            "under": msgspec.to_builtins(grant.ref, builtin_types=(bytes,)),
        }

    # The published log.

    def checkpoint(self, key: str = "log", *, size: int | None = None) -> bytes:
        """Return a checkpoint signed by the log's key."""
        size = len(self.events) if size is None else size
        return signed_checkpoint(note.Checkpoint(ORIGIN, size, self.roots[size]), key)

    def publish(self, folder: Path, key: str = "log") -> Path:
        """Write the log as static tiles, entries and a checkpoint."""
        write_log(folder, [event.raw for event in self.events], self.checkpoint(key))
        return folder

    def policy(self, *, pinned: bool = True) -> str:
        """Return the trust policy of this log."""
        vkey = note.VerifierKey(ORIGIN, note.ED25519, public("log"))
        pin = f"# pledgebook-ledger: {self.events[0].id.hex()}\n" if pinned else ""
        return f"{pin}log {vkey}\nquorum none\n"


def ref(entry: Entry) -> dict[str, Any]:
    """Return the reference to an entry, as a payload holds it."""
    return {"stream": entry.event.stream, "seq": entry.event.seq, "id": bytes(entry.event.id)}


def body_fields(body: Body) -> dict[str, Any]:
    """Return the fields of a payload struct, as ``append`` takes them."""
    fields: dict[str, Any] = msgspec.to_builtins(body, builtin_types=(bytes,))
    return fields


def signed_checkpoint(checkpoint: note.Checkpoint, key: str) -> bytes:
    """Sign a checkpoint with the Ed25519 key of a name."""
    vkey = note.VerifierKey(checkpoint.origin, note.ED25519, public(key))
    text = checkpoint.text()
    return note.format_note(text, [note.ed25519_line(vkey, text, sign=secret(key).sign)])


def write_log(folder: Path, entries: list[bytes], checkpoint: bytes) -> None:
    """Write entries as C2SP static tiles beside a checkpoint, whatever that checkpoint says."""
    rows = [[leaf_hash(entry) for entry in entries]]
    while len(rows[-1]) > 1:
        row = rows[-1]
        rows.append([node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)])
    for tile in tiles.tiles_at(len(entries)):
        _write(folder / tile.path, tiles.tile_bytes(tile, lambda level, index: rows[level][index]))
    for bundle in tiles.bundles_at(len(entries)):
        start = bundle.n * tiles.FULL_WIDTH
        _write(folder / bundle.path, tiles.encode_bundle(entries[start : start + bundle.width]))
    _write(folder / "checkpoint", checkpoint)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
