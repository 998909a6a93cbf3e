"""The way to a removal: the conditions that the steps of a case share.

- CS1 The partnership is listed or suspended, and the case is its open one.
- CS2 An adverse step is signed by an office or organization, never by a machine, and by none that
      is a party to the partnership.
- CS3 The partnership still owes the report that the case is about, and is eligible for removal:
      while a report of its own waits for screening, for the time to cure after a return, and while
      its period is exempt (ST10), it is not. Once the report is accepted only the closing of the
      case remains.
- CS4 While support for a report that was accepted is not yet delivered the clock stands still: no
      adverse step is taken, and what runs in the case runs as many days longer. A general offer
      stops nothing, or any friend of a partnership could put its removal off for ever. [R11]
- CS5 The first notice was issued, and counts: from the day on which its delivery is recorded, or
      a stated time after its publication. [R86]
- CS6 Support for this report was offered in time before the final notice, and not taken back. [R11]
- CS7 The final notice was issued, its time after the first. [R86]
- CS8 The final notice counts, and the reply window and the decision day are over. [R86]
- CS9 The decision falls within its time after that day; later, a new final notice is needed.
- CS10 Two offices, or on the full and integrity tracks a body, decided on removal, and the
      decision stands. [R86]
- CS11 The appeal window is over without an appeal, or the appeal panel upheld the decision, or let
      the time for a second appeal against a removal pass like that for the first. [R86]

A case about integrity has no report that could cure it, no support offer and one statement of
grounds in place of two notices: CS3 to CS7 and CS9 do not apply to it, CS2, CS8, CS10 and CS11 do.
Each function yields every condition that is not met. Sources: domain C4.3; decisions D3.18 to
D3.21, D3.27.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from verifier.rules import body, calendar, dates, partnership
from verifier.rules.authority.state import Actor, organization_of
from verifier.rules.book import Book, Entry, Subject, Unmet
from verifier.rules.delisting.case import (
    RemovalCase,
    appeal_over,
    appeal_until,
    cured,
    decide_until,
    final_notice_from,
    focal_point,
    is_undecided,
    later,
    open_case,
    registry,
    reply_until,
    terms,
)
from verifier.rules.fields import EventRef
from verifier.rules.guideline import Profile
from verifier.rules.review.state import is_party, unmet_apart
from verifier.rules.standing import standing_at
from verifier.rules.support import SupportOffer

__all__ = [
    "unmet_adverse",
    "unmet_decider",
    "unmet_first_notice",
    "unmet_open",
    "unmet_signer",
    "unmet_support",
    "unmet_until_decision",
    "unmet_until_removal",
]


def unmet_open(entry: Entry, book: Book, case_id: str | None = None) -> Iterator[Unmet]:
    """Yield what is not met of CS1."""
    subject = book.subject(entry.event.subject)
    found = partnership.of(subject)
    if found is None or found.listing not in ("listed", "suspended"):
        state = "not on record" if found is None else found.listing
        yield Unmet(rule="CS1", reason=f"the partnership is {state}, not listed")
    case = open_case(subject)
    if case is None:
        yield Unmet(rule="CS1", reason="no removal case is open", who=registry.name,
                    hint="a case opens with the first notice")  # fmt: skip
    elif case_id is not None and case_id != case.id:
        yield Unmet(rule="CS1", reason=f"the open case is {case.id}")


def unmet_signer(entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of CS2."""
    author = book.thing(entry.event.iss, "actor", Actor)
    if author is not None and author.kind == "machine":
        yield Unmet(rule="CS2", reason=f"{entry.event.iss} is a machine",
                    hint="machines sign reminders only", who=registry.name)  # fmt: skip
    found = partnership.of(book.subject(entry.event.subject))
    for signer in entry.signers:
        if found is not None and is_party(signer, organization_of(signer, book), found):
            yield Unmet(rule="CS2", reason=f"{signer} belongs to a party", hint="let another act")


def unmet_decider(rule: str, ref: EventRef, entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield, under a rule of the asker's, why the body that decided is not the one to decide."""
    subject = book.subject(entry.event.subject)
    found, rules = partnership.of(subject), terms(subject, entry.at, book)
    own = rules.removal_body if rules else None
    decided = body.decision(ref, book)
    if own is not None and decided is not None and decided.body != own:
        yield Unmet(rule=rule, reason=f"{own} decides here, not {decided.body}", who=own)
    elif own is None and found is not None:
        yield from unmet_apart(rule, ref, found, book)


def unmet_adverse(entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of CS2 to CS4, which every adverse step asks."""
    subject = book.subject(entry.event.subject)
    yield from unmet_signer(entry, book)
    case = open_case(subject)
    if case is not None and case.track == "integrity":
        return
    yield from _unmet_standing(entry, book)
    offers = subject.all(SupportOffer)
    if any(o.state == "accepted" and o.obligation is not None for o in offers):
        yield Unmet(rule="CS4", reason="support that was accepted is not yet delivered",
                    who=focal_point.name)  # fmt: skip


def _unmet_standing(entry: Entry, book: Book) -> Iterator[Unmet]:
    subject = book.subject(entry.event.subject)
    now, case = standing_at(subject, entry.at, book), open_case(subject)
    if now.state == "pending_review":
        yield Unmet(rule="CS3", reason="a report waits for screening; until then nothing adverse",
                    who="screening_officer")  # fmt: skip
    elif case is not None and cured(case, now):
        yield Unmet(rule="CS3", reason="the report was accepted: only the closing remains",
                    hint="close the case as cured", who=registry.name)  # fmt: skip
    elif not now.is_removal_eligible(dates.day_of(entry.at)):
        day = now.removal_eligible_from
        yield Unmet(
            rule="CS3",
            reason=f"the standing is «{now.state}»; removal is possible from {day or 'no day'} on",
            earliest=calendar.opens(day) if day else None,
        )


def unmet_first_notice(case: RemovalCase | None) -> Iterator[Unmet]:
    """Yield what is not met of CS5."""
    if case is None:
        yield Unmet(rule="CS5", reason="the first notice is missing", who=registry.name)
    elif case.notice.counts_from is None:
        yield Unmet(rule="CS5", reason="neither delivery nor publication of the first notice "
                    "is on record", who=registry.name)  # fmt: skip


def unmet_support(
    subject: Subject, rules: Profile | None, final_on: date | None
) -> Iterator[Unmet]:
    """Yield what is not met of CS6, for a final notice on a day (nothing: none was issued)."""
    found, case = partnership.of(subject), open_case(subject)
    owed = (case.obligation if case else None, found.clock_from if found else None)
    offers = sorted(
        offer.offered_on
        for offer in subject.all(SupportOffer)
        if offer.state != "withdrawn" and case and (offer.obligation, offer.clock_from) == owed
    )
    if not offers or rules is None:
        yield Unmet(rule="CS6", reason="no offer of support for this report stands",
                    who=f"{focal_point.name} or {registry.name}")  # fmt: skip
    elif final_on is not None:
        day = later(offers[0], rules.support_before_final)
        if final_on < day:
            yield Unmet(rule="CS6", reason=f"the offer of {offers[0]} allows a final notice from "
                        f"{day} on", earliest=calendar.opens(day))  # fmt: skip


def unmet_until_decision(entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of CS5 to CS9: the way to a decision on removal."""
    subject = book.subject(entry.event.subject)
    case, rules = open_case(subject), terms(subject, entry.at, book)
    if case is not None and rules is not None and case.track == "integrity":
        yield from _unmet_window(case, rules, entry, book)
        return
    yield from unmet_first_notice(case)
    final = case.final if case else None
    yield from unmet_support(subject, rules, dates.parse_day(final.issued_on) if final else None)
    if case is None or final is None:
        first = final_notice_from(case, rules, subject, entry.at) if case and rules else None
        yield Unmet(rule="CS7", reason="the final notice is missing", who=registry.name,
                    hint=f"it can be issued from {first} on" if first else "")  # fmt: skip
    if case is None or rules is None or final is None or final.counts_from is None:
        yield Unmet(rule="CS8", reason="no reply window is on record: no final notice counts",
                    who=registry.name)  # fmt: skip
        return
    yield from _unmet_window(case, rules, entry, book)


def _unmet_window(case: RemovalCase, rules: Profile, entry: Entry, book: Book) -> Iterator[Unmet]:
    subject = book.subject(entry.event.subject)
    replies = reply_until(case, rules, subject, entry.at, book)
    if replies is not None and dates.in_time(entry.at, replies):
        yield Unmet(rule="CS8", reason=f"the partnership may reply until {replies}",
                    earliest=dates.deadline(replies))  # fmt: skip
    if is_undecided(case, rules, entry.at, book):
        last = decide_until(case, rules, subject, entry.at, book)
        if last is not None and not dates.in_time(entry.at, last):
            yield Unmet(rule="CS9", reason=f"the time to decide ended on {last}",
                        hint="lift the suspension" if case.suspension
                        else "issue a new final notice", who=registry.name)  # fmt: skip


def unmet_until_removal(entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of CS5 to CS11: the whole way to a removal."""
    yield from unmet_until_decision(entry, book)
    subject = book.subject(entry.event.subject)
    case, rules = open_case(subject), terms(subject, entry.at, book)
    decision = case.decision if case else None
    if case is None or rules is None or decision is None or decision.kind != "remove":
        yield Unmet(rule="CS10", reason="no decision on removal stands",
                    who=registry.name)  # fmt: skip
        yield Unmet(rule="CS11", reason="no appeal window has begun")
    elif is_undecided(case, rules, entry.at, book):
        yield Unmet(rule="CS10", reason="the decision lapsed with an appeal that was not decided",
                    hint="the offices decide anew", who=registry.name)  # fmt: skip
    elif case.appeal is None:
        last = appeal_until(decision, subject, entry.at, book)
        if dates.in_time(entry.at, last):
            yield Unmet(rule="CS11", reason=f"the partnership may appeal until {last}",
                        earliest=dates.deadline(last))  # fmt: skip
    elif case.appeal.outcome != "upheld" and not appeal_over(case, rules, entry.at, book):
        yield Unmet(rule="CS11", reason="the appeal is not decided", who="appeals_panel")
