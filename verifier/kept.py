"""The state of a subject as bytes, and back: what an audit keeps until the next one.

Rules:

1. A thing is kept as the canonical fields of its struct, under the name of its type; only types of
   the rules are ever read back, each checked field by field as it is decoded.
2. A payload inside a thing is kept with the name of its event type.
3. Order is kept: of streams, and of things by first appearance.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any, Final, get_type_hints

import msgspec

from verifier.errors import UndecidedError
from verifier.rules.book import Body, Head, Subject
from verifier.rules.table import DECODERS

__all__ = ["subject_from", "subject_to"]

RULES: Final = "verifier.rules."
_ENCODER: Final = msgspec.msgpack.Encoder()


class _Kept(msgspec.Struct, array_like=True):
    """A subject as it is kept: its id, its heads, the names of types, its things."""

    id: str
    heads: list[tuple[str, int, bytes]]
    kinds: list[str]
    things: list[tuple[str, int, msgspec.Raw]]


_DECODER: Final = msgspec.msgpack.Decoder(_Kept)


def subject_to(subject: Subject) -> bytes:
    """Return a subject as bytes."""
    kinds: dict[type, int] = {}
    things = [
        (key, kinds.setdefault(type(thing), len(kinds)), msgspec.Raw(_encoded(thing)))
        for key, thing in subject.things.items()
    ]
    heads = [(stream, head.seq, head.id) for stream, head in subject.heads.items()]
    names = [f"{kind.__module__.removeprefix(RULES)}:{kind.__qualname__}" for kind in kinds]
    return _ENCODER.encode(_Kept(subject.id, heads, names, things))


def subject_from(data: bytes) -> Subject:
    """Read a subject.

    Raises:
        UndecidedError: code ``state-unreadable``.
    """
    try:
        kept = _DECODER.decode(data)
        decoders = [_decoder(name) for name in kept.kinds]
        subject = Subject(kept.id)
        subject.heads = {stream: Head(seq, id_) for stream, seq, id_ in kept.heads}
        subject.change(*((key, decoders[kind](bytes(raw))) for key, kind, raw in kept.things))
    except (msgspec.MsgspecError, LookupError) as error:
        raise UndecidedError("state-unreadable", f"a subject kept: {error}") from None
    return subject


def _encoded(thing: msgspec.Struct) -> bytes:
    bodies = _bodies(type(thing))
    if not bodies:
        return _ENCODER.encode(thing)
    fields = msgspec.structs.asdict(thing)
    for name in bodies:
        fields[name] = (fields[name].TYPE, msgspec.Raw(_ENCODER.encode(fields[name])))
    return _ENCODER.encode(fields)


@cache
def _decoder(name: str) -> Callable[[bytes], Any]:
    """Return what reads things of a type (rule 1)."""
    module, _, qualified = name.partition(":")
    kind: Any = importlib.import_module(RULES + module)
    for part in qualified.split("."):
        kind = getattr(kind, part, None)
    if kind is None or not issubclass(kind, msgspec.Struct):
        raise LookupError(f"the rules have no {name}")
    bodies = _bodies(kind)
    if not bodies:
        decode: Callable[[bytes], Any] = msgspec.msgpack.Decoder(kind).decode
        return decode
    return lambda data: _with_bodies(kind, bodies, data)


def _with_bodies(kind: type[msgspec.Struct], bodies: tuple[str, ...], data: bytes) -> Any:
    fields = msgspec.msgpack.decode(data, type=dict[str, msgspec.Raw])
    made: dict[str, Any] = {}
    hints = _hints(kind)
    for name, raw in fields.items():
        if name in bodies:
            type_, payload = msgspec.msgpack.decode(raw, type=tuple[str, msgspec.Raw])
            made[name] = DECODERS[type_].decode(payload)
        else:
            made[name] = msgspec.msgpack.decode(raw, type=hints[name])
    return kind(**made)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _bodies(kind: type) -> tuple[str, ...]:
    """Return the fields of a struct that hold the payload of some event (rule 2)."""
    return tuple(
        name for name, hint in _hints(kind).items()
        if isinstance(hint, type) and issubclass(hint, Body)
    )  # fmt: skip
