"""The ledger over HTTP: ``make_app`` builds the service, ``serving`` and ``serve`` run it."""

from __future__ import annotations

from ledger.http.app import ROUTES, Address, make_app, mount, serve, serving
from ledger.http.bodies import Bodies
from ledger.http.problems import answer_problems

__all__ = [
    "ROUTES",
    "Address",
    "Bodies",
    "answer_problems",
    "make_app",
    "mount",
    "serve",
    "serving",
]
