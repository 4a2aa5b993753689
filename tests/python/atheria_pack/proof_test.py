"""The proof judges: pictures that show nothing, prefixes without the command, and memory of unchanged channels."""

import json
from pathlib import Path

import pytest
import rattler
from atheria_pack.proof import demonstrate, fingerprint_of, has_hardware, in_prefix, judge_picture, own_backend, prove, user_spec
from PIL import Image


def test_spec_is_what_users_type() -> None:
    assert user_spec("cpu") == "atheria-core=*=cpu*"


def test_pictures(tmp_path: Path) -> None:
    path = tmp_path / "demo.png"
    assert judge_picture(path) == (False, "no picture: demo.png was not written")
    path.write_bytes(b"not a picture")
    assert judge_picture(path)[0] is False
    Image.new("RGB", (8, 4), (3, 3, 3)).save(path)
    assert judge_picture(path) == (False, "demo.png (8x4) has a single colour")
    image = Image.new("RGB", (8, 4), (3, 3, 3))
    image.putpixel((1, 1), (9, 9, 9))
    image.save(path)
    assert judge_picture(path) == (True, "8x4 picture with 2 colours")


def test_a_prefix_runs_with_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/leaked")
    monkeypatch.setenv("VIRTUAL_ENV", "/leaked")
    program = tmp_path / "bin" / "show"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$PATH|$PYTHONPATH|$VIRTUAL_ENV"\n')
    program.chmod(0o755)
    assert in_prefix(tmp_path, ["show"], tmp_path).stdout == f"{tmp_path}/bin||\n"
    missing = in_prefix(tmp_path, ["atheria"], tmp_path)
    assert missing.returncode == 127 and "no command atheria" in missing.stderr


@pytest.mark.parametrize(
    ("accel", "expected"),
    [
        ("cpu", ("kernels", "")),
        ("openblas", (None, "backend openblas is not usable: no libopenblas")),
        ("cuda130", (None, "backend cuda is not there, only cpu, openblas, rocm")),
        ("rocm", (None, "backend rocm is not usable: no driver: libamdhip64.so: not there")),
    ],
)
def test_the_accelerators_own_backend_must_be_usable(tmp_path: Path, accel: str, expected: tuple[str | None, str]) -> None:
    backends = [
        {"name": "cpu", "score": 100, "description": "kernels", "reason": ""},
        {"name": "openblas", "score": 0, "description": "", "reason": "no libopenblas"},
        {"name": "rocm", "score": 0, "description": "", "reason": "no driver: libamdhip64.so: not there"},
    ]
    program = tmp_path / "bin" / "atheria"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nprintf '%s' '{json.dumps({'backends': backends})}'\n")
    program.chmod(0o755)
    assert own_backend(tmp_path, accel, tmp_path) == expected


def test_a_run_that_fell_back_is_no_demonstration(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "atheria"
    program.parent.mkdir()
    program.write_text("""#!/bin/sh\nprintf '%s' '{"engine": "reference", "engine_reason": "no atheria_core"}'\n""")
    program.chmod(0o755)
    assert demonstrate(tmp_path, tmp_path / "p.png") == (None, "the reference engine ran, not the native one: no atheria_core")
    program.write_text("#!/bin/sh\necho broken >&2; exit 3\n")
    report, reason = demonstrate(tmp_path, tmp_path / "p.png")
    assert report is None and "ended with 3: broken" in reason


def test_an_unsolvable_channel_is_a_failed_proof_and_not_remembered(tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    for subdir in ("noarch", "linux-64"):
        (channel / subdir).mkdir(parents=True)
        (channel / subdir / "repodata.json").write_text(json.dumps({"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}}))
    proof = prove("cpu", [channel.as_uri()], "linux-64", tmp_path / "proof", tmp_path / "cache", "f")
    assert not proof.success and "does not solve" in proof.reason
    assert not (tmp_path / "proof" / "cpu.json").exists()


def test_fingerprint_sees_content(tmp_path: Path) -> None:
    package = tmp_path / "linux-64" / "a.conda"
    package.parent.mkdir()
    package.write_bytes(b"1")
    before = fingerprint_of(tmp_path)
    package.write_bytes(b"2")
    assert fingerprint_of(tmp_path) != before


def test_a_command_that_hangs_or_does_not_start_has_a_status(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "show"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    program.chmod(0o755)
    hung = in_prefix(tmp_path, ["show"], tmp_path, timeout=0.2)
    assert (hung.returncode, hung.stderr) == (124, "no end after 0.2 s")
    program.write_text("#!/no/such/interpreter\n")
    broken = in_prefix(tmp_path, ["show"], tmp_path)
    assert broken.returncode == 126 and "show does not start" in broken.stderr


def test_an_install_that_fails_is_a_failed_proof(tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    record = {"name": "atheria-core", "version": "1", "build": "cpu_0", "build_number": 0, "depends": [], "subdir": "linux-64", "sha256": "ab" * 32}
    for subdir, packages in (("noarch", {}), ("linux-64", {"atheria-core-1-cpu_0.conda": record})):
        (channel / subdir).mkdir(parents=True)
        (channel / subdir / "repodata.json").write_text(json.dumps({"info": {"subdir": subdir}, "packages": {}, "packages.conda": packages}))
    proof = prove("cpu", [channel.as_uri()], "linux-64", tmp_path / "proof", tmp_path / "cache", "f")
    assert not proof.success and proof.reason.startswith("does not install: ")


def test_a_driver_that_is_too_old_is_no_hardware_for_a_build(monkeypatch: pytest.MonkeyPatch) -> None:
    class Detected:
        def into_generic(self) -> rattler.GenericVirtualPackage:
            return rattler.GenericVirtualPackage(rattler.PackageName("__cuda"), rattler.Version("12.4"), rattler.BuildString("0"))

    monkeypatch.setattr(rattler.VirtualPackage, "detect", lambda: [Detected()])
    assert has_hardware("cuda", "12.4") and not has_hardware("cuda", "13.0")
    monkeypatch.setattr(rattler.VirtualPackage, "detect", list)
    assert not has_hardware("cuda", "12.4")
    assert has_hardware("cpu", None) and has_hardware("openblas", None) and has_hardware("metal", None)
