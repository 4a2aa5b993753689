"""Each claim of a package is broken alone, and the finding that names it is expected; unbroken there is none."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from atheria_pack.errors import PackageFileError
from atheria_pack.inspection.check import check
from atheria_pack.inspection.finding import Severity
from atheria_pack.inspection.rules import Rules, load_rules

from .compilers import LIBRARY, shared
from .draft import ROOT, Draft, build_info, core, runtime

LIB = "lib/libatheria_runtime.so.0.1.0"
PLUGIN = "lib/atheria/backends/libatheria_backend_openblas.so"
MODULE = "lib/python3.12/site-packages/atheria_core.cpython-312-x86_64-linux-gnu.so"


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules(ROOT)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Draft]:
    return {"runtime": runtime(tmp_path_factory.mktemp("runtime")), "core": core(tmp_path_factory.mktemp("core"))}


@pytest.fixture
def runtime_draft(made: dict[str, Draft]) -> Draft:
    return made["runtime"].copy()


@pytest.fixture
def core_draft(made: dict[str, Draft]) -> Draft:
    return made["core"].copy()


def rules_broken(draft: Draft, folder: Path, rules: Rules) -> set[str]:
    return {finding.rule for finding in check(draft.write(folder), rules) if finding.severity is Severity.ERROR}


def test_honest_packages_have_no_findings(runtime_draft: Draft, core_draft: Draft, tmp_path: Path, rules: Rules) -> None:
    for draft in (runtime_draft, core_draft):
        assert [str(finding) for finding in check(draft.write(tmp_path), rules)] == []


def claim(key: str, value: object) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        assert draft.facts is not None and draft.facts.get(key) != value
        draft.facts[key] = value

    return change


def depend(old: str, new: str | None) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        draft.index["depends"].remove(old)
        draft.index["depends"] += [new] if new else []

    return change


def poke(path: str, old: bytes, new: bytes) -> Callable[[Draft], None]:
    """Change bytes in a binary, of the same length."""

    def change(draft: Draft) -> None:
        assert len(old) == len(new) and old in draft.files[path]
        draft.files[path] = draft.files[path].replace(old, new)

    return change


def forget(attribute: str, key: str) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        del getattr(draft, attribute)[key]

    return change


def rewrite_index(key: str, value: object) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        draft.index[key] = value

    return change


def say(old: str, new: str) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        assert draft.facts is not None
        text = build_info(draft.facts)
        assert old in text
        draft.text = text.replace(old, new)

    return change


def no_facts(draft: Draft) -> None:
    draft.facts = None


def flip_a_byte(draft: Draft) -> None:
    data = bytearray(draft.files[LIB])
    data[-1] ^= 1
    draft.after_paths[LIB] = bytes(data)


def rename_file(draft: Draft) -> None:
    draft.file_name = "libatheria-runtime-0.1.0-openblas_h6543210_100.conda"


def unlisted_file(draft: Draft) -> None:
    draft.after_paths["lib/stowaway"] = b"x"


def other_machine(draft: Draft) -> None:
    data = bytearray(draft.files[PLUGIN])
    struct.pack_into("<H", data, 18, 183)  # EM_AARCH64
    draft.files[PLUGIN] = bytes(data)


def trace_of(folder: str) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        draft.files["share/atheria/note.txt"] = f"compiled in {folder}/native".encode()

    return change


def second_plugin(draft: Draft) -> None:
    draft.files[PLUGIN.replace("openblas", "rocm")] = draft.files[PLUGIN]


RUNTIME_CASES: dict[str, tuple[Callable[[Draft], None], str]] = {
    "no facts": (no_facts, "facts"),
    "format": (claim("format", 2), "claim-format"),
    "package": (claim("package", "libatheria-engine"), "claim-package"),
    "build string": (claim("build_string", "openblas_h0123457_100"), "claim-build-string"),
    "build number": (claim("build_number", 101), "claim-build-number"),
    "version": (claim("version", "0.1.1"), "claim-version"),
    "series": (claim("version", "0.2.0"), "claim-version"),
    "abi": (claim("abi", 0), "claim-abi"),
    "accel": (claim("accel", "cpu"), "claim-accel"),
    "platform": (claim("platform", "linux-aarch64"), "claim-platform"),
    "compiler": (claim("compiler", {"id": "GNU"}), "claim-compiler"),
    "native flag": (claim("flags", ["-O3", "-march=native"]), "claim-flags"),
    "flag with a path": (claim("flags", ["-I/somewhere/include"]), "claim-flags"),
    "fast math": (claim("flags", ["-ffast-math"]), "claim-flags"),
    "commit": (claim("commit", "0123"), "claim-commit"),
    "date's form": (claim("date", "yesterday"), "claim-date"),
    "date in the future": (claim("date", "2031-01-01T00:00:00Z"), "claim-date"),
    "level too many": (claim("cpu_levels", ["baseline", "avx2", "avx512", "amx"]), "claim-cpu-levels"),
    "level missing": (claim("cpu_levels", ["baseline", "avx2"]), "claim-cpu-levels"),
    "middle level missing": (claim("cpu_levels", ["baseline", "avx512"]), "claim-cpu-levels"),
    "levels are no list": (claim("cpu_levels", "all"), "claim-cpu-levels"),
    "backend missing": (claim("backends", ["reference", "cpu"]), "claim-backends"),
    "backend invented": (claim("backends", ["reference", "cpu", "openblas", "vulkan"]), "claim-backends"),
    "foreign plugin": (second_plugin, "claim-accel"),
    "plugin missing": (forget("files", PLUGIN), "claim-accel"),
    "libraries": (claim("libraries", ["libc.so.6", "libm.so.6"]), "claim-libraries"),
    "glibc said": (claim("glibc", "2.17"), "claim-glibc"),
    "cuda claimed": (claim("cuda", {"architectures": []}), "claim-cuda"),
    "rocm claimed": (claim("rocm", {"targets": []}), "claim-rocm"),
    "metal claimed": (claim("metal", {"language": "3.0"}), "claim-metal"),
    "python claimed": (claim("python", "3.12"), "claim-python"),
    "people's text": (say("openblas_h0123456_100", "openblas_h0123456_101"), "build-info"),
    "people's levels": (say("avx512", "avx51"), "build-info"),
    "file name": (rename_file, "file-name"),
    "index's number": (rewrite_index("build_number", 99), "build-number"),
    "flipped byte": (flip_a_byte, "file-digest"),
    "unlisted file": (unlisted_file, "file-list"),
    "no mutex": (depend("atheria-variant * openblas_*", None), "mutex"),
    "other mutex": (depend("atheria-variant * openblas_*", "atheria-variant * cpu_*"), "mutex"),
    "no glibc floor": (depend("__glibc >=2.28,<3.0.a0", None), "glibc"),
    "glibc floor too low": (depend("__glibc >=2.28,<3.0.a0", "__glibc >=2.1,<3.0.a0"), "glibc"),
    "other machine": (other_machine, "platform"),
    "absolute rpath": (poke(PLUGIN, b"$ORIGIN/../..\0", b"/usr/lib/x/yz\0"), "rpath"),
    "rpath out of the environment": (lambda draft: draft.files.update({"plugin.so": draft.files[PLUGIN]}), "rpath"),
    "strange library": (poke(LIB, b"libc.so.6\0", b"libz.so.6\0"), "needed"),
    "library without its dependency": (poke(LIB, b"libatheria_runtime.so.0.1\0", b"libatheria_runtime.so.0.2\0"), "claim-version"),
    "exports": (poke(LIB, b"\0ath_demo\0", b"\0xyz_demo\0"), "exports"),
    "no licence": (forget("licences", "LICENSE"), "licence-text"),
    "licence no SPDX": (rewrite_index("license", "whatever"), "licence"),
    "licence of nothing inside": (rewrite_index("license", "Apache-2.0 AND MIT"), "licence"),
    "user's home": (trace_of("/home/somebody"), "machine-path"),
    "user's home on macOS": (trace_of("/Users/somebody"), "machine-path"),
    "project's folder": (trace_of(str(ROOT)), "machine-path"),
    "build's prefix": (trace_of("/x/host_env_placehold_placehold_placehold"), "machine-path"),
}


@pytest.mark.parametrize("case", RUNTIME_CASES)
def test_one_broken_claim_is_found(case: str, runtime_draft: Draft, tmp_path: Path, rules: Rules) -> None:
    change, rule = RUNTIME_CASES[case]
    change(runtime_draft)
    assert rule in rules_broken(runtime_draft, tmp_path, rules)


CORE_CASES: dict[str, tuple[Callable[[Draft], None], str]] = {
    "python": (claim("python", "3.11"), "claim-python"),
    "python's abi": (depend("python_abi 3.12.* *_cp312", "python_abi 3.11.* *_cp311"), "claim-python"),
    "engine": (claim("engine_build_string", "cpu_h7654322_200"), "claim-engine"),
    "engine not needed": (depend("libatheria-engine ==0.1.0 cpu_h7654321_200", None), "needed"),
    "no text of pybind11": (forget("licences", "licenses/pybind11.txt"), "licence-text"),
    "pybind11 not in the licence": (rewrite_index("license", "Apache-2.0"), "licence"),
    "another text under its name": (lambda draft: draft.licences.update({"licenses/pybind11.txt": b"free"}), "licence-text"),
    "another prefix than declared": (lambda draft: draft.files.update({"bin/atheria": b"#!" + b"/home" + b"/ci/x/bin/python"}), "machine-path"),
    "exports": (poke(MODULE, b"PyInit_atheria_core\0", b"PyInit_atheria_cor3\0"), "exports"),
}  # fmt: skip


@pytest.mark.parametrize("case", CORE_CASES)
def test_one_broken_claim_of_the_python_package_is_found(case: str, core_draft: Draft, tmp_path: Path, rules: Rules) -> None:
    change, rule = CORE_CASES[case]
    change(core_draft)
    assert rule in rules_broken(core_draft, tmp_path, rules)


def test_module_of_another_python(core_draft: Draft, tmp_path: Path, rules: Rules) -> None:
    core_draft.files[MODULE.replace("cpython-312", "cpython-311")] = core_draft.files.pop(MODULE)
    assert "claim-python" in rules_broken(core_draft, tmp_path, rules)


def test_library_compiled_for_one_machine_only(runtime_draft: Draft, tmp_path: Path, rules: Rules) -> None:
    """-march=native without saying so: the entry points themselves need AVX."""
    names = ("-Wl,-soname,libatheria_runtime.so.0.1", "-Wl,-rpath,$ORIGIN", "-mavx2")
    source = LIBRARY.replace("return puts", "for (long i = 0; i < n; ++i) x[i] += 1;\n  return puts")
    runtime_draft.files[LIB] = shared(tmp_path, "native.so", source, *names).read_bytes()
    (found,) = [finding for finding in check(runtime_draft.write(tmp_path), rules) if finding.rule == "baseline"]
    assert found.path == LIB and "avx2" in found.found


def test_over_budget_names_the_largest(runtime_draft: Draft, tmp_path: Path, rules: Rules) -> None:
    runtime_draft.files["lib/huge.bin"] = bytes(2_000_000)
    (found,) = [finding for finding in check(runtime_draft.write(tmp_path), rules) if finding.rule == "budget"]
    budget = rules.budgets["libatheria-runtime"]
    assert str(budget.base + budget.added["openblas"]) in found.expected
    assert found.found.index("lib/huge.bin (2000000)") < found.found.index(LIB)


def test_output_without_a_budget(runtime_draft: Draft, tmp_path: Path, rules: Rules) -> None:
    runtime_draft.index["name"] = "libatheria-other"
    assert "budget" in rules_broken(runtime_draft, tmp_path, rules)


def test_binary_that_is_none(runtime_draft: Draft, tmp_path: Path, rules: Rules) -> None:
    runtime_draft.files["lib/broken.so"] = b"\x7fELF and no more"
    assert "binary" in rules_broken(runtime_draft, tmp_path, rules)


def test_capabilities_that_are_no_json(runtime_draft: Draft, tmp_path: Path, rules: Rules) -> None:
    runtime_draft.files["share/atheria/libatheria-runtime/capabilities.json"] = b"{"
    runtime_draft.facts = None
    assert "facts" in rules_broken(runtime_draft, tmp_path, rules)


def test_torn_package(runtime_draft: Draft, tmp_path: Path, rules: Rules) -> None:
    whole = runtime_draft.write(tmp_path)
    whole.write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(PackageFileError, match="whole"):
        check(whole, rules)
    with pytest.raises(PackageFileError, match="cannot be read"):
        check(tmp_path / "absent-1-0.conda", rules)
