"""Keys: possession is proved, a revocation names a key that signs, a root's keys are the roots'."""

from __future__ import annotations

import pytest

from tests.harness import stories
from tests.harness.registry import Registry, public
from tests.harness.removals import refused
from tests.harness.stories import NGO, OFFICE_A, SECRETARIAT
from verifier.keys import thumbprint

ROOT_B = "actor-root-b"


@pytest.fixture
def registry() -> Registry:
    """A ledger with its cast."""
    return stories.cast(Registry())


@pytest.mark.parametrize("of", [("actor", SECRETARIAT), ("key", "another"), ("seq", "0")])
def test_a_key_signs_for_its_own_place_alone(registry: Registry, of: tuple[str, str]) -> None:
    """AC4: a proof made for another actor, by another key or for another place is none."""
    fields = registry.possession(NGO, "second")
    if of[0] == "actor":
        fields["pop"] = registry.possession(of[1], "second")["pop"]
    elif of[0] == "key":
        fields["pop"] = registry.possession(NGO, of[1])["pop"]
    else:
        fields["pop"] = registry.possession(NGO, "second", stream=f"{NGO}/keys-of-old")["pop"]
    assert refused(registry, NGO, f"{NGO}/keys", "KeyEnrolled", **fields) == {"AC4"}
    registry.enrol(NGO, by=NGO, key="second")


def test_a_key_is_revoked_once(registry: Registry) -> None:
    """AC7: not one that nobody has, nor one of another actor, nor one that is revoked."""
    stream = f"{NGO}/keys"
    registry.enrol(NGO, by=NGO, key="second")
    registry.keys[NGO] = "second"
    own = {"kid": thumbprint(public(NGO)), "reason": "lost"}
    for kid in (bytes(32), thumbprint(public(SECRETARIAT))):
        wrong = own | {"kid": kid}
        assert refused(registry, NGO, stream, "KeyRevoked", **wrong) == {"AC7"}
    registry.append(NGO, stream, "KeyRevoked", **own)
    assert refused(registry, NGO, stream, "KeyRevoked", **own) == {"AC7"}


def test_a_roots_keys_change_by_the_roots_alone(registry: Registry) -> None:
    """AC8: neither an office nor another root gives a root a further key."""
    for giver in (OFFICE_A, "actor-root-a"):
        fields = registry.possession(ROOT_B, "another-root-key")
        assert "AC8" in refused(registry, giver, f"{ROOT_B}/keys", "KeyEnrolled", **fields)
