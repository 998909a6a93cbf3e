"""A record of the register has one encoding; a run with its neighbours is all that there is."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness import vectors
from verifier import encoding
from verifier.errors import FalseError, MalformedError
from verifier.records import (
    Record,
    bounds,
    covers,
    leaves_of,
    read_record,
    records_of,
    require_whole,
    write_record,
)
from verifier.tree import leaf_hash

HEAD = bytes(range(32))
segments = st.from_regex(r"[a-z0-9][a-z0-9._:-]{0,3}", fullmatch=True)
streams = st.lists(segments, min_size=2, max_size=4).map("/".join)
fields = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True),
    st.one_of(st.booleans(), st.integers(0, 99), st.text("abc", max_size=3), st.binary(max_size=3)),
    max_size=4,
)
records = st.builds(Record, streams, st.just(HEAD), st.integers(0, 300), fields)


@given(records)
def test_what_is_written_is_read(record: Record) -> None:
    """Decode ∘ encode = id, and the fast way of writing makes the same bytes."""
    data = write_record(record)
    assert read_record(data) == record
    heads = [(record.stream, record.seq, record.head)]
    public = dict(sorted(record.public.items()))
    assert records_of(heads, public) == [(record.stream, data)]
    assert leaves_of(heads, public) == [leaf_hash(data)]


@settings(max_examples=200)
@given(records, st.data())
def test_changed_bytes_are_another_record_or_none(record: Record, data: st.DataObject) -> None:
    """Encode ∘ decode = id: no other bytes are read as the same record."""
    written = bytearray(write_record(record))
    written[data.draw(st.integers(0, len(written) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        other = read_record(bytes(written))
    except MalformedError:
        return
    assert write_record(other) == bytes(written)  # which are not the record's (False == 0 here)


@pytest.mark.parametrize(
    "value",
    [
        b"", b"\x90", b"\x93\xa3p/a\xc4\x20" + HEAD, b"\x93\xa3p/a\xc4\x20" + HEAD + b"\x00\x00",
        b"\x93\xa1p\xc4\x20" + HEAD + b"\x00", b"\x93\xa3p/a\xc4\x1f" + HEAD[:31] + b"\x00",
        b"\x93\xa3p/a\xc4\x20" + HEAD + b"\xff", b"\x93\xa3p/a\xc4\x20" + HEAD + b"\xc3",
        b"\x94\xa3p/a\xc4\x20" + HEAD + b"\x00\x80",
        b"\x94\xa3p/a\xc4\x20" + HEAD + b"\x00\x91\x00",
        b"\x95\xa3p/a\xc4\x20" + HEAD + b"\x00\x81\xa1a\x00\x00",
        b"\x83\xa1a\x00\xa1b\x00\xa1c\x00",
    ],
)  # fmt: skip
def test_what_has_not_the_fields_of_a_record_is_none(value: bytes) -> None:
    """Too few, too many, of another type, empty, or with something after it."""
    with pytest.raises(MalformedError) as error:
        read_record(value)
    assert error.value.code == "register-malformed"


@given(st.lists(streams, max_size=12, unique=True), segments)
def test_a_subjects_streams_are_one_run(names: list[str], subject: str) -> None:
    """In byte order no stream of another subject stands between two of one."""
    names = sorted(names, key=lambda name: name.encode())
    assert names == sorted(names)
    own = [name.startswith(subject + "/") for name in names]
    low, high = bounds(subject)
    assert own == [low <= name < high for name in names] == [covers(subject, n) for n in names]
    assert sum(a != b for a, b in pairwise(own)) <= 2


def run(*names: str) -> list[Record]:
    """Return records of these streams."""
    return [Record(name, HEAD, 0, {}) for name in names]


def test_a_run_with_both_neighbours_is_whole() -> None:
    """Or with an end of the register in a neighbour's place."""
    whole = require_whole("p-b", 3, run("p-a/x", "p-b/x", "p-b/y", "p-c/x"), 9)
    assert [r.stream for r in whole.records] == ["p-b/x", "p-b/y"]
    assert require_whole("p-b", 0, run("p-b/x", "p-c/x"), 2).before is None
    assert require_whole("p-b", 1, run("p-a/x", "p-b/x"), 3).after is None
    assert require_whole("p-b/x", 0, run("p-b/x", "p-b/x/y"), 2).records == tuple(run("p-b/x"))


def test_two_neighbours_side_by_side_show_absence() -> None:
    """Nothing fits between them."""
    assert not require_whole("p-b", 3, run("p-a/x", "p-c/x"), 9).records
    assert not require_whole("p-b", 1, run("p-b.a/x"), 2).records
    assert not require_whole("p-a", 0, run("p-b/x"), 2).records
    assert require_whole("p-b", 0, run("p-a/x", "p-c/x"), 2).before is not None


@pytest.mark.parametrize(
    ("first", "names", "leaves", "code"),
    [
        (3, ("p-b/x", "p-c/x"), 9, "register-incomplete"),
        (3, ("p-a/x", "p-b/x"), 9, "register-incomplete"),
        (1, ("p-b/x",), 2, "register-incomplete"),
        (0, ("p-b/x",), 2, "register-incomplete"),
        (1, ("p-c/x",), 2, "register-incomplete"),
        (3, (), 9, "register-incomplete"),
        (3, ("p-a/x", "p-a/y", "p-c/x"), 9, "register-malformed"),
        (3, ("p-a/x", "p-c/x", "p-c/y"), 9, "register-malformed"),
        (3, ("p-a/x", "p-b/y", "p-b/x", "p-c/x"), 9, "register-malformed"),
        (3, ("p-a/x", "p-b/x", "p-b/x", "p-c/x"), 9, "register-malformed"),
    ],
)
def test_what_may_hide_records_is_refused(
    first: int, names: tuple[str, ...], leaves: int, code: str
) -> None:
    """A neighbour that is missing, or doubled, or records out of order."""
    with pytest.raises((FalseError, MalformedError)) as error:
        require_whole("p-b", first, run(*names), leaves)
    assert error.value.code == code


@pytest.mark.parametrize("vector", vectors.load("register/records-valid"), ids=vectors.names)
def test_a_valid_vector_is_read(vector: dict[str, Any]) -> None:
    """Its bytes, its leaf and every field."""
    data = bytes.fromhex(vector["hex"])
    record = read_record(data)
    assert write_record(record) == data
    assert leaf_hash(data).hex() == vector["leaf"]
    assert (record.stream, record.head.hex(), record.seq) == (
        vector["stream"], vector["head"], vector["seq"],
    )  # fmt: skip
    public = encoding.encode(record.public).hex() if record.public else None
    assert public == vector["public"]


@pytest.mark.parametrize("vector", vectors.load("register/records-invalid"), ids=vectors.names)
def test_an_invalid_vector_is_refused(vector: dict[str, Any]) -> None:
    """By its code."""
    with pytest.raises(MalformedError) as error:
        read_record(bytes.fromhex(vector["hex"]))
    assert error.value.code == vector["code"]
