"""Refusals: one form, read strictly; what is changed in one is never believed."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness import logkeys, vectors
from tests.harness.registry import ORIGIN, public
from tests.harness.service import registration
from verifier import encoding, keys
from verifier.errors import MalformedError, PledgebookError, UndecidedError
from verifier.event import cose_bytes
from verifier.receipt import LEDGER_URN
from verifier.refusal import (
    REFUSAL_TYP,
    Trial,
    format_refusal,
    parse_refusal,
    refusal_header,
    refusal_payload,
    ruling_text,
    to_be_signed,
)
from verifier.rules import admission
from verifier.rules.book import Refused

REGISTRY = logkeys.opened()
LEDGER = REGISTRY.book.ledger or b""
EVENT = registration(REGISTRY, "actor-x", seq=5, prev=bytes(32))
KID = keys.thumbprint(public(logkeys.REFUSALS))
HEADER = refusal_header(ORIGIN, LEDGER, KID)
PAYLOAD = refusal_payload(EVENT.submission_id, ["AD4"], 3, REGISTRY.roots[3])


def signed(payload: bytes = PAYLOAD, event: bytes = EVENT.raw) -> bytes:
    """Return a refusal as the ledger signs it."""
    sign = logkeys.NamedSigner(logkeys.REFUSALS).sign
    return format_refusal(HEADER, event, payload, sign(to_be_signed(HEADER, payload)))


REFUSAL = signed()


def ruling(data: bytes) -> Any:
    """Judge a refusal by the registry."""
    trial = Trial(parse_refusal(data))
    trial.watch(REGISTRY.book)
    for index, event in enumerate(REGISTRY.events):
        trial.read(event, index)
    return trial.ruling(sound=True)


def test_a_cbor_library_reads_what_the_specification_says() -> None:
    """The headers by their numbers, the event under -65542, the payload in MessagePack."""
    tag = cbor2.loads(REFUSAL)
    protected, unprotected, payload, signature = tag.value
    assert (tag.tag, len(signature)) == (18, 64)
    assert cbor2.loads(protected) == {
        1: -8, 3: "application/vnd.msgpack", 4: KID,
        15: {1: ORIGIN, 2: LEDGER_URN + LEDGER.hex()}, 16: REFUSAL_TYP,
    }  # fmt: skip
    assert dict(unprotected) == {-65542: EVENT.raw}
    assert encoding.decode(payload) == {
        "root": REGISTRY.roots[3], "rules": ["AD4"], "size": 3, "submission": EVENT.submission_id,
    }  # fmt: skip


def test_a_true_refusal_is_right() -> None:
    """The rules judge as the ledger did."""
    found = ruling(REFUSAL)
    assert (found.right, found.refused_by) == (True, ("AD4",))
    assert "RIGHT" in ruling_text(found)
    with pytest.raises(Refused) as caught:
        admission.admit(EVENT, admission.read_body(EVENT), REGISTRY.book)
    assert found.unmet == caught.value.unmet


def test_every_flipped_bit_of_a_refusal_is_refused() -> None:
    """Header, event, payload, signature: nothing in it can change without being noticed."""
    for at in range(len(REFUSAL)):
        for bit in range(8):
            flipped = REFUSAL[:at] + bytes([REFUSAL[at] ^ 1 << bit]) + REFUSAL[at + 1 :]
            with pytest.raises(PledgebookError):
                ruling(flipped)


@pytest.mark.parametrize(("name", "payload"), [
    ("no rule", {"root": bytes(32), "size": 3, "submission": EVENT.submission_id}),
    ("size 0", {"root": bytes(32), "rules": ["AD4"], "size": 0, "submission": EVENT.submission_id}),
    ("a short root", {"root": bytes(31), "rules": ["AD4"], "size": 3,
                      "submission": EVENT.submission_id}),
    ("a short id", {"root": bytes(32), "rules": ["AD4"], "size": 3, "submission": b"x"}),
    ("a rule twice", {"root": bytes(32), "rules": ["AD4", "AD4"], "size": 3,
                      "submission": EVENT.submission_id}),
    ("rules in another order", {"root": bytes(32), "rules": ["AD4", "AC1"], "size": 3,
                                "submission": EVENT.submission_id}),
    ("a member more", {"more": 1, "root": bytes(32), "rules": ["AD4"], "size": 3,
                       "submission": EVENT.submission_id}),
])  # fmt: skip
def test_a_payload_has_exactly_its_four_members(name: str, payload: dict[str, Any]) -> None:
    """Whatever else a key signs is no refusal."""
    with pytest.raises(MalformedError, match="refusal-malformed"):
        parse_refusal(signed(encoding.encode(payload)))
    assert name


@pytest.mark.parametrize(("name", "data"), [
    ("nothing", b""),
    ("no tag", REFUSAL[1:]),
    ("a byte follows", REFUSAL + b"\x00"),
    ("cut", REFUSAL[:-1]),
    ("no event", REFUSAL.replace(b"\xa1\x3a\x00\x01\x00\x05" + cose_bytes(EVENT.raw), b"\xa0")),
    ("another label", REFUSAL.replace(b"\x3a\x00\x01\x00\x05", b"\x3a\x00\x01\x00\x06")),
    ("another typ", REFUSAL.replace(b"refusal+cose", b"receipt+cose")),
    ("ES256", REFUSAL.replace(b"\xa5\x01\x27", b"\xa5\x01\x26")),
    ("60 KB", REFUSAL + bytes(60_000)),
])  # fmt: skip
def test_any_other_form_is_malformed(name: str, data: bytes) -> None:
    """A refusal has one form."""
    with pytest.raises(MalformedError, match="refusal-malformed"):
        parse_refusal(data)
    assert name


def test_an_event_signature_by_the_same_words_is_no_refusal() -> None:
    """One key, one purpose: the typ stands in what is signed."""
    with pytest.raises(MalformedError):
        parse_refusal(EVENT.raw)


def test_without_the_tree_nothing_is_decided() -> None:
    """A trial that never reached the size, or whose log does not hold, says so."""
    trial = Trial(parse_refusal(REFUSAL))
    trial.watch(REGISTRY.book)
    for index, event in enumerate(REGISTRY.events[:2]):
        trial.read(event, index)
    for sound in (True, False):
        with pytest.raises(UndecidedError, match="refusal-undecided"):
            trial.ruling(sound=sound)


@pytest.mark.parametrize("vector", vectors.load("refusal/valid"), ids=vectors.names)
def test_the_frozen_refusals_read_back(vector: dict[str, Any]) -> None:
    """A refusal of the past is read for ever, with a signature that verifies."""
    one = parse_refusal(bytes.fromhex(vector["hex"]))
    message = to_be_signed(one.protected, one.payload)
    keys.verify(bytes.fromhex(vector["public"]), one.signature, message)
    told = {
        "origin": one.origin, "ledger": one.ledger.hex(), "rules": list(one.rules),
        "size": one.size, "root": one.root.hex(), "submission": one.submission.hex(),
        "event": one.event.raw.hex(),
    }  # fmt: skip
    assert told == {name: vector[name] for name in told}
    assert (
        format_refusal(one.protected, one.event.raw, one.payload, one.signature).hex()
        == (vector["hex"])
    )


@pytest.mark.parametrize("vector", vectors.load("refusal/invalid"), ids=vectors.names)
def test_the_frozen_false_refusals_stay_refused(vector: dict[str, Any]) -> None:
    """Each has its code."""
    with pytest.raises(PledgebookError) as caught:
        parse_refusal(bytes.fromhex(vector["hex"]))
    assert caught.value.code == vector["code"]


@given(
    rules=st.sets(st.from_regex(r"[A-Z]{2}[1-9][0-9]?", fullmatch=True), min_size=1, max_size=40),
    size=st.integers(1, 2**53 - 1), root=st.binary(min_size=32, max_size=32),
    origin=st.from_regex(r"[A-Za-z0-9._~/:-]{3,200}", fullmatch=True),
)  # fmt: skip
def test_a_refusal_reads_back_as_it_was_written(
    rules: set[str], size: int, root: bytes, origin: str
) -> None:
    """Reading undoes writing."""
    payload = refusal_payload(EVENT.submission_id, sorted(rules, reverse=True), size, root)
    header = refusal_header(origin, LEDGER, KID)
    one = parse_refusal(format_refusal(header, EVENT.raw, payload, bytes(64)))
    assert (one.rules, one.size, one.root, one.origin) == (
        tuple(sorted(rules)), size, root, origin,
    )  # fmt: skip
    assert (one.protected, one.payload, one.event) == (header, payload, EVENT)


@given(st.data())
def test_whatever_is_accepted_is_the_one_encoding(data: st.DataObject) -> None:
    """Replaced, inserted or cut bytes give a refusal that writes back the same, or an error."""
    at = data.draw(st.integers(0, len(REFUSAL)))
    until = data.draw(st.integers(at, min(len(REFUSAL), at + 4)))
    changed = REFUSAL[:at] + data.draw(st.binary(max_size=4)) + REFUSAL[until:]
    try:
        one = parse_refusal(changed)
    except PledgebookError:
        return
    assert format_refusal(one.protected, one.event.raw, one.payload, one.signature) == changed


@given(st.binary(max_size=600))
def test_no_bytes_break_the_reader(junk: bytes) -> None:
    """Anything at all is malformed."""
    for data in (junk, b"\xd2\x84" + junk, REFUSAL[:200] + junk):
        with pytest.raises(PledgebookError):
            parse_refusal(data)
