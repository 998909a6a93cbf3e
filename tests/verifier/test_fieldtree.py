"""A commitment to fields opens field by field, and hides the rest."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier import encoding
from verifier.errors import FalseError, MalformedError, PledgebookError
from verifier.fieldtree import (
    FieldTree,
    fields_of,
    report_of,
    require_all,
    require_shown,
)

SECRET = bytes(range(32))
KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
LISTS = st.lists(st.integers(0, 9), min_size=1, max_size=3)
VALUES = st.one_of(
    st.text("abc é", max_size=20), st.integers(-9, 9), st.booleans(), st.binary(max_size=9), LISTS
)
REPORTS = st.recursive(
    st.dictionaries(KEYS, VALUES, min_size=1, max_size=6),
    lambda inner: st.dictionaries(KEYS, VALUES | inner, min_size=1, max_size=4), max_leaves=4,
)  # fmt: skip


def tree_of(report: dict[str, Any], secret: bytes = SECRET) -> FieldTree:
    """Return the tree of a report."""
    return FieldTree(secret, fields_of(report))


@given(report=REPORTS)
@settings(max_examples=150, deadline=None)
def test_each_field_is_proved_and_all_of_them(report: dict[str, Any]) -> None:
    """Any field alone, and all together, lead to the one root; the report comes out again."""
    tree = tree_of(report)
    for path in tree.fields:
        require_shown(tree.show(path), root=tree.root, leaves=tree.leaves)
    require_all(SECRET, tree.fields, root=tree.root, leaves=tree.leaves)
    assert report_of(tree.fields) == report
    assert tree.leaves >= 16
    assert tree.leaves.bit_count() == 1


@given(report=REPORTS, data=st.data())
@settings(max_examples=150, deadline=None)
def test_nothing_else_is_proved(report: dict[str, Any], data: st.DataObject) -> None:
    """Another value, path, salt, place or root is refused; so is a report with one field less."""
    tree = tree_of(report)
    shown = tree.show(data.draw(st.sampled_from(sorted(tree.fields))))
    other = encoding.encode({"v": "something else"})
    changes: list[dict[str, Any]] = [
        {"value": other}, {"path": shown.path + "x"}, {"salt": bytes(32)},
        {"index": shown.index ^ 1}, {"proof": shown.proof[:-1]},
        {"proof": (*shown.proof, bytes(32))}, {"salt": bytes(31)}, {"path": ""},
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(PledgebookError):
            require_shown(msgspec.structs.replace(shown, **change), root=tree.root,
                          leaves=tree.leaves)  # fmt: skip
    with pytest.raises(PledgebookError):
        require_shown(shown, root=bytes(32), leaves=tree.leaves)
    with pytest.raises(PledgebookError):
        require_shown(shown, root=tree.root, leaves=tree.leaves * 2)
    fewer = dict(tree.fields)
    del fewer[shown.path]
    for fields in (fewer, tree.fields | {"zz_more": other}, tree.fields | {shown.path: other}):
        with pytest.raises(PledgebookError):
            require_all(SECRET, fields, root=tree.root, leaves=tree.leaves)
    with pytest.raises(FalseError):
        require_all(bytes(32), tree.fields, root=tree.root, leaves=tree.leaves)


def test_the_number_of_fields_does_not_show() -> None:
    """One field and sixteen have as many leaves; equal values under two secrets share nothing."""
    one, many = tree_of({"a": 1}), tree_of({f"k{n}": n for n in range(16)})
    assert one.leaves == many.leaves == 16
    assert tree_of({f"k{n}": n for n in range(17)}).leaves == 32
    left, right = (tree_of({"a": 1}, bytes([n]) * 32) for n in (1, 2))
    shown = [tree.show("a") for tree in (left, right)]
    assert shown[0].salt != shown[1].salt
    assert not set(shown[0].proof) & set(shown[1].proof)


def test_what_is_no_report_is_refused() -> None:
    """Too many fields, no field, a wrong secret, a path through a value, a value in disguise."""
    for report in ({}, {"a": {}}, {"a": 1.5}):
        with pytest.raises(MalformedError):
            fields_of(report)
    with pytest.raises(MalformedError):
        fields_of({f"k{n}": n for n in range(1_025)})
    with pytest.raises(MalformedError):
        FieldTree(bytes(31), fields_of({"a": 1}))
    value = encoding.encode({"v": 1})
    for fields in ({"a": value, "a/b": value}, {"a/b": value, "a": value},
                   {"a": encoding.encode({"w": 1})}, {"a": encoding.encode({"v": {"b": 1}})},
                   {"a": b"\x81\xa1v\xd1\x00\x01"}):  # fmt: skip
        with pytest.raises(MalformedError):
            report_of(fields)
    with pytest.raises(MalformedError):
        tree_of({"a": 1}).show("b")
