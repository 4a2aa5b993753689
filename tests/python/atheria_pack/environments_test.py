"""Environments: tools are looked for among this machine's packages, the rest among the target's; CUDA is assumed for CUDA builds."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from atheria_pack.environments import assumed_cuda, environments_of
from atheria_pack.plan import make_jobs
from atheria_pack.recipes import Output
from atheria_pack.solve import Solvers

sys.path.insert(0, str(Path(__file__).parent))

from family import output  # noqa: E402


@pytest.fixture
def solvers(tmp_path: Path) -> Solvers:
    names = {
        "linux-64": {"gcc_linux-aarch64": []},
        "linux-aarch64": {"openblas": ["__glibc >=2.17"], "cuda-version": ["__cuda >=13"]},
        "noarch": {},
    }
    for subdir, packages in names.items():
        records = {
            f"{name}-1-0.conda": {
                "name": name, "version": "1", "build": "0", "build_number": 0, "depends": depends, "subdir": subdir, "sha256": "ab" * 32
            }
            for name, depends in packages.items()
        }
        (tmp_path / subdir).mkdir()
        (tmp_path / subdir / "repodata.json").write_text(
            json.dumps({"info": {"subdir": subdir}, "packages": {}, "packages.conda": records})
        )
    return Solvers([tmp_path.as_uri()], "linux-64", "here")


def lib(**changed: object) -> Output:
    found = output("lib", platform="linux-aarch64")
    return replace(found, **changed)  # type: ignore[arg-type]


def solved(solvers: Solvers, made: Output) -> tuple[dict[str, str], str | None]:
    (job,) = make_jobs([made])
    return environments_of(job, solvers, {"lib"})


def test_tools_are_of_this_machine_and_libraries_of_the_target(solvers: Solvers) -> None:
    parts, obstacle = solved(solvers, lib(build_specs=("gcc_linux-aarch64",), host_specs=("openblas",)))
    assert obstacle is None and set(parts) == {"build gcc_linux-aarch64", "host openblas"}
    assert solved(solvers, lib(host_specs=("gcc_linux-aarch64",))) == ({}, "no gcc_linux-aarch64 in the channel here")
    assert solved(solvers, lib(build_specs=("openblas",))) == ({}, "no openblas in the channel here")


def test_cuda_is_assumed_of_its_toolkits_version(solvers: Solvers) -> None:
    plain = lib(host_specs=("cuda-version",))
    assert assumed_cuda(plain) is None
    _, obstacle = solved(solvers, plain)
    assert obstacle is not None and "__cuda" in obstacle
    for version, solves in (("13.0", True), ("12.9", False), ("None", False)):
        _, obstacle = solved(solvers, lib(host_specs=("cuda-version",), combination={"cuda_compiler_version": version}))
        assert (obstacle is None) == solves, version


def test_what_a_run_environment_lacks_is_a_reason_too(solvers: Solvers) -> None:
    made = lib(rendered={"requirements": {"run": ["hip-runtime"]}})
    assert solved(solvers, made) == ({}, "no hip-runtime in the channel here")
