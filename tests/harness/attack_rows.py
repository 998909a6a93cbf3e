"""The attack table: each attack, what stands against it, and what remains open.

One place holds the words; ``tools/render_attacks.py`` renders ``docs/explanation/attacks.md`` from
it. The test of row n is every test in ``tests/promises`` whose name begins with ``test_row_nn_``
(``test_pitfall_nn_`` for a pitfall), and it demands the name that the row gives. A row whose feature
does not exist yet says which (``awaits``), and then must have no test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["PITFALLS", "ROWS", "Row", "named"]


@dataclass(frozen=True)
class Row:
    """One attack or pitfall."""

    n: int
    attack: str
    against: str
    """What stands against it."""
    names: str
    """The code, rule or word by which it is named when it is found."""
    open: str = ""
    """What remains possible, said openly."""
    awaits: str = ""
    """The feature without which there is no answer yet."""
    tests: tuple[str, ...] = ()
    """Further tests that play it, as file and name below ``tests``."""


ROWS: Final = (
    Row(1, "An operator changes the text of an event on record",
        "The author's signature is inside the leaf that the tree commits to", "signature-false"),
    Row(2, "An operator changes an event and makes tree, tiles and checkpoint anew with the log's key",
        "The log's key signs trees, never events: each author's own signature is checked",
        "signature-false",
        "Whoever holds the log's key and the author's key can state anything in that author's name"),
    Row(3, "An operator cuts off the end and signs the shorter log",
        "A checkpoint kept outside: by an auditor (`--known`, `--since`), a witness, an author's "
        "`seen`", "rolled-back",
        "Somebody who reads the log for the first time, without a witness in the policy, cannot know"),
    Row(4, "An old database is restored and the service goes on from there",
        "What was signed is remembered apart from the data; witnesses are asked beside it",
        "signing-state-ahead",
        "If data and signing state are rolled back together and no witness exists, the service "
        "cannot know; auditors who remember can"),
    Row(5, "Different readers are shown different histories",
        "Witnesses cosign one tree only; two views compared give a proof that convicts the log's key",
        "FORK", "Readers who never compare and ask no witness are not protected"),
    Row(6, "An author dates an event back", "An event is refused that was signed more than ten "
        "minutes behind log time (a week in ceremonies); claimed time is told apart from log time",
        "AD6", "Within those minutes a date is its author's word"),
    Row(7, "An operator inserts an event far back and makes the tree anew",
        "Trees only grow: a checkpoint from before does not lead to the new one; decisions state the "
        "tree that their author saw", "history-forked"),
    Row(8, "A valid event is submitted again",
        "Each event has one place: the same bytes get the same receipt", "duplicate"),
    Row(9, "An event of another ledger, or of a test, is put into this one",
        "Every signature names its ledger", "AD2"),
    Row(10, "A signature made for one kind of statement is used for another",
        "The type is part of what is signed, and an event looks like nothing else that is signed",
        "signature-false"),
    Row(11, "An answer about a subject leaves out what is unfavourable",
        "The register's root in the log: a run of records is complete with its neighbours, or proves "
        "nothing", "register-incomplete", "It holds at published sizes, not in between"),
    Row(12, "The registry never records what somebody submits", "A refusal is signed with its event: "
        "whoever has it lets its admission be judged again at that size", "refusal WRONG",
        "A service that does not answer at all leaves nothing behind; other copies of a statement, and "
        "whoever saw it sent, are all that shows it",
        tests=("promises/test_a_wrong_refusal_is_shown.py::"
               "test_a_lying_server_that_refuses_a_lawful_event_is_caught",
               "promises/test_a_wrong_refusal_is_shown.py::"
               "test_a_refusal_by_another_rule_than_is_broken_is_wrong")),
    Row(13, "A signature line is taken away so that a weaker check passes",
        "The policy says whose lines must be there; an event has exactly one signature",
        "quorum-missing"),
    Row(14, "The algorithm named in an event is changed",
        "There is one algorithm, inside what is signed; every other value is no event",
        "event-malformed"),
    Row(15, "A key is stolen and used", "Revocation from an index on; then distrust back to a day, "
        "by the roots' threshold; what stands is reaffirmed", "suspect",
        "Until it is revoked a thief's statements look like the owner's"),
    Row(16, "Somebody goes back on a statement by declaring the key stolen",
        "Distrust takes the roots' threshold, reaches back ninety days at most, marks and undoes "
        "nothing", "KD2"),
    Row(17, "Somebody gives itself, or passes on, more authority than it has",
        "Every grant is judged by the giver's own at its place in the log", "RO"),
    Row(18, "A threshold is filled with two keys of one party",
        "Voices are counted by organization and by raw key", "PR8",
        "Organizations that conspire are several organizations"),
    Row(19, "A signature or key that some programs accept and others refuse",
        "Strict rules for keys and signatures, tried on the published sets of edge cases",
        "key-unsuitable"),
    Row(20, "An insider deletes attachments",
        "The log names each by its hash; what is gone without an erasure on record is told apart from "
        "what was erased, with its ground", "missing",
        "What is gone is gone, unless somebody kept a copy",
        tests=("ledger/test_blobs.py::"
               "test_the_audit_tells_missing_erased_altered_and_kept_apart",)),
    Row(21, "A bit of the database flips on disk",
        "What is on record is hashed anew by every audit, and the event is named",
        "signature-false",
        "The service does not read all leaves again before it signs: it would sign the tree that it "
        "had computed from the true bytes, and auditors find the difference"),
    Row(22, "The machine dies between recording and signing",
        "Durable first, signed after; each system call on the way was failed in tests",
        "never more signed than stored",
        tests=("ledger/test_every_system_call.py::test_every_call_may_fail",)),
    Row(23, "A forger brings a whole consistent log with keys of its own",
        "Nothing is verified without a trust policy from elsewhere, and it pins the ledger",
        "note-unsigned"),
    Row(24, "Something is added that nobody compares", "Unknown fields are refused, and nothing may "
        "follow the last entry", "event-fields",
        tests=("promises/test_no_changed_byte_is_accepted.py::"
               "test_no_log_with_a_changed_byte_is_verified",)),
    Row(25, "A position is claimed with a receipt that does not sign it",
        "A COSE receipt is said to prove membership and nothing else; the proof file carries index, "
        "size and checkpoint", "not checked", "Other programs may show the position it states",
        tests=("verifier/test_receipt.py::test_the_position_that_a_receipt_states_is_not_signed",)),
    Row(26, "A proof of an impossible shape makes a verifier loop or fill its memory",
        "Every proof has exactly the length that its sizes call for, checked before any hash",
        "proof-malformed"),
    Row(27, "An inner node of the tree is presented as an entry",
        "Leaves and nodes are hashed with different first bytes", "proof-false"),
    Row(28, "A payload of a few bytes claims to hold billions, or nests without end",
        "Sizes are compared with what is there before anything is made; depth is bounded",
        "payload-malformed"),
    Row(29, "A small compressed request unfolds to gigabytes",
        "Content codings are refused before the body is read", "T-encoding"),
    Row(30, "A crafted archive escapes its folder or fills the disk",
        "A bundle is read in memory, by fixed names, stored and not compressed; anything else is "
        "refused unread", "bundle-malformed",
        tests=("promises/test_a_bundle_is_evidence.py::"
               "test_what_is_no_archive_of_ours_is_refused",
               "promises/test_a_bundle_is_evidence.py::test_a_bomb_costs_nothing",
               "promises/test_a_bundle_is_evidence.py::test_no_single_byte_can_be_flipped")),
    Row(31, "Two encodings of one content let two verifiers disagree",
        "Signatures are over bytes as stored; one encoding only is accepted", "payload-not-canonical"),
    Row(32, "Text in an event takes over a terminal or reverses what is read",
        "Control and direction characters are refused in payloads and shown inert everywhere",
        "payload-value"),
    Row(33, "A sealed value is guessed", "Every field has a salt of 256 bits, out of a secret that "
        "stays with those who may read; decoys hide how many there are", "disclosure-false",
        "Who is given the secret can read all fields"),
    Row(34, "A sealed text is opened as another",
        "What is shown must lead to the commitment that its author signed", "disclosure-false",
        tests=("promises/test_a_sealed_report_opens_field_by_field.py::"
               "test_another_event_commits_to_nothing_of_it",
               "promises/test_a_sealed_report_opens_field_by_field.py::"
               "test_no_byte_of_a_disclosure_can_be_changed")),
    Row(35, "A witness's clock, or the log's, is wrong or bent",
        "Log time lies within what anchors and witnesses bound, by the auditor's own list of both",
        "time-ahead", "Witnesses or authorities that conspire bound nothing; ask several",
        tests=("promises/test_anchors_bound_time.py::"
               "test_a_date_ahead_of_the_anchor_that_covers_it_is_false",
               "promises/test_anchors_bound_time.py::"
               "test_a_date_behind_an_anchor_before_it_is_false")),
    Row(36, "An honest operator forks the log in recovering from a disaster",
        "The service does not append to less than it signed; the way on is a ledger that names the "
        "old one", "signing-state-ahead"),
    Row(37, "The verifier itself is exchanged", "The same sources and libraries build to the same one "
        "file, byte by byte; programs of others read the same log", "reproducible",
        "Nobody signs releases yet, and the libraries inside are as their makers built them",
        tests=("interop/test_foreign_log_tools.py::"
               "test_gos_checksum_database_accepts_the_log",)),
    Row(38, "The service is flooded", "Only enrolled keys are looked at further; bodies and queues "
        "are bounded, and who must wait is told how long", "T-busy",
        "There is no quota for a key: who holds one can use up the service's time"),
)  # fmt: skip

PITFALLS: Final = (
    Row(1, "The chain is checked against the stored hashes, not against ones computed anew",
        "The tree is grown from the entries alone", "entry-changed"),
    Row(2, "A record without a link begins the chain anew in the middle",
        "A stream begins once", "AD4"),
    Row(3, "Only what is listed is checked, and what was added is not seen",
        "Nothing may follow the last entry of a bundle", "tile-malformed"),
    Row(4, "Nothing to check counts as success", "An empty log is «could not decide»", "exit 3"),
    Row(5, "What fails is excused as older than the feature",
        "An unknown type is undecided, and never passed over", "event-type-unknown"),
    Row(6, "Keys, ids and clocks are believed as the server sends them",
        "They come from the trust policy; without one there is no verdict", "exit 4"),
    Row(7, "A proof is checked at its ends and not in the middle",
        "Each hash of a consistency proof counts", "proof-false"),
    Row(8, "A tree doubles its last node, so that two lists have one root",
        "A node without a partner moves up unchanged", "another root"),
    Row(9, "What was signed is encoded again before it is checked",
        "The bytes as stored are checked, and only their one encoding is an event",
        "event-malformed"),
    Row(10, "Receipts change or stop after a restart",
        "An old receipt holds for ever, and leads to every later tree", "still holds"),
    Row(11, "A restored copy goes on as if nothing had happened",
        "It refuses to append and says why", "signing-state-ahead"),
    Row(12, "Verification is so slow that nobody does it",
        "An audit goes on where the last one ended", "since"),
)  # fmt: skip


def named(n: int, rows: tuple[Row, ...] = ROWS) -> str:
    """Return the name that a row gives to its attack."""
    (row,) = (row for row in rows if row.n == n)
    return row.names
