"""The state of a subject: its things by key and by kind."""

from __future__ import annotations

from verifier.rules.book import Head, Subject
from verifier.rules.partnership import Tie
from verifier.rules.review.state import Settled


def test_things_are_found_by_kind_in_the_order_in_which_they_first_came() -> None:
    """Rule 1: whether they came before or after one first asked for their kind."""
    subject = Subject("p-x")
    subject.change(("a", Tie("2020-01-01")), ("other", Settled("c", "2021-01-01")))
    assert [tie.last_day for tie in subject.all(Tie)] == ["2020-01-01"]
    subject.change(("b", Tie("2020-02-02")), ("a", Tie("2020-03-03")))
    assert subject.by_key(Tie) == {"a": Tie("2020-03-03"), "b": Tie("2020-02-02")}
    assert list(subject.by_key(Tie)) == ["a", "b"]
    assert list(subject.all(Settled)) == [Settled("c", "2021-01-01")]
    assert list(subject.all(Head)) == []


def test_a_key_that_changes_its_kind_is_found_by_the_new_one_alone() -> None:
    """Rule 1: and keeps its place among the others."""
    subject = Subject("p-x")
    subject.change(("a", Settled("c", "2021-01-01")), ("b", Tie("2020-02-02")))
    assert [len(list(subject.all(kind))) for kind in (Settled, Tie)] == [1, 1]
    subject.change(("a", Tie("2020-01-01")))
    assert list(subject.all(Settled)) == []
    assert list(subject.by_key(Tie)) == ["a", "b"]
    assert subject.get("a", Tie) == subject.things["a"] == Tie("2020-01-01")
