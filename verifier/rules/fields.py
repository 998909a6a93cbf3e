r"""The kinds of value that payloads are made of, each with its grammar and bound.

A payload field is one of these or a struct of these, so that a bound is stated once. Sources:
record format §2 (decimals, dates, durations, texts), ISO 3166-1 alpha-3, BCP 47, org-id.guide.
Every pattern ends in ``\Z`` and names its digits: ``$`` also matches before a last line feed, and
``\d`` every script's digits, so that one value would have two spellings.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

__all__ = [
    "BLOB_MARK",
    "ActorId",
    "Alpha3",
    "Blob",
    "Code",
    "Day",
    "Decimal",
    "Duration",
    "EventRef",
    "Goal",
    "Hash",
    "Label",
    "LangText",
    "LocalId",
    "PartialDate",
    "PublicKey",
    "SdgTarget",
    "ShortText",
    "StreamName",
    "Symbol",
    "Text",
    "Texts",
    "VersionRef",
]

Hash = Annotated[bytes, Meta(min_length=32, max_length=32)]
"""A SHA-256 value or a thumbprint, 32 bytes."""

BLOB_MARK: Final = "attachment"
Blob = Annotated[bytes, Meta(min_length=32, max_length=32, extra={BLOB_MARK: True})]
"""The name of an attachment (``verifier.blob``). The type tells such a reference from an event's;
whether the attachment is there is never a condition of admission."""

PublicKey = Annotated[bytes, Meta(min_length=32, max_length=32)]
"""A raw Ed25519 public key, 32 bytes."""

ActorId = Annotated[str, Meta(pattern=r"^actor-[a-z0-9][a-z0-9._:-]{0,57}\Z")]
"""An actor: an organization, an office or a machine; never a person's name."""

StreamName = Annotated[str, Meta(min_length=3, max_length=128)]
LocalId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._:-]{0,63}\Z")]
"""The last segment of a stream id, unique within its subject and kind."""

Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}\Z")]
"""A value of a code list of ours."""

Label = Annotated[str, Meta(min_length=1, max_length=120)]
ShortText = Annotated[str, Meta(min_length=1, max_length=500)]
Text = Annotated[str, Meta(min_length=1, max_length=8000)]
"""Longer texts are attachments, referred to by hash."""

Symbol = Annotated[str, Meta(min_length=1, max_length=80)]
"""The symbol of a document or mandate, such as ``A/RES/70/224``."""

Alpha3 = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
SdgTarget = Annotated[str, Meta(pattern=r"^(1[0-7]|[1-9])(\.([1-9][0-9]?|[a-d]))?\Z")]
Goal = Annotated[int, Meta(ge=1, le=17)]
"""The number of a Sustainable Development Goal."""

Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
"""A calendar day, ISO 8601; that it exists is checked by ``dates.parse_day``."""

PartialDate = Annotated[str, Meta(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?\Z")]
"""A date whose precision is what the source states: year, month or day."""

Decimal = Annotated[str, Meta(pattern=r"^(0|-?[1-9][0-9]{0,17})(\.[0-9]{1,9})?\Z")]
Duration = Annotated[str, Meta(pattern=r"^P([1-9][0-9]{0,2}[YMD]|0D)\Z")]
"""``P<n>Y``, ``P<n>M`` or ``P<n>D``, with the arithmetic of ``dates.add``."""


class LangText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One text in one language (BCP 47 primary tag, optional script or region)."""

    lang: Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?\Z")]
    text: Text


Texts = Annotated[tuple[LangText, ...], Meta(min_length=1, max_length=12)]
"""The same text in one or more languages."""


class EventRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reference to an event: its stream, its place there and its id, never a bare id."""

    stream: StreamName
    seq: Annotated[int, Meta(ge=0)]
    id: Hash


class VersionRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A guideline set and the version of it that an event was decided by."""

    set: LocalId
    version: Annotated[int, Meta(ge=1)]
