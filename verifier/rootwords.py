"""A root in eight words, for two people who compare checkpoints over the telephone.

A word is sixteen bits as a *proquint* (D. S. Wilkerson, «A Proposal for Proquints», 2009):
consonant, vowel, consonant, vowel, consonant of 4, 2, 4, 2 and 4 bits. It can be spoken in many
languages and spelt by ear. Eight words are the first 128 bits of a SHA-256 root: nobody can make a
second tree with the same ones. Whoever hears other words for the same size has seen another log.
"""

from __future__ import annotations

from typing import Final

__all__ = ["WORDS", "root_words"]

WORDS: Final = 8

_CONSONANTS: Final = "bdfghjklmnprstvz"
_VOWELS: Final = "aiou"


def root_words(root: bytes) -> str:
    """Return a root of at least 16 bytes as eight words between hyphens."""
    pairs = (int.from_bytes(root[2 * i : 2 * i + 2], "big") for i in range(WORDS))
    return "-".join(map(_word, pairs))


def _word(number: int) -> str:
    return (
        _CONSONANTS[number >> 12]
        + _VOWELS[number >> 10 & 3]
        + _CONSONANTS[number >> 6 & 15]
        + _VOWELS[number >> 4 & 3]
        + _CONSONANTS[number & 15]
    )
