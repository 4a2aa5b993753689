"""The same law and cells on the native engine and on the reference: same active cells, states within rounding."""

from __future__ import annotations

import numpy as np
import pytest
from atheria import initial
from atheria.errors import AtheriaError
from atheria.law import Law, open_law
from atheria.native import NativeEngine
from atheria.reference.engine import EngineConfig, ReferenceEngine
from atheria.reference.field import Domain
from hypothesis import given, settings
from hypothesis import strategies as st

from .random_laws import Coords, States, random_law, unit_states

pytest.importorskip("atheria_core", reason="the extension is not built")

DOMAINS = [Domain(), Domain("bounded", 40, 33), Domain("periodic", 40, 36)]
BACKGROUNDS = ["zero", "static", "fluctuating"]


def differences(law: Law, config: EngineConfig, coords: Coords, states: States, steps: int, backend: str = "auto") -> float:
    """Largest difference of an active cell after `steps`; the active cells themselves must be the same."""
    reference, native = ReferenceEngine(law, config), NativeEngine(law, config, backend)
    for engine in (reference, native):
        engine.write(coords, states)
    for _ in range(steps):
        ours, theirs = native.step(), reference.step()
        assert (ours.step, ours.active, ours.candidates) == (theirs.step, theirs.active, theirs.candidates)
    (found, psi), (expected, truth) = native.export(), reference.export()
    assert np.array_equal(found, expected)
    assert native.bounds() == reference.bounds()
    return float(np.abs(psi - truth).max()) if len(psi) else 0.0


@pytest.mark.parametrize("activity", ["exact", "threshold"])
@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("domain", DOMAINS, ids=lambda d: d.kind)
def test_every_kind_of_universe(domain: Domain, background: str, activity: str) -> None:
    config = EngineConfig(domain, background, activity, seed=5)  # type: ignore[arg-type]
    coords = np.array([[0, 0, 0], [15, 16, 0], [16, 15, 0], [39, 20, 0], [20, 30, -3]], np.int64)
    assert differences(random_law(1), config, coords, unit_states(5, 3, 2), 6) < 1e-5


@pytest.mark.parametrize("backend", ["cpu", "reference", "openblas"])
def test_every_backend(backend: str) -> None:
    try:
        NativeEngine(random_law(1), EngineConfig(), backend)
    except AtheriaError as error:
        pytest.skip(f"backend {backend} is not usable here: {error}")
    cells = initial.random(3, 9, seed=1)
    assert differences(random_law(1, kernels=(3, 1, 3)), EngineConfig(), *cells, 5, backend) < 1e-5


def test_normalisation_off_gamma_and_product() -> None:
    law = random_law(4, gamma=0.05, product=True)
    for config in (EngineConfig(), EngineConfig(gamma=0.2), EngineConfig(normalize=False, eps_on=1e-3, eps_off=1e-4)):
        assert differences(law, config, *initial.random(3, 5, seed=3), 4) < 1e-5
    quick = ReferenceEngine(law, EngineConfig(gamma=0.2))
    slow = ReferenceEngine(law, EngineConfig())
    for engine in (quick, slow):
        engine.write(*initial.random(3, 5, seed=3))
        engine.step()
    assert not np.allclose(quick.export()[1], slow.export()[1])


def test_cells_far_apart_and_at_negative_coordinates() -> None:
    coords = np.array([[-1, -1, 0], [-17, 5, 0], [10**6, -(10**6), 2], [-(10**7), 10**7, -9]], np.int64)
    assert differences(random_law(2), EngineConfig(activity="exact"), coords, unit_states(4, 3, 1), 4) < 1e-5


@pytest.mark.parametrize("activity", ["exact", "threshold"])
def test_demo_law_after_50_steps(activity: str) -> None:
    """The law that ships, from its own initial state."""
    law = open_law("demo")
    config = EngineConfig(Domain("bounded", 96, 96), activity=activity)  # type: ignore[arg-type]
    cells = initial.vortex(law.d, centre=(48, 48))
    assert differences(law, config, *cells, 50) < 1e-5


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    d=st.integers(1, 9),
    hidden=st.integers(1, 20),
    kernels=st.lists(st.sampled_from([1, 3, 5]), min_size=1, max_size=3),
    bias=st.booleans(),
    activation=st.sampled_from(["elu", "relu", "tanh", "silu", "softmax"]),
    product=st.booleans(),
    domain=st.sampled_from([Domain(), Domain("bounded", 19, 7), Domain("periodic", 17, 21), Domain("periodic", 3, 2)]),
    background=st.sampled_from(BACKGROUNDS),
    cells=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=5),
)
def test_small_random_laws(
    seed: int,
    d: int,
    hidden: int,
    kernels: list[int],
    bias: bool,
    activation: str,
    product: bool,
    domain: Domain,
    background: str,
    cells: list[tuple[int, int]],
) -> None:
    law = random_law(seed, d, hidden, tuple(kernels), bias, activation, 0.01, product)
    config = EngineConfig(domain, background, "exact", seed)  # type: ignore[arg-type]
    coords = np.array([(x, y, 0) for x, y in cells], np.int64)
    assert differences(law, config, coords, unit_states(len(coords), d, seed), 3) < 2e-5
