"""An archive has one form: whatever else an unzip would read is refused."""

from __future__ import annotations

import io
import random
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness import vectors
from verifier.archive import pack, unpack
from verifier.errors import MalformedError

names = st.from_regex(
    r"[A-Za-z0-9][A-Za-z0-9.-]{0,5}(/[A-Za-z0-9][A-Za-z0-9.-]{0,5}){0,2}", fullmatch=True
)


@given(st.dictionaries(names, st.binary(max_size=50), max_size=6))
def test_what_is_packed_is_unpacked(members: dict[str, bytes]) -> None:
    """Unpack ∘ pack = id, and an ordinary unzip reads the same."""
    data = pack(members)
    assert unpack(data) == members
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == members


@given(st.dictionaries(names, st.binary(max_size=50), min_size=1, max_size=6), st.randoms())
def test_a_changed_archive_is_another_or_none(
    members: dict[str, bytes], rng: random.Random
) -> None:
    """Where a flipped bit is read at all, it is read as what it now is."""
    data = bytearray(pack(members))
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    try:
        found = unpack(bytes(data))
    except MalformedError:
        return
    assert pack(found) == bytes(data)
    assert found != members


@pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", "..", "../a", "a/..", "a\\b", "a b", "ä"])
def test_a_name_that_may_not_be_is_not_written(name: str) -> None:
    """No absolute path, no way upwards, no other alphabet."""
    with pytest.raises(MalformedError):
        pack({name: b""})


@pytest.mark.parametrize("vector", vectors.load("archive/valid"), ids=vectors.names)
def test_a_valid_vector_is_read(vector: dict[str, Any]) -> None:
    """To its members, and they are written to its bytes."""
    members = {name: bytes.fromhex(data) for name, data in vector["members"].items()}
    assert unpack(bytes.fromhex(vector["hex"])) == members
    assert pack(members).hex() == vector["hex"]


@pytest.mark.parametrize("vector", vectors.load("archive/invalid"), ids=vectors.names)
def test_an_invalid_vector_is_refused(vector: dict[str, Any]) -> None:
    """By its code."""
    with pytest.raises(MalformedError) as error:
        unpack(bytes.fromhex(vector["hex"]))
    assert error.value.code == vector["code"]
