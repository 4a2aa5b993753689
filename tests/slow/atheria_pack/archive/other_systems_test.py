"""Libraries for macOS and Windows, cross-compiled: what they need is read from them as from Linux's."""

import shutil
import subprocess
from pathlib import Path

import pytest
from atheria_pack.archive.binaries import missing_libraries
from atheria_pack.archive.content import Entry


def zig() -> str | None:
    """The cross compiler of the zig wheel, where a bootstrapped channel has been made, or any other."""
    found = sorted(Path(__file__).resolve().parents[4].glob("output/bootstrap/cache/*/*/stage/wheel/ziglang/zig"))
    return str(found[0]) if found else shutil.which("zig")


@pytest.mark.parametrize(
    ("target", "flags", "name", "needed"),
    [
        ("aarch64-macos.11.0", ["-Wl,-install_name,@rpath/libb.dylib"], "libb.dylib", "@rpath/libb.dylib"),
        ("x86_64-windows-gnu", ["-Wl,--out-implib,b.lib"], "b.dll", "b.dll"),
    ],
)
def test_libraries_of_other_systems(tmp_path: Path, target: str, flags: list[str], name: str, needed: str) -> None:
    compiler = zig()
    if compiler is None:
        pytest.skip("no zig is here to make Mach-O and PE files with")
    (tmp_path / "b.c").write_text("int b(void) { return 1; }")
    (tmp_path / "a.c").write_text("int b(void); int a(void) { return b(); }")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "ZIG_GLOBAL_CACHE_DIR": str(tmp_path / "cache")}
    linked = "b.lib" if name.endswith(".dll") else name
    for words in (["-o", name, "b.c", *flags], ["-o", f"a{Path(name).suffix}", "a.c", linked]):
        subprocess.run([compiler, "cc", "-target", target, "-shared", *words], cwd=tmp_path, env=environment, check=True)
    user = {"lib/a": Entry((tmp_path / f"a{Path(name).suffix}").read_bytes())}
    assert missing_libraries(user) == {needed: ["lib/a"]}, "the system's own are no concern"
    assert missing_libraries({**user, f"lib/{name}": Entry((tmp_path / name).read_bytes())}) == {}
