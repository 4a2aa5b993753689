"""What a prefix must and must not hold after a switch."""

import json
from pathlib import Path

import pytest
from atheria_pack.switching import family_of, trouble_with


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    meta = tmp_path / "conda-meta"
    meta.mkdir()
    for name, build in (("atheria-variant", "openblas_100"), ("libatheria-runtime", "openblas_h0_100"), ("numpy", "py311_0")):
        (meta / f"{name}.json").write_text(json.dumps({"name": name, "build": build}))
    backends = tmp_path / "lib" / "atheria" / "backends"
    backends.mkdir(parents=True)
    (backends / "libatheria_backend_openblas.so").touch()
    return tmp_path


def trouble(prefix: Path) -> str | None:
    return trouble_with(prefix, "openblas", family_of(prefix))


def test_a_clean_switch(prefix: Path) -> None:
    assert family_of(prefix) == ["atheria-variant=openblas_100", "libatheria-runtime=openblas_h0_100"]
    assert trouble(prefix) is None


def test_a_package_of_the_former_accelerator(prefix: Path) -> None:
    (prefix / "conda-meta" / "x.json").write_text(json.dumps({"name": "atheria-core", "build": "cpu_py311_h0_200"}))
    assert trouble(prefix) == "the prefix holds atheria-core=cpu_py311_h0_200"


def test_a_backend_of_the_former_accelerator(prefix: Path) -> None:
    (prefix / "lib" / "atheria" / "backends" / "libatheria_backend_cuda.so").touch()
    assert trouble(prefix) == "backends of another accelerator stayed: libatheria_backend_cuda.so"


def test_no_backend_of_its_own(prefix: Path) -> None:
    (prefix / "lib" / "atheria" / "backends" / "libatheria_backend_openblas.so").unlink()
    assert trouble(prefix) == "there is no backend openblas"


def test_nothing_installed(tmp_path: Path) -> None:
    assert trouble_with(tmp_path, "cpu", []) == "the prefix holds nothing of the family"


def test_a_command_that_fails(prefix: Path) -> None:
    program = prefix / "bin" / "atheria"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho no engine >&2\nexit 3\n")
    program.chmod(0o755)
    assert trouble(prefix) == "`atheria info` ended with 3: no engine"
