"""Version, threads, devices, Coord3D, SparseMap, HarmonicVacuum, Python laws: the rest of the extension."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import atheria
import numpy as np
import pytest
from atheria.errors import UnavailableError, UsageError

core: Any = pytest.importorskip("atheria_core", reason="the extension is not built")


def test_version_and_build() -> None:
    version = f"{core.VERSION_MAJOR}.{core.VERSION_MINOR}.{core.VERSION_PATCH}"
    assert core.get_version() == core.__version__ == version == atheria.__version__
    assert core.has_torch_support() is False
    assert isinstance(json.loads(core.build_info()), dict)


def test_import_loads_no_torch_and_no_gpu_library() -> None:
    code = (
        "import sys, atheria_core; maps = open('/proc/self/maps').read(); "
        "assert 'torch' not in sys.modules; "
        "assert not any(n in maps for n in ('libcuda', 'libcudart', 'libamdhip', 'libvulkan', 'libtorch'))"
    )
    if not sys.platform.startswith("linux"):
        pytest.skip("reads /proc")
    folders = [p for p in sys.path if p]
    subprocess.run([sys.executable, "-c", f"import sys; sys.path[:0] = {folders!r}; {code}"], check=True)


def test_threads() -> None:
    before = core.get_max_threads()
    try:
        core.set_num_threads(3)
        assert core.get_max_threads() == 3
        assert core.TileEngine(atheria.open_law("demo").raw).threads == 3
        for wrong in (-1, core.THREADS_MAX + 1):
            with pytest.raises(UsageError):
                core.set_num_threads(wrong)
        with pytest.raises(UsageError, match=f"at most {core.THREADS_MAX}"):
            core.TileEngine(atheria.open_law("demo").raw, threads=core.THREADS_MAX + 1)
    finally:
        core.set_num_threads(0)
    assert core.get_max_threads() == before


def test_backends_say_what_they_are_or_why_not() -> None:
    backends = {b["name"]: b for b in core.backends()}
    assert {"cpu", "reference"} <= set(backends)
    assert all((b["score"] > 0) == (b["reason"] == "") for b in backends.values())
    assert backends["cpu"]["score"] > backends["reference"]["score"]
    assert core.device_info("cpu")["backend"] == "cpu"
    with pytest.raises(UnavailableError, match="cpu"):
        core.device_info("abacus")


def test_coord() -> None:
    a, b = core.Coord3D(1, 2, 3), core.Coord3D(1, 2, 3)
    assert a == b and hash(a) == hash(b) and a != core.Coord3D(2, 2, 3) and a < core.Coord3D(1, 2, 4)
    assert repr(a) == "Coord3D(1, 2, 3)" and tuple(a) == (1, 2, 3) and core.Coord3D() == core.Coord3D(0, 0)
    a.x = -5
    assert a.x == -5 and len({a, b}) == 2


def test_sparse_map_of_numbers() -> None:
    numbers = core.SparseMap()
    assert numbers.empty() and len(numbers) == 0
    numbers.insert(5, 1.5)
    numbers[-3] = 2.5
    assert numbers.contains(5) and -3 in numbers and 4 not in numbers
    assert (numbers[5], numbers.get(4), numbers.get(4, 9.0)) == (1.5, 0.0, 9.0)
    assert (numbers.keys(), numbers.values(), numbers.size()) == ([-3, 5], [2.5, 1.5], 2)
    numbers.insert_many(np.array([7, 5]), np.array([1.0, 4.0]))
    assert numbers.get_many(np.array([5, 6, 7]), -1.0).tolist() == [4, -1, 1]
    del numbers[7]
    numbers.remove(7)
    for missing in (lambda: numbers[7], lambda: numbers.__delitem__(7)):
        with pytest.raises(KeyError):
            missing()
    assert repr(numbers) == "<SparseMap with 2 elements>"
    numbers.clear()
    assert numbers.empty()


def test_sparse_map_of_arrays() -> None:
    arrays, where = core.SparseMap(), core.Coord3D(1, 2, 3)
    data = np.arange(3.0)
    arrays.insert_tensor(where, data)
    data[:] = 0
    assert arrays.get_tensor(where).tolist() == [0, 1, 2]
    assert arrays.contains_coord(where) and where in arrays and arrays.coord_keys() == [where]
    arrays.remove_coord(where)
    assert not arrays.contains_coord(where)
    with pytest.raises(KeyError, match="no array"):
        arrays.get_tensor(where)


def test_vacuum() -> None:
    vacuum = core.HarmonicVacuum(5, seed=9)
    coords = np.array([[1, 2, 3], [-4, 5, -6]])
    states = vacuum.get_states(coords, 7)
    assert states.shape == (2, 5) and states.dtype == np.complex64
    assert np.array_equal(vacuum.get_fluctuation(core.Coord3D(-4, 5, -6), 7), states[1])
    assert not np.array_equal(vacuum.get_states(coords, 8), states)
    with pytest.raises(UsageError):
        core.HarmonicVacuum(0)


def test_a_python_law_is_freed_with_its_engine() -> None:
    class Law:
        def __call__(self, patches: Any, domains: Any) -> Any:
            return np.zeros_like(patches)

    import gc
    import weakref

    law = Law()
    gone = weakref.ref(law)
    engine = core.TileEngine(core.CallableLaw(law, d=1, radius=0))
    engine.write(np.zeros((1, 3), np.int64), np.ones((1, 1), np.complex64))
    engine.step(3)
    del law
    assert gone() is not None
    del engine
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("wrong", [{"alignment": 2**40}, {"alignment": 0}, {"radius": 5000}, {"gamma": float("nan")}, {"d": 0}])
def test_python_laws_that_no_engine_can_have_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="a law needs"):
        core.CallableLaw(lambda patches, domains: patches, **{"d": 1, "radius": 0, **wrong})


def test_a_step_from_python_costs_little() -> None:
    """An empty universe: what is left is the call itself; generous, for machines that are busy."""
    import time

    engine = core.TileEngine(atheria.open_law("demo").raw)
    engine.step()
    started = time.perf_counter()
    for _ in range(1000):
        engine.step()
    assert (time.perf_counter() - started) / 1000 < 200e-6
