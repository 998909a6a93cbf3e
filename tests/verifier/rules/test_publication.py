"""The register's root stands in the log: of its own place, true, when it is due, by the service."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness import stories
from tests.harness.publishing import drafted, naive_records, naive_root, published
from tests.harness.registry import Registry
from tests.promises.test_the_whole_log_is_asked_too import audit
from verifier.records import read_record
from verifier.rules.book import Refused
from verifier.rules.public import public
from verifier.rules.publication import due_from, whole_log
from verifier.tree import leaf_hash


def refused(registry: Registry, by: str = stories.MACHINE, **fields: object) -> list[str]:
    """Return the rules by which a publication is refused."""
    with pytest.raises(Refused) as refusal:
        published(registry, by, **fields)
    return [unmet.rule for unmet in refusal.value.unmet]


@pytest.fixture
def registry() -> Registry:
    """A registry with a listed partnership, a service, and a day's cadence."""
    return stories.listed_partnership(Registry().open(register_every="P1D"))


def test_a_publication_speaks_of_the_log_before_it_and_of_nothing_else(registry: Registry) -> None:
    """A size that is not its own index is refused, and nothing is computed for it (RG1)."""
    late = drafted(registry)
    registry.enlist("actor-newcomer")
    with pytest.raises(Refused) as refusal:
        registry.add(late)
    assert [unmet.rule for unmet in refusal.value.unmet] == ["RG1"]
    assert refused(registry, size=len(registry.events) + 1) == ["RG1"]
    entry = published(registry)
    assert entry.index == len(registry.events) - 1


def test_a_wrong_root_is_refused(registry: Registry) -> None:
    """Another root, or another number of leaves, than those of the state is refused (RG2)."""
    assert refused(registry, root=bytes(32)) == ["RG2"]
    assert refused(registry, leaves=len(naive_records(registry.book)) - 1) == ["RG2"]
    published(registry)


def test_nothing_is_published_where_nothing_came(registry: Registry) -> None:
    """A publication after a publication says nothing new and is refused (RG3)."""
    published(registry)
    registry.on("2024-08-01")
    assert refused(registry) == ["RG3"]
    registry.enlist("actor-newcomer")
    published(registry)


def test_only_the_service_publishes(registry: Registry) -> None:
    """No root, no registry and no partner signs it (AD10)."""
    assert refused(registry, by="actor-root-a") == ["AD10"]
    assert refused(registry, by="actor-root-a", root=bytes(32)) == ["AD10"]  # not even computed
    assert refused(registry, key=stories.SECRETARIAT, root=bytes(32)) == ["AD5"]
    assert refused(registry, by=stories.SECRETARIAT) == ["AD10"]


def test_lateness_is_an_omission(tmp_path: Path) -> None:
    """It is due on the day of the first event that comes a cadence after the last (RG4)."""
    registry = stories.listed_partnership(Registry().open(register_every="P1M"))
    registry.on("2024-03-01").enlist("actor-early")
    assert not [*whole_log(registry.book)]
    registry.on("2024-09-02").enlist("actor-one")
    (missing,) = whole_log(registry.book)
    first = missing.due
    assert (missing.rule, missing.kind, first) == ("RG4", "omission", "2024-03-01")
    published(registry)
    (late,) = whole_log(registry.book)
    assert (late.due, "2024-09-02" in late.reason) == (first, True)
    assert str(due_from(registry.book)) == "2024-10-02"
    registry.on("2024-11-20")
    published_late = [broken.due for broken in whole_log(registry.book)]
    assert published_late == [first]  # nothing came since: nothing is due
    registry.enlist("actor-two")
    registry.now += 11 * 3_600
    published(registry)
    assert [broken.due for broken in whole_log(registry.book)] == [first]
    findings, verdict = audit(registry.publish(tmp_path), registry)
    assert [f.code for f in findings if f.code.startswith("RG")] == ["RG4"]
    assert verdict.exit == 0


def test_in_time_there_is_nothing_to_tell() -> None:
    """A service that publishes on each day on which it is due owes nothing (RG4)."""
    registry = Registry().on("2024-01-15").open(register_every="P1D")
    registry.enlist(stories.OFFICE_A).appoint(stories.OFFICE_A, "registry")
    registry.enlist(stories.MACHINE).grant(stories.MACHINE, "registry_service", stories.OFFICE_A)
    for day in ("2024-01-16", "2024-01-17", "2024-03-01"):
        registry.on(day).enlist(f"actor-of-{day}")
        published(registry)
    assert not [*whole_log(registry.book)]


def test_an_audit_recomputes_every_published_root(registry: Registry, tmp_path: Path) -> None:
    """A root that hides a state or makes one up is found, in words of its own; the log is false."""
    published(registry)
    registry.enlist("actor-newcomer")
    assert registry.smuggle(drafted(registry, root=bytes(32))) == {"RG2"}
    findings, verdict = audit(registry.publish(tmp_path), registry)
    (told,) = [finding for finding in findings if not finding.omission]
    assert told.code == "RG2"
    assert "hidden or made up" in told.what
    assert verdict.exit == 1


def test_a_partnership_publishes_its_standing() -> None:
    """Listing, lead, profile and what was delivered are on every record of a partnership."""
    registry = stories.listed_partnership(Registry())
    stories.acknowledged_commitment(registry)
    records = [read_record(data) for data in naive_records(registry.book)]
    ours = [r for r in records if r.stream.startswith(stories.PARTNERSHIP + "/")]
    assert len(ours) == 2
    for record in ours:
        assert record.public["listing"] == "listed"
        assert record.public["commitments"] == {"active": 1}
        assert record.public == public(registry.subject(stories.PARTNERSHIP))


def test_an_actor_publishes_its_active_keys(registry: Registry) -> None:
    """Whoever looks for the key of an actor finds the ones that count, and no ended one."""
    fields = public(registry.subject(stories.SECRETARIAT))
    assert (fields["confirmed"], len(fields["keys"])) == (True, 1)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["enlist", "publish", "wait", "again"]), max_size=12))
def test_the_kept_register_is_the_naive_one(moves: list[str]) -> None:
    """Whatever happens between publications, the register kept is the one computed anew."""
    registry = Registry().open(register_every="P1D")
    registry.enlist(stories.OFFICE_A).appoint(stories.OFFICE_A, "registry")
    registry.enlist(stories.MACHINE).grant(stories.MACHINE, "registry_service", stories.OFFICE_A)
    for number, move in enumerate(moves):
        if move == "enlist":
            registry.enlist(f"actor-{number % 3}-{'abc'[number % 3]}{number}")
        elif move == "wait":
            registry.now += 86_400
        elif move == "again":
            registry.book.register.commitment(registry.book.subject, public)
        else:
            registry.enlist(f"actor-p{number}")
            published(registry)
    leaves = [leaf_hash(record) for record in naive_records(registry.book)]
    commitment = registry.book.register.commitment(registry.book.subject, public)
    assert commitment == (len(leaves), naive_root(leaves))
