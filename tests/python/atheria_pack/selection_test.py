"""The promise's own rule, and that an index which breaks it is caught."""

import sys
from pathlib import Path

import pytest
from atheria_pack.selection import PROFILES, SPECS, Choice, Profile, choices, expected, family_accels

sys.path.insert(0, str(Path(__file__).parent))
from small_index import record, write_index  # noqa: E402

ACCELS = ("rocm", "openblas", "cpu", "cuda129", "cuda130")
ALL = {"atheria": frozenset(ACCELS), "atheria-core": frozenset(ACCELS), "libatheria-runtime": frozenset(ACCELS),
       "atheria-variant": frozenset(ACCELS)}  # fmt: skip


def profile(name: str) -> Profile:
    (found,) = [profile for profile in PROFILES if profile.name == name]
    return found


NO_GPU, CUDA_12, CUDA_13 = map(profile, ("linux-64, no GPU", "linux-64, CUDA 12 driver", "linux-64, CUDA 13 driver"))


@pytest.mark.parametrize(
    ("machine", "spec", "accel"),
    [
        (NO_GPU, "atheria", "cpu"),
        (NO_GPU, "atheria-core=*=cuda*", None),
        (NO_GPU, "atheria-core=*=rocm*", "rocm"),
        (CUDA_12, "atheria-core", "cuda129"),
        (CUDA_13, "atheria-core", "cuda130"),
        (CUDA_13, "atheria-gpu", None),  # no such package among these
    ],
)
def test_the_best_that_machine_spec_and_channel_share(machine: Profile, spec: str, accel: str | None) -> None:
    assert expected(machine, spec, ALL) == accel


def test_what_was_not_built_is_not_promised() -> None:
    assert expected(CUDA_13, "atheria-core", {**ALL, "atheria-core": frozenset({"cpu", "cuda129"})}) == "cuda129"
    assert expected(CUDA_13, "atheria-core", {**ALL, "atheria-variant": frozenset({"openblas"})}) == "openblas"


def solve(channel: str, machine: Profile) -> dict[str, Choice]:
    return {choice.spec: choice for choice in choices([channel], {"linux-64": ALL}, [machine])}


def test_a_sound_index_keeps_every_promise(tmp_path: Path) -> None:
    channel = write_index(tmp_path / "channel", {"linux-64": ACCELS})
    for machine in (NO_GPU, CUDA_12, CUDA_13):
        found = solve(channel, machine)
        assert set(found) == set(SPECS) and all(choice.good for choice in found.values()), found


def test_a_package_without_its_guard_is_caught(tmp_path: Path) -> None:
    """The library alone lost `__cuda`, and the mutex with it: a machine without a GPU would get it."""
    unguarded = [
        record("libatheria-runtime", "cuda130", "linux-64", depends=["atheria-variant * cuda130_*"]),
        record("atheria-variant", "cuda130", "linux-64", depends=[]),
    ]
    channel = write_index(tmp_path / "channel", {"linux-64": ACCELS}, *unguarded)
    choice = solve(channel, NO_GPU)["libatheria-runtime"]
    assert not choice.good and (choice.expected, choice.chosen) == ("cpu", "cuda130")


def test_a_wrong_build_number_is_caught(tmp_path: Path) -> None:
    numbers = [record(name, "rocm", "linux-64", build_number=900) for name in ("libatheria-runtime", "atheria-variant")]
    channel = write_index(tmp_path / "channel", {"linux-64": ACCELS}, *numbers)
    choice = solve(channel, NO_GPU)["libatheria-runtime"]
    assert not choice.good and choice.chosen == "rocm"


def test_an_environment_of_two_accelerators_is_caught(tmp_path: Path) -> None:
    mixed = record("atheria-core", "cpu", "linux-64", depends=["libatheria-runtime * openblas_*"])
    channel = write_index(tmp_path / "channel", {"linux-64": ACCELS}, mixed)
    choice = solve(channel, NO_GPU)["atheria-core"]
    assert not choice.good and choice.chosen == "cpu and openblas"


def test_only_the_family_counts() -> None:
    assert family_accels(["atheria-core 1 cpu_py311_h0_200 x", "libopenblas 0.3 pthreads_h1_0 x"]) == {"cpu"}
