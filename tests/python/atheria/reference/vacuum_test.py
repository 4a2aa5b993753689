"""The vacuum: published Philox vectors, independence of d and of the batch, statistics, ours frozen."""

from __future__ import annotations

import numpy as np
import pytest
from atheria.reference.vacuum import philox4x32, vacuum, vacuum_words

# Random123's kat_vectors for philox4x32-10: counter, key, result.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_philox_gives_the_published_vectors(counter: tuple[int, ...], key: tuple[int, int], expected: tuple[int, ...]) -> None:
    out = philox4x32(np.array(counter, np.uint32), key)
    assert tuple(int(w) for w in out) == expected


def test_a_channel_does_not_depend_on_how_many_there_are() -> None:
    coords = np.array([[0, 0, 0], [-5, 7, 3], [1 << 20, -(1 << 20), 1]], np.int64)
    whole = vacuum(coords, 9, seed=42)
    for channels in (1, 4, 5, 8):
        assert np.array_equal(vacuum(coords, channels, seed=42), whole[:, :channels])


def test_a_cell_does_not_depend_on_the_batch() -> None:
    coords = np.array([[x, y, 0] for x in range(-3, 3) for y in range(-3, 3)], np.int64)
    whole = vacuum(coords, 8, seed=7, t=3)
    for i in range(len(coords)):
        assert np.array_equal(vacuum(coords[i : i + 1], 8, seed=7, t=3)[0], whole[i])


def test_every_argument_matters() -> None:
    at = lambda x, y, z, seed, t: vacuum_words(np.array([[x, y, z]], np.int64), 8, seed, t).tobytes()  # noqa: E731
    base = (0, 0, 0, 1, 0)
    moved = [(1, 0, 0, 1, 0), (0, 1, 0, 1, 0), (0, 0, 1, 1, 0), (-1, 0, 0, 1, 0), (0, 0, -1, 1, 0), (2, 0, 0, 1, 0)]
    other = [(0, 0, 0, 2, 0), (0, 0, 0, 1 + (1 << 32), 0), (0, 0, 0, 1, 1)]
    assert len({at(*a) for a in [base, *moved, *other]}) == 1 + len(moved) + len(other)


def test_blocks_of_a_negative_plane_do_not_collide() -> None:
    """z = -1 has all 24 low bits set; the block number must still be seen above them."""
    words = vacuum_words(np.array([[0, 0, -1]], np.int64), 1024, seed=0)
    assert len({w.tobytes() for w in words[0]}) == 256


def test_phases_are_normal_with_deviation_one_tenth() -> None:
    side = np.arange(64)
    coords = np.stack([*np.meshgrid(side, side, [0], indexing="ij")], -1).reshape(-1, 3)
    psi = vacuum(coords, 8, seed=2024)
    assert np.allclose(np.abs(psi), 1.0, atol=1e-6)
    phase = np.angle(psi.astype(np.complex128)).ravel() / 0.1
    n = phase.size
    assert abs(phase.mean()) < 5 / np.sqrt(n)
    assert abs(phase.var() - 1) < 5 * np.sqrt(2 / n)
    assert abs((phase**4).mean() - 3) < 5 * np.sqrt(96 / n)
    grid = phase.reshape(64, 64, 8)
    for shifted in (grid[1:] * grid[:-1], grid[:, 1:] * grid[:, :-1], grid[..., 1:] * grid[..., :-1]):
        assert abs(shifted.mean()) < 5 / np.sqrt(shifted.size)


def test_frozen_words() -> None:
    """What any other implementation has to give for (x, y, z) = (3, -2, 5), d = 8, seed = 2**40 + 9, t = 11."""
    coords = np.array([[3, -2, 5]], np.int64)
    assert vacuum_words(coords, 8, seed=(1 << 40) + 9, t=11).tolist() == [
        [
            [0xD706EE6E, 0xA24B6903, 0xE82F55BE, 0x27445B45],
            [0xE84AFE3E, 0x3380A7C7, 0xF14B2C64, 0x76A94CA0],
        ]
    ]
    psi = vacuum(coords, 8, seed=(1 << 40) + 9, t=11)[0]
    assert np.allclose(psi[:2], [0.99922603 - 0.03933575j, 0.99903005 - 0.04403311j], atol=1e-7)
    assert np.allclose(psi[-2:], [0.99943894 - 0.03349259j, 0.9999695 + 0.0078154j], atol=1e-7)


def test_channels_outside_the_range_are_refused() -> None:
    for channels in (0, 1025):
        with pytest.raises(ValueError, match="1..1024"):
            vacuum(np.zeros((1, 3), np.int64), channels, seed=0)
