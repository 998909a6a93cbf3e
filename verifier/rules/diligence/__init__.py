"""Due diligence and eligibility: who may be a partner, and by what it was decided."""

from __future__ import annotations

from verifier.rules.diligence.state import Attested, Diligence, Lapse, is_exempt, unmet_partners

__all__ = ["Attested", "Diligence", "Lapse", "is_exempt", "unmet_partners"]
