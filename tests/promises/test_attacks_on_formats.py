"""Attacks with bytes: proofs, payloads, notes and texts (rows of the table), and old mistakes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.harness import stories, vectors
from tests.harness.attack_rows import PITFALLS, named
from tests.harness.attacks import Attacked, published_anew, small_log
from tests.harness.audits import audited, codes
from tests.harness.registry import ORIGIN, Registry, public, seconds, signed_checkpoint, write_log
from tests.harness.removals import branch
from tests.verifier.published import Log
from verifier import encoding, note
from verifier.cli import main
from verifier.errors import FalseError, MalformedError, PledgebookError
from verifier.event import Draft, parse, sign
from verifier.fieldtree import FieldTree, require_shown
from verifier.keys import thumbprint
from verifier.report import inert
from verifier.rules import admission
from verifier.tree import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

AT_ONCE_S = 2.0


def pitfall(n: int) -> str:
    """Return the name of an old mistake."""
    return named(n, PITFALLS)


@pytest.fixture(scope="module")
def registry() -> Registry:
    """A small log; nobody may add to it."""
    return small_log()


def test_row_23_a_log_with_keys_of_its_own_is_not_the_log(
    registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A forger's whole and consistent log: its own policy says yes, and nobody's else."""
    forged = small_log()
    entries = [event.raw for event in forged.events]
    attacked = published_anew(forged, tmp_path / "log", entries, key="attacker")
    findings, verdict = audited(Attacked(attacked.folder, registry.policy()))
    assert verdict.exit == 1
    assert named(23) in codes(findings)
    assert main(["audit", str(attacked.folder)]) == 4
    capsys.readouterr()
    other = Registry(now=seconds("2023-01-15")).open()
    other.publish(tmp_path / "other")
    findings, verdict = audited(Attacked(tmp_path / "other", registry.policy()))
    assert verdict.exit == 1
    assert "ledger-other" in codes(findings)


def test_row_24_what_nobody_compares_is_refused(registry: Registry) -> None:
    """An unknown field in any payload of the log."""
    tried = set()
    for event in registry.events:
        payload = encoding.decode(event.payload)
        payload["zzz"] = 1
        draft = Draft(kid=event.kid, iss=event.iss, stream=event.stream, type=event.type,
                      iat=event.iat, seq=event.seq, ledger=event.ledger, prev=event.prev,
                      seen=event.seen, payload=encoding.encode(payload))  # fmt: skip
        with pytest.raises(MalformedError) as caught:
            admission.read_body(sign(draft, lambda _: bytes(64)))
        assert caught.value.code == named(24)
        tried.add(event.type)
    assert len(tried) > 10


@pytest.mark.parametrize(("index", "size", "path"), [
    (0, 2**53, []), (5, 5, [bytes(32)]), (2**60, 2**61, [bytes(32)] * 61), (-1, 4, []),
    (0, 0, []), (0, 1, [bytes(32)] * 100_000), (3, 8, [bytes(32)] * 2), (3, 8, [bytes(31)] * 3),
    (0, 2**53 - 1, [bytes(32)] * 5_000_000),
])  # fmt: skip
def test_row_26_a_proof_of_an_impossible_shape_costs_nothing(
    index: int, size: int, path: list[bytes]
) -> None:
    """Wrong numbers and lengths are refused before anything is hashed."""
    began = time.monotonic()
    with pytest.raises(MalformedError) as caught:
        verify_inclusion(bytes(32), path, index=index, size=size, root=bytes(32))
    assert caught.value.code == named(26)
    assert time.monotonic() - began < AT_ONCE_S


def test_row_27_a_node_is_no_leaf() -> None:
    """The two children of a node, given as an entry, hash to something else."""
    log = Log.of(8)
    left, right = log.read(1, 0), log.read(1, 1)
    root = root_of([leaf_hash(entry) for entry in log.entries])
    assert node_hash(left, right) == log.read(2, 0)
    with pytest.raises(FalseError) as caught:
        verify_inclusion(leaf_hash(left + right), [log.read(2, 1)], index=0, size=2, root=root)
    assert caught.value.code == named(27)


@pytest.mark.parametrize("data", [
    b"\x81\xa1a" + b"\x91" * 200_000, b"\x81\xa1a\xdd\xff\xff\xff\xff",
    b"\x81\xa1a\xdb\xff\xff\xff\xff", b"\x81\xa1a\xc6\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff",
    b"\x81\xa1a" + b"\x81\xa1a" * 100_000 + b"\x01",
], ids=["nested arrays", "4 G items", "4 G of text", "4 G of bytes", "4 G pairs",
        "nested maps"])  # fmt: skip
def test_row_28_a_payload_that_claims_too_much_is_refused_at_once(data: bytes) -> None:
    """Nothing is made of what is not there."""
    began = time.monotonic()
    with pytest.raises(MalformedError) as caught:
        encoding.decode(data)
    assert caught.value.code in {named(28), "payload-value", "payload-too-large"}
    assert time.monotonic() - began < AT_ONCE_S


def test_row_31_one_content_has_one_encoding() -> None:
    """Every vector that says the same in other bytes is refused as that."""
    cases = vectors.load("encoding/invalid")
    other = [case for case in cases if case["code"] == named(31)]
    assert len(other) > 5
    for case in cases:
        with pytest.raises(MalformedError) as caught:
            encoding.decode(bytes.fromhex(case["hex"]))
        assert caught.value.code == case["code"]


@pytest.mark.parametrize("text", [
    "\x1b]0;owned\x07", "\x1b[2J", "abc\u202egpj.exe", "x\x00y", "\u2066a\u2069", "a\rb",
])  # fmt: skip
def test_row_32_text_acts_on_no_screen(registry: Registry, text: str) -> None:
    """Refused in a payload; and were it on record, shown without its power."""
    draft = Draft(kid=thumbprint(public("actor-root-a")), iss="actor-root-a",
                  type="ActorRegistered/1", stream="actor-x/profile", iat=1, seq=0,
                  ledger=registry.book.ledger,
                  payload=b"\x81\xa4name" + _text(text))  # fmt: skip
    with pytest.raises(MalformedError) as caught:
        admission.read_body(sign(draft, lambda _: bytes(64)))
    assert caught.value.code == named(32)
    assert not set("\x1b\x07\u202e\u200b\x00\u2066\u2069\r") & set(inert(text))


def _text(text: str) -> bytes:
    data = text.encode()
    return bytes((0xA0 | len(data),)) + data


def test_row_33_a_sealed_value_is_not_found_by_trying() -> None:
    """All candidates are known, the secret is not: no trial leads to the commitment."""
    secret_ = bytes(range(32))
    field = encoding.encode({"v": 7})
    tree = FieldTree(secret_, {"budget": field})
    require_shown(tree.show("budget"), root=tree.root, leaves=tree.leaves)
    for guess in range(40):
        tried = FieldTree(bytes((guess,)) * 32, {"budget": encoding.encode({"v": guess})})
        with pytest.raises(FalseError) as caught:
            require_shown(tried.show("budget"), root=tree.root, leaves=tree.leaves)
        assert caught.value.code == named(33)
    other = FieldTree(secret_, {"budget": field, "more": field})
    assert other.leaves == tree.leaves  # nor does the number of leaves tell how many fields


# Mistakes that verifiers made elsewhere.


def test_pitfall_01_hashes_are_computed_anew(registry: Registry, tmp_path: Path) -> None:
    """Entries change, tiles and checkpoint stay as they were: what is stored counts for nothing."""
    entries = [event.raw for event in registry.events]
    registry.publish(tmp_path / "log")
    entries[20], entries[21] = entries[20], entries[20]
    bundle = tmp_path / f"log/tile/entries/000.p/{len(entries)}"
    bundle.write_bytes(b"".join(len(e).to_bytes(2, "big") + e for e in entries))
    findings, verdict = audited(Attacked(tmp_path / "log", registry.policy()))
    assert verdict.exit == 1
    assert (pitfall(1), 21) in {(finding.code, finding.index) for finding in findings}


def test_pitfall_02_a_stream_begins_once(registry: Registry, tmp_path: Path) -> None:
    """An event without a predecessor, on a stream that has begun."""
    here = branch(registry)
    event = next(e for e in here.events if e.name == "CommitmentMade")
    again = Draft(kid=event.kid, iss=event.iss, stream=event.stream, type=event.type, iat=here.now,
                  seq=0, ledger=event.ledger, payload=event.payload)  # fmt: skip
    from tests.harness.registry import secret

    raws = [e.raw for e in here.events] + [sign(again, secret(stories.SECRETARIAT).sign).raw]
    findings, verdict = audited(published_anew(here, tmp_path / "log", raws))
    assert verdict.exit == 1
    assert pitfall(2) in codes(findings)


def test_pitfall_03_what_was_added_is_seen(registry: Registry, tmp_path: Path) -> None:
    """An entry after the last one that the checkpoint covers."""
    registry.publish(tmp_path / "log")
    bundle = tmp_path / f"log/tile/entries/000.p/{len(registry.events)}"
    bundle.write_bytes(bundle.read_bytes() + b"\x00\x05added")
    findings, verdict = audited(Attacked(tmp_path / "log", registry.policy()))
    assert (verdict.exit, codes(findings)) == (1, {pitfall(3)})


def test_pitfall_04_nothing_is_no_success(registry: Registry, tmp_path: Path) -> None:
    """An empty log, rightly signed."""
    write_log(
        tmp_path / "log", [], signed_checkpoint(note.Checkpoint(ORIGIN, 0, EMPTY_ROOT), "log")
    )
    _, verdict = audited(Attacked(tmp_path / "log", registry.policy()))
    assert f"exit {verdict.exit}" == pitfall(4)


def test_pitfall_05_the_unknown_is_not_passed_over(registry: Registry, tmp_path: Path) -> None:
    """An event of a type that nobody here knows, well signed: undecided, and said."""
    from tests.harness.registry import secret

    draft = Draft(kid=thumbprint(public("actor-root-a")), iss="actor-root-a", type="FromLater/1",
                  stream="actor-x/later", iat=registry.now, seq=0, ledger=registry.book.ledger,
                  payload=b"\x80")  # fmt: skip
    raws = [e.raw for e in registry.events] + [sign(draft, secret("actor-root-a").sign).raw]
    findings, verdict = audited(published_anew(registry, tmp_path / "log", raws))
    assert (verdict.exit, codes(findings)) == (3, {pitfall(5)})


def test_pitfall_06_nothing_is_believed_because_the_server_says_it(
    registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its policy lies beside the log, and is not taken."""
    registry.publish(tmp_path / "log")
    (tmp_path / "log" / "policy.txt").write_text(registry.policy())
    assert f"exit {main(['audit', str(tmp_path / 'log')])}" == pitfall(6)
    assert "policy" in capsys.readouterr().err


def test_pitfall_07_each_hash_of_a_proof_counts() -> None:
    """For many pairs of sizes, one hash of the proof is another: false, wherever it stands."""
    log = Log.of(120)
    tried = 0
    for old, new in ((3, 7), (6, 8), (33, 120), (64, 100), (100, 119), (1, 120)):
        path = consistency_proof(old, new, log.read)
        roots = {"old_root": log.checkpoint(old).root, "new_root": log.checkpoint(new).root}
        verify_consistency(path, old=old, new=new, **roots)
        for at in range(len(path)):
            other = (*path[:at], bytes(32), *path[at + 1 :])
            with pytest.raises(FalseError) as caught:
                verify_consistency(other, old=old, new=new, **roots)
            assert caught.value.code == pitfall(7)
            tried += 1
    assert tried > 20


def test_pitfall_08_a_last_node_is_not_doubled() -> None:
    """A list and the same with its last item twice have different roots, at every odd size."""
    for size in range(1, 66, 2):
        leaves = [leaf_hash(b"%d" % i) for i in range(size)]
        assert root_of(leaves) != root_of([*leaves, leaves[-1]])
    assert pitfall(8) == "another root"


def test_pitfall_09_the_bytes_count_as_they_are_stored() -> None:
    """Every vector of another encoding of an event is no event."""
    cases = vectors.load("event/invalid")
    assert len(cases) > 30
    for case in cases:
        with pytest.raises(PledgebookError) as caught:
            parse(bytes.fromhex(case["hex"]))
        assert caught.value.code in {pitfall(9), case["code"]}


def test_pitfall_10_an_old_receipt_holds_after_everything_that_came(registry: Registry) -> None:
    """A proof at a small size stays true, and its tree is the beginning of the newest one."""
    log = Log.of(150)
    for size in (40, 97):
        head = log.checkpoint(size)
        path = inclusion_proof(31, size, log.read)
        verify_inclusion(leaf_hash(log.entries[31]), path, index=31, size=size, root=head.root)
        grown = consistency_proof(size, 150, log.read)
        newest = log.checkpoint(150).root
        verify_consistency(grown, old=size, new=150, old_root=head.root, new_root=newest)
    assert pitfall(10) == "still holds"
