"""Full text in the six languages of the United Nations, over SQLite FTS5 and one normaliser.

Rules:

1. What is stored and what is asked go through the same ``tokens``; the original is kept elsewhere,
   for display. So no search depends on how a language is typed.
2. Compatibility forms (NFKC) and case are folded. Accents of Latin, Greek and Cyrillic letters go,
   and the letters that carry theirs inside (ø, ł, ß, æ …) become plain ones.
3. Arabic: vowel marks and the stretching line go; the forms of alef, ya and ta marbuta become one;
   the article is cut off where three letters remain. Digits of any script become 0 to 9.
4. Chinese characters and kana have no spaces between words: every pair of neighbours is a token,
   and the last of a run is one alone, so that a query of one character finds it anywhere.
5. Every word asked for must occur, each as the beginning of a word; a run of Chinese characters
   must occur as it stands. Better places (title, then names, then text) come first, by bm25.
6. Identifiers are not words: they are found exactly or by their beginning, in their own columns.

FTS5 is the only engine here that every SQLite has; its ``ascii`` tokenizer cuts at our spaces and
leaves every other script alone. Whoever replaces the engine replaces this file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

__all__ = ["BEYOND", "HITS", "INTO", "MAX_QUERY_CHARS", "TABLE", "match", "tokens"]

MAX_QUERY_CHARS: Final = 200
MAX_QUERY_WORDS: Final = 12  # each is a lookup; nobody types more
MAX_TEXT_CHARS: Final = 4_000  # of one text: what stands further down is not searched
MAX_HITS: Final = 20_000  # of one query, before they are gathered by subject

TABLE: Final = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5("
    "title, names, body, subject UNINDEXED, tokenize = 'ascii')"
)
INTO: Final = "search (rowid, title, names, body, subject)"
HITS: Final = (
    "SELECT subject, MIN(score) AS score FROM ("  # noqa: S608 - constants alone
    "SELECT subject, bm25(search, 10.0, 3.0, 1.0) AS score FROM search WHERE search MATCH ? "
    f"LIMIT {MAX_HITS}) GROUP BY subject"
)
BEYOND: Final = f"SELECT 1 FROM search WHERE search MATCH ? LIMIT 1 OFFSET {MAX_HITS}"  # noqa: S608

_ASCII_WORD: Final = re.compile(r"[0-9a-z]+")
_PLAIN: Final = str.maketrans({
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h",
    "ى": "ي", "ة": "ه", "ٱ": "ا", "ک": "ك", "ی": "ي", "ـ": None,
})  # fmt: skip
_MARKED: Final = re.compile("[a-z\u0370-\u03ff\u0400-\u052f\u0590-\u06ff]")
_UNSPACED: Final = re.compile(
    "[\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_ARTICLE: Final = re.compile("(?:[وفبك]?ال|لل)(?=.{3})")


def tokens(text: str) -> str:
    """Return the tokens of a text, separated by spaces (rules 2 to 4)."""
    return " ".join(token for word in _words(text[:MAX_TEXT_CHARS]) for token in _split(word))


def match(query: str) -> str | None:
    """Return the FTS5 expression of what a person typed, or nothing if it has no word (rule 5)."""
    parts: list[str] = []
    for word in _words(query[:MAX_QUERY_CHARS]):
        for run in _runs(word):
            if len(run) == 1 or not _UNSPACED.match(run):
                parts.append(f'"{run}"*')
            else:
                parts.append('"' + " ".join(_pairs(run)) + '"')
    return " AND ".join(parts[:MAX_QUERY_WORDS]) or None


def _words(text: str) -> Iterator[str]:
    """Yield the folded words of a text: runs of letters and digits."""
    if text.isascii():
        yield from _ASCII_WORD.findall(text.lower())
        return
    word: list[str] = []
    for letter in _fold(text):
        if letter.isalnum():
            word.append(letter)
        elif word and unicodedata.category(letter) in ("Mn", "Mc"):
            word.append(letter)  # a vowel sign of a script that we leave as it is
        elif word:
            yield _bare("".join(word))
            word.clear()
    if word:
        yield _bare("".join(word))


def _fold(text: str) -> str:
    """Fold forms, case, marks and digits (rules 2 and 3)."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_PLAIN)
    base, out = "", []
    for letter in unicodedata.normalize("NFKD", folded):
        if unicodedata.combining(letter):
            if not _MARKED.match(base):
                out.append(letter)
            continue
        base = letter
        digit = unicodedata.digit(letter, -1) if not letter.isascii() else -1
        out.append(letter if digit < 0 else str(digit))
    return unicodedata.normalize("NFC", "".join(out)).translate(_PLAIN)


def _bare(word: str) -> str:
    """Cut off the Arabic article (rule 3)."""
    return _ARTICLE.sub("", word, count=1) if _ARTICLE.match(word) else word


def _split(word: str) -> Iterator[str]:
    for run in _runs(word):
        if _UNSPACED.match(run):
            yield from _pairs(run)
            yield run[-1]
        else:
            yield run


def _runs(word: str) -> Iterator[str]:
    """Yield the parts of a word that are written with and without spaces, in order."""
    at = 0
    for found in _UNSPACED.finditer(word):
        yield from _spaced(word[at : found.start()])
        yield found.group()
        at = found.end()
    yield from _spaced(word[at:])


def _spaced(part: str) -> Iterator[str]:
    """Yield a part of a word without the vowel signs that belonged to what stood before it."""
    first = next((i for i, letter in enumerate(part) if letter.isalnum()), None)
    if first is not None:
        yield part[first:]


def _pairs(run: str) -> Iterator[str]:
    return (run[i : i + 2] for i in range(len(run) - 1))
