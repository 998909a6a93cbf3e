from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from tests.harness import registry, vectors
from verifier import event, keys
from verifier.errors import MalformedError
from verifier.event import Draft, EventId, Seen, parse, sign

VALID = vectors.load("event/valid")
AUTHOR = "actor-author"
LABELS = {"iss": 1, "stream": 2, "iat": 6, "ledger": -65537, "type": -65538, "seq": -65539,
          "prev": -65540, "seen": -65541}  # fmt: skip
STREAM = re.compile(r"[a-z0-9][a-z0-9._:-]*(/[a-z0-9][a-z0-9._:-]*){1,5}")

hashes = st.binary(min_size=32, max_size=32)
numbers = st.one_of(
    st.integers(0, event.MAX_INT),
    st.sampled_from([0, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, event.MAX_INT]),
)
segments = st.builds(
    str.__add__,
    st.sampled_from("abcz09"),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789._:-", max_size=20),
)


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """A draft of any event that follows the rules."""
    seq = draw(numbers)
    letters = "ABCxyz019"
    return Draft(
        kid=keys.thumbprint(registry.public(AUTHOR)),
        iss="actor-" + draw(segments),
        stream="/".join(draw(st.lists(segments, min_size=2, max_size=6))),
        type=draw(st.sampled_from("AZ"))
        + draw(st.text(letters, min_size=2, max_size=47))
        + f"/{draw(st.integers(1, 999))}",
        iat=draw(numbers),
        seq=seq,
        payload=draw(st.binary(min_size=1, max_size=300)),
        ledger=draw(st.none() | hashes),
        prev=EventId(draw(hashes)) if seq else None,
        seen=draw(st.none() | st.builds(Seen, numbers, hashes)),
    )


def signed(draft: Draft) -> event.Event:
    """Sign a draft with the author's key."""
    return sign(draft, registry.secret(AUTHOR).sign)


def refusal(raw: bytes) -> MalformedError:
    """Return the error with which an event is refused."""
    with pytest.raises(MalformedError) as caught:
        parse(raw)
    assert caught.value.code in {"event-malformed", "event-too-large"}
    return caught.value


def claims_of(draft: Draft) -> dict[int, Any]:
    """Return the claims that a draft should become, by their labels."""
    values = {name: getattr(draft, name) for name in LABELS}
    if draft.seen is not None:
        values["seen"] = [draft.seen.size, draft.seen.root]
    return {LABELS[name]: value for name, value in values.items() if value is not None}


def header_of(draft: Draft) -> dict[int, Any]:
    """Return the protected header that a draft should become."""
    return {1: -8, 3: "application/vnd.msgpack", 4: draft.kid, 15: claims_of(draft),
            16: "application/vnd.pledgebook.event+cose"}  # fmt: skip


def enclosed(protected: bytes, payload: bytes) -> bytes:
    """Sign a protected header, whatever it says, and put it into the frame of an event."""
    signature = registry.secret(AUTHOR).sign(
        cbor2.dumps(["Signature1", protected, b"", payload], canonical=True)
    )
    return cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))


def in_cbor2(header: Any) -> bytes:
    """Encode with ``cbor2``, members in the order given."""
    return cbor2.dumps(header)


PLAIN = Draft(
    kid=keys.thumbprint(registry.public(AUTHOR)), iss=AUTHOR, stream="p-000001/commitment/c1",
    type="CommitmentMade/1", iat=1_767_225_600, seq=1, payload=b"\x81\xa1a\x01",
    ledger=bytes(range(32)), prev=EventId(bytes(range(1, 33))), seen=Seen(300, bytes(range(2, 34))),
)  # fmt: skip


@given(drafts())
def test_what_is_signed_parses_to_what_was_drafted(draft: Draft) -> None:
    """Parsing after signing gives back every member, and both ids are as specified."""
    made = signed(draft)
    for name in (*LABELS, "kid", "payload"):
        assert getattr(made, name) == getattr(draft, name)
    assert made.to_be_signed == draft.to_be_signed()
    assert made.id == hashlib.sha256(b"\x00" + made.raw).digest()
    assert made.submission_id == hashlib.sha256(made.to_be_signed).digest()
    assert made.subject == draft.stream.split("/")[0]
    assert made.kind == draft.stream.split("/")[1]
    assert parse(made.raw) == made


@given(drafts())
def test_a_cbor_library_reads_and_writes_the_same_event(draft: Draft) -> None:
    """``cbor2`` finds tag 18, the four members and the claims, and its canonical form is ours."""
    raw = signed(draft).raw
    read = cbor2.loads(raw)
    assert isinstance(read, cbor2.CBORTag)
    assert read.tag == 18
    protected, unprotected, payload, signature = read.value
    assert unprotected == {}
    assert payload == draft.payload
    assert cbor2.loads(protected) == header_of(draft)
    assert cbor2.dumps(header_of(draft), canonical=True) == protected
    assert cbor2.dumps(read, canonical=True) == raw
    to_be_signed = cbor2.dumps(["Signature1", protected, b"", payload], canonical=True)
    assert to_be_signed == draft.to_be_signed()
    Ed25519PublicKey.from_public_bytes(registry.public(AUTHOR)).verify(signature, to_be_signed)


@given(st.data())
def test_what_is_accepted_is_the_one_encoding(data: st.DataObject) -> None:
    """Mutated bytes are refused, or they are the deterministic CBOR of what they say."""
    raw = bytearray.fromhex(data.draw(st.sampled_from(VALID))["hex"])
    for _ in range(data.draw(st.integers(1, 2))):
        start = data.draw(st.integers(0, len(raw)))
        stop = data.draw(st.integers(start, min(len(raw), start + 2)))
        raw[start:stop] = data.draw(st.binary(max_size=2))
    try:
        accepted = parse(bytes(raw))
    except MalformedError:
        return
    read = cbor2.loads(accepted.raw)
    assert cbor2.dumps(read, canonical=True) == accepted.raw
    header = cbor2.loads(read.value[0])
    assert cbor2.dumps(header, canonical=True) == accepted.protected
    assert header == header_of(drafted(accepted))


def drafted(one: event.Event) -> Draft:
    """Return the draft of an event."""
    return Draft(kid=one.kid, payload=one.payload, **{name: getattr(one, name) for name in LABELS})


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    """Random bytes, also behind the first bytes of an event."""
    refusal(data)
    refusal(b"\xd2\x84" + data)


def longer_heads(encoded: bytes) -> Iterator[bytes]:
    """Yield every encoding with one CBOR head in a longer or an indefinite form."""
    for at, major, argument, end in heads(encoded):
        for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
            if argument < 1 << 8 * size and 1 + size > end - at:
                longer = bytes([major << 5 | extra]) + argument.to_bytes(size, "big")
                yield encoded[:at] + longer + encoded[end:]
        if major in (2, 3):
            whole = encoded[at : end + argument]
            yield (encoded[:at] + bytes([major << 5 | 31]) + whole + b"\xff"
                   + encoded[end + argument :])  # fmt: skip


def heads(encoded: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield (start, major type, argument, end) of every head, in order."""
    at = 0
    while at < len(encoded):
        major, short = encoded[at] >> 5, encoded[at] & 31
        size = 0 if short < 24 else 1 << (short - 24)
        end = at + 1 + size
        argument = short if short < 24 else int.from_bytes(encoded[at + 1 : end], "big")
        yield at, major, argument, end
        at = end + (argument if major in (2, 3) else 0)


def test_every_head_has_its_one_form() -> None:
    """Longer and indefinite forms of each head, of the frame and of the header, are refused."""
    raw = signed(PLAIN).raw
    frames = list(longer_heads(raw))
    headers = list(longer_heads(PLAIN.protected()))
    assert len(frames) > 15
    assert len(headers) > 60
    for longer in frames:
        assert cbor2.loads(longer) == cbor2.loads(raw)
        refusal(longer)
    for longer in headers:
        assert cbor2.loads(longer) == cbor2.loads(PLAIN.protected())
        refusal(enclosed(longer, PLAIN.payload))


def test_indefinite_arrays_and_maps_are_refused() -> None:
    """The frame's array, the empty header, the header, the claims and ``seen``."""
    raw, protected = signed(PLAIN).raw, PLAIN.protected()
    refusal(b"\xd2\x9f" + raw[2:] + b"\xff")
    at = raw.index(b"\xa0" + b"\x44" + PLAIN.payload)
    refusal(raw[:at] + b"\xbf\xff" + raw[at + 1 :])
    refusal(enclosed(b"\xbf" + protected[1:] + b"\xff", PLAIN.payload))
    typ = protected.index(b"\x10\x78\x25")
    open_claims = protected.replace(b"\x0f\xa8", b"\x0f\xbf")
    refusal(enclosed(open_claims[:typ] + b"\xff" + open_claims[typ:], PLAIN.payload))
    open_seen = protected.replace(b"\x04\x82", b"\x04\x9f")
    refusal(enclosed(open_seen[:typ] + b"\xff" + open_seen[typ:], PLAIN.payload))


def test_another_tag_is_refused() -> None:
    """Only tag 18, once: not the other COSE structures, no tag, no tag around it."""
    untagged = signed(PLAIN).raw[1:]
    refusal(untagged)
    for tag in (0, 16, 17, 19, 61, 96, 97, 98, 55_799):
        head = io.BytesIO()
        cbor2.CBOREncoder(head).encode_length(6, tag)
        refusal(head.getvalue() + untagged)
        refusal(head.getvalue() + b"\xd2" + untagged)


@given(st.binary(min_size=1, max_size=70))
def test_nothing_follows_an_event(more: bytes) -> None:
    """Trailing bytes are refused, also a whole second event."""
    raw = signed(PLAIN).raw
    refusal(raw + more)
    refusal(raw + raw)


def test_every_beginning_is_refused() -> None:
    """A truncated event is never an event."""
    raw = signed(PLAIN).raw
    for stop in range(len(raw)):
        refusal(raw[:stop])


def test_members_stand_once_and_in_order() -> None:
    """Every other order of header members and of neighbouring claims, and every member twice."""
    header, claims = header_of(PLAIN), claims_of(PLAIN)
    assert enclosed(in_cbor2(header), PLAIN.payload) == signed(PLAIN).raw
    for members in (header, claims):
        names = list(members)
        for i in range(len(names) - 1):
            order = [*names[:i], names[i + 1], names[i], *names[i + 2 :]]
            changed = {name: members[name] for name in order}
            whole = changed if members is header else header | {15: changed}
            assert whole == header
            refusal(enclosed(in_cbor2(whole), PLAIN.payload))
    for name, value in claims.items():
        entry = cbor2.dumps(name) + cbor2.dumps(value)
        twice = PLAIN.protected().replace(entry, entry * 2).replace(b"\x0f\xa8", b"\x0f\xa9")
        assert len(twice) == len(PLAIN.protected()) + len(entry)
        refusal(enclosed(twice, PLAIN.payload))


def test_only_the_members_of_the_profile_are_accepted() -> None:
    """Every header member is needed, every claim but the optional ones; none may be added."""
    header, claims = header_of(PLAIN), claims_of(PLAIN)
    for name in header:
        less = {label: value for label, value in header.items() if label != name}
        refusal(enclosed(in_cbor2(less), PLAIN.payload))
    for name in claims:
        less = {label: value for label, value in claims.items() if label != name}
        data = enclosed(in_cbor2(header | {15: less}), PLAIN.payload)
        if name in (LABELS["ledger"], LABELS["seen"]):
            assert parse(data).raw == data
        else:
            refusal(data)
    for more in ({2: [1]}, {5: b"iv"}, {33: [b"cert"]}, {"x": 1}):
        refusal(enclosed(in_cbor2(header | more), PLAIN.payload))
    for more in ({3: "aud"}, {4: 9}, {5: 9}, {-65542: 1}, {"x": 1}):
        refusal(enclosed(in_cbor2(header | {15: claims | more}), PLAIN.payload))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("iss", text) for text in (
            "actor-", "actor", "author", "actor-A", "actor--a", "actor-a/b", "actor-a\n",
            "actor-" + "a" * 59, "actor-é", b"actor-a")],
        *[("stream", text) for text in (
            "", "a", "a/", "/a", "a//b", "a/b/", "a/B", "a/-b", "a/.", "a/..", "a/b c", "a/b\n",
            "a/é", "a/b/c/d/e/f/g", "a/" + "b" * 127, b"a/b")],
        *[("type", text) for text in (
            "A/1", "Ab/1", "abc/1", "Abc", "Abc/", "Abc/0", "Abc/01", "Abc/1000", "Abc/1\n",
            "A" * 49 + "/1", "Ab-c/1", "Abc/1/1", b"Abc/1")],
        *[(name, number) for name in ("iat", "seq") for number in (
            -1, 2**53, 2**64 - 1, 2**64, 1.0, "1", None, True)],
        *[(name, data) for name in ("ledger", "prev") for data in (
            b"", bytes(31), bytes(33), "x" * 32, None, [bytes(32)])],
        *[("seen", pair) for pair in (
            [], [1], [1, bytes(31)], [1, bytes(32), 1], [bytes(32), 1], [-1, bytes(32)],
            [2**53, bytes(32)], {1: bytes(32)}, bytes(32))],
    ],
)  # fmt: skip
def test_a_claim_outside_its_grammar_is_refused(name: str, value: Any) -> None:
    """Wrong type, length, range or character, although rightly signed and encoded."""
    header = header_of(PLAIN) | {15: claims_of(PLAIN) | {LABELS[name]: value}}
    error = refusal(enclosed(in_cbor2(header), PLAIN.payload))
    assert re.search(r"\(rules? [1-4](, [1-4])*\)", error.reason)


@given(st.text("ab09.:_-/A \n", max_size=20) | st.text("a/", min_size=120, max_size=135))
def test_stream_ids_follow_the_frozen_grammar(text: str) -> None:
    """``is_stream_id`` says what the grammar and the length of 128 bytes say."""
    expected = len(text) <= 128 and STREAM.fullmatch(text) is not None
    assert event.is_stream_id(text) is expected


def test_prev_is_absent_exactly_at_the_beginning() -> None:
    """Both seq 0 with prev and seq 1 without are refused (rule 3)."""
    for seq, prev in ((0, PLAIN.prev), (1, None)):
        claims = claims_of(PLAIN) | {LABELS["seq"]: seq}
        if prev is None:
            del claims[LABELS["prev"]]
        raw = enclosed(in_cbor2(header_of(PLAIN) | {15: claims}), PLAIN.payload)
        assert "prev is absent if and only if seq is 0 (rule 3)" in refusal(raw).reason


def test_an_event_has_at_most_48_000_bytes() -> None:
    """48,000 bytes are an event, 48,001 are too large."""
    rest = len(signed(PLAIN).raw) - len(PLAIN.payload) + 2  # the longer length of the payload
    fits = enclosed(PLAIN.protected(), bytes(48_000 - rest))
    assert len(fits) == 48_000
    assert parse(fits).raw == fits
    assert refusal(enclosed(PLAIN.protected(), bytes(48_001 - rest))).code == "event-too-large"


@pytest.mark.parametrize("vector", VALID, ids=vectors.names)
def test_valid_vectors_are_accepted(vector: dict[str, Any]) -> None:
    """What stood in the vectors once is accepted for ever, with the same meaning and ids."""
    made = parse(bytes.fromhex(vector["hex"]))
    assert made.id.hex() == vector["id"]
    assert made.submission_id.hex() == vector["submission_id"]
    for name in ("iss", "stream", "type", "iat", "seq"):
        assert getattr(made, name) == vector[name]
    for name in ("ledger", "prev", "payload"):
        value = getattr(made, name)
        assert (None if value is None else value.hex()) == vector[name]
    assert (made.seen and [made.seen.size, made.seen.root.hex()]) == vector["seen"]
    keys.verify(bytes.fromhex(vector["public"]), made.signature, made.to_be_signed)


@pytest.mark.parametrize("vector", vectors.load("event/invalid"), ids=vectors.names)
def test_invalid_vectors_are_refused(vector: dict[str, Any]) -> None:
    """Each is refused with its code; the reason cites the rule that is broken."""
    error = refusal(bytes.fromhex(vector["hex"]))
    assert error.code == vector["code"]
    if error.code == "event-malformed":
        cited = re.search(r"\(rules? ([\d, ]+)\)", error.reason)
        assert cited is not None
        assert str(vector["rule"]) in cited[1].split(", ")


def survivors(vector: dict[str, Any], engine: str) -> list[int]:
    """Return the bits of an event that can be flipped and nobody notices."""
    raw, public = bytes.fromhex(vector["hex"]), bytes.fromhex(vector["public"])
    parsed = []
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            parsed.append((bit, parse(bytes(flipped))))
        except MalformedError:
            continue
    checks = [(public, one.signature, one.to_be_signed) for _, one in parsed]
    verdicts = keys.verify_many(checks, engine=engine)
    return [bit for (bit, _), valid in zip(parsed, verdicts, strict=True) if valid]


@pytest.mark.parametrize("vector", VALID[:12], ids=vectors.names)
def test_no_flipped_bit_survives(vector: dict[str, Any]) -> None:
    """Every flip of one bit in the first vectors is refused by the parser or the signature."""
    assert survivors(vector, keys.default_engine()) == []


@pytest.mark.slow
@pytest.mark.parametrize("engine", sorted(keys.ENGINES))
@pytest.mark.parametrize("vector", VALID, ids=vectors.names)
def test_no_flipped_bit_survives_in_any_vector(vector: dict[str, Any], engine: str) -> None:
    """All positions and all eight bits of 50 events, with each engine."""
    if engine == "sodium":
        pytest.importorskip("nacl")
    assert survivors(vector, engine) == []
