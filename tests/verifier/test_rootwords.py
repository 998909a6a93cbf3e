"""A root in eight words: the published examples, and no two roots with the same words."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.rootwords import root_words


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1", "lusab-babad"), ("63.84.220.193", "gutih-tugad"),
        ("140.98.193.141", "mudof-sakat"), ("212.58.253.68", "tibup-zujah"),
        ("198.81.129.136", "sinid-makam"), ("12.110.110.204", "budov-kuras"),
    ],
)  # fmt: skip
def test_words_are_those_of_the_proposal(address: str, words: str) -> None:
    """The proposal's own examples, of 32 bits each, come out."""
    packed = ipaddress.ip_address(address).packed
    assert root_words(packed * 4 + bytes(16)) == "-".join([words] * 4)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 127))
def test_another_bit_is_another_word(root: bytes, bit: int) -> None:
    """Each of the first 128 bits is heard; every word has five letters."""
    number = int.from_bytes(root, "big") ^ 1 << (255 - bit)
    words, others = root_words(root).split("-"), root_words(number.to_bytes(32, "big")).split("-")
    assert [i for i in range(8) if words[i] != others[i]] == [bit // 16]
    assert {len(word) for word in words} == {5}
