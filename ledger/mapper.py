"""Our events in the terms of ``eventsourcing``, and back; never an import by name.

The library's own mapper imports whatever a row's topic names. Here a topic is an event type, the
registry of event types is closed (``verifier.rules.table``), and the stored bytes are the signed
bytes, word for word: no transcoder, no compressor, no cipher, no upcasting.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Cipher as StoredCipher
from eventsourcing.persistence import (
    Compressor,
    Mapper,
    MapperDeserialisationError,
    StoredEvent,
    Transcoder,
)

from ledger.recorder import Identity, RecordedEvent, RecordedNotification
from verifier.errors import PledgebookError
from verifier.event import Event, parse
from verifier.rules.admission import read_body
from verifier.rules.book import Body, Entry

__all__ = ["LedgerMapper", "Recorded", "identify"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event on record, as followers of the ledger get it.

    ``originator_id`` is the subject, ``originator_version`` counts its events from 1.
    """

    originator_id: str
    originator_version: int
    index: int
    at: int
    """Log time at the index, in seconds."""
    event: Event
    body: Body

    @property
    def entry(self) -> Entry:
        """The entry, as the rules take it."""
        return Entry(self.index, self.event, self.body, self.at)


class LedgerMapper(Mapper[str]):
    """Maps between ``Recorded`` and stored events."""

    def __init__(
        self,
        transcoder: Transcoder,
        compressor: Compressor | None = None,
        cipher: StoredCipher | None = None,
    ) -> None:
        if compressor is not None or cipher is not None:
            raise ValueError("the stored bytes are the signed bytes: no compressor and no cipher")
        super().__init__(transcoder)

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> StoredEvent:
        """Return what is stored of an event on record."""
        if not isinstance(domain_event, Recorded):
            raise TypeError(f"the ledger records signed events, not {type(domain_event).__name__}")
        event = domain_event.event
        return StoredEvent(
            domain_event.originator_id, domain_event.originator_version, event.type, event.raw
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """Return the event on record that was stored.

        Raises:
            MapperDeserialisationError: the bytes are not an event of the topic and subject that
                the row states, or the topic is no known event type.
        """
        if not isinstance(stored_event, RecordedEvent | RecordedNotification):
            raise MapperDeserialisationError("the row says nothing of its place in the log")
        try:
            event = parse(stored_event.state)
            body = read_body(event)
        except PledgebookError as error:
            raise MapperDeserialisationError(f"index {stored_event.index}: {error}") from error
        if event.type != stored_event.topic or event.subject != stored_event.originator_id:
            raise MapperDeserialisationError(f"index {stored_event.index}: the row names another")
        return Recorded(
            event.subject, stored_event.originator_version, stored_event.index, stored_event.at,
            event, body,
        )  # fmt: skip


def identify(stored: StoredEvent) -> Identity:
    """Read the identity of a stored event from its signed bytes.

    Raises:
        MalformedError: the bytes are not an event.
    """
    event = parse(stored.state)
    submission_id = hashlib.sha256(event.to_be_signed).digest()
    return Identity(event.id, submission_id, event.stream, event.seq, event.iat)
