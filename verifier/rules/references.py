"""Which attachments an event refers to.

1. A reference to an event is an ``EventRef``, a map of stream, position and id; a reference to an
   attachment is a field of type ``Blob``, 32 bytes. The type of the field says which it is, so
   neither is ever taken for the other.
2. Whether an attachment is there is never a condition of admission.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect

from verifier.rules.book import Body
from verifier.rules.fields import BLOB_MARK

__all__ = ["blobs_of"]

_Find = Callable[[Any], Iterator[bytes]]

_NOTHING: Final[tuple[bytes, ...]] = ()


def blobs_of(body: Body) -> tuple[bytes, ...]:
    """Return the names of the attachments that a payload refers to, each once, in order."""
    find = _finder_of(type(body))
    return _NOTHING if find is None else tuple(dict.fromkeys(find(body)))


@cache
def _finder_of(kind: type[Body]) -> _Find | None:
    return _finder(inspect.type_info(kind))


def _finder(kind: inspect.Type) -> _Find | None:
    """Return how the attachments are found in a value of a type; nothing where it has none."""
    if isinstance(kind, inspect.Metadata):
        marked = (kind.extra or {}).get(BLOB_MARK)
        return _itself if marked else _finder(kind.type)
    if isinstance(kind, inspect.StructType):
        return _in_fields(kind)
    if isinstance(kind, inspect.VarTupleType | inspect.ListType):
        return _in_items(_finder(kind.item_type))
    if isinstance(kind, inspect.UnionType):
        return _in_union([find for find in map(_finder, kind.types) if find is not None])
    return None


def _itself(value: Any) -> Iterator[bytes]:
    yield value


def _in_fields(kind: inspect.StructType) -> _Find | None:
    found = [(field.name, find) for field in kind.fields if (find := _finder(field.type))]

    def look(value: Any) -> Iterator[bytes]:
        for name, find in found:
            yield from find(getattr(value, name))

    return look if found else None


def _in_items(find: _Find | None) -> _Find | None:
    if find is None:
        return None
    inner = find

    def look(value: Any) -> Iterator[bytes]:
        for item in value:
            yield from inner(item)

    return look


def _in_union(finders: list[_Find]) -> _Find | None:
    """Of a value that may be absent, or be one kind of attachment list; no rule has two kinds."""
    if not finders:
        return None
    (inner,) = finders

    def look(value: Any) -> Iterator[bytes]:
        if value is not None and value is not msgspec.UNSET:
            yield from inner(value)

    return look
