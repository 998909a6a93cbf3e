"""What a running ledger does beside its work: asks witnesses, anchors their word, erases on record.

``begin`` reads the settings and starts what they ask for; no receipt waits for any of it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ledger.errors import LedgerError

if TYPE_CHECKING:
    from ledger.application import Ledger
    from ledger.book import LedgerBook
    from ledger.committer import Committer
    from ledger.keeper import Keeper
    from ledger.publisher import Publisher
    from ledger.signer import Signer, Signers
    from ledger.witnesses import Witnesses

__all__ = ["Outside", "begin"]


class Outside:
    """The helpers that run; the witnesses' client and the keeper only where they are set up."""

    def __init__(self, ledger: Ledger, witnesses: Witnesses | None, keeper: Keeper | None) -> None:
        """Begin to carry out erasures, and take over what was set up."""
        self._witnesses = witnesses
        self._keeper = keeper
        self._stop = asyncio.Event()
        follow = ledger.blobs.follow(ledger.recorder, self._stop)
        self._erasing = asyncio.create_task(follow, name="erasures")

    def checkpoint(self, plain: bytes) -> bytes:
        """Return what is served in place of the plain newest checkpoint."""
        return plain if self._witnesses is None else self._witnesses.checkpoint(plain)

    async def close(self) -> None:
        """Stop; nothing that was acknowledged depends on it."""
        if self._keeper is not None:
            await self._keeper.close()
        if self._witnesses is not None:
            await self._witnesses.close()
        self._stop.set()
        await self._erasing


def begin(
    ledger: Ledger, book: LedgerBook, publisher: Publisher, signers: Signers, committer: Committer
) -> Outside:
    """Start what the settings ask for, in the running event loop.

    Raises:
        LedgerError: code ``config-invalid``, or ``signer-unusable``: there is no service key.
    """
    settings, witnesses, keeper = ledger.settings, None, None
    if settings.service_actor and signers.service is None:
        reason = f"{settings.service_actor} is to sign, and there is no keys/service.key"
        raise LedgerError("signer-unusable", reason)
    if settings.witness_policy is not None:
        from ledger.witnesses import ask_for

        witnesses = ask_for(settings.witness_policy, ledger.recorder, publisher, committer.halt)
    if settings.service_actor and signers.service is not None:
        keeper = _keeper(ledger, book, publisher, signers.service, witnesses)
        keeper.start()
    return Outside(ledger, witnesses, keeper)


def _keeper(
    ledger: Ledger, book: LedgerBook, publisher: Publisher, signer: Signer,
    witnesses: Witnesses | None,
) -> Keeper:  # fmt: skip
    """Make the keeper with its chores."""
    from ledger.anchoring import Anchoring
    from ledger.author import Author
    from ledger.keeper import Keeper

    settings = ledger.settings
    anchoring = Anchoring(
        book, witnessed=witnesses.witnessed if witnesses else lambda: None,
        newest=lambda: ledger.checkpoint() if publisher.newest else None,
        interval_s=settings.anchor_interval_s, authority=settings.timestamp_url,
    )  # fmt: skip
    author = Author(settings.service_actor, signer, ledger_id=None)
    return Keeper(author, [anchoring], submit=ledger.submit, head=ledger.head,
                  ledger_id=lambda: ledger.ledger_id)  # fmt: skip
