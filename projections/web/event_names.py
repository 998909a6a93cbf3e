"""The names of event types that the catalogues translate, in the order of the rules' modules.

A name is the type as words (``labels.spelt``). A type that is not here is shown in English and
marked as English, so that a new event type needs no five translations before it can be used.
"""

from __future__ import annotations

from typing import Final

__all__ = ["EVENT_NAMES"]

EVENT_NAMES: Final = (
    "Ledger opened", "Roots changed", "Ruleset adopted", "Code list adopted", "Actor registered",
    "Actor confirmed", "Key enrolled", "Key rotated", "Key revoked", "Key recovery proposed",
    "Appointment proposed", "Role granted", "Role withdrawn", "Role withdrawal proposed",
    "Delegation granted", "Monitoring delegated", "Key distrust proposed", "Reaffirmed",
    "Delegation withdrawn", "Endorsed", "Session scheduled", "Decision items listed",
    "Silence announced", "Silence broken", "Decision certified", "Decision cosigned",
    "Position explained", "Guideline set issued", "Instrument registered", "Principle set issued",
    "Report template issued", "National mechanism recognised", "Waiver granted",
    "Classification assigned", "Reclassified", "Mega designated", "Gold standard designated",
    "Country groups issued", "Differentiation criteria issued", "Deadline extended generally",
    "Partnership submitted", "Submission cosigned", "Partnership screened", "Submission lapsed",
    "Partnership listed", "Partner joined", "Partner confirmed", "Partner left",
    "Partnership lapsed", "Lead handed over", "Lead taken over", "Secretariat replaced",
    "Secretariat replacement confirmed", "Details amended", "Details confirmed",
    "Governance disclosed", "Funding disclosed", "Dispute opened", "Dispute mediated",
    "Dispute closed", "Association authorised", "Association revoked", "Partnership withdrawn",
    "Partnership completed", "Completion corrected", "Merged into", "Merger accepted",
    "Merger concluded", "Commitment made", "Commitment acknowledged", "Progress reported",
    "Commitment fulfilled", "Commitment missed", "Commitment withdrawn",
    "Commitment transfer proposed", "Commitment transferred", "Commitment revised", "Milestone set",
    "Milestone alignment proposed", "Milestone alignment agreed", "Deliverable reported",
    "Failure reported", "Completion assessed", "Report submitted", "Report cosigned",
    "Report accepted", "Report accepted as equivalent", "Report amended", "Report corrected",
    "Report withheld", "Report considered", "Extension granted", "Cycle adjusted",
    "Report returned", "Review opened", "Review cycle opened", "Review cycle closed",
    "Sample announced", "Sample drawn", "Checkpoint shown", "Audit report filed",
    "Expert opinion issued", "Reviewer assigned", "Conflict of interest declared", "Question asked",
    "Question answered", "Finding rebutted", "Rebuttal answered", "Draft shared",
    "Comment received", "Separate opinion filed", "Finding recorded", "Review discontinued",
    "Review decision proposed", "Condition met", "Condition missed", "Evidence listed",
    "Support requested", "Support closed", "Support offered", "Support accepted",
    "Support delivered", "Support ended", "Removal notice issued", "Notice delivered",
    "Notice published", "Final notice issued", "Reply filed", "Removal decision proposed",
    "Appeal filed", "Appeal decision proposed", "Reminder sent", "Opinion requested",
    "Opinion given", "Board informed", "Partnership suspended", "Suspension extended",
    "Suspension lifted", "Removal decided", "Integrity case opened", "Interim measure taken",
    "Measure confirmed", "Measure lifted", "Partnership removed", "Case closed",
    "Reinstatement requested", "Reinstatement refusal proposed", "Reinstatement refused",
    "Reinstated", "Participant imported", "Commitment imported", "Assessment imported",
    "Status imported", "Import claimed", "Lesson published", "Lesson applied", "Safe space opened",
    "Safe space lesson submitted", "Partnership linked", "Partnership link agreed",
    "Partnership unlinked", "Endorsement recorded", "Endorsement revoked", "Champion nominated",
    "Champion selected", "Champion withdrawn", "Concern filed", "Stakeholder observation filed",
    "Member state concern raised", "Member state concern answered", "Partnership replied",
    "Concern eligibility decided", "Concern closed", "Host government notified",
    "Government acknowledged", "Government objection recorded", "Objection taken up",
    "Integrity risk raised", "Substitution risk raised", "Risk owner designated",
    "Integrity risk escalated", "Integrity risk assessed", "Integrity risk mitigated",
    "Integrity risk closed", "Due diligence opened", "Exclusion screened", "Controversy researched",
    "Risk rated", "Due diligence decided", "Due diligence reopened", "Compact status observed",
    "Principle attested", "Partner eligibility lapsed", "Partner eligibility restored",
    "Partner eligibility ended", "Forum input submitted", "Idea submitted", "Idea taken up",
    "Forum outcome recorded", "Forum outcome followed up", "Statement recorded",
    "Meeting summary recorded", "Participation recorded", "Document transmitted",
    "Document received", "Hlpf theme set", "Dossier compiled", "Policy issue raised",
    "Follow up review held", "Board report tabled", "Board guidance issued", "Guidance requested",
    "Guidance issued", "Best practice published", "Consultation held", "Local ownership attested",
    "Compliance checked", "Mechanism assessed", "Register published", "Checkpoint anchored",
    "Erasure recorded", "Report sealed", "Appeal panel announced", "Appeal panel drawn",
    "Appeal checkpoint shown", "Judge replaced", "Reservation approved", "Subsidiary named",
)  # fmt: skip
