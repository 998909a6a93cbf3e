"""Read models over a log, and what shows them: everything here can be thrown away and rebuilt."""

from __future__ import annotations

from projections.feed import Feed
from projections.runner import Runner, ViewStatus
from projections.views import VIEWS

__all__ = ["VIEWS", "Feed", "Runner", "ViewStatus"]
