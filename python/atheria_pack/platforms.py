"""The platforms that packages are made for: what a solve for one may assume, and what to tell tools that build for one."""

from __future__ import annotations

from collections.abc import Iterator

import rattler

PLATFORMS = ("linux-64", "linux-aarch64", "osx-arm64", "win-64")

# GitHub's hosted runners that build a platform natively.
RUNNERS = {"linux-64": "ubuntu-24.04", "linux-aarch64": "ubuntu-24.04-arm", "osx-arm64": "macos-14", "win-64": "windows-2022"}

# What is assumed of a machine of another platform, `name=version=build`: one of today. How old a system a package really
# takes is written in it by the compiler's C library, and is a matter of its recipe.
_ASSUMED = {
    "linux-64": ("__unix=0=0", "__linux=5.15=0", "__glibc=2.35=0", "__archspec=1=x86_64"),
    "linux-aarch64": ("__unix=0=0", "__linux=5.15=0", "__glibc=2.35=0", "__archspec=1=aarch64"),
    "osx-arm64": ("__unix=0=0", "__osx=14.0=0", "__archspec=1=m1"),
    "win-64": ("__win=10.0=0", "__archspec=1=x86_64"),
}
_OVERRIDES = {"__linux": "CONDA_OVERRIDE_LINUX", "__glibc": "CONDA_OVERRIDE_GLIBC", "__osx": "CONDA_OVERRIDE_OSX", "__win": "CONDA_OVERRIDE_WIN"}
_CUDA = "__cuda"


def native_platform() -> str:
    """The platform of this machine."""
    return str(rattler.Subdir.current())


def virtual_packages(platform: str, native: str, cuda: str | None) -> list[str]:
    """The virtual packages to solve with, `name=version=build` each: this machine's for its own platform, assumed ones for others.

    `cuda` is the version to assume of `__cuda`, whatever driver is here: a package for a GPU can be built where there is none.
    Without it another platform has no `__cuda`, and this one has what it has.
    """
    known = list(_detected()) if platform == native else list(_ASSUMED[platform])
    if cuda is None:
        return known
    return [*(text for text in known if not text.startswith(f"{_CUDA}=")), f"{_CUDA}={cuda}=0"]


def _detected() -> Iterator[str]:
    # With the overrides of the environment, as py-rattler-build's own solves have them.
    for found in rattler.VirtualPackage.detect(rattler.VirtualPackageOverrides.from_env()):
        generic = found.into_generic()
        yield f"{generic.name.normalized}={generic.version}={generic.build_string}"


def override_variables(platform: str, native: str, cuda: str | None) -> dict[str, str]:
    """The same for tools that detect by themselves: variables that make them assume the rest.

    py-rattler-build solves the environments of another platform with this machine's virtual packages.
    """
    variables = {} if cuda is None else {"CONDA_OVERRIDE_CUDA": cuda}
    if platform.partition("-")[0] != native.partition("-")[0]:
        for text in _ASSUMED[platform]:
            name, version, _ = text.split("=")
            if name in _OVERRIDES:
                variables[_OVERRIDES[name]] = version
    return variables
