"""The views, listed explicitly: one module each, all of the shape that ``shape`` describes."""

from __future__ import annotations

from typing import Final

from projections.views.directory import Directory
from projections.views.shape import View
from projections.views.subject import Subject

__all__ = ["VIEWS", "Directory", "Subject", "View"]

VIEWS: Final[tuple[type[View], ...]] = (Directory, Subject)
