"""Colours: ends and middles of the tables, scaling, the wheel closes."""

from __future__ import annotations

import numpy as np
from atheria import colours


def test_tables_have_their_anchors_at_the_ends() -> None:
    ember = colours.table(colours.EMBER)
    assert ember.shape == (256, 3) and ember.dtype == np.uint8
    assert tuple(ember[0]) == colours.EMBER[0] and tuple(ember[-1]) == colours.EMBER[-1]


def test_lightness_of_ember_rises() -> None:
    lightness = colours.table(colours.EMBER) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness) > -0.5).all() and lightness[-1] - lightness[0] > 200


def test_the_wheel_closes() -> None:
    wheel = colours.table(colours.WHEEL, cyclic=True).astype(int)
    steps = np.abs(np.diff(np.vstack([wheel, wheel[:1]]), axis=0)).max(axis=1)
    assert steps.max() <= 8 and steps.min() > 0, "a colour comes twice in a row"


def test_scaling() -> None:
    assert colours.scaled(np.array([2, 4, 3], np.float32)).tolist() == [0, 1, 0.5]
    assert colours.scaled(np.full((2, 2), 7, np.float32)).tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_phase_is_hue_and_modulus_is_brightness() -> None:
    real, imag = np.array([[1, -1, 0, 0.5]], np.float32), np.array([[0, 0, 0, 0]], np.float32)
    picture = colours.colour_phase(real, imag).astype(int)
    assert np.abs(picture[0, 0] - picture[0, 1]).max() > 50
    assert picture[0, 2].tolist() == [0, 0, 0]
    assert np.abs(picture[0, 3] - picture[0, 0] / 2).max() <= 1


def test_signed_zero_is_the_middle() -> None:
    picture = colours.colour_signed(np.array([[-2, 0, 1]], np.float32))
    assert tuple(picture[0, 0]) == colours.SIGNED[0]
    assert np.abs(picture[0, 1].astype(int) - colours.SIGNED[2]).max() <= 2


def test_bands_are_all_rows_in_turn() -> None:
    assert [r for rows in colours.bands(10, colours.BAND_CELLS // 3) for r in range(10)[rows]] == list(range(10))
    assert len(list(colours.bands(10, colours.BAND_CELLS // 3))) == 4
    assert len(list(colours.bands(3, 10 * colours.BAND_CELLS))) == 3


def test_large_pictures_need_little_beside_themselves() -> None:
    import tracemalloc

    values = np.zeros((4096, 1024), np.float32)
    colours.colour_mask(values[:1])
    tracemalloc.start()
    picture = colours.apply(colours.table(colours.EMBER), values)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < picture.nbytes + 24 * colours.BAND_CELLS
