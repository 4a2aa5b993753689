"""Claims about GPUs against device code of nvcc and hipcc inside a plugin."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.inspection.check import check
from atheria_pack.inspection.finding import Severity
from atheria_pack.inspection.rules import Rules, load_rules

from .compilers import bundle, fatbin
from .draft import ROOT, Draft, runtime

CUDA = ("-gencode", "arch=compute_75,code=sm_75", "-gencode", "arch=compute_120,code=[sm_120,compute_120]")
CUDA_CLAIM = {"toolkit": "13.0", "architectures": ["sm_75", "sm_120"], "ptx": ["compute_120"], "left_out": [], "minimum_driver": "580"}
ROCM_CLAIM = {"toolkit": "7.2", "targets": ["gfx1030", "gfx90a"], "left_out": ["gfx1201"]}
METAL_CLAIM = {"language": "3.0", "minimum_macos": "13.0"}
PLUGIN = "lib/atheria/backends/libatheria_backend_cuda.so"


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules(ROOT)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Draft:
    return runtime(tmp_path_factory.mktemp("cuda"), "cuda130", 500, fatbin("--compress-mode=size", *CUDA), cuda=CUDA_CLAIM)


@pytest.fixture
def cuda(made: Draft) -> Draft:
    return made.copy()


def broken(draft: Draft, folder: Path, rules: Rules) -> set[str]:
    return {finding.rule for finding in check(draft.write(folder), rules) if finding.severity is Severity.ERROR}


def test_honest_cuda_package(cuda: Draft, tmp_path: Path, rules: Rules) -> None:
    assert [str(finding) for finding in check(cuda.write(tmp_path), rules)] == []


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "GPU too many": ({"architectures": ["sm_75", "sm_90", "sm_120"]}, "claim-cuda-architectures"),
    "GPU missing": ({"architectures": ["sm_120"]}, "claim-cuda-architectures"),
    "other GPU": ({"architectures": ["sm_75", "sm_121"]}, "claim-cuda-architectures"),
    "PTX missing": ({"ptx": []}, "claim-cuda-ptx"),
    "other PTX": ({"ptx": ["compute_75"]}, "claim-cuda-ptx"),
    "no list": ({"ptx": "compute_120"}, "claim-cuda-ptx"),
    "toolkit": ({"toolkit": "13.1"}, "claim-cuda-toolkit"),
    "driver": ({"minimum_driver": "525"}, "claim-cuda-driver"),
    "left out and there": ({"left_out": ["sm_75"]}, "claim-left-out"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_broken_claim_is_found(case: str, cuda: Draft, tmp_path: Path, rules: Rules) -> None:
    change, rule = CASES[case]
    assert cuda.facts is not None
    cuda.facts["cuda"] = {**CUDA_CLAIM, **change}
    assert broken(cuda, tmp_path, rules) == {rule}


def test_claim_missing(cuda: Draft, tmp_path: Path, rules: Rules) -> None:
    assert cuda.facts is not None
    del cuda.facts["cuda"]
    assert broken(cuda, tmp_path, rules) == {"claim-cuda"}


def test_no_guard_against_old_drivers(cuda: Draft, tmp_path: Path, rules: Rules) -> None:
    cuda.index["depends"].remove("__cuda >=13")
    assert broken(cuda, tmp_path, rules) == {"claim-cuda-driver"}


def with_bytes(old: bytes, new: bytes) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        assert old in draft.files[PLUGIN]
        draft.files[PLUGIN] = draft.files[PLUGIN].replace(old, new)

    return change


def test_device_code_lost(cuda: Draft, tmp_path: Path, rules: Rules) -> None:
    with_bytes(b"\x50\xed\x55\xba", b"\x50\xed\x55\xbb")(cuda)
    assert {"claim-cuda", "claim-cuda-architectures", "claim-cuda-ptx"} <= broken(cuda, tmp_path, rules)


def test_device_code_of_another_gpu(tmp_path: Path, rules: Rules) -> None:
    """The container says sm_86, the code in it is for sm_80."""
    data = bytearray(fatbin("--compress-mode=none", "-gencode", "arch=compute_80,code=sm_80"))
    data[16 + 28] = 86
    claim = {**CUDA_CLAIM, "architectures": ["sm_86"], "ptx": []}
    draft = runtime(tmp_path, "cuda130", 500, bytes(data), cuda=claim)
    assert broken(draft, tmp_path, rules) == {"device-code"}


def test_device_code_unreadable(cuda: Draft, tmp_path: Path, rules: Rules) -> None:
    at = cuda.files[PLUGIN].index(b"\x28\xb5\x2f\xfd") + 8  # zstandard
    cuda.files[PLUGIN] = cuda.files[PLUGIN][:at] + bytes(16) + cuda.files[PLUGIN][at + 16 :]
    assert "device-code" in broken(cuda, tmp_path, rules)


def test_device_code_in_a_cpu_package(cuda: Draft, tmp_path: Path, rules: Rules) -> None:
    draft = runtime(tmp_path, "openblas", 100, fatbin("--compress-mode=size", *CUDA))
    assert broken(draft, tmp_path, rules) == {"claim-cuda"}


def test_architecture_over_its_budget(tmp_path: Path, rules: Rules) -> None:
    small = replace(rules, architectures={**rules.architectures, "cuda": 500})
    draft = runtime(tmp_path, "cuda130", 500, fatbin("--compress-mode=size", *CUDA), cuda=CUDA_CLAIM)
    found = [finding.expected for finding in check(draft.write(tmp_path), small) if finding.rule == "budget"]
    assert any("sm_75" in text for text in found), found


def test_rocm(tmp_path: Path, rules: Rules) -> None:
    draft = runtime(tmp_path, "rocm", 0, bundle("gfx90a", "gfx1030"), rocm=ROCM_CLAIM)
    draft.licences["licenses/rocm-device-libs.txt"] = (ROOT / "licenses/rocm-device-libs.txt").read_bytes()
    draft.index["license"] = "Apache-2.0 AND NCSA"
    assert draft.facts is not None
    assert [str(finding) for finding in check(draft.write(tmp_path), rules)] == []
    for change, rule in (
        ({"targets": ["gfx90a"]}, "claim-rocm-targets"),
        ({"targets": ["gfx90a", "gfx1030", "gfx1100"]}, "claim-rocm-targets"),
        ({"left_out": ["gfx90a"]}, "claim-left-out"),
    ):
        draft.facts["rocm"] = {**ROCM_CLAIM, **change}
        assert broken(draft, tmp_path, rules) == {rule}
    draft.facts["rocm"] = ROCM_CLAIM
    del draft.licences["licenses/rocm-device-libs.txt"]
    assert broken(draft, tmp_path, rules) == {"licence-text"}
    name = "lib/atheria/backends/libatheria_backend_rocm.so"
    draft.files[name] = draft.files[name].replace(b"--gfx90a", b"--gfx908")
    assert "device-code" in broken(draft, tmp_path, rules)


def test_metal_claims_of_a_package_for_linux(tmp_path: Path, rules: Rules) -> None:
    """A plugin with shader source is recognised; one for macOS needs that platform's compiler to be made."""
    draft = runtime(tmp_path, "metal", 300, b"#include <metal_stdlib>\nkernel void twice() {}\n", metal=METAL_CLAIM)
    assert broken(draft, tmp_path, rules) == {"claim-metal-macos"}
    assert draft.facts is not None
    draft.facts["metal"] = {**METAL_CLAIM, "language": "new"}
    assert broken(draft, tmp_path, rules) == {"claim-metal", "claim-metal-macos"}
