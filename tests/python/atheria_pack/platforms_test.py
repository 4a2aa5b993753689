"""What is assumed of a platform: this machine as it is, others as they are today, and CUDA only where it is asked for."""

import pytest
import rattler
import rattler_build
from atheria_pack.platforms import PLATFORMS, RUNNERS, native_platform, override_variables, virtual_packages


def test_this_machine_is_as_it_is() -> None:
    found = virtual_packages("linux-64", "linux-64", None)
    detected = {found.into_generic().name.normalized for found in rattler.VirtualPackage.detect()}
    assert {text.split("=")[0] for text in found} == detected


@pytest.mark.parametrize("platform", PLATFORMS)
def test_another_platform_has_its_own_and_no_gpu(platform: str) -> None:
    native = "linux-64" if platform != "linux-64" else "osx-arm64"
    names = {text.split("=")[0] for text in virtual_packages(platform, native, None)}
    system = {"linux": {"__unix", "__linux", "__glibc"}, "osx": {"__unix", "__osx"}, "win": {"__win"}}[platform.split("-")[0]]
    assert names == system | {"__archspec"}


def test_cuda_is_assumed_where_asked_whatever_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDA_OVERRIDE_CUDA", "11.0")
    assert "__cuda=11.0=0" in virtual_packages("linux-64", "linux-64", None)
    for platform in ("linux-64", "win-64"):
        given = [text for text in virtual_packages(platform, "linux-64", "13.0") if text.startswith("__cuda")]
        assert given == ["__cuda=13.0=0"]


def test_variables_say_the_same() -> None:
    assert override_variables("linux-64", "linux-64", None) == {}
    assert override_variables("linux-64", "linux-64", "12.9") == {"CONDA_OVERRIDE_CUDA": "12.9"}
    assert override_variables("linux-aarch64", "linux-64", None) == {}, "its C library is as new as this machine's"
    assert override_variables("win-64", "linux-64", "13.0") == {"CONDA_OVERRIDE_CUDA": "13.0", "CONDA_OVERRIDE_WIN": "10.0"}
    assert override_variables("osx-arm64", "linux-64", None) == {"CONDA_OVERRIDE_OSX": "14.0"}


def test_every_platform_is_one_of_the_tools_and_has_a_runner() -> None:
    assert native_platform() in PLATFORMS and set(RUNNERS) == set(PLATFORMS)
    for platform in PLATFORMS:
        assert str(rattler.Subdir(platform)) == platform
        assert rattler_build.PlatformConfig(target_platform=platform).target_platform == platform
