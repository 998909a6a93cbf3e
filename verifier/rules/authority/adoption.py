"""By which rules and which code lists events are judged: adopted by the roots, on record.

- RA1 A version of the ruleset is adopted once: none that was in force comes back. Who returns to
      former rules gives them a version of their own.
- CV1 A version of a code list is adopted once.
- CV2 Its first day is a calendar day, not before the day on which it is proposed, so that nothing
      that was judged is judged by it again.

Each takes the roots' threshold and counts from the endorsement that completes it: an event is
judged by what is in force at its own index (AU7, AU8), so no new rule makes an old log false. A
ledger takes events under a ruleset that its software knows, and no other (AD1). Source: decision
D1.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from verifier.rules import dates
from verifier.rules.authority.roots import root, threshold
from verifier.rules.authority.rulesets import CodeLists, CodeListVersion, Ruleset
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Code, Day, Hash, Symbol
from verifier.rules.proposal import Proposal, ProposalBody

__all__ = ["EVENTS", "CodeListAdopted", "RulesetAdopted"]


class _Adopted(ProposalBody, frozen=True, kw_only=True):
    """What the roots adopt by their threshold."""

    SIGNERS: ClassVar[tuple[Capacity, ...]] = (root,)
    ENDORSERS: ClassVar[tuple[Capacity, ...]] = (root,)
    AUTHORITY: ClassVar[bool] = True
    OFFLINE: ClassVar[bool] = True

    version: Symbol

    def required_quorum(self, entry: Entry, book: Book) -> int:
        """Ask the roots' threshold."""
        return threshold(book)


class RulesetAdopted(_Adopted, frozen=True, kw_only=True):
    """One root proposes a ruleset; by the threshold it judges what follows (RA1)."""

    TYPE: ClassVar[str] = "RulesetAdopted/1"
    STREAM: ClassVar[str] = "ledger/ruleset/*"

    digest: Hash
    """SHA-256 of the text of the ruleset."""

    def unmet_here(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RA1."""
        yield from self.bars("", "", entry, book)

    def bars(self, actor: str, organization: str, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RA1, also at an endorsement."""
        found = book.thing("ledger", "ruleset", Ruleset)
        while found is not None:
            if found.version == self.version:
                yield Unmet(rule="RA1", reason=f"ruleset {self.version} is or was in force")
            found = found.before

    def effect(
        self, proposal: Proposal, entry: Entry, subject: Subject, book: Book
    ) -> Iterator[Change]:
        """Let it judge what follows."""
        before = subject.get("ruleset", Ruleset)
        yield "ruleset", Ruleset(self.version, self.digest, entry.index, before)


class CodeListAdopted(_Adopted, frozen=True, kw_only=True):
    """One root proposes a version of a code list; by the threshold it counts (CV1, CV2)."""

    TYPE: ClassVar[str] = "CodeListAdopted/1"
    STREAM: ClassVar[str] = "ledger/code-list/*"

    list: Code
    sha256: Hash
    """Of its file, which is kept elsewhere."""
    valid_from: Day

    def unmet_here(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CV1 and CV2."""
        yield from self.bars("", "", entry, book)
        today = dates.day_text(entry.at)
        if not dates.is_day(self.valid_from) or self.valid_from < today:
            yield Unmet(rule="CV2", reason=f"its first day is a day from {today} on")

    def bars(self, actor: str, organization: str, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CV1, also at an endorsement."""
        listed = book.thing("ledger", "code-list:" + self.list, CodeLists) or CodeLists()
        if any(one.version == self.version for one in listed.versions):
            yield Unmet(rule="CV1", reason=f"version {self.version} of {self.list} was adopted")

    def effect(
        self, proposal: Proposal, entry: Entry, subject: Subject, book: Book
    ) -> Iterator[Change]:
        """Put the version on record beside those before it."""
        key = "code-list:" + self.list
        listed = subject.get(key, CodeLists) or CodeLists()
        version = CodeListVersion(self.version, self.sha256, self.valid_from, entry.index)
        yield key, CodeLists((*listed.versions, version))


EVENTS: Final[tuple[type[Body], ...]] = (RulesetAdopted, CodeListAdopted)
