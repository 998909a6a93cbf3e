"""What an audit says: findings, progress, and the five sentences of a verdict.

A *finding* names what was found, the event and the broken rule. The *verdict* has five sentences,
each with its own state and reason (record format §8), and never says that a report is true.

Exit codes: 0 verified · 1 a check is false · 2 usage · 3 could not decide · 4 no or unsuitable
trust policy.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from verifier.errors import PolicyError, UndecidedError

__all__ = [
    "EXIT_FALSE",
    "EXIT_POLICY",
    "EXIT_UNDECIDED",
    "EXIT_USAGE",
    "EXIT_VERIFIED",
    "MEANINGS",
    "Finding",
    "Progress",
    "Sentence",
    "Verdict",
    "exit_code",
    "meaning",
]

EXIT_VERIFIED: Final = 0
EXIT_FALSE: Final = 1
EXIT_USAGE: Final = 2
EXIT_UNDECIDED: Final = 3
EXIT_POLICY: Final = 4

MEANINGS: Final[dict[str, str]] = {
    "event-malformed": "an entry is not a well-formed event: its bytes were changed",
    "event-too-large": "an entry is larger than any event may be",
    "event-fields": "an event's payload is not what its type says",
    "payload-malformed": "an event's payload was changed: it cannot be decoded",
    "payload-value": "an event's payload was changed: it holds what no author may sign",
    "payload-not-canonical": "an event's payload was changed: it is not in its one encoding",
    "payload-too-large": "an event's payload is larger than any may be",
    "event-type-unknown": "an event of a type that this verifier does not know",
    "ruleset-unknown": "the rules in force from here on are none that this verifier knows",
    "signature-false": "an event was changed after it was signed, or another key signed it",
    "root-false": "the entries are not the ones that the checkpoint commits to",
    "entry-changed": "an entry was changed after the log committed to it",
    "entry-removed": "an entry that the log committed to was removed",
    "entry-inserted": "an entry was inserted that the log never committed to",
    "entries-swapped": "entries stand in another order than the log committed to",
    "tail-cut": "the log does not serve all entries that its checkpoint covers: its tail was cut",
    "rolled-back": "the log is shorter than a checkpoint known before: its tail was cut",
    "history-forked": "the log shows another history than a checkpoint known before",
    "tile-false": "a published tile differs from the entries below it",
    "tile-malformed": "a published file holds more than the log committed to",
    "time-ahead": "events were given dates that had not come when witnesses saw the log",
    "time-behind": "events were given dates that were long past when an anchor was recorded",
    "anchor-false": "an anchor holds a cosignature or time stamp that nobody made",
    "log-too-large": "the log claims more entries than any audit can read",
    "rules-fault": "this verifier failed on an event; nothing is said for or against it",
    "note-unsigned": "the checkpoint is forged: no key of the trust policy signed it",
    "note-signature-false": "the checkpoint is forged: the log's signature on it is false",
    "note-malformed": "what is served as a checkpoint is not one",
    "quorum-missing": "too few witnesses have seen this checkpoint",
    "ledger-other": "this is another ledger than the one the trust policy names",
    "origin-other": "the checkpoint's origin is not the one that the ledger was opened with",
    "log-key-other": "the checkpoint is signed by a key that the genesis does not name",
    "AD2": "an event of another ledger was put into this one (replay)",
    "AD3": "an event stands on a stream that is not its own",
    "AD4": "a stream's chain is broken: an event was removed, inserted or moved",
    "AD5": "an event is signed by a key that is not its author's to sign with at this place",
    "AD6": "an event was inserted with an earlier date (back-dated)",
    "AD7": "an event's author saw another history than the one shown here",
    "AD8": "a decision is larger than a decision may be",
    "AD9": "an event was recorded before the roots endorsed the ledger",
    "AD10": "an unauthorised event: the signature is valid, the right to sign it is missing",
    "AD11": "an event was signed in another's name without a delegation for it",
    "AD12": "an event states a time that no calendar here reaches",
    "AD13": "an event uses what was told in the safe space",
    "AC": "an actor or a key was put on record against the procedure",
    "AC11": "an actor was confirmed by one who put it on record, or past its own organization",
    "AC12": "an event is signed by an actor that one alone put on record",
    "RT": "the roots were replaced against the procedure",
    "AN": "a checkpoint was anchored against the procedure",
    "AN4": "what was recorded was not anchored in time: only its signers vouch for its dates",
    "ER": "attachments were erased against the procedure",
    "ER4": "attachments were erased in the name of an event that does not refer to them",
    "SL": "a report was sealed against the procedure",
    "RA": "a ruleset was adopted against the procedure",
    "CV": "a version of a code list was adopted against the procedure",
    "PR11": "a voice was counted after the roots who had proposed it were replaced",
    "RO": "a role was given or taken back by one who may not, or beyond what that one holds",
    "RO3": "an actor holds two roles that watch over each other",
    "KD": "a key was distrusted, or its events reaffirmed, against the procedure",
    "KD5": "nobody has said which events of a distrusted key stand",
    "MD": "monitoring was delegated against the procedure",
    "DG": "a delegation was given or withdrawn against the procedure",
    "BO": "a decision of a body was certified against the procedure",
    "BO11": "a seat was not given or taken back in time as a body had decided",
    "CS": "a step towards a removal was taken without the steps that must come before it",
    "NT": "a notice was given against the procedure",
    "RD": "a removal was decided against the procedure",
    "RM": "a removal was recorded against the procedure",
    "AP": "an appeal was handled against the procedure",
    "AJ": "the judges of an appeal were announced, drawn or replaced against the procedure",
    "AJ8": "the roster of an appeal left out somebody who could hear it",
    "AJ9": "the judges of an appeal were drawn by a seed that may have been chosen",
    "RV": "a review was conducted against the procedure",
    "CY": "a review cycle was led against the procedure",
    "SM": "a sample for review was announced or drawn against the procedure",
    "SM7": "a sample for review is not what its seed draws",
    "SM8": "a sample for review was drawn by a seed that may have been chosen",
    "IA": "an audit was filed against the procedure",
    "IA5": "an auditor had a tie on record to whom it audited",
    "EX": "an expert's opinion was given against the procedure",
    "RV19": "a reviewer was heard that had not disclosed a tie on record",
    "EV": "a decision left evidence on record out of its list",
    "FI": "a filing says what the record does not bear out",
    "FI10": "something was left without an answer past its due day",
    "FI13": "an entity did not report on its partnerships to its governing body in time",
    "SP7": "a partnership with an overdue report was offered no support in time",
    "LE": "a lesson or the safe space was handled against the procedure",
    "NE": "a link or an endorsement was recorded against the procedure",
    "CH": "a champion was nominated or selected against the procedure",
    "CH5": "a champion in no good standing was not withdrawn",
    "CN": "a concern or an observation was handled against the procedure",
    "CN8": "a concern was left without an answer past its time",
    "CN9": "an eligible concern was left open past its time",
    "GV": "a government was told, or its word recorded, against the procedure",
    "DD": "a due diligence was conducted against the procedure",
    "DD13": "a partner whose due diligence does not stand was neither examined anew nor lapsed",
    "GC": "principles or the eligibility of a partner were handled against the procedure",
    "GC7": "a lapse of eligibility was not cured in time, and nothing followed",
    "RK": "a risk to integrity was handled against the procedure",
    "RK7": "a high risk to integrity was not escalated in time",
    "GV5": "a government's objection was taken up by no review in time",
    "PA": "a partnership was submitted against the procedure",
    "PS": "a submission was screened against the procedure",
    "PS4": "a submission was left lying longer than its time",
    "PL": "a partnership was listed against the procedure",
    "CL": "a partnership was classified against the procedure",
    "CL8": "a partnership was not reclassified although its facts make another profile",
    "MB": "a partner joined or left against the procedure",
    "MB6": "a listing was left standing after it had lost its partners",
    "SE": "a lead or a secretariat was replaced against the procedure",
    "LV": "a partnership left the register against the procedure",
    "LV6": "a planned end passed, and nothing was said",
    "MG": "a partnership was merged against the procedure",
    "DT": "a partnership's details were stated against the procedure",
    "DT5": "a partnership's details were not confirmed in time",
    "DS": "a disclosure says what the record does not bear out",
    "DS4": "a partnership did not disclose a year in time",
    "DP": "a dispute was handled against the procedure",
    "DP4": "a dispute was left open past its time",
    "AA": "the name of the United Nations was lent or taken back against the procedure",
    "CY4": "a partnership that was drawn for review was not reviewed in its cycle",
    "CY5": "a sample for review was announced and never drawn",
    "RV20": "a review was left open past its time",
    "RV21": "a partnership went without the review that its profile asks",
    "RV22": "a condition of a review was not found met or missed in time",
    "RV24": "what came while a review was being decided is in no decision's list",
    "IA6": "a partnership went without the audit that its profile asks",
    "SU3": "a suspension was not lifted in time once its report was accepted or nobody decided",
    "CD1": "an appeal was not decided in time",
    "CD2": "a cured case was not closed in time",
    "CD3": "a case about integrity was neither decided nor closed in time",
    "RS3": "a reminder that the profile asks was never sent",
    "RE27": "a report was not submitted by its due day",
    "RE28": "a report was left unscreened past its time",
    "CO37": "a commitment was left without a milestone for too long",
    "CO38": "a commitment was neither fulfilled nor owned up to by its day",
    "CO39": "a milestone was neither met nor replaced by its day",
    "RG": "the register was published against the procedure",
    "RG2": "the published register is another than the log's: a state was hidden or made up",
    "RG4": "the register was not published in time",
    "IM": "an import claims more than an import may",
    "PR4": "a voice was counted after the proposal had expired or taken effect",
    "PR5": "a voice was counted of one who may not decide this",
    "PR6": "a voice was counted that was delegated",
    "PR7": "a voice was counted for an organization that is not its author's",
    "PR8": "a quorum was filled with two voices of one organization, or one key twice",
    "PR9": "a voice was counted of one with an interest in the matter",
}
"""What a code or rule, or a family of rules, found false in an audit, means in words."""


def meaning(code: str) -> str:
    """Return what a broken code or rule means in words."""
    family = MEANINGS.get(code.rstrip("0123456789"), "an event was recorded against the procedure")
    return MEANINGS.get(code, family)


class Finding(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="message",
    tag="finding",
):
    """One thing that is not as it should be, told for people and for programs."""

    code: str
    what: str
    reason: str
    decided: bool = True
    """False where the check could not be made."""
    index: int | None = None
    event: str = ""
    stream: str = ""
    type: str = ""
    author: str = ""
    hint: str = ""
    subject: str = ""
    """What a rule over the whole log is about, where it is no single event."""
    omission: bool = False
    """True where somebody was late or silent: it is told, and does not make the log false."""
    also: tuple[str, ...] = ()
    """The further rules that the same event breaks, each with its reason."""


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag_field="message", tag="progress"):
    """How far the audit is: entries checked, of how many."""

    done: int
    total: int


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """One of the five sentences, its state and the reason for it."""

    about: str
    state: Literal["yes", "no", "unknown"]
    reason: str


class Verdict(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="message",
    tag="verdict",
):
    """What an audit concludes; ``exit`` is the exit code of the command."""

    exit: int
    source: str
    origin: str
    size: int
    root: str
    ledger: str
    clock: str
    sentences: tuple[Sentence, ...]
    not_checked: tuple[str, ...]
    findings: int
    """How many findings speak against a sentence."""
    omissions: int
    """How many things were due by rules over the whole log and not done, or done late."""
    checked: dict[str, int]
    seconds: float
    demonstration: bool = False
    since: int = 0
    """How many entries an earlier audit had read; this one went on from there."""
    told_before: int = 0
    """How many findings of rules over the whole log still stand that an earlier audit told."""


def exit_code(error: Exception) -> int:
    """Return the exit code that an error stands for."""
    if isinstance(error, PolicyError):
        return EXIT_POLICY
    return EXIT_UNDECIDED if isinstance(error, UndecidedError) else EXIT_FALSE
