"""Laws by name, path, program and callable; what is refused, with words that help."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from atheria.errors import LawFailedError, LawFileError, OutputError, UnknownLawError, UsageError
from atheria.law import SHIPPED_FOLDER, law_from_callable, law_from_program, open_law, save_law, shipped_laws
from atheria.laws.program_builder import LawBuilder
from atheria.reference.container import to_bytes
from atheria.reference.program import Program


def scale_program(**metadata: str) -> Program:
    builder = LawBuilder("half", 4)
    builder.scale(-0.5)
    program = builder.finish()
    program.metadata.update(metadata)
    return program


def test_the_demo_law_ships() -> None:
    law = open_law("demo")
    assert "demo" in shipped_laws()
    assert (law.name, law.d, law.radius, law.alignment, law.product) == ("demo", 8, 2, 1, False)
    assert 30_000 < (SHIPPED_FOLDER / "demo.atl").stat().st_size < 60_000
    assert law.program is not None and "train_demo" in law.program.metadata["made"]


def test_the_demo_law_keeps_an_empty_universe_empty() -> None:
    assert not open_law("demo").forward(np.zeros((1, 9, 9, 16), np.float32)).any()


def test_by_path_and_program(tmp_path: Path) -> None:
    path = tmp_path / "half.atl"
    save_law(scale_program(gamma="0.25", product="1"), path)
    assert path.read_bytes() == to_bytes(scale_program(gamma="0.25", product="1"))
    assert [p.name for p in tmp_path.iterdir()] == ["half.atl"]
    law = open_law(path)
    assert open_law(str(path)).digest == law.digest == law_from_program(scale_program(gamma="0.25", product="1")).digest
    assert (law.gamma, law.product, law.d, law.radius) == (0.25, True, 2, 0)
    assert open_law(law) is law
    x = np.ones((1, 2, 2, 4), np.float32)
    assert np.array_equal(law.forward(x), -0.5 * x)


def test_unknown_laws_name_those_that_ship() -> None:
    with pytest.raises(UnknownLawError, match=r"no law 'dmeo'.*\(demo\b"):
        open_law("dmeo")


def test_damaged_and_unreadable_files(tmp_path: Path) -> None:
    path = tmp_path / "broken.atl"
    raw = bytearray((SHIPPED_FOLDER / "demo.atl").read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(LawFileError, match=r"broken\.atl: the checksum does not match"):
        open_law(path)
    with pytest.raises(OutputError, match="cannot be read"):
        open_law(tmp_path)
    with pytest.raises(OutputError, match="cannot be written"):
        save_law(scale_program(), tmp_path / "no" / "law.atl")
    with pytest.raises(LawFileError, match="metadata is wrong"):
        law_from_program(scale_program(gamma="much"))
    for wrong in ({"gamma": "nan"}, {"gamma": "inf"}, {"alignment": "0"}, {"alignment": str(2**40)}):
        with pytest.raises(LawFileError, match="metadata is wrong"):
            law_from_program(scale_program(**wrong))
    with pytest.raises(UsageError, match="law_from_callable"):
        open_law(lambda patches: patches)  # type: ignore[arg-type]


def test_callables() -> None:
    def shrink(patches: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        return -patches[:, 1:-1, 1:-1]

    law = law_from_callable(shrink, d=1, radius=1)
    assert law.name == "shrink"
    assert law.forward(np.ones((2, 4, 5, 2), np.float32)).shape == (2, 2, 3, 2)
    wrong = law_from_callable(shrink, d=1, radius=0)
    with pytest.raises(LawFailedError, match=r"gave shape \(2, 2, 3, 2\)"):
        wrong.forward(np.ones((2, 4, 5, 2), np.float32))
    with pytest.raises(UsageError):
        law_from_callable(shrink, d=0, radius=0)


def test_a_torch_law_needs_no_conversion_of_its_result() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    convolution = torch.nn.Conv2d(4, 4, 3)

    def forward(patches: np.ndarray) -> object:  # type: ignore[type-arg]
        return convolution(torch.from_numpy(patches).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)

    x = np.random.default_rng(0).standard_normal((2, 6, 5, 4)).astype(np.float32)
    found = law_from_callable(forward, d=2, radius=1).forward(x)
    assert np.allclose(found, forward(x).detach().numpy())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "wrong",
    [{"alignment": 2**40}, {"alignment": 0}, {"radius": 5000}, {"radius": 1.5}, {"d": 0}, {"d": 2000}, {"gamma": float("nan")}, {"gamma": "x"}],
)
def test_callables_that_no_engine_can_run_are_refused(wrong: dict[str, object]) -> None:
    settings: dict[str, object] = {"d": 1, "radius": 0, **wrong}
    with pytest.raises(UsageError, match=f"a law's {next(iter(wrong))} is"):
        law_from_callable(lambda p: p, **settings)  # type: ignore[arg-type]


def test_a_program_is_not_finished_with_a_gamma_that_is_no_number() -> None:
    for gamma in (float("nan"), float("inf")):
        builder = LawBuilder("half", 4)
        builder.scale(-0.5)
        with pytest.raises(UsageError, match="gamma is"):
            builder.finish(gamma=gamma)
