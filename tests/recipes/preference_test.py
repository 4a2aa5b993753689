"""What solvers choose among the real packages: a channel's index made of the rendered recipes, without any file behind it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.matrix import render_outputs
from atheria_pack.recipes import Output
from atheria_pack.solve import Solved, Solver, Unsolvable
from atheria_pack.variants import ACCEL_KEY, load_variants

ROOT = Path(__file__).resolve().parents[2]
OUTPUTS = render_outputs(ROOT, load_variants(ROOT / "variants.yaml", "linux-64"), "linux-64")


def depends(output: Output) -> Iterator[str]:
    """Requirements within the family; exact pins name the sibling of the same accelerator, as a build resolves them."""
    family = {other.name for other in OUTPUTS}
    listed: list[Any] = output.rendered.get("requirements", {}).get("run", [])
    for requirement in listed:
        if isinstance(requirement, dict):
            (pin,) = requirement.values()
            accel = output.variant[ACCEL_KEY]
            (sibling,) = [other for other in OUTPUTS if other.name == pin["name"] and other.variant[ACCEL_KEY] == accel]
            yield f"{sibling.name} =={sibling.version} {sibling.build}"
        elif requirement.split(" ")[0] in family:
            yield requirement


@pytest.fixture(scope="module")
def solver(tmp_path_factory: pytest.TempPathFactory) -> Solver:
    channel = tmp_path_factory.mktemp("channel")
    records = {
        output.file_name: {
            "name": output.name,
            "version": output.version,
            "build": output.build,
            "build_number": output.number,
            "depends": list(depends(output)),
            "subdir": "linux-64",
            "sha256": "0" * 64,
            "size": 1,
            "timestamp": 1_700_000_000_000,  # one for all: the newest must not win by chance
        }
        for output in OUTPUTS
    }
    for subdir, listed in (("linux-64", records), ("noarch", {})):
        (channel / subdir).mkdir()
        index = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": listed}
        (channel / subdir / "repodata.json").write_text(json.dumps(index))
    return Solver([channel.as_uri()], "linux-64")


def accels(solver: Solver, *specs: str) -> set[str]:
    solved = solver.packages(specs)
    assert isinstance(solved, Solved), solved
    return {package.split(" ")[2].split("_")[0] for package in solved.packages}


@pytest.mark.parametrize(
    ("spec", "accel"),
    [
        *((name, "cpu") for name in ("atheria", "atheria-cpu", "atheria-core", "libatheria-runtime", "libatheria-engine-dev")),
        *((f"{name}=*=cpu*", "cpu") for name in ("atheria", "atheria-core", "libatheria-runtime-dev", "atheria-variant")),
        *((f"{name}=*=openblas*", "openblas") for name in ("atheria", "atheria-core", "libatheria-engine", "atheria-variant")),
    ],
)
def test_one_name_chooses_the_whole_family(solver: Solver, spec: str, accel: str) -> None:
    assert accels(solver, spec) == {accel}


def test_the_mutex_bends_what_has_no_word_in_it(solver: Solver) -> None:
    assert accels(solver, "atheria", "atheria-variant=*=openblas*") == {"openblas"}
    assert accels(solver, "atheria-core", "libatheria-runtime=*=openblas*") == {"openblas"}


def test_two_accelerators_never_share_an_environment(solver: Solver) -> None:
    mixed = solver.packages(["atheria-core=*=cpu*", "libatheria-engine-dev=*=openblas*"])
    assert isinstance(mixed, Unsolvable)
