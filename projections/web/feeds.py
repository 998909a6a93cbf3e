"""Feeds in Atom (RFC 4287): what was recorded last, about one subject or about all of them.

Rules:

1. Newest first, in the order of the log; an entry's time is the log's own, never the stated one.
   Older entries are one link further (``rel="next"``).
2. An entry is named by its event id and a feed by the log, its subject and its language, so a
   reader that follows two copies of one log is told each thing once.
3. A feed says at which checkpoint it stands, as text for people and whole in ``log:checkpoint``.
4. The two characters that a record may hold and XML may not are shown as the replacement
   character; the log has them.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from aiohttp import web

from projections.views import subject
from projections.web.asking import ask, freshness, query, stands_at
from projections.web.html import HEADERS, TEMPLATES_DIGEST, render

__all__ = ["everything", "one_subject"]

ENTRIES: Final = 50  # of one document
TYPE: Final = "application/atom+xml"

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class FeedQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of a feed."""

    before: int | None = None
    """Tell what stands before this index."""


async def everything(request: web.Request) -> web.Response:
    """Give the feed of the whole record."""
    return await _feed(request, None)


async def one_subject(request: web.Request) -> web.Response:
    """Give the feed of one subject."""
    return await _feed(request, request.match_info["id"])


async def _feed(request: web.Request, name: str | None) -> web.Response:
    asked = query(request, FeedQuery)
    answer, stand = await ask(
        request, subject.Subject,
        lambda rows: subject.recent(rows, name, before=asked.before, limit=ENTRIES),
    )  # fmt: skip
    headers, known = freshness(request, subject.Subject, stand, TEMPLATES_DIGEST)
    if known:
        return web.Response(status=304, headers=headers)
    text = render(
        request, "feed.xml", answer=answer, stand=stands_at(subject.Subject, stand),
        stand_time=stand.time, site=str(request.url.origin()),
    )  # fmt: skip
    return web.Response(
        text=_NOT_XML.sub("\ufffd", text), content_type=TYPE, charset="utf-8",
        headers={**HEADERS, "Content-Language": request.match_info["lang"], **headers},
    )  # fmt: skip
