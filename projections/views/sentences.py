"""What an event says, in one plain sentence: for people who do not read payloads.

One function per event type, in the order of the rules' modules. A sentence repeats what the event
states and adds no judgement; «claimed», «promised» and «observed» are used as the rules use them.
A type without a sentence of its own, also one that is not known here, shows its first fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from projections.reading import flatten
from verifier.rules import filing

__all__ = ["sentence", "words"]

MAX_CHARS: Final = 300  # of a sentence; the event itself is one click away
GENERIC_FIELDS: Final = 4


def words(texts: Any, lang: str = "en") -> str:
    """Return a text in a language, or in the first that it has."""
    found = [text.text for text in texts or () if text.lang == lang]
    return found[0] if found else texts[0].text if texts else ""


def sentence(type_: str, body: Any) -> str:
    """Return the sentence of an event, from its type and its decoded payload."""
    tell = SENTENCES.get(type_)
    if tell is None or isinstance(body, dict):
        text = _generic(type_, body)
    else:
        text = tell if isinstance(tell, str) else tell(body)
    return text if len(text) <= MAX_CHARS else text[: MAX_CHARS - 1] + "…"


def _generic(type_: str, body: Any) -> str:
    fields = body if isinstance(body, dict) else msgspec.to_builtins(body, builtin_types=(bytes,))
    told = [
        f"{path}: {value.hex() if isinstance(value, bytes) else value}"
        for path, value in flatten(fields)
    ]
    more = "; …" if len(told) > GENERIC_FIELDS else ""
    return f"{type_.partition('/')[0]}. " + "; ".join(told[:GENERIC_FIELDS]) + more


def _date(stated: Any) -> str:
    return "on a day not stated" if stated is None else stated.value or f"“{stated.text}”"


def _grant(b: Any) -> str:
    until = f" until {b.terms.last_day}" if b.terms.last_day else ""
    return f"role {b.terms.role} from {b.terms.first_day}{until}, by mandate {b.terms.mandate}."


def _submitted(b: Any) -> str:
    return (
        f"Submitted for listing: “{words(b.title)}”, {len(b.partners)} partners, led by {b.lead}."
    )


def _screened(b: Any) -> str:
    outcome = {"pass": "passed", "return": "returned", "reject": "rejected"}[b.outcome]
    return f"Screening: {outcome}" + (f". {words(b.findings)}" if b.findings else ".")


def _made(b: Any) -> str:
    return f"Claimed for {b.accountable}, due {b.due}: {words(b.text)}"


def _fulfilled(b: Any) -> str:
    return f"Said to be fulfilled on {b.on}, with {len(b.evidence)} pieces of evidence."


def _revised(b: Any) -> str:
    lowered = f" Made easier: {', '.join(b.lowers)}." if b.lowers else ""
    return f"Revised, due {b.after.due}: {words(b.reason)}{lowered}"


def _report(b: Any) -> str:
    owed = f", for obligation {b.obligation} due {b.due}" if b.obligation is not None else ""
    signs = f" Still to sign: {', '.join(b.awaits).replace('_', ' ')}." if b.awaits else ""
    return f"A {b.kind} report on {b.period_start} to {b.period_end}{owed}.{signs}"


def _decision(b: Any) -> str:
    return f"Decision proposed on the review {b.review}: {b.outcome}; quorum {b.quorum}."


def _certified(b: Any) -> str:
    how = {"without_vote": "without a vote", "silence": "by silence"}.get(b.adoption)
    if how is None:
        v = b.votes
        how = f"by {v.in_favour} to {v.against}, {v.abstaining} abstaining" if v else "item by item"
    return f"{b.symbol}, adopted on {b.adopted_on} {how}: {words(b.title)}"


def _participant(b: Any) -> str:
    return f"Observed in another register: {b.name} ({b.kind.replace('_', ' ')})."


def _commitment(b: Any) -> str:
    maker = f" by {b.maker}" if b.maker else ""
    return f"Observed: a commitment{maker}, due {_date(b.due)}: {b.title}"


def _assessment(b: Any) -> str:
    return f"Observed: {b.reviewer} coded it “{b.code}” at {b.point.replace('_', ' ')}."


def _status(b: Any) -> str:
    event = b.event.replace("_", " ")
    state = f", then {b.state}" if b.state and b.state not in event else ""
    ground = f" Ground: {b.ground}." if b.ground else ""
    return f"Observed: {event} {_date(b.on)}{state}.{ground}"


def _excluded(b: Any) -> str:
    found = [name.replace("_", " ") for name in b.criteria.__struct_fields__
             if getattr(b.criteria, name)]  # fmt: skip
    return f"Exclusion screen against {len(b.lists)} lists: {', '.join(found) or 'nothing'} found."


def _filing(b: Any) -> str:
    told = words(b.stated("title") or b.stated("text"))
    due = f" Due {b.stated('due')}." if b.stated("due") else ""
    return f"{b.ROW.told}{due}" + (f" {told}" if told else "")


SENTENCES: Final[dict[str, str | Callable[[Any], str]]] = {
    "LedgerOpened/1": lambda b: f"The ledger {b.origin} opens with {len(b.roots)} roots.",
    "RootsChanged/1": lambda b: (
        f"It is proposed that {len(b.roots)} roots follow, {b.threshold} of whom act together."
    ),
    "RegisterPublished/1": lambda b: (
        f"The register of the first {b.size} entries is published: {b.leaves} streams."
    ),
    "CheckpointAnchored/1": lambda b: (
        f"Others say when they saw the first {b.checkpoint().size} entries of the log."
    ),
    "RulesetAdopted/1": lambda b: f"Ruleset {b.version} is proposed.",
    "CodeListAdopted/1": lambda b: (
        f"Version {b.version} of the list {b.list} is proposed, from {b.valid_from} on."
    ),
    "ActorRegistered/1": lambda b: f"Registered as {b.kind}: {words(b.name)}.",
    "ActorConfirmed/1": lambda b: f"Confirmed for {b.organization}: it may sign now.",
    "KeyEnrolled/1": "A key is enrolled.",
    "KeyRotated/1": "The key is replaced by a new one.",
    "KeyRevoked/1": lambda b: f"The key {b.kid.hex()[:16]}… is revoked: {b.reason}.",
    "KeyRecoveryProposed/1": "A next key is proposed, in place of one that signs no more.",
    "AppointmentProposed/1": lambda b: "Appointment proposed: " + _grant(b),
    "RoleGranted/1": lambda b: "Appointed: " + _grant(b),
    "RoleWithdrawn/1": lambda b: f"A role ends: {b.reason}.",
    "RoleWithdrawalProposed/1": lambda b: f"The end of a role is proposed: {b.reason}.",
    "DelegationGranted/1": lambda b: (
        f"Lets {b.to} sign {', '.join(b.types)} in its name until {b.last_day}."
    ),
    "MonitoringDelegated/1": lambda b: (
        f"Lets {b.to} monitor partnerships in {b.country} until {b.last_day}."
    ),
    "KeyDistrustProposed/1": lambda b: f"It is proposed to distrust a key from {b.since} on.",
    "Reaffirmed/1": lambda b: f"Of a distrusted key, {len(b.events or ())} events stand.",
    "DelegationWithdrawn/1": lambda b: f"A delegation ends: {b.reason}.",
    "Endorsed/1": lambda b: f"Endorsed for {b.organization}.",
    "SessionScheduled/1": lambda b: f"{b.name}: from {b.first_day} to {b.last_day}.",
    "DecisionItemsListed/1": lambda b: f"Annex to a decision: {len(b.items)} items.",
    "SilenceAnnounced/1": lambda b: f"Adopted after {b.hours} hours of silence: {words(b.title)}",
    "SilenceBroken/1": "The silence is broken: the matter needs a session.",
    "DecisionCertified/1": _certified,
    "DecisionCosigned/1": "The decision is cosigned and takes effect.",
    "PositionExplained/1": lambda b: f"Explanation of position: {words(b.text)}",
    "GuidelineSetIssued/1": lambda b: f"Guidelines, version {b.version}, from {b.valid_from}.",
    "InstrumentRegistered/1": lambda b: f"{b.symbol}: {b.title}",
    "PrincipleSetIssued/1": lambda b: (
        f"Principles, version {b.version}: {', '.join(p.id for p in b.principles)}."
    ),
    "ReportTemplateIssued/1": lambda b: (
        f"Report template, version {b.version}, with {len(b.questions)} questions."
    ),
    "NationalMechanismRecognised/1": lambda b: (
        f"{b.symbol} is recognised until {b.valid_until}: {words(b.name)}"
    ),
    "WaiverGranted/1": lambda b: (
        f"Clause {b.clause} of {b.guideline.set} is waived until {b.until}: {words(b.reason)}"
    ),
    "ClassificationAssigned/1": lambda b: f"Classified as {b.result}: {words(b.reasons)}",
    "Reclassified/1": lambda b: f"It reports by profile {b.profile} from now on.",
    "MegaDesignated/1": lambda b: f"A mega partnership: {words(b.reasons)}",
    "GoldStandardDesignated/1": lambda b: (
        f"Gold standard: template {b.template.set} version {b.template.version}."
    ),
    "CountryGroupsIssued/1": lambda b: (
        f"Countries in special situations, version {b.version}: {len(b.groups)} groups, "
        f"from {b.valid_from}."
    ),
    "DifferentiationCriteriaIssued/1": lambda b: (
        f"Criteria of differentiation, version {b.version}, from {b.valid_from}."
    ),
    "DeadlineExtendedGenerally/1": lambda b: (
        f"Deadlines from {b.first_day} to {b.last_day} move by {b.days} days: {words(b.ground)}"
    ),
    "PartnershipSubmitted/1": _submitted,
    "SubmissionCosigned/1": lambda b: f"{b.un_signature} signs its part in it.",
    "PartnershipScreened/1": _screened,
    "SubmissionLapsed/1": "The submission lapses, because nothing followed.",
    "PartnershipListed/1": lambda b: (
        f"Listed, by guideline {b.guideline.set} version {b.guideline.version}, "
        f"profile {b.profile}."
    ),
    "PartnerJoined/1": lambda b: f"{b.organization} asks to join, as {b.role}.",
    "PartnerConfirmed/1": "Who asked to join is a partner.",
    "PartnerLeft/1": lambda b: f"{b.organization} leaves: {words(b.reason)}",
    "PartnershipLapsed/1": lambda b: (
        f"The listing ends, because too few partners remain: {words(b.reasons)}"
    ),
    "LeadHandedOver/1": lambda b: f"The lead is to go to {b.to}: {words(b.reason)}",
    "LeadTakenOver/1": "The lead is taken over.",
    "SecretariatReplaced/1": lambda b: f"{b.to} is to be the secretariat: {words(b.reason)}",
    "SecretariatReplacementConfirmed/1": "The new secretariat is confirmed and acts.",
    "DetailsAmended/1": lambda b: f"Details are stated anew: {words(b.reason)}",
    "DetailsConfirmed/1": "The details are confirmed as they stand.",
    "GovernanceDisclosed/1": lambda b: (
        f"Governance of {b.year}: {b.host} keeps the secretariat, with {b.staff} posts."
    ),
    "FundingDisclosed/1": lambda b: f"Funding of {b.year}: {len(b.contributions)} contributions.",
    "DisputeOpened/1": lambda b: f"A dispute between {', '.join(b.parties)}: {words(b.text)}",
    "DisputeMediated/1": lambda b: f"{b.mediator} mediates: {words(b.text)}",
    "DisputeClosed/1": lambda b: (
        f"The dispute ends as {b.outcome.replace('_', ' ')}: {words(b.learned)}"
    ),
    "AssociationAuthorised/1": lambda b: (
        f"The name of the United Nations may be used until {b.until}: {words(b.use)}"
    ),
    "AssociationRevoked/1": lambda b: (
        f"The name of the United Nations is not to be used any more: {words(b.reason)}"
    ),
    "PartnershipWithdrawn/1": lambda b: (
        f"Withdraws{' under a removal case' if b.under_case else ''}: {words(b.reason)}"
    ),
    "PartnershipCompleted/1": lambda b: (
        f"Completed on {b.ended_on}." + (f" Lessons: {words(b.lessons)}" if b.lessons else "")
    ),
    "CompletionCorrected/1": lambda b: f"The completion is taken back: {words(b.wrong)}",
    "MergedInto/1": lambda b: f"Is to go on in {b.survivor}: {words(b.reason)}",
    "MergerAccepted/1": lambda b: f"{b.survivor} takes it over, with its case and its dues.",
    "MergerConcluded/1": "The merger is concluded.",
    "CommitmentMade/1": _made,
    "CommitmentAcknowledged/1": lambda b: f"{b.organization} acknowledges it as its own.",
    "ProgressReported/1": lambda b: f"Progress as of {b.as_of}: {b.status.replace('_', ' ')}.",
    "CommitmentFulfilled/1": _fulfilled,
    "CommitmentMissed/1": lambda b: f"The miss is acknowledged: {words(b.what)}",
    "CommitmentWithdrawn/1": lambda b: f"Withdrawn: {words(b.reason)}",
    "CommitmentTransferProposed/1": lambda b: f"To be handed on to {b.to}: {words(b.reason)}",
    "CommitmentTransferred/1": lambda b: f"{b.organization} takes it over and is accountable.",
    "CommitmentRevised/1": _revised,
    "MilestoneSet/1": lambda b: f"Milestone {b.milestone}, due {b.due}: {words(b.text)}",
    "MilestoneAlignmentProposed/1": lambda b: (
        f"Milestone {b.ours.milestone} is to be aligned with {b.theirs.milestone} of {b.other}."
    ),
    "MilestoneAlignmentAgreed/1": "The alignment of two milestones is agreed.",
    "DeliverableReported/1": lambda b: f"Delivered on {b.on}: {words(b.text)}",
    "FailureReported/1": lambda b: (
        f"A failure is told, and what was changed since: {words(b.what)}"
    ),
    "CompletionAssessed/1": lambda b: (
        f"Assessed at {b.point.replace('_', ' ')}: {b.code.replace('_', ' ')}. {words(b.basis)}"
    ),
    "ReportSubmitted/1": _report,
    "ReportCosigned/1": lambda b: (
        f"{b.organization} signs the report as {b.slot.replace('_', ' ')}."
    ),
    "ReportAccepted/1": "The report is accepted.",
    "ReportAcceptedAsEquivalent/1": lambda b: (
        f"Accepted as equivalent, made for {b.mechanism}: {words(b.reason)}"
    ),
    "ReportAmended/1": lambda b: f"The report is amended: {words(b.reason)}",
    "ReportCorrected/1": lambda b: (
        f"Corrected; wrong was: {words(b.wrong)} Right is: {words(b.right)}"
    ),
    "ReportWithheld/1": lambda b: (
        f"A document is withheld until {b.until}, on the authority of {b.authority}: "
        f"{words(b.explanation)}"
    ),
    "ReportConsidered/1": lambda b: (
        f"Considered in the review {b.review}, which learnt: {words(b.learnt)}"
    ),
    "ExtensionGranted/1": lambda b: (
        f"Report {b.obligation} has {b.duration} more: {words(b.explanation)}"
    ),
    "CycleAdjusted/1": lambda b: (
        f"From report {b.obligation} on, due on {b.due}: {words(b.reason)}"
    ),
    "ReportReturned/1": lambda b: f"The report is returned: {words(b.deficiencies)}",
    "ReviewOpened/1": lambda b: f"A {b.kind} review opens, by mandate {b.mandate}.",
    "ReviewCycleOpened/1": lambda b: (
        f"The review cycle {b.name} opens, {b.first_day} to {b.last_day}: {words(b.theme)}"
    ),
    "ReviewCycleClosed/1": "The review cycle is closed.",
    "SampleAnnounced/1": lambda b: (
        f"A sample is announced: {b.share} in a hundred of the profile {b.profile}."
    ),
    "SampleDrawn/1": lambda b: f"The sample is drawn: {len(b.drawn)} partnerships.",
    "CheckpointShown/1": "An earlier witnessed checkpoint is shown against the draw.",
    "AuditReportFiled/1": lambda b: f"Independent audit by {b.standard}: {b.opinion} opinion.",
    "ExpertOpinionIssued/1": lambda b: f"Expert opinion: {words(b.text)}",
    "ReviewerAssigned/1": lambda b: f"{b.organization} has a seat on the panel: {b.member}.",
    "ConflictOfInterestDeclared/1": lambda b: f"Interest: {b.interest}. {words(b.statement)}",
    "QuestionAsked/1": lambda b: f"Asked, to be answered by {b.answer_by}: {words(b.text)}",
    "QuestionAnswered/1": lambda b: f"Answered: {words(b.text)}",
    "FindingRebutted/1": lambda b: f"A finding is rebutted: {words(b.text)}",
    "RebuttalAnswered/1": lambda b: f"The finding is {b.outcome}: {words(b.text)}",
    "DraftShared/1": lambda b: (
        f"The draft is shared with {len(b.findings)} findings, for comments until {b.comments_by}."
    ),
    "CommentReceived/1": lambda b: f"Comment on the draft: {words(b.text)}",
    "SeparateOpinionFiled/1": lambda b: f"Separate opinion: {words(b.text)}",
    "FindingRecorded/1": lambda b: (
        f"Finding on clause {b.clause}, severity {b.severity}: {words(b.text)}"
    ),
    "ReviewDiscontinued/1": lambda b: f"The review ends without a decision: {words(b.reason)}",
    "ReviewDecisionProposed/1": _decision,
    "ConditionMet/1": lambda b: f"Condition {b.condition} is met: {words(b.text)}",
    "ConditionMissed/1": lambda b: f"Condition {b.condition} is missed: {words(b.text)}",
    "EvidenceListed/1": lambda b: f"Evidence for {b.matter}: {len(b.items)} reports and replies.",
    "SupportRequested/1": lambda b: f"Support is asked for ({b.kind}): {words(b.text)}",
    "SupportClosed/1": lambda b: f"The request is closed: {b.outcome.replace('_', ' ')}.",
    "SupportOffered/1": lambda b: f"Support is offered ({b.kind}): {words(b.text)}",
    "SupportAccepted/1": "The support is accepted.",
    "SupportDelivered/1": "The support is delivered.",
    "SupportEnded/1": lambda b: f"The support ends: {b.outcome}.",
    "RemovalNoticeIssued/1": lambda b: (
        f"First notice of removal: report {b.obligation}, due {b.due}, is owed. {words(b.text)}"
    ),
    "NoticeDelivered/1": lambda b: (
        f"Notice delivered on {b.delivered_on} by {', '.join(b.channels).replace('_', ' ')}; "
        f"copy to {b.copy_to}."
    ),
    "NoticePublished/1": lambda b: f"Notice published; it counts from {b.counts_from}.",
    "FinalNoticeIssued/1": lambda b: (
        f"Final notice of removal; decision on {b.decision_day}. {words(b.text)}"
    ),
    "ReplyFiled/1": lambda b: f"Reply in the case {b.case}: {words(b.text)}",
    "RemovalDecisionProposed/1": lambda b: (
        f"Decision proposed in the case {b.case}: {b.outcome}; quorum {b.quorum}. "
        f"{words(b.reasons)}"
    ),
    "AppealFiled/1": lambda b: (
        f"Appeal in the case {b.case}, on {', '.join(b.grounds).replace('_', ' ')}: {words(b.text)}"
    ),
    "AppealPanelAnnounced/1": lambda b: (
        f"The roster of those who can hear the appeal is announced: {len(b.roster)} members, of "
        f"whom {b.seats} are drawn."
    ),
    "AppealPanelDrawn/1": lambda b: f"Judges are drawn, in this order: {', '.join(b.drawn)}.",
    "AppealCheckpointShown/1": "An earlier witnessed checkpoint is shown against the draw.",
    "JudgeReplaced/1": lambda b: (
        f"{b.member} "
        f"{'recuses itself' if b.ground == 'recused' else 'can hear the appeal no more'}: "
        f"{words(b.reason)}"
    ),
    "AppealDecisionProposed/1": lambda b: (
        f"Decision proposed on the appeal in the case {b.case}: {b.outcome}; quorum {b.quorum}."
    ),
    "ReminderSent/1": lambda b: f"Reminder of report {b.obligation}, due on {b.due}.",
    "OpinionRequested/1": lambda b: f"{b.entity} is asked for its opinion.",
    "OpinionGiven/1": lambda b: f"Opinion: {words(b.text)}",
    "BoardInformed/1": lambda b: f"{b.board} is informed of the case.",
    "PartnershipSuspended/1": lambda b: f"Suspended until {b.until}: {words(b.reasons)}",
    "SuspensionExtended/1": lambda b: f"The suspension is extended to {b.until}.",
    "SuspensionLifted/1": lambda b: (
        "The report was accepted: the suspension is lifted."
        if b.ground == "cured"
        else "Nobody decided in time: the suspension has lapsed, and is lifted."
    ),
    "RemovalDecided/1": lambda b: f"The body decides: {b.outcome}. {words(b.reasons)}",
    "IntegrityCaseOpened/1": lambda b: (
        f"A case about integrity ({b.ground}), for reply by {b.reply_by}: {words(b.statement)}"
    ),
    "InterimMeasureTaken/1": lambda b: (
        f"At once, until {b.until}: {', '.join(b.what)}. {words(b.reasons)}"
    ),
    "MeasureConfirmed/1": lambda b: f"The measure is confirmed, and examined by {b.until}.",
    "MeasureLifted/1": lambda b: f"The measure is lifted: {words(b.reasons)}",
    "PartnershipRemoved/1": lambda b: (
        f"Removed from the register on {b.effective_on}; ground: {b.ground.replace('_', ' ')}."
    ),
    "CaseClosed/1": lambda b: f"The case is closed: {b.ground}.",
    "ReinstatementRequested/1": lambda b: f"Return requested: {words(b.recommitment)}",
    "ReinstatementRefusalProposed/1": lambda b: f"Refusal proposed: {words(b.reasons)}",
    "ReinstatementRefused/1": lambda b: f"The body refuses the return: {words(b.reasons)}",
    "Reinstated/1": lambda b: (
        f"Back in the register, by guideline {b.guideline.set} version {b.guideline.version}."
    ),
    "ParticipantImported/1": _participant,
    "CommitmentImported/1": _commitment,
    "AssessmentImported/1": _assessment,
    "StatusImported/1": _status,
    "ImportClaimed/1": lambda b: f"Claimed by {b.claimant}; it goes on as {b.live}.",
    "LessonPublished/1": lambda b: f"A lesson ({b.kind}): {words(b.title)}. {words(b.text)}",
    "LessonApplied/1": lambda b: (
        f"Applies the lesson {b.lesson.stream}: {b.result.replace('_', ' ')}. {words(b.text)}"
    ),
    "SafeSpaceOpened/1": lambda b: f"A cycle of the safe space opens, until {b.last_day}.",
    "SafeSpaceLessonSubmitted/1": lambda b: (
        f"Commitments to {len(b.commitments)} lessons of the safe space are recorded."
    ),
    "PartnershipLinked/1": lambda b: (
        f"A link is proposed ({b.kind.replace('_', ' ')} {b.to}): {words(b.text)}"
    ),
    "PartnershipLinkAgreed/1": lambda b: f"{b.partnership} agrees to the link.",
    "PartnershipUnlinked/1": lambda b: f"{b.partnership} ends the link: {words(b.reason)}",
    "EndorsementRecorded/1": lambda b: f"Stands behind the partnership: {words(b.text)}",
    "EndorsementRevoked/1": lambda b: f"Takes its endorsement back: {words(b.reason)}",
    "ChampionNominated/1": lambda b: f"Nominated as a champion: {words(b.text)}",
    "ChampionSelected/1": "Selected as a champion.",
    "ChampionWithdrawn/1": lambda b: f"A champion no longer: {words(b.reason)}",
    "ErasureRecorded/1": lambda b: (
        f"{len(b.blobs)} attachments are erased by {b.authority}: {b.ground.replace('_', ' ')}."
    ),
    "ReportSealed/1": "A report is sealed: few can read it now, and it may be shown later.",
    "ConcernFiled/1": lambda b: (
        f"A concern ({b.ground}), to be decided by {b.until}: {words(b.text)}"
    ),
    "StakeholderObservationFiled/1": lambda b: f"Observed, not decided: {words(b.text)}",
    "MemberStateConcernRaised/1": lambda b: (
        f"{b.country} raises a concern, to be answered by {b.until}: {words(b.text)}"
    ),
    "MemberStateConcernAnswered/1": lambda b: f"The concern is answered: {words(b.text)}",
    "PartnershipReplied/1": lambda b: f"The partnership replies: {words(b.text)}",
    "ConcernEligibilityDecided/1": lambda b: (
        f"The concern is {'' if b.eligible else 'not '}taken further: {words(b.reason)}"
    ),
    "ConcernClosed/1": lambda b: (
        f"The concern is closed: {b.outcome.replace('_', ' ')}. {words(b.reason)}"
    ),
    "HostGovernmentNotified/1": lambda b: (
        f"The government of {b.country} is told, and may answer by {b.respond_by}."
    ),
    "GovernmentAcknowledged/1": lambda b: f"{b.country} acknowledges it: {words(b.text)}",
    "GovernmentObjectionRecorded/1": lambda b: (
        f"{b.country} objects; a review takes it up by {b.take_up_by}. {words(b.text)}"
    ),
    "ObjectionTakenUp/1": lambda b: f"The review {b.review} takes up the objection.",
    "IntegrityRiskRaised/1": lambda b: (
        f"A {b.severity} risk to integrity is raised ({b.kind.replace('_', ' ')}): {words(b.text)}"
    ),
    "SubstitutionRiskRaised/1": lambda b: (
        f"A {b.severity} risk that it takes the place of: {words(b.task)}. {words(b.text)}"
    ),
    "RiskOwnerDesignated/1": lambda b: f"The risk is {b.owner}'s.",
    "IntegrityRiskEscalated/1": lambda b: f"The risk is brought before {b.to}: {words(b.text)}",
    "IntegrityRiskAssessed/1": lambda b: (
        f"The risk is assessed as {b.severity} (likelihood {b.likelihood}, impact {b.impact})."
    ),
    "IntegrityRiskMitigated/1": lambda b: f"Done about the risk: {words(b.text)}",
    "IntegrityRiskClosed/1": lambda b: f"The risk is closed, {b.outcome}: {words(b.reason)}",
    "DueDiligenceOpened/1": lambda b: (
        f"A {b.depth} due diligence on {b.organization} is opened ({b.case_type}): {b.modality}."
    ),
    "ExclusionScreened/1": _excluded,
    "ControversyResearched/1": lambda b: f"Controversies: {b.level}. {words(b.text)}",
    "RiskRated/1": lambda b: f"The risk is rated {b.risk}. {words(b.text)}",
    "DueDiligenceDecided/1": lambda b: (
        f"Due diligence: {b.outcome.replace('_', ' ')}"
        + (f", until {b.valid_until}. " if b.valid_until else ". ")
        + words(b.reasons)
    ),
    "DueDiligenceReopened/1": lambda b: (
        f"Reopened ({b.trigger.replace('_', ' ')}), {b.depth}: {words(b.text)}"
    ),
    "ReservationApproved/1": lambda b: (
        f"The approving office has signed: event {b.decision.seq} of this stream takes effect."
    ),
    "SubsidiaryNamed/1": lambda b: (
        f"{b.company} is its subsidiary."
        if b.belongs
        else f"{b.company} is its subsidiary no more."
    ),
    "CompactStatusObserved/1": lambda b: (
        f"Status with the Global Compact on {b.observed_on}: {b.status}, by {b.source}."
    ),
    "PrincipleAttested/1": lambda b: f"The principles are attested by its {b.signatory}.",
    "PartnerEligibilityLapsed/1": lambda b: (
        f"Eligible no more ({b.ground.replace('_', ' ')}); to be cured by {b.cure_until}."
    ),
    "PartnerEligibilityRestored/1": lambda b: f"Eligible again: {words(b.reason)}",
    "PartnerEligibilityEnded/1": lambda b: f"The partner's part ends: {words(b.reason)}",
    **{event.TYPE: _filing for event in filing.EVENTS},
}
