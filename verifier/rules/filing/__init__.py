"""Simple filings: one rule, and a table that says what may be filed, where and by whom."""

from __future__ import annotations

from verifier.rules.filing.rows import EVENTS, ROWS
from verifier.rules.filing.rule import Filed, Filing, Row, whole_log
from verifier.rules.filing.words import Contribution, Participation, RowStatus, Words

__all__ = [
    "EVENTS",
    "ROWS",
    "Contribution",
    "Filed",
    "Filing",
    "Participation",
    "Row",
    "RowStatus",
    "Words",
    "whole_log",
]
