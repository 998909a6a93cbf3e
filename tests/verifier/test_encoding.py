from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.harness import reference_msgpack, vectors
from verifier import encoding
from verifier.errors import MalformedError

CODES = {"payload-too-large", "payload-malformed", "payload-value", "payload-not-canonical"}
FORBIDDEN = [
    *range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0), 0x2028, 0x2029,
    *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF,
]  # fmt: skip

keys = st.builds(
    str.__add__,
    st.sampled_from("abcdefghijklmnopqrstuvwxyz"),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789_", max_size=63),
)
texts = st.text(
    st.characters(codec="utf-8", exclude_characters=[chr(point) for point in FORBIDDEN])
)
scalars = st.one_of(
    st.integers(-encoding.MAX_INT, encoding.MAX_INT), st.booleans(), texts, st.binary(max_size=300)
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=5),
        st.dictionaries(keys, inner, min_size=1, max_size=5),
    ),
    max_leaves=8,
)
payloads = st.dictionaries(keys, values, min_size=1, max_size=4)


def refusal(data: bytes) -> MalformedError:
    """Return the error with which bytes are refused."""
    with pytest.raises(MalformedError) as caught:
        encoding.decode(data)
    assert caught.value.code in CODES
    return caught.value


def in_order(value: Any) -> Any:
    """Return a value with the keys of every map in ascending order."""
    if isinstance(value, dict):
        return {key: in_order(value[key]) for key in sorted(value)}
    return [in_order(item) for item in value] if isinstance(value, list) else value


@given(payloads)
def test_what_is_encoded_decodes_to_the_same_value(value: dict[str, Any]) -> None:
    """Decoding after encoding is the identity on the values of the profile."""
    assert encoding.decode(encoding.encode(value)) == value


@given(payloads)
def test_what_is_decoded_encodes_to_the_same_bytes(value: dict[str, Any]) -> None:
    """Encoding after decoding is the identity on the bytes of the profile."""
    data = encoding.encode(value)
    assert encoding.encode(encoding.decode(data)) == data


@given(payloads)
def test_the_msgpack_library_makes_the_same_bytes(value: dict[str, Any]) -> None:
    """With sorted keys ``msgpack.packb`` writes what the profile asks, and reads it back."""
    data = encoding.encode(value)
    assert msgpack.packb(in_order(value), use_bin_type=True) == data
    assert msgpack.unpackb(data, raw=False) == value


@given(payloads)
def test_the_reference_decoder_reads_the_same_value(value: dict[str, Any]) -> None:
    """The decoder written from the specification alone agrees on what is valid."""
    assert reference_msgpack.decode(encoding.encode(value)) == value


def assert_same_verdict(data: bytes) -> None:
    """Require that the reference decoder and the verifier accept and refuse alike."""
    try:
        expected = reference_msgpack.decode(data)
    except reference_msgpack.Refused:
        refusal(data)
    else:
        assert encoding.decode(data) == expected


@given(st.binary(max_size=60))
def test_both_decoders_agree_on_random_bytes(data: bytes) -> None:
    """Random bytes, also as the one value of an otherwise valid map."""
    assert_same_verdict(data)
    assert_same_verdict(b"\x81\xa1a" + data)


@given(payloads, st.data())
def test_both_decoders_agree_on_mutated_bytes(value: dict[str, Any], data: st.DataObject) -> None:
    """Valid bytes with a few of them changed, removed or inserted."""
    mutated = bytearray(encoding.encode(value))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(mutated)))
        stop = data.draw(st.integers(start, min(len(mutated), start + 3)))
        mutated[start:stop] = data.draw(st.binary(max_size=3))
    assert_same_verdict(bytes(mutated))


def longer_forms(value: Any) -> Iterator[bytes]:
    """Yield every encoding of a value in which one header is longer than need be."""
    plain = msgpack.packb(value, use_bin_type=True)
    if isinstance(value, bool):
        return
    if isinstance(value, int):
        sizes = ((1, 0xCC, 0xD0), (2, 0xCD, 0xD1), (4, 0xCE, 0xD2), (8, 0xCF, 0xD3))
        for size, unsigned, signed in sizes:
            for head, is_signed in ((unsigned, False), (signed, True)):
                try:
                    form = bytes([head]) + value.to_bytes(size, "big", signed=is_signed)
                except OverflowError:
                    continue
                if form != plain:
                    yield form
        return
    count = len(value.encode()) if isinstance(value, str) else len(value)
    heads = {str: (0xD9, 0xDA, 0xDB), bytes: (0xC4, 0xC5, 0xC6),
             list: (None, 0xDC, 0xDD), dict: (None, 0xDE, 0xDF)}[type(value)]  # fmt: skip
    shortest = header_of(value, count)
    for head, size in zip(heads, (1, 2, 4), strict=True):
        if head is not None and count < 1 << 8 * size:
            form = bytes([head]) + count.to_bytes(size, "big")
            if form != shortest:
                yield form + plain[len(shortest) :]
    yield from longer_within(value, shortest)


def longer_within(value: Any, shortest: bytes) -> Iterator[bytes]:
    """Yield the forms in which a member of a map or array has a longer header."""
    if isinstance(value, dict):
        parts = [part for entry in value.items() for part in entry]
    elif isinstance(value, list):
        parts = value
    else:
        return
    packed = [msgpack.packb(part, use_bin_type=True) for part in parts]
    for place, part in enumerate(parts):
        for form in longer_forms(part):
            yield shortest + b"".join([*packed[:place], form, *packed[place + 1 :]])


def header_of(value: Any, count: int) -> bytes:
    """Return the shortest header of a string, byte string, array or map."""
    packer = msgpack.Packer(use_bin_type=True)
    if isinstance(value, dict):
        return packer.pack_map_header(count)
    if isinstance(value, list):
        return packer.pack_array_header(count)
    plain = packer.pack(value)
    return plain[: len(plain) - count]


small_payloads = st.dictionaries(
    keys, st.one_of(scalars, st.lists(scalars, min_size=1, max_size=3)), min_size=1, max_size=3
)


@given(small_payloads)
def test_a_longer_header_anywhere_is_refused(value: dict[str, Any]) -> None:
    """Every non-shortest form of every header, one at a time, breaks rule 3."""
    value = in_order(value)
    forms = list(longer_forms(value))
    assert forms
    for form in forms:
        assert msgpack.unpackb(form, raw=False) == value
        assert refusal(form).code == "payload-not-canonical"


@given(payloads, st.binary(min_size=1, max_size=8))
def test_nothing_follows_the_map(value: dict[str, Any], more: bytes) -> None:
    """Trailing bytes break rule 1, also when they are a valid map."""
    data = encoding.encode(value)
    assert refusal(data + more).code == "payload-malformed"
    assert refusal(data + data).code == "payload-malformed"


@given(small_payloads)
def test_every_beginning_is_refused(value: dict[str, Any]) -> None:
    """A truncated payload is never a payload."""
    data = encoding.encode(value)
    for stop in range(len(data)):
        refusal(data[:stop])


@given(st.lists(keys, min_size=2, max_size=6, unique=True), st.data())
def test_keys_ascend_and_occur_once(names: list[str], data: st.DataObject) -> None:
    """Any other order of the keys, and any key that is repeated, breaks rule 5."""
    order = data.draw(st.permutations(names))
    assume(order != sorted(names))
    packer = msgpack.Packer()
    entries = [packer.pack(key) + b"\x01" for key in order]
    assert refusal(packer.pack_map_header(len(entries)) + b"".join(entries)).code == (
        "payload-not-canonical"
    )
    ascending = sorted(entries)
    twice = [*ascending, ascending[-1]]
    assert refusal(packer.pack_map_header(len(twice)) + b"".join(twice)).code == (
        "payload-not-canonical"
    )


@pytest.mark.parametrize(
    "value",
    [None, 1.0, float("nan"), msgpack.Timestamp(0, 0), msgpack.ExtType(5, b"x")],
    ids=["nil", "float", "nan", "timestamp", "extension"],
)
def test_types_outside_the_profile_are_refused(value: Any) -> None:
    """nil, float, timestamp and extension break rule 2, at any depth."""
    for wrapped in (value, [value], {"k": [1, value]}):
        data = msgpack.packb({"a": wrapped}, use_bin_type=True)
        assert refusal(data).code == "payload-value"


@pytest.mark.parametrize("value", [None, 1.5, object(), {"b": {}}, [], {1: 2}, "\ud800"])
def test_encode_refuses_what_decode_would(value: Any) -> None:
    """A value outside the profile cannot be encoded either."""
    with pytest.raises(MalformedError) as caught:
        encoding.encode({"a": value})
    assert caught.value.code == "payload-value"


def test_the_forbidden_characters_are_exactly_those_of_the_specification() -> None:
    """Every character up to U+3000, the byte order mark and its neighbours."""
    surrogates = range(0xD800, 0xE000)
    for point in (*range(0x3000), *range(0xFE00, 0xFF10), *surrogates, 0x1F333, 0x10FFFF):
        data = msgpack.packb({"a": chr(point)}, unicode_errors="surrogatepass")
        if point in surrogates:
            assert refusal(data).code == "payload-malformed"
        elif point in FORBIDDEN:
            assert refusal(data).reason == f"character U+{point:04X} (rule 7)"
        else:
            assert encoding.decode(data) == {"a": chr(point)}


@given(keys, st.characters(codec="utf-8"))
def test_a_key_is_never_more_than_its_grammar(key: str, other: str) -> None:
    """A key with one character before, after or instead follows the grammar or is refused."""
    for name in (other + key, key + other, other):
        data = msgpack.packb({name: 1})
        if re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name):
            assert encoding.decode(data) == {name: 1}
        else:
            assert refusal(data).code == "payload-value"


def test_a_header_that_promises_much_costs_nothing() -> None:
    """Lengths of 2^32 - 1 in a few bytes are refused before anything is allocated."""
    for head in (0xDB, 0xC6, 0xDD, 0xDF, 0xC9):
        assert refusal(b"\x81\xa1a" + bytes([head]) + b"\xff" * 4).code == "payload-malformed"
    assert refusal(b"\xdf\xff\xff\xff\xff").code == "payload-malformed"


@pytest.mark.parametrize("vector", vectors.load("encoding/valid"), ids=vectors.names)
def test_valid_vectors_are_accepted_by_both_decoders(vector: dict[str, Any]) -> None:
    """What stood in the vectors once is accepted for ever, with the same meaning."""
    data = bytes.fromhex(vector["hex"])
    value = encoding.decode(data)
    assert reference_msgpack.decode(data) == value
    assert encoding.encode(value) == data
    if vector["value"] is not None:
        assert as_shown(value) == vector["value"]


def as_shown(value: Any) -> Any:
    """Return a value as the vectors show it."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, dict):
        return {key: as_shown(item) for key, item in value.items()}
    return [as_shown(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("vector", vectors.load("encoding/invalid"), ids=vectors.names)
def test_invalid_vectors_are_refused_by_both_decoders(vector: dict[str, Any]) -> None:
    """Each is refused with its code, and the rule that the reason cites is the one broken."""
    data = bytes.fromhex(vector["hex"])
    with pytest.raises(reference_msgpack.Refused) as caught:
        reference_msgpack.decode(data)
    error = refusal(data)
    assert error.code == vector["code"]
    cited = re.search(r"\(rules? ([\d, ]+)\)", error.reason)
    if cited:
        assert str(vector["rule"]) in cited[1].split(", ")
    assert caught.value.args[0] == vector["rule"] or vector["rule"] == 1
