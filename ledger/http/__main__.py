"""Prints the OpenAPI document: ``python -m ledger.http > docs/reference/openapi.json``."""

from __future__ import annotations

import sys

from ledger.http.app import ROUTES
from ledger.http.openapi import render

sys.stdout.buffer.write(render(ROUTES))
