"""The modern surface, on the native engine where it is built and on the reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from atheria import Simulation, colours, initial, law_from_callable, native
from atheria.errors import LawFailedError, OutputError, RangeError, SnapshotError, StateError, UnavailableError, UsageError
from atheria.law import Law, law_from_program
from atheria.laws.program_builder import LawBuilder
from atheria.simulation import THREADS_MAX


def turning_law(d: int = 2) -> Law:
    """Every channel turns by a right angle: Delta = (i - 1) psi; radius 0."""
    builder = LawBuilder("turn", 2 * d)
    one, zero = np.eye(d, dtype=np.float32), np.zeros((d, d), np.float32)
    builder.matmul(np.block([[-one, one], [-one, -one]]))
    assert zero.shape == (d, d)
    return law_from_program(builder.finish())


@pytest.fixture(params=["auto", "numpy"])
def device(request: pytest.FixtureRequest) -> str:
    if request.param == "auto" and not native.available():
        pytest.skip(f"no native engine: {native.engine_info()['reason']}")
    return str(request.param)


def test_a_known_law_does_what_it_says(device: str) -> None:
    simulation = Simulation(turning_law(), device=device)
    simulation.add([[3, 4]], [0.6, 0.8j])
    assert simulation.active_cells == 1
    simulation.step()
    assert np.allclose(simulation.states(), [[0.6j, -0.8]], atol=1e-6)
    simulation.step(3)
    assert np.allclose(simulation.states([[3, 4, 0]]), [[0.6, 0.8j]], atol=1e-6)
    assert (simulation.step_number, simulation.coords().tolist()) == (4, [[3, 4, 0]])


def test_cells_in_and_out(device: str) -> None:
    simulation = Simulation(turning_law(), device=device, background="static", seed=3)
    vacuum = simulation.states([[1, 1], [2, 2]])
    assert np.allclose(np.abs(vacuum), 1, atol=1e-5)
    simulation.add([[1, 1], [2, 2]], [1, 0])
    assert np.array_equal(simulation.states([[2, 2]]), np.array([[1, 0]], np.complex64))
    simulation.remove([[2, 2]])
    assert simulation.active_cells == 1
    assert np.array_equal(simulation.states([[2, 2]]), vacuum[1:])
    simulation.activate([[5, 5, 1]])
    assert simulation.active_cells == 2 and simulation.bounds == (1, 1, 0, 6, 6, 2)
    simulation.step()
    simulation.clear()
    assert (simulation.active_cells, simulation.step_number, simulation.bounds) == (0, 0, (0, 0, 0, 0, 0, 0))
    simulation.add(np.zeros((0, 2), np.int64), np.zeros((0, 2)))
    simulation.step(2)
    assert simulation.active_cells == 0


@pytest.mark.parametrize(
    ("coords", "states", "error"),
    [
        ([[0.5, 1.0]], [1, 0], UsageError),
        ([0, 1], [1, 0], UsageError),
        ([[0, 1, 2, 3]], [1, 0], UsageError),
        ([[0, 1]], [1, 0, 0], UsageError),
        ([[0, 1]], [[1, 0], [1, 0]], UsageError),
        ([[0, 1]], ["a", "b"], UsageError),
        ([[0, 1]], [np.nan, 0], UsageError),
        ([[0, 16]], [1, 0], RangeError),
        ([[-1, 0]], [1, 0], RangeError),
        (np.array([[2**64 - 1, 0]], np.uint64), [1, 0], UsageError),
    ],
)
def test_wrong_cells_are_refused_and_change_nothing(device: str, coords: Any, states: Any, error: type[Exception]) -> None:
    simulation = Simulation(turning_law(), domain="bounded", size=16, device=device)
    simulation.add([[1, 2]], [1, 0])
    with pytest.raises(error):
        simulation.add(coords, states)
    assert simulation.coords().tolist() == [[1, 2, 0]]


def test_wrong_settings_are_refused(device: str) -> None:
    for wrong in (
        {"domain": "round", "size": 4},
        {"domain": "bounded"},
        {"domain": "periodic", "size": (4, 0)},
        {"background": "blue"},
        {"mode": "lazy"},
        {"eps_on": 0.1, "eps_off": 0.2},
        {"seed": -1},
        {"threads": -1},
        {"threads": 99999999999},
        {"threads": 1.5},
        {"domain": "bounded", "size": 10**30},
        {"domain": "bounded", "size": 3.5},
        {"domain": "periodic", "size": (4, 4, 4)},
        {"domain": "periodic", "size": "44"},
        {"gamma": "x"},
        {"gamma": float("nan")},
        {"eps_on": float("inf")},
        {"eps_off": None},
        {"seed": 0.5},
    ):
        with pytest.raises(UsageError) as caught:
            Simulation(turning_law(), device=device, **wrong)  # type: ignore[arg-type]
        assert len(str(caught.value)) < 200 and "Invoked with" not in str(caught.value)


@pytest.mark.parametrize("steps", [-1, -5, 2**70, 1.5, "3"])
def test_a_number_of_steps_that_is_none_is_refused(device: str, steps: Any) -> None:
    simulation = Simulation(turning_law(), device=device)
    for call in (simulation.step, simulation.run):
        with pytest.raises(UsageError, match="number of steps is"):
            call(steps)
    assert simulation.step_number == 0
    assert simulation.step(np.int64(2)).step == 2  # type: ignore[arg-type]


@pytest.mark.parametrize("roi", [(0, 0, 4), (0, 0, 2**70, 4), (0, 0, 1.5, 4), 7, "0044", (0, 0, 1 << 20, 1 << 20)])
def test_a_region_that_is_none_is_refused(device: str, roi: Any) -> None:
    simulation = Simulation(turning_law(), device=device)
    with pytest.raises(UsageError, match="roi|region"):
        simulation.view("density", roi)
    with pytest.raises(UsageError, match="z is"):
        simulation.view("density", (0, 0, 4, 4), 2**70)


def test_threads_are_those_that_an_engine_can_have() -> None:
    if not native.available():
        pytest.skip(f"no native engine: {native.engine_info()['reason']}")
    assert native.core().THREADS_MAX == THREADS_MAX


def test_an_unknown_device_names_those_that_exist() -> None:
    if not native.available():
        with pytest.raises(UnavailableError, match="atheria_core"):
            Simulation(turning_law(), device="cpu")
        return
    with pytest.raises(UnavailableError, match="cpu"):
        Simulation(turning_law(), device="abacus")


def test_python_laws_run_once_a_step_over_all_patches(device: str) -> None:
    calls = []

    def blur(patches: Any) -> Any:
        calls.append(patches.shape)
        return 0.1 * (patches[:, 2:, 1:-1] + patches[:, :-2, 1:-1])

    simulation = Simulation(law_from_callable(blur, d=2, radius=1), device=device)
    simulation.add(initial.square(40), [1, 1j])
    simulation.step(3)
    assert simulation.backend == "python"
    assert all(shape[3] == 4 for shape in calls)
    if device == "auto":
        assert len(calls) == 3


def test_a_python_law_that_fails_leaves_the_state_of_before(device: str) -> None:
    def fragile(patches: Any) -> Any:
        if simulation.step_number == 2:
            raise ZeroDivisionError("two")
        return np.zeros_like(patches)

    simulation = Simulation(law_from_callable(fragile, d=1, radius=0), device=device)
    simulation.add([[0, 0]], [1])
    simulation.step(2)
    before = simulation.states()
    with pytest.raises(LawFailedError, match="ZeroDivisionError: two"):
        simulation.step(5)
    assert simulation.step_number == 2
    assert np.array_equal(simulation.states(), before)


@pytest.mark.parametrize("value", [np.nan, np.inf, 3e38])
@pytest.mark.parametrize("normalize", [True, False])
def test_a_law_whose_numbers_are_no_state_fails(device: str, value: float, normalize: bool) -> None:
    law = law_from_callable(lambda p: np.where(np.arange(4) % 2, np.float32(value), p), d=2, radius=0)
    simulation = Simulation(law, device=device, normalize=normalize)
    simulation.add([[3, -4]], [1, 1])
    before = simulation.states()
    with pytest.raises(LawFailedError, match=r"not finite at cell \(3, -4, 0\)"):
        simulation.step()
    assert np.array_equal(simulation.states(), before)


@pytest.mark.parametrize("result", ["abc", None, 1j, {"a": 1}, object()])
def test_a_law_that_gives_no_real_numbers_fails(device: str, result: Any) -> None:
    def law(patches: Any) -> Any:
        return np.full_like(patches, 1, np.complex64) if result == 1j else result

    simulation = Simulation(law_from_callable(law, d=1, radius=0), device=device)
    simulation.add([[0, 0]], [1])
    with pytest.raises(LawFailedError, match="gave"):
        simulation.step()


def test_a_law_may_write_to_its_patches_and_keep_them(device: str) -> None:
    kept = []

    def law(patches: Any) -> Any:
        kept.append(patches)
        patches *= 0
        return patches

    simulation = Simulation(law_from_callable(law, d=1, radius=0), device=device)
    simulation.add([[0, 0]], [1j])
    simulation.step(3)
    assert np.array_equal(simulation.states(), [[1j]])
    kept[0][:] = 7
    assert np.array_equal(simulation.states(), [[1j]])


@pytest.mark.parametrize("call", ["clear", "cells", "step", "add", "save"])
def test_a_law_may_not_use_its_simulation(device: str, call: str, tmp_path: Path) -> None:
    uses: dict[str, Any] = {
        "clear": lambda: simulation.clear(),
        "cells": lambda: simulation.cells(),
        "step": lambda: simulation.step(),
        "add": lambda: simulation.add([[9, 9]], [1]),
        "save": lambda: simulation.save(tmp_path / "universe"),
    }

    def law(patches: Any) -> Any:
        with pytest.raises(StateError, match="a step is running"):
            uses[call]()
        return np.zeros_like(patches)

    simulation = Simulation(law_from_callable(law, d=1, radius=0), device=device)
    simulation.add([[0, 0]], [1])
    simulation.step()
    assert (simulation.step_number, simulation.active_cells) == (1, 1)
    uses[call]()


def test_python_laws_see_the_border_of_a_bounded_domain(device: str) -> None:
    seen = []

    def law(patches: Any, domains: Any) -> Any:
        seen.extend(np.asarray(domains).tolist())
        return np.zeros_like(patches[:, 1:-1, 1:-1])

    simulation = Simulation(law_from_callable(law, d=1, radius=1, wants_domains=True), domain="bounded", size=(8, 5), device=device)
    simulation.add([[0, 0]], [1])
    simulation.step()
    assert [row for row in seen if row[0] == 1 and row[1] == 1] == [[1, 1, 6, 9]]


def test_views(device: str) -> None:
    simulation = Simulation(turning_law(), device=device)
    simulation.add([[2, 1], [4, 3]], [[0.6, 0.8j], [-1, 0]])
    density = simulation.view("density")
    assert density.shape == (3, 3) and density.dtype == np.float32
    assert np.allclose(density, [[1, 0, 0], [0, 0, 0], [0, 0, 1]])
    assert np.allclose(simulation.view("phase", (4, 3, 5, 4)), np.pi)
    assert np.allclose(simulation.view("real", (1, 1, 5, 2)), [[0, 0.6, 0, 0]])
    assert simulation.view("active", (0, 0, 10, 10)).sum() == 2
    holographic = simulation.view("holographic", (2, 1, 3, 2))
    assert np.allclose(holographic, [[[1, 0.5, 0.8]]], atol=1e-6)
    state = simulation.view("state", (2, 1, 3, 2))
    assert state.dtype == np.complex64 and np.allclose(state, [[[0.6, 0.8j]]])
    assert not simulation.view("density", (0, 0, 10, 10), z=1).any()
    for wrong in ({"kind": "taste"}, {"roi": (3, 0, 3, 5)}):
        with pytest.raises(UsageError):
            simulation.view(**wrong)  # type: ignore[arg-type]


def test_the_view_of_a_finite_domain_is_all_of_it(device: str) -> None:
    simulation = Simulation(turning_law(), domain="periodic", size=(7, 5), device=device)
    assert simulation.view("density").shape == (5, 7)
    assert simulation.image("density").shape == (5, 7, 3)


def test_run_reports_and_calls_back(device: str) -> None:
    simulation = Simulation(turning_law(), device=device)
    simulation.add([[0, 0]], [1, 0])
    frames: list[int] = []
    result = simulation.run(10, every=4, on_frame=lambda s: frames.append(s.step_number))
    assert frames == [4, 8, 10]
    assert (result.steps, result.step_number, result.active_cells, result.backend) == (10, 10, 1, simulation.backend)
    assert result.seconds > 0 and result.steps_per_second > 0
    assert simulation.run(0).steps == 0


def test_progress_goes_to_stderr(device: str, capsys: pytest.CaptureFixture[str]) -> None:
    simulation = Simulation(turning_law(), device=device)
    simulation.add([[0, 0]], [1, 0])
    simulation.run(6, progress=True)
    out, err = capsys.readouterr()
    assert out == "" and "6/6" in err and "1 active cells" in err
    simulation.run(6)
    assert capsys.readouterr().err == ""


def test_snapshots(device: str, tmp_path: Path) -> None:
    simulation = Simulation(turning_law(), domain="bounded", size=40, gamma=0.1, mode="exact", device=device)
    simulation.add(*initial.random(2, 9, centre=(20, 20)))
    simulation.step(3)
    path = tmp_path / "universe"
    simulation.save(path)
    again = Simulation.load(path, turning_law(), device=device)
    assert (again.step_number, again.config.domain, again.config.gamma) == (3, simulation.config.domain, np.float32(0.1))
    assert again.states().tobytes() == simulation.states().tobytes()
    assert [p.name for p in tmp_path.iterdir()] == ["universe"]
    with pytest.raises(OutputError):
        Simulation.load(tmp_path / "absent", turning_law(), device=device)
    with pytest.raises(OutputError):
        simulation.save(tmp_path / "no" / "folder")


def test_foreign_and_damaged_snapshots_are_refused(device: str, tmp_path: Path) -> None:
    simulation = Simulation(turning_law(), device=device)
    simulation.add(*initial.random(2, 5))
    path = tmp_path / "universe"
    simulation.save(path)
    raw = path.read_bytes()
    builder = LawBuilder("other", 4)
    builder.scale(0.5)
    other = builder.finish()
    with pytest.raises(SnapshotError, match="another law"):
        Simulation.load(path, other, device=device)
    assert Simulation.load(path, other, device=device, any_law=True).active_cells == 25
    with pytest.raises(SnapshotError, match="d = 2"):
        Simulation.load(path, turning_law(3), device=device)
    for position in (0, 9, 13, 60, 75, 100, 140, 153, 161, 200, len(raw) - 1):
        damaged = bytearray(raw)
        damaged[position] ^= 4
        path.write_bytes(damaged)
        with pytest.raises(SnapshotError):
            Simulation.load(path, turning_law(), device=device)
    path.write_bytes(raw[:-8])
    with pytest.raises(SnapshotError):
        Simulation.load(path, turning_law(), device=device)


def test_pictures(device: str, tmp_path: Path) -> None:
    from PIL import Image

    simulation = Simulation(turning_law(), device=device)
    simulation.add(*initial.vortex(2))
    for kind in ("density", "energy", "phase", "real", "imag", "holographic", "active"):
        path = tmp_path / f"{kind}.png"
        simulation.save_image(path, kind, (-16, -16, 16, 16))
        with Image.open(path) as picture:
            assert picture.size == (32, 32) and picture.mode == "RGB"
            assert len(picture.getcolors() or []) > 1, kind
    with pytest.raises(UsageError, match="no single picture"):
        simulation.image("state")


def test_a_phase_picture_is_painted_in_bands(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = Simulation(turning_law(), device=device)
    simulation.add(*initial.vortex(2))
    whole = simulation.image("phase", (-20, -17, 20, 17))
    monkeypatch.setattr(colours, "BAND_CELLS", 100)
    asked: list[int] = []
    colour_phase = colours.colour_phase

    def counted(real: Any, imag: Any) -> Any:
        asked.append(real.size)
        return colour_phase(real, imag)

    monkeypatch.setattr(colours, "colour_phase", counted)
    assert np.array_equal(simulation.image("phase", (-20, -17, 20, 17)), whole)
    assert max(asked) == 80 and sum(asked) == 40 * 34


def test_missing_native_engine_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "_core", None)
    monkeypatch.setattr(native, "_reason", "atheria_core cannot be imported: No module named 'atheria_core'")
    simulation = Simulation(turning_law())
    assert simulation.backend == "numpy"
    assert "No module named 'atheria_core'" in simulation.fallback_reason
    assert native.engine_info()["engine"] == "reference"
    with pytest.raises(UnavailableError, match="No module named"):
        Simulation(turning_law(), device="cpu")


def test_repr_tells_what_matters(device: str) -> None:
    simulation = Simulation(turning_law(), device=device)
    assert "law='turn' d=2 domain=infinite step=0 active_cells=0" in repr(simulation)
