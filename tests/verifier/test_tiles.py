from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.published import Log, vector
from verifier.errors import MalformedError, UndecidedError
from verifier.tiles import (
    CACHED_TILES,
    MAX_ENTRY_BYTES,
    Bundle,
    Tile,
    TileHashes,
    bundle_at,
    bundles_at,
    decode_bundle,
    encode_bundle,
    parse_path,
    split_tile,
    tile_bytes,
    tiles_at,
    width_at,
)
from verifier.tree import consistency_proof, inclusion_proof, root_from

LOG = Log.of(600)


class Shelf:
    """A source of tiles in memory that counts what is asked and may lack partial ones."""

    def __init__(self, log: Log, *, sizes: tuple[int, ...]) -> None:
        self.held = {t: tile_bytes(t, log.read) for size in sizes for t in tiles_at(size)}
        self.asked: list[Tile] = []

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Returns a tile, or says that there is none."""
        tile = Tile(level, n, width)
        self.asked.append(tile)
        if tile not in self.held:
            raise UndecidedError("source-missing", tile.path)
        return self.held[tile]


def test_paths_are_those_of_the_specification() -> None:
    """Tile numbers are written in groups of three as tlog-tiles shows."""
    for number, groups in vector("tiles")["paths"].items():
        assert Tile(3, int(number)).path == f"tile/3/{groups}"
        assert Bundle(int(number), 7).path == f"tile/entries/{groups}.p/7"


def test_the_tiles_at_a_size_are_those_of_the_specification() -> None:
    """The examples of 256 and 70,000 entries give the stated full and partial tiles."""
    for size, levels in vector("tiles")["sizes"].items():
        expected = [
            tile
            for level, full, partial in levels
            for tile in [
                *(Tile(level, n) for n in range(full)),
                *([Tile(level, full, partial)] if partial else []),
            ]
        ]
        assert list(tiles_at(int(size))) == expected
    assert list(tiles_at(0)) == []
    assert list(bundles_at(0)) == []


tiles = st.builds(Tile, st.integers(0, 63), st.integers(0, 10**18 - 1), st.integers(1, 256))
bundles = st.builds(Bundle, st.integers(0, 10**18 - 1), st.integers(1, 256))


@given(tiles | bundles)
def test_every_path_reads_back_as_what_wrote_it(place: Tile | Bundle) -> None:
    """parse_path is the inverse of .path for tiles and bundles."""
    assert parse_path(place.path) == place


@pytest.mark.parametrize(
    "path",
    ["", "tile", "/tile/0/000", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000",
     "tile/64/000", "tile/-1/000", "tile/0/x001/00", "tile/0/001/000", "tile/0/x001",
     "tile/0/X001/000", "tile/0/x000/001", "tile/0/000.p/0", "tile/0/000.p/256",
     "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p", "tile/0/000/", "tile/0/000\n",
     "tile/0/000.p/1\n", "tile/data/000", "tile/entries/0", "tile/entries/../000",
     "tile/8/0/000", "tile/0/٠٠٠", "tile/0/000.p/²", "tile/0//000",
     "tile/0/" + "x001/" * 6 + "000"],
)  # fmt: skip
def test_any_other_spelling_is_no_path(path: str) -> None:
    """Leading zeros, missing groups, wide partials and other alphabets are refused."""
    with pytest.raises(MalformedError) as caught:
        parse_path(path)
    assert caught.value.code == "tile-malformed"


@given(old=st.integers(0, 200_000), grow=st.integers(0, 70_000))
def test_what_is_new_between_two_sizes_completes_what_was_there(old: int, grow: int) -> None:
    """The tiles of the old size and those since then hold every tile of the new size."""
    new = old + grow
    assert set(tiles_at(new)) <= set(tiles_at(old)) | set(tiles_at(new, since=old))
    assert set(bundles_at(new)) <= set(bundles_at(old)) | set(bundles_at(new, since=old))
    changed = set(tiles_at(new, since=old))
    assert changed.isdisjoint(tiles_at(old))
    assert set(bundles_at(new, since=old)).isdisjoint(bundles_at(old))


@given(size=st.integers(0, 2**53 - 1), level=st.integers(0, 6), n=st.integers(0, 300))
def test_the_width_of_a_tile_is_what_the_size_leaves_for_it(size: int, level: int, n: int) -> None:
    """A tile before the last is full, the last has (size >> 8L) mod 256, later ones none."""
    full, rest = divmod(size >> 8 * level, 256)
    assert width_at(level, n, size) == (256 if n < full else rest if n == full else 0)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=256))
def test_a_bundle_reads_back_as_its_entries(entries: list[bytes]) -> None:
    """decode_bundle is the inverse of encode_bundle, empty entries included."""
    assert decode_bundle(encode_bundle(entries), len(entries)) == entries


@given(
    entries=st.lists(st.binary(max_size=40), min_size=1, max_size=20),
    cut=st.integers(1, 60),
    extra=st.binary(min_size=1, max_size=5),
)
def test_a_bundle_of_another_length_is_refused(
    entries: list[bytes], cut: int, extra: bytes
) -> None:
    """A truncated bundle, a longer one, and one of another width are malformed."""
    data = encode_bundle(entries)
    for wrong in (data[: -min(cut, len(data))], data + extra):
        with pytest.raises(MalformedError) as caught:
            decode_bundle(wrong, len(entries))
        assert caught.value.code == "tile-malformed"
    for width in (len(entries) - 1, len(entries) + 1):
        with pytest.raises(MalformedError):
            decode_bundle(data, width)


def test_a_bundle_takes_no_oversize_entry_and_no_wrong_number_of_them() -> None:
    """65,535 bytes fit the frame, one more does not; a bundle has 1 to 256 entries."""
    largest = bytes(MAX_ENTRY_BYTES)
    assert decode_bundle(encode_bundle([largest]), 1) == [largest]
    for entries in ([largest + b"x"], [], [b"x"] * 257):
        with pytest.raises(MalformedError):
            encode_bundle(entries)


def test_a_tile_of_another_length_is_refused() -> None:
    """A tile has exactly 32 bytes for each hash of its width."""
    assert split_tile(bytes(64), 2) == [bytes(32), bytes(32)]
    for data in (bytes(63), bytes(65), bytes(32), b""):
        with pytest.raises(MalformedError):
            split_tile(data, 2)


def test_proofs_made_from_tiles_are_those_made_from_the_tree() -> None:
    """Root, inclusion and consistency come out the same from published tiles as from memory."""
    for size in (1, 2, 255, 256, 257, 511, 512, 600):
        hashes = TileHashes(Shelf(LOG, sizes=(size,)), size)
        assert root_from(size, hashes) == root_from(size, LOG.read)
        for index in {0, size // 3, size - 1}:
            assert inclusion_proof(index, size, hashes) == inclusion_proof(index, size, LOG.read)
            old = index + 1
            assert consistency_proof(old, size, hashes) == consistency_proof(old, size, LOG.read)


def test_a_partial_tile_that_is_gone_is_read_from_the_full_one() -> None:
    """At size 300 of a log of 512 the second leaf tile is full now and was cut to its width."""
    log = Log.of(512)
    shelf = Shelf(log, sizes=(300, 512))
    del shelf.held[Tile(0, 1, 44)]
    assert root_from(300, TileHashes(shelf, 300)) == root_from(300, log.read)
    assert Tile(0, 1, 44) in shelf.asked
    assert Tile(0, 1, 256) in shelf.asked


def test_a_tile_that_is_nowhere_is_missing_not_false() -> None:
    """Neither partial nor full: the source's own «missing» comes through."""
    shelf = Shelf(LOG, sizes=(256,))
    with pytest.raises(UndecidedError) as caught:
        root_from(300, TileHashes(shelf, 300))
    assert caught.value.code == "source-missing"


def test_tiles_are_fetched_once_while_they_are_in_use() -> None:
    """All proofs of a tree of 600 need each of its five tiles once."""
    shelf = Shelf(LOG, sizes=(600,))
    hashes = TileHashes(shelf, 600)
    for index in range(0, 600, 7):
        inclusion_proof(index, 600, hashes)
    assert sorted(shelf.asked, key=str) == sorted(tiles_at(600), key=str)


def test_the_cache_of_tiles_is_bounded() -> None:
    """However many tiles are read, the stated number is kept: those that were used last."""
    log = Log.of(1)
    data = log.read(0, 0) * 256

    asked: list[int] = []

    class Endless:
        def tile(self, level: int, n: int, width: int) -> bytes:
            asked.append(n)
            return data[: width * 32]

    hashes = TileHashes(Endless(), 2**40)
    for n in range(CACHED_TILES * 2):
        hashes(0, n * 256)
        hashes(0, 0)
    assert len(hashes._cache) == CACHED_TILES
    assert asked == list(range(CACHED_TILES * 2))


@pytest.mark.parametrize(("level", "index"), [(0, 600), (3, 75), (10, 0), (0, -1)])
def test_a_subtree_that_the_size_does_not_complete_is_refused(level: int, index: int) -> None:
    """The read port answers only for complete subtrees of its own size."""
    with pytest.raises(MalformedError):
        TileHashes(Shelf(LOG, sizes=(600,)), 600)(level, index)


def test_an_entry_lies_in_the_bundle_of_its_index() -> None:
    """Entry 599 of 600 lies in the third bundle, which has 88 entries."""
    assert bundle_at(599, 600) == Bundle(2, 88)
    assert bundle_at(255, 600) == Bundle(0, 256)
