"""One box finds words in Arabic, Chinese, English, French, Russian and Spanish, as people type."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections import search

INSERT = f"INSERT INTO {search.INTO} VALUES (?, ?, ?, ?, ?)"
STORED = {
    "ar": "اتُّخِذَ القَرَارُ بشأن المياه النظيفة",
    "zh": "清洁用水伙伴关系的承诺报告",
    "en": "The commitments of the Clean Water partnership",
    "fr": "Décision sur l’eau potable à Besançon",
    "ru": "Решение о чистой воде и отчётность",
    "es": "Decisión sobre el año del agua limpia",
}


@pytest.fixture
def index() -> sqlite3.Connection:
    """An index that holds one text in each language."""
    connection = sqlite3.connect(":memory:")
    connection.execute(search.TABLE)
    for number, (lang, text) in enumerate(STORED.items()):
        connection.execute(INSERT, (number, search.tokens(text), "", "", lang))
    return connection


def _found(index: sqlite3.Connection, query: str) -> set[str]:
    expression = search.match(query)
    return (
        set()
        if expression is None
        else {row[0] for row in index.execute(search.HITS, (expression,))}
    )


@pytest.mark.parametrize(
    ("query", "langs"),
    [
        ("承诺", {"zh"}), ("诺报", {"zh"}), ("承诺报告", {"zh"}), ("水", {"zh"}), ("告", {"zh"}),
        ("承报", set()),
        ("القرار", {"ar"}), ("قرار", {"ar"}), ("القَرَارُ", {"ar"}), ("مياه", {"ar"}),
        ("نظيفه", {"ar"}), ("والمياه", {"ar"}),
        ("решение", {"ru"}), ("РЕШЕНИЕ", {"ru"}), ("решени", {"ru"}), ("отчетность", {"ru"}),
        ("decision", {"fr", "es"}), ("décision", {"fr", "es"}), ("DECISIÓN", {"fr", "es"}),
        ("eau", {"fr"}), ("besancon", {"fr"}), ("ano", {"es"}),
        ("commitment", {"en"}), ("water clean", {"en"}), ("clean agua", set()), ("partner", {"en"}),
        ("", set()), ("  …  ", set()), ('"', set()),
    ],
)  # fmt: skip
def test_what_is_typed_finds_what_is_stored(
    index: sqlite3.Connection, query: str, langs: set[str]
) -> None:
    """Two and one Chinese characters, vowel marks and the article, accents and case, beginnings of
    words; all words must occur; a run of Chinese characters only as it stands.
    """
    assert _found(index, query) == langs


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Łódź", "lodz"), ("Straße", "STRASSE"), ("Ærø", "aero"), ("İzmir", "izmir"), ("ﬁn", "fin"),
        ("ｆｕｌｌ", "full"), ("٢٠٢٤", "2024"), ("Ёлка", "елка"), ("Αθήνα", "αθηνα"),
        ("أحمد", "احمد"), ("مدرسة", "مدرسه"), ("مـــاء", "ماء"), ("على", "علي"),
    ],
)  # fmt: skip
def test_spellings_of_one_word_are_one(one: str, other: str) -> None:
    """Forms that people do not tell apart give the same token."""
    assert search.tokens(one) == search.tokens(other) != ""


def test_titles_come_before_names_and_names_before_text() -> None:
    """A word in the title ranks above the same word among names, and that above the text."""
    connection = sqlite3.connect(":memory:")
    connection.execute(search.TABLE)
    rows = [("", "", "water"), ("", "water", ""), ("water", "", "")]
    for number, row in enumerate(rows):
        connection.execute(INSERT, (number, *row, str(number)))
    found = connection.execute(search.HITS + " ORDER BY score", (search.match("water"),)).fetchall()
    assert [subject for subject, _ in found] == ["2", "1", "0"]


@given(text=st.text(max_size=300))
def test_whatever_is_typed_is_a_query_and_finds_itself(text: str) -> None:
    """No text breaks the query language of FTS5, and what is stored is found by its own words."""
    connection = sqlite3.connect(":memory:")
    connection.execute(search.TABLE)
    connection.execute(INSERT, (1, search.tokens(text), "", "", "it"))
    expression = search.match(text)
    if expression is not None:
        assert connection.execute(search.HITS, (expression,)).fetchall()
    connection.close()


@given(text=st.text(max_size=300))
def test_tokens_are_stable(text: str) -> None:
    """A token is its own token, unless Chinese pairs are cut again."""
    once = search.tokens(text)
    words = [word for word in once.split() if not search._UNSPACED.search(word)]
    assert [search.tokens(word) for word in words] == words
