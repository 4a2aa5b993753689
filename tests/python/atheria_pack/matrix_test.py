"""What a job is made of, besides what other tests see through the command line."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from atheria_pack.digest import Digests
from atheria_pack.matrix import Request, merged, parts_of, render_outputs
from atheria_pack.plan import make_jobs
from atheria_pack.recipes import Output
from atheria_pack.variants import load_variants

sys.path.insert(0, str(Path(__file__).parent))

from family import output  # noqa: E402


def test_a_package_of_uncommitted_sources_is_made_again_once_they_are_committed(project: Path) -> None:
    """It says which commit it was made from."""

    def git(*words: str) -> None:
        identity = ["-c", "user.name=n", "-c", "user.email=e@localhost"]
        subprocess.run(["git", "-C", str(project), *identity, *words], check=True, capture_output=True)

    def parts() -> dict[str, str]:
        outputs = render_outputs(project, load_variants(project / "variants.yaml", "linux-64"), "linux-64")
        (job,) = [job for job in make_jobs(outputs) if job.identifier == "linux-64--libfix=cpu"]
        return parts_of(job, Digests(project))

    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    assert "commit" not in parts(), "the files' digests say it all"
    (project / "src" / "hello.txt").write_text("changed\n")
    modified = parts()
    assert modified["commit"].endswith("-modified")
    git("commit", "-a", "-m", "second")
    committed = parts()
    assert committed == {key: value for key, value in modified.items() if key != "commit"}


def test_packages_of_no_platform_are_built_once_and_here() -> None:
    def one(subdir: str, platform: str, name: str = "data") -> Output:
        return replace(output(name, platform=platform), subdir=subdir)

    rendered = {
        "linux-64": [one("noarch", "linux-64"), one("linux-64", "linux-64")],
        "osx-arm64": [one("noarch", "osx-arm64"), one("osx-arm64", "osx-arm64"), one("noarch", "osx-arm64", "metal")],
    }
    for native, other in (("linux-64", "osx-arm64"), ("osx-arm64", "linux-64")):
        found = [(made.name, made.subdir, made.platform) for made in merged(rendered, native)]
        assert ("data", "noarch", native) in found and ("data", "noarch", other) not in found
        assert ("metal", "noarch", "osx-arm64") in found and len(found) == 4


def test_a_request_names_what_varies_on_what_it_asks_for() -> None:
    request = Request(accels=("cpu",), pythons=("3.11",))
    assert request.names(output("lib", atheria_accel="cpu")) and request.names(output("lib"))
    assert not request.names(output("lib", atheria_accel="metal"))
    assert request.names(output("core", python="3.11.* *_cpython")) and not request.names(output("core", python="3.10.* *_cpython"))
