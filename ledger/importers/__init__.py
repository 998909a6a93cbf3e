"""Other registers' rows as signed import events: one module per source, all of one shape.

``IMPORTERS`` lists them in the order in which they can run; ``importer.py`` says what each is.
"""

from __future__ import annotations

from typing import Final

from ledger.importers import ogp, ogp_status, un_ocean
from ledger.importers.importer import Importer, Planned

__all__ = ["IMPORTERS", "Importer", "Planned"]

IMPORTERS: Final[dict[str, Importer]] = {
    importer.name: importer for importer in (ogp.IMPORTER, ogp_status.IMPORTER, un_ocean.IMPORTER)
}
"""Every importer by its name; the shipped ones first."""
