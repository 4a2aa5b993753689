"""The names that users type stand for the machines of the table that the build's own choices are checked with."""

import pytest
from atheria_pack.errors import UsageError
from atheria_pack.mirror.wanted.profiles import PROFILES, machines
from atheria_pack.selection import PROFILES as SELECTION


@pytest.mark.parametrize("platform", ["linux-64", "linux-aarch64", "osx-arm64", "win-64"])
def test_without_a_profile_every_machine_of_the_platform_is_solved_for_once(platform: str) -> None:
    found = machines(platform, ())
    assert {machine.virtual for machine in found} == {profile.virtual for profile in SELECTION if profile.platform == platform}
    assert len({machine.virtual for machine in found}) == len(found)
    assert all(machine.platform == platform for machine in found)


@pytest.mark.parametrize(
    ("platform", "profiles", "labels"),
    [
        ("linux-64", (), ["no-gpu/rocm", "cuda12", "cuda13"]),
        ("linux-64", ("rocm", "cuda13"), ["cuda13", "rocm"]),
        ("linux-aarch64", ("no-gpu", "rocm"), ["no-gpu"]),
        ("osx-arm64", ("macos", "cuda12"), ["macos (macOS 15)", "macos (macOS 12)"]),
        ("win-64", ("windows", "no-gpu"), ["windows/no-gpu"]),
        ("win-64", ("windows", "cuda12"), ["windows", "cuda12"]),
        ("osx-64", (), ["macos (macOS 15)", "macos (macOS 12)"]),
    ],
)
def test_the_machines_that_have_a_profile(platform: str, profiles: tuple[str, ...], labels: list[str]) -> None:
    assert sorted(machine.label for machine in machines(platform, profiles)) == sorted(labels)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_some_machines(profile: str) -> None:
    found = []
    for platform in ("linux-64", "linux-aarch64", "osx-arm64", "win-64"):
        try:
            found += machines(platform, (profile,))
        except UsageError as error:
            assert f"{platform} has no machines of the profile {profile}; it has" in str(error)
    assert found
    assert all(any("__cuda=12." in text for text in machine.virtual) == (profile == "cuda12") for machine in found)
    assert all(any("__cuda=13." in text for text in machine.virtual) == (profile == "cuda13") for machine in found)


def test_a_platform_that_nothing_is_known_about() -> None:
    with pytest.raises(UsageError, match=r"nothing is known about the machines of linux-s390x.*known are linux-64"):
        machines("linux-s390x", ())
