"""COSE receipts: one form, one meaning, and no more than they prove."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness import logkeys, vectors
from tests.verifier.published import Log
from verifier import receipt
from verifier.errors import FalseError, MalformedError, PledgebookError, PolicyError, UndecidedError
from verifier.receipt import (
    LEDGER_URN,
    Receipt,
    format_receipt,
    parse_receipt,
    receipt_header,
    verify_receipt,
)
from verifier.tree import MAX_SIZE, inclusion_proof, leaf_hash

REGISTRY = logkeys.opened()
LEDGER = REGISTRY.book.ledger or b""
POLICY = logkeys.policy(LEDGER)
LOG = Log.of(11)
KID = receipt.p256_thumbprint(logkeys.point(logkeys.RECEIPTS))
HEADER = receipt_header(POLICY.origin, LEDGER, KID)
VECTORS = vectors.load("receipt/valid")


def signed(root: bytes, protected: bytes = HEADER) -> bytes:
    """Return the receipt key's signature over a root."""
    return logkeys.P256Signer().sign(receipt.to_be_signed(protected, root))


def receipt_of(index: int, protected: bytes = HEADER) -> bytes:
    """Return the receipt of one entry at the log's full size."""
    path = inclusion_proof(index, 11, LOG.read)
    return format_receipt(protected, signed(LOG.checkpoint().root, protected), 11, index, path)


def code_of(data: bytes, entry: bytes = b"entry 4", **options: Any) -> str:
    """Return the code of the error that a receipt meets."""
    with pytest.raises(PledgebookError) as caught:
        verify_receipt(data, entry, **({"policy": POLICY} | options))
    return caught.value.code


def test_every_entry_of_a_log_is_proven_by_its_receipt() -> None:
    """Each receipt verifies for its entry, and names the log and the entry's leaf."""
    for index, entry in enumerate(LOG.entries):
        member = verify_receipt(receipt_of(index), entry, policy=POLICY)
        assert (member.leaf, member.root) == (leaf_hash(entry), LOG.checkpoint().root)
        assert (member.origin, member.ledger) == (POLICY.origin, LEDGER)


def test_a_receipt_is_for_its_entry_alone() -> None:
    """For any other bytes it is forged."""
    data = receipt_of(4)
    for entry in (b"", b"entry 5", b"entry 4 "):
        assert code_of(data, entry) == "receipt-forged"


def test_a_cbor_library_reads_what_the_specification_says() -> None:
    """Tag 18; the headers of RFC 9942 by their numbers; no payload; 64 bytes of signature."""
    tag = cbor2.loads(receipt_of(4))
    protected, unprotected, payload, signature = tag.value
    assert (tag.tag, payload, len(signature)) == (18, None, 64)
    assert cbor2.loads(protected) == {
        1: -7, 4: KID, 15: {1: POLICY.origin, 2: LEDGER_URN + LEDGER.hex()}, 395: 1,
    }  # fmt: skip
    (proof,) = unprotected[396][-1]
    assert (set(unprotected), set(unprotected[396])) == ({396}, {-1})
    assert cbor2.loads(proof) == [11, 4, [*inclusion_proof(4, 11, LOG.read)]]


def test_the_key_comes_from_the_policy_or_from_the_genesis_that_it_pins() -> None:
    """A genesis that the policy does not pin gives no key, and without either there is none."""
    unnamed, genesis = logkeys.policy(LEDGER, receipts=False), REGISTRY.events[0].raw
    data = receipt_of(4)
    assert verify_receipt(data, b"entry 4", policy=unnamed, genesis=genesis).leaf
    assert code_of(data, policy=unnamed) == "policy-unsuitable"
    other = logkeys.opened(expires=REGISTRY.day(31)).events[0].raw
    assert code_of(data, policy=unnamed, genesis=other) == "policy-unsuitable"
    assert code_of(data, policy=replace(POLICY, ledger=None)) == "policy-unsuitable"
    assert code_of(data, policy=replace(POLICY, receipts=b"\x04" + bytes(64))) == (
        "policy-unsuitable"
    )


def test_a_receipt_of_another_log_ledger_or_key_is_none_of_ours() -> None:
    """The name of the log and its ledger are compared; the key is the policy's and no other."""
    for protected in (
        receipt_header("other.example/log", LEDGER, KID),
        receipt_header(POLICY.origin, bytes(32), KID),
    ):
        assert code_of(receipt_of(4, protected)) == "policy-unsuitable"
    stranger = receipt_header(POLICY.origin, LEDGER, receipt.p256_thumbprint(logkeys.point("x")))
    assert code_of(receipt_of(4, stranger)) == "receipt-forged"
    policy = replace(POLICY, receipts=logkeys.point("x"))
    assert code_of(receipt_of(4), policy=policy) == "receipt-forged"


def test_the_position_that_a_receipt_states_is_not_signed() -> None:
    """Attack 25: one receipt verifies under several sizes and indices, so neither is ever told."""
    parsed = parse_receipt(receipt_of(4))
    pairs = []
    for size in range(2, 40):
        for index in range(size):
            data = format_receipt(HEADER, parsed.signature, size, index, parsed.path)
            try:
                member = verify_receipt(data, b"entry 4", policy=POLICY)
            except PledgebookError:
                continue
            pairs.append((size, index))
            assert not {"size", "index"} & set(dir(member))
    assert (11, 4) in pairs
    assert len(pairs) > 1
    assert "index, size and time" in receipt.member_text(
        verify_receipt(receipt_of(4), b"entry 4", policy=POLICY)
    )


def test_a_policy_that_asks_for_witnesses_is_not_met_by_a_receipt() -> None:
    """Whether anyone saw the tree no COSE receipt says: that stays undecided, never well."""
    receipt.require_no_quorum(POLICY)
    with pytest.raises(UndecidedError) as caught:
        receipt.require_no_quorum(replace(POLICY, quorum="partners"))
    assert caught.value.code == "receipt-unwitnessed"


def test_a_receipt_key_signs_nothing_else() -> None:
    """A signature over the bare root, or over a root under another header, is no receipt."""
    path, root = inclusion_proof(4, 11, LOG.read), LOG.checkpoint().root
    bare = logkeys.P256Signer().sign(root)
    assert code_of(format_receipt(HEADER, bare, 11, 4, path)) == "receipt-forged"
    other = signed(root, receipt_header(POLICY.origin, bytes(32), KID))
    assert code_of(format_receipt(HEADER, other, 11, 4, path)) == "receipt-forged"


def other_forms() -> Iterator[tuple[str, bytes]]:
    """Yield receipts that a lenient reader takes for the same."""
    data = receipt_of(4)
    yield "nothing", b""
    yield "no tag", data[1:]
    yield "tag in two bytes", b"\xd8\x12" + data[1:]
    yield "a byte follows", data + b"\x00"
    yield "cut", data[:-1]
    yield "indefinite array", b"\xd2\x9f" + data[2:] + b"\xff"
    yield "payload attached", data.replace(b"\xf6\x58\x40", b"\x58\x20" + bytes(32) + b"\x58\x40")
    yield "header length in three bytes", data.replace(b"\x84\x58", b"\x84\x59\x00")
    yield "size in two bytes", data.replace(b"\x83\x0b\x04", b"\x83\x18\x0b\x04")
    yield "array head in two bytes", data.replace(b"\x0b\x04\x84", b"\x0b\x04\x98\x04")
    yield "vds 2", data.replace(b"\x19\x01\x8b\x01", b"\x19\x01\x8b\x02")
    yield "alg -8", data.replace(b"\xa4\x01\x26", b"\xa4\x01\x27")
    yield "consistency proof", data.replace(b"\x19\x01\x8c\xa1\x20", b"\x19\x01\x8c\xa1\x21")
    yield "size 1", format_receipt(HEADER, bytes(64), 1, 0, ())
    yield "no path", format_receipt(HEADER, bytes(64), 2, 0, ())
    yield "54 hashes", format_receipt(HEADER, bytes(64), MAX_SIZE, 0, (bytes(32),) * 54)
    yield "size 2^53", format_receipt(HEADER, bytes(64), 2**53, 0, (bytes(32),) * 53)
    yield "5 KB", data + bytes(5_000)


@pytest.mark.parametrize(("_name", "data"), [pytest.param(*f, id=f[0]) for f in other_forms()])
def test_any_other_encoding_is_refused(_name: str, data: bytes) -> None:
    """A receipt has one form; what only resembles it is malformed before anything is computed."""
    with pytest.raises(MalformedError) as caught:
        parse_receipt(data)
    assert caught.value.code == "receipt-malformed"


def test_impossible_numbers_are_refused_before_any_hash() -> None:
    """An index beyond the size, and a path of another length, are malformed, not false."""
    path = inclusion_proof(4, 11, LOG.read)
    for size, index in ((11, 11), (11, 10), (4, 1), (MAX_SIZE, 0)):
        data = format_receipt(HEADER, signed(LOG.checkpoint().root), size, index, path)
        assert code_of(data) == "proof-malformed"


def test_every_flipped_bit_of_a_receipt_is_refused_or_is_the_unsigned_position() -> None:
    """What a flipped bit leaves standing still proves the same: only size and index are free."""
    data = receipt_of(4)
    survivors = []
    for at in range(len(data)):
        for bit in range(8):
            flipped = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            try:
                member = verify_receipt(flipped, b"entry 4", policy=POLICY)
            except PledgebookError:
                continue
            assert member == verify_receipt(data, b"entry 4", policy=POLICY)
            survivors.append(parse_receipt(flipped))
    parsed = parse_receipt(data)
    for one in survivors:
        assert (one.size, one.index) != (parsed.size, parsed.index)
        assert replace(one, size=parsed.size, index=parsed.index) == parsed


@pytest.mark.parametrize("vector", VECTORS, ids=vectors.names)
def test_the_frozen_receipts_verify_and_read_back(vector: dict[str, Any]) -> None:
    """A receipt of the past proves its entry for ever, and is written byte for byte again."""
    data, entry = bytes.fromhex(vector["hex"]), bytes.fromhex(vector["entry"])
    policy = replace(
        POLICY, origin=vector["origin"], ledger=bytes.fromhex(vector["ledger"]),
        receipts=bytes.fromhex(vector["public"]),
    )  # fmt: skip
    assert verify_receipt(data, entry, policy=policy).root.hex() == vector["root"]
    one = parse_receipt(data)
    assert [one.size, one.index, len(one.path)] == vector["proof"]
    assert receipt_header(one.origin, one.ledger, one.kid) == one.protected
    assert format_receipt(one.protected, one.signature, one.size, one.index, one.path) == data


@pytest.mark.parametrize("vector", vectors.load("receipt/invalid"), ids=vectors.names)
def test_the_frozen_false_receipts_stay_refused(vector: dict[str, Any]) -> None:
    """Each has its code."""
    policy = replace(POLICY, origin=vector["origin"], ledger=bytes.fromhex(vector["ledger"]),
                     receipts=bytes.fromhex(vector["public"]))  # fmt: skip
    data, entry = bytes.fromhex(vector["hex"]), bytes.fromhex(vector["entry"])
    assert code_of(data, entry, policy=policy) == vector["code"]


hashes = st.binary(min_size=32, max_size=32)


receipts = st.builds(
    lambda origin, ledger, kid, size, index, path, signature: Receipt(
        origin, ledger, kid, size, index, path, receipt_header(origin, ledger, kid), signature
    ),
    st.from_regex(r"[A-Za-z0-9._~/:-]{3,200}", fullmatch=True), hashes, hashes,
    st.integers(2, MAX_SIZE), st.integers(0, MAX_SIZE),
    st.lists(hashes, min_size=1, max_size=53).map(tuple),
    st.binary(min_size=64, max_size=64),
)  # fmt: skip


@given(receipts)
def test_a_receipt_reads_back_as_it_was_written(one: Receipt) -> None:
    """Reading undoes writing, for every name, number and length."""
    data = format_receipt(one.protected, one.signature, one.size, one.index, one.path)
    assert parse_receipt(data) == one


@given(st.data())
def test_whatever_is_accepted_is_the_one_encoding(data: st.DataObject) -> None:
    """Replaced, inserted or cut bytes give a refusal or a receipt that writes back the same."""
    one = receipt_of(data.draw(st.integers(0, 10)))
    at = data.draw(st.integers(0, len(one)))
    until = data.draw(st.integers(at, min(len(one), at + 4)))
    changed = one[:at] + data.draw(st.binary(max_size=4)) + one[until:]
    try:
        read = parse_receipt(changed)
    except MalformedError:
        return
    assert format_receipt(read.protected, read.signature, read.size, read.index, read.path) == (
        changed
    )


@given(st.binary(max_size=600))
def test_no_bytes_break_the_reader(junk: bytes) -> None:
    """Anything at all is malformed or a receipt."""
    for data in (junk, b"\xd2\x84" + junk):
        with pytest.raises(MalformedError):
            parse_receipt(data)


def test_an_unknown_genesis_is_refused_as_what_it_is() -> None:
    """Bytes that are pinned but are no genesis, or name no key, leave the receipt unproven."""
    later = REGISTRY.events[1].raw
    policy = replace(POLICY, receipts=None, ledger=leaf_hash(later))
    protected = receipt_header(policy.origin, leaf_hash(later), KID)
    with pytest.raises(PolicyError):
        verify_receipt(receipt_of(4, protected), b"entry 4", policy=policy, genesis=later)
    with pytest.raises(FalseError):
        verify_receipt(receipt_of(4), b"entry 3", policy=POLICY)
