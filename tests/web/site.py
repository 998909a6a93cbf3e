"""A site that is served, for tests that ask it over real HTTP."""

from __future__ import annotations

from typing import Any

import aiohttp


class Site:
    """A site that is served: answers as (status, headers, text)."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self.session = session
        self.base = base

    async def get(self, path: str, **headers: str) -> tuple[int, Any, str]:
        """Ask for a path, without following where it leads."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.get(
            self.base + path, headers=names, allow_redirects=False
        ) as response:
            return response.status, response.headers, await response.text()

    async def bytes(self, path: str) -> bytes:
        """Ask for the bytes at a path."""
        async with self.session.get(self.base + path) as response:
            return await response.read()

    async def json(self, path: str) -> Any:
        """Ask for the JSON at a path."""
        async with self.session.get(self.base + path) as response:
            return await response.json()
