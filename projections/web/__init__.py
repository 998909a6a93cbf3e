"""The views over HTTP."""

from __future__ import annotations

from projections.web.app import add_pages, pages_app

__all__ = ["add_pages", "pages_app"]
