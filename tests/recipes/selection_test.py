"""What solvers choose among the real packages: a channel's index made of the rendered recipes, without any file behind it."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.matrix import PLATFORMS, render_outputs
from atheria_pack.recipes import Output
from atheria_pack.selection import FAMILY, PROFILES, SPECS, Choice, Profile, choices, family_accels
from atheria_pack.solve import Solved, Solver, Unsolvable
from atheria_pack.variants import ACCEL_KEY, load_variants

ROOT = Path(__file__).resolve().parents[2]
OUTPUTS = {platform: render_outputs(ROOT, load_variants(ROOT / "variants.yaml", platform), platform) for platform in PLATFORMS}


def depends(output: Output) -> Iterator[str]:
    """Requirements within the family and on virtual packages; exact pins name the sibling of the same accelerator, and the C
    library's version is asked for, as a build resolves them."""
    listed: list[Any] = output.rendered.get("requirements", {}).get("run", [])
    for requirement in listed:
        if isinstance(requirement, dict):
            (pin,) = requirement.values()
            accel = output.variant[ACCEL_KEY]
            (sibling,) = [other for other in OUTPUTS[output.subdir] if other.name == pin["name"] and other.variant[ACCEL_KEY] == accel]
            yield f"{sibling.name} =={sibling.version} {sibling.build}"
        elif requirement.split(" ")[0] in FAMILY or requirement.startswith("__"):
            yield requirement
    oldest = output.variant.get("c_stdlib_version")
    if oldest:
        yield f"{'__osx' if output.subdir.startswith('osx') else '__glibc'} >={oldest}"


def available() -> dict[str, dict[str, frozenset[str]]]:
    """The accelerators of every package, by platform."""
    found: dict[str, defaultdict[str, set[str]]] = {platform: defaultdict(set) for platform in PLATFORMS}
    for platform, outputs in OUTPUTS.items():
        for output in outputs:
            found[platform][output.name].add(output.variant[ACCEL_KEY])
    return {platform: {name: frozenset(accels) for name, accels in names.items()} for platform, names in found.items()}


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("channel")
    for subdir in (*PLATFORMS, "noarch"):
        records = {
            output.file_name: {
                "name": output.name,
                "version": output.version,
                "build": output.build,
                "build_number": output.number,
                "depends": list(depends(output)),
                "subdir": subdir,
                "sha256": "0" * 64,
                "size": 1,
                "timestamp": 1_700_000_000_000,  # one for all: the newest must not win by chance
            }
            for output in OUTPUTS.get(subdir, [])
        }
        (folder / subdir).mkdir()
        index = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": records}
        (folder / subdir / "repodata.json").write_text(json.dumps(index))
    return folder.as_uri()


@pytest.fixture(scope="module")
def table(channel: str) -> dict[tuple[str, str], Choice]:
    return {(choice.profile, choice.spec): choice for choice in choices([channel], available())}


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: str(profile.name))
def test_the_promise_is_kept(profile: Profile, spec: str, table: dict[tuple[str, str], Choice]) -> None:
    choice = table[profile.name, spec]
    assert choice.good, choice


def test_the_promise_in_words(table: dict[tuple[str, str], Choice]) -> None:
    """Written out once by hand, so that a mistake in the table's own rule is seen."""
    said = {
        ("linux-64, no GPU", "atheria"): "cpu",
        ("linux-64, no GPU", "atheria-core=*=cuda*"): None,
        ("linux-64, CUDA 12 driver", "atheria"): "cuda129",
        ("linux-64, CUDA 12 driver", "atheria-gpu"): "cuda129",
        ("linux-64, CUDA 13 driver", "atheria-core"): "cuda130",
        ("linux-64, CUDA 13 driver", "atheria-cpu"): "cpu",
        ("linux-64, CUDA 13 driver", "atheria-core=*=openblas*"): "openblas",
        ("linux-64, AMD GPU", "atheria"): "cpu",
        ("linux-64, AMD GPU", "atheria-core=*=rocm*"): "rocm",
        ("linux-64, AMD GPU", "atheria-gpu"): "rocm",
        ("linux-aarch64, CUDA 13 driver", "atheria"): "cuda130",
        ("linux-aarch64, no GPU", "atheria-core=*=rocm*"): None,
        ("osx-arm64, macOS 15", "atheria"): "metal",
        ("osx-arm64, macOS 15", "atheria-cpu"): "cpu",
        ("osx-arm64, macOS 12", "atheria"): "cpu",
        ("osx-arm64, macOS 12", "atheria-core=*=metal*"): None,
        ("win-64, CUDA 12 driver", "atheria-core=*=cuda*"): "cuda129",
        ("win-64, no GPU", "atheria-gpu"): None,
    }
    assert {key: table[key].chosen for key in said} == said


def test_a_cuda_12_driver_never_gets_cuda_13(table: dict[tuple[str, str], Choice]) -> None:
    chosen = {choice.chosen for choice in table.values() if "CUDA 12" in choice.profile}
    assert "cuda129" in chosen and "cuda130" not in chosen


def solver_of(channel: str, name: str) -> Solver:
    (profile,) = [profile for profile in PROFILES if profile.name == name]
    return Solver([channel], profile.platform, virtual_packages=profile.virtual)


@pytest.mark.parametrize("spec", ["atheria", "atheria-core", "libatheria-runtime", "libatheria-engine-dev"])
@pytest.mark.parametrize("accel", ["cpu", "openblas", "cuda129", "cuda130", "rocm"])
def test_one_name_chooses_the_whole_family(channel: str, spec: str, accel: str) -> None:
    solved = solver_of(channel, "linux-64, CUDA 13 driver").packages([f"{spec}=*={accel}*"])
    assert isinstance(solved, Solved), solved
    assert family_accels(solved.packages) == {accel}


def test_the_mutex_bends_what_has_no_word_in_it(channel: str) -> None:
    solver = solver_of(channel, "linux-64, CUDA 13 driver")
    for specs in (["atheria", "atheria-variant=*=openblas*"], ["atheria-core", "libatheria-runtime=*=openblas*"]):
        solved = solver.packages(specs)
        assert isinstance(solved, Solved) and family_accels(solved.packages) == {"openblas"}, specs


def test_two_accelerators_never_share_an_environment(channel: str) -> None:
    solver = solver_of(channel, "linux-64, CUDA 13 driver")
    for left, right in (("cpu", "openblas"), ("cpu", "cuda"), ("cuda129", "cuda130"), ("rocm", "cuda")):
        mixed = solver.packages([f"atheria-core=*={left}*", f"libatheria-engine-dev=*={right}*"])
        assert isinstance(mixed, Unsolvable), (left, right)
