"""The proof of packages for a GPU on a machine without one: what must be there, what may be missing, and what is told."""

import json
import sys
from pathlib import Path

import pytest
from atheria_pack.proof import has_hardware
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Project  # noqa: E402

NO_DRIVER = "no driver: libcuda.so.1: not there; install one"


def make_core(project: Project, reason: str) -> None:
    """The family with a core that has the command, as the real one answers, and asks for `__cuda`."""
    backends = [{"name": "cpu", "score": 100, "description": "kernels", "reason": ""}]
    backends.append({"name": "cuda", "score": 0, "description": "", "reason": reason})
    ran = {"engine": "native", "engine_reason": "", "backend": "cpu", "steps_per_second": 10.0, "active_cells": 3}
    (project.root / "src" / "atheria").write_text(
        "#!/bin/sh\n"
        f"""if [ "$1" = info ]; then printf '%s' '{json.dumps({"backends": backends})}'; exit; fi\n"""
        """while [ "$1" != --out ]; do shift; done\n"""
        """read -r bytes < "${0%/bin/*}/share/picture"; printf '%b' "$bytes" > "$2"\n"""
        f"""printf '%s' '{json.dumps(ran)}'\n"""
    )
    picture = project.root / "src" / "picture.png"
    image = Image.new("RGB", (4, 4))
    image.putpixel((0, 0), (9, 9, 9))
    image.save(picture)
    (project.root / "src" / "picture").write_text("".join(f"\\0{byte:03o}" for byte in picture.read_bytes()) + "\n")
    text = project.recipe.read_text().replace("fix-core", "atheria-core").replace("openblas", "cuda130")
    script = '["mkdir -p $PREFIX/share; cp $PREFIX/include/stamp.h $PREFIX/share/pystamp"]'
    assert script in text
    install = '["mkdir -p $PREFIX/share $PREFIX/bin; cp picture $PREFIX/share/; cp atheria $PREFIX/bin/; chmod +x $PREFIX/bin/atheria"]'
    core = "  - package: {name: atheria-core}\n"
    text = text.replace(script, install).replace(core, core + "    source: [{path: ../../src}]\n")
    run = """      run: ["${{ pin_subpackage('libfix', exact=true) }}"]\n"""
    head, _, tail = text.rpartition(run)
    project.recipe.write_text(head + run.replace('"]', '", {if: "atheria_accel == \'cuda130\'", then: __cuda >=13}]') + tail)
    variants = project.root / "variants.yaml"
    variants.write_text(
        variants.read_text().replace("openblas", "cuda130").replace("[atheria_accel, number]", "[atheria_accel, number, cuda_compiler_version]")
        + "cuda_compiler_version: [None, '13.0']\n"
    )


def proofs(project: Project) -> dict[str, dict[str, object]]:
    return {proof["accel"]: proof for proof in project.report()["proofs"]}


@pytest.mark.skipif(has_hardware("cuda", "13.0"), reason="this machine has a driver for CUDA 13, and the backend of this test says it has none")
def test_without_a_gpu_the_law_runs_and_the_backend_says_why_it_does_not(project: Project) -> None:
    make_core(project, NO_DRIVER)
    done = project.build("--python", "3.10")
    assert done.returncode == 0, done.stdout + done.stderr
    found = proofs(project)
    assert found["cpu"]["absent"] is None and found["cpu"]["backend"] == "kernels"
    assert (found["cuda130"]["success"], found["cuda130"]["absent"], found["cuda130"]["backend"]) == (True, NO_DRIVER, None)
    assert "proved without its GPU: 'atheria-core=*=cuda130*'" in done.stdout
    assert f"backend cpu; backend cuda is there and says: {NO_DRIVER}" in done.stdout


def test_a_backend_that_is_broken_is_not_excused_by_the_machine(project: Project) -> None:
    reason = "cannot be loaded: undefined symbol"
    make_core(project, reason)
    done = project.build("--python", "3.10")
    assert done.returncode == 1
    assert "NOT proved: 'atheria-core=*=cuda130*'" in done.stdout and f"backend cuda is not usable: {reason}" in done.stdout
    assert proofs(project)["cpu"]["success"] is True


def test_another_platforms_packages_are_told_as_not_proved(project: Project) -> None:
    make_core(project, NO_DRIVER)
    done = project.build("--python", "3.10", "--platform", "win-64", "--accel", "cpu")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not proved: win-64, whose programs do not run on this linux-64 machine" in done.stdout
    assert project.report()["proofs"] == []
