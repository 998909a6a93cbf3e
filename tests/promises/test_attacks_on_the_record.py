"""Attacks on what is on record (rows of the attack table): each is found, and named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import stories
from tests.harness.attack_rows import named
from tests.harness.attacks import (
    ACTOR_KEY,
    ATTACKS,
    FILES,
    LOG_KEY,
    Attacked,
    published_anew,
    small_log,
)
from tests.harness.audits import audited, codes
from tests.harness.publishing import naive_records, published, register_proof, written
from tests.harness.registry import ORIGIN, Registry, public, seconds, secret
from tests.harness.removals import branch
from verifier import note
from verifier.cli import main
from verifier.errors import FalseError, MalformedError, PledgebookError
from verifier.event import Draft, parse, sign
from verifier.keys import verify_many
from verifier.policy import parse_policy
from verifier.register import verify_register
from verifier.rules.table import EVENTS
from verifier.witness import Last, Refusal, Request, judge

KEY = note.VerifierKey(ORIGIN, note.ED25519, public("log"))


def raws(registry: Registry) -> list[bytes]:
    """Return all events of a registry as they stand."""
    return [event.raw for event in registry.events]


def place(registry: Registry, type_: str) -> int:
    """Return the index of the last event of a type."""
    return max(i for i, event in enumerate(registry.events) if event.name == type_)


@pytest.fixture(scope="module")
def registry() -> Registry:
    """A small log; nobody may add to it."""
    return small_log()


@pytest.mark.parametrize("share", range(1, 10))
def test_row_01_a_changed_byte_is_found_and_its_event_named(
    registry: Registry, tmp_path: Path, share: int
) -> None:
    """Wherever in a report's bytes: the event at that place is named; only its files are held."""
    index = place(registry, "ReportSubmitted")
    entries = raws(registry)
    at = len(entries[index]) * share // 10
    entries[index] = (
        entries[index][:at] + bytes((entries[index][at] ^ 1,)) + entries[index][at + 1 :]
    )
    registry.publish(tmp_path / "log")
    bundle = tmp_path / f"log/tile/entries/000.p/{len(entries)}"
    bundle.write_bytes(b"".join(len(e).to_bytes(2, "big") + e for e in entries))
    findings, verdict = audited(Attacked(tmp_path / "log", registry.policy()))
    assert verdict.exit == 1
    assert index in {finding.index for finding in findings}
    if share in (5, 6, 7):  # inside the payload's text
        assert {named(1), "payload-value", "payload-malformed"} & codes(findings)
    assert FILES in {attack.holds for attack in ATTACKS}


def test_row_02_a_rewritten_log_is_told_by_its_authors_signatures(
    registry: Registry, tmp_path: Path
) -> None:
    """Tree, tiles and checkpoint are made anew; the author's signature cannot be."""
    entries = raws(registry)
    index = place(registry, "ReportSubmitted")
    entries[index] = entries[index].replace(b"What was done", b"What was d0ne")
    findings, _ = audited(published_anew(registry, tmp_path / "log", entries))
    assert (named(2), index) in {(finding.code, finding.index) for finding in findings}
    assert LOG_KEY in {attack.holds for attack in ATTACKS}


def test_row_03_a_cut_tail_is_told_by_a_checkpoint_from_before(
    registry: Registry, tmp_path: Path
) -> None:
    """The shorter log is consistent in itself; who kept a checkpoint knows."""
    attacked = published_anew(
        registry, tmp_path / "log", raws(registry)[:-3], known=registry.checkpoint()
    )
    assert audited(attacked)[1].exit == 0
    findings, verdict = audited(attacked, known=True)
    assert (verdict.exit, codes(findings)) == (1, {named(3)})


def test_row_05_two_histories_convict_the_logs_key(
    registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two servers, one key: a witness cosigns one of them, and both views prove the fork."""
    one, other = branch(registry), branch(registry)
    one.enlist("actor-seen-here")
    other.enlist("actor-seen-there")
    one.publish(tmp_path / "one")
    other.publish(tmp_path / "other")
    (tmp_path / "policy").write_text(registry.policy())
    policy = ("--policy", str(tmp_path / "policy"))
    assert main(["compare", str(tmp_path / "one"), str(tmp_path / "other"), *policy]) == 1
    assert named(5) in capsys.readouterr().out

    logs = {ORIGIN: [KEY]}
    assert judge(Request(0, (), one.checkpoint()), logs, {}).size == len(one.events)
    last = Last(len(one.events), one.roots[-1], one.checkpoint())
    with pytest.raises(Refusal) as caught:
        judge(Request(last.size, (), other.checkpoint()), logs, {ORIGIN: last})
    assert caught.value.forked


def test_row_06_an_author_cannot_date_back(registry: Registry, tmp_path: Path) -> None:
    """Signed with the author's own key as of months before: refused, and found where it stands."""
    late = branch(registry)
    event = late.sign(stories.SECRETARIAT, f"{stories.PARTNERSHIP}/commitment/late",
                      "CommitmentMade", iat=seconds("2024-03-01"),
                      **stories.commitment(late))  # fmt: skip
    late.force(event)
    findings, _ = audited(published_anew(late, tmp_path / "log", raws(late)))
    assert (named(6), len(late.events) - 1) in {(f.code, f.index) for f in findings}
    assert ACTOR_KEY in {attack.holds for attack in ATTACKS}


def test_row_07_an_operator_cannot_insert_far_back(registry: Registry, tmp_path: Path) -> None:
    """A root's own new event, put between old ones: the tree known before is no beginning."""
    before = registry.checkpoint()
    index = place(registry, "CommitmentMade")
    inserted = registry.sign("actor-root-a", "actor-slipped-in/profile", "ActorRegistered",
                             iat=registry.events[index].iat, kind="organization",
                             name=stories.text("Slipped in"), principal="actor-slipped-in",
                             stakeholder_type="ngo")  # fmt: skip
    entries = raws(registry)
    entries.insert(index, inserted.raw)
    attacked = published_anew(registry, tmp_path / "log", entries, known=before)
    findings, verdict = audited(attacked, known=True)
    assert verdict.exit == 1
    assert named(7) in codes(findings)


def test_row_09_an_event_of_another_ledger_is_refused(registry: Registry, tmp_path: Path) -> None:
    """The same actors, the same keys, another genesis."""
    here = branch(registry)
    other = Registry(now=seconds("2023-01-15")).open()
    foreign = other.sign("actor-root-a", "actor-foreign/profile", "ActorRegistered",
                         iat=here.now, kind="organization", name=stories.text("Foreign"),
                         principal="actor-foreign", stakeholder_type="ngo")  # fmt: skip
    here.force(foreign)
    findings, _ = audited(published_anew(here, tmp_path / "log", raws(here)))
    assert (named(9), len(here.events) - 1) in {(f.code, f.index) for f in findings}


def resigned(draft: Draft, signature: bytes) -> tuple[bytes, bytes]:
    """Return (what would be signed, the old signature) of a statement that nobody signed."""
    event = sign(draft, lambda _: signature)
    return event.to_be_signed, event.signature


def test_row_10_no_signature_serves_for_another_type(registry: Registry) -> None:
    """Of any event, under every other type of event: false; and a checkpoint is no event."""
    event = registry.events[place(registry, "CommitmentMade")]
    key = public(stories.SECRETARIAT)
    own = Draft(kid=event.kid, iss=event.iss, stream=event.stream, type=event.type, iat=event.iat,
                seq=event.seq, payload=event.payload, ledger=event.ledger, prev=event.prev,
                seen=event.seen)  # fmt: skip
    fields = {name: getattr(own, name) for name in own.__struct_fields__}
    checks = [
        (key, signature, to_be_signed)
        for type_ in EVENTS
        for to_be_signed, signature in [
            resigned(Draft(**fields | {"type": type_}), event.signature)
        ]
    ]
    verdicts = dict(zip(EVENTS, verify_many(checks, engine="openssl"), strict=True))
    assert {type_ for type_, true in verdicts.items() if true} == {event.type}
    assert named(10) == "signature-false"
    with pytest.raises(MalformedError):
        parse(registry.checkpoint())


def test_row_11_an_answer_that_leaves_something_out_is_not_complete() -> None:
    """One record of a subject's run is missing, or the whole subject: the proof does not hold."""
    here = small_log()
    records = naive_records(here.book)
    entry = published(here)
    policy = parse_policy(here.policy().encode())
    whole = register_proof(here, entry, records, stories.PARTNERSHIP)
    verify_register(written(whole), policy=policy)
    elsewhere = register_proof(here, entry, records, "ledger")
    for left_out in (
        whole.__class__(whole.name, elsewhere.first, elsewhere.records, elsewhere.path,
                        whole.publication),
        whole.__class__("ledger", whole.first, whole.records, whole.path, whole.publication),
    ):  # fmt: skip
        with pytest.raises(PledgebookError) as caught:
            verify_register(written(left_out), policy=policy)
        assert caught.value.code in {named(11), "register-malformed"}
    for at in range(len(whole.records)):
        fewer = whole.records[:at] + whole.records[at + 1 :]
        short = whole.__class__(whole.name, whole.first, fewer, whole.path, whole.publication)
        with pytest.raises(PledgebookError):
            verify_register(written(short), policy=policy)


def test_row_13_a_line_that_a_policy_asks_for_cannot_be_taken_away(registry: Registry) -> None:
    """Without the witness's line the quorum is missing; an event without signature is none."""
    key = note.VerifierKey("w.example", note.COSIGNATURE, public("w"))
    policy = parse_policy(f"log {KEY}\nwitness w {key}\nquorum w\n".encode())
    text = note.parse_note(registry.checkpoint()).text
    log = note.ed25519_line(KEY, text, sign=secret("log").sign)
    seen = note.cosignature_line(key, text, timestamp=1, sign=secret("w").sign)
    policy.judge(note.format_note(text, [log, seen]))
    for lines, code in (([log], named(13)), ([seen], "note-unsigned")):
        with pytest.raises(FalseError) as caught:
            policy.judge(note.format_note(text, lines))
        assert caught.value.code == code
    raw = registry.events[5].raw
    for shorter in (raw[:-64], raw[:-65] + b"\x00", raw[:-66] + b"\x40"):
        with pytest.raises(MalformedError):
            parse(shorter)


def test_row_14_another_algorithm_is_no_event(registry: Registry) -> None:
    """Every other one-byte value of the algorithm in the protected header."""
    raw = registry.events[5].raw
    at = raw.index(b"\x01\x27")  # alg: EdDSA (−8)
    for other in range(256):
        if other == 0x27:
            continue
        with pytest.raises(MalformedError) as caught:
            parse(raw[: at + 1] + bytes((other,)) + raw[at + 2 :])
        assert caught.value.code == named(14)
