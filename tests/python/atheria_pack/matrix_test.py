"""What a job is made of, besides what other tests see through the command line."""

import subprocess
from pathlib import Path

from atheria_pack.digest import Digests
from atheria_pack.matrix import parts_of, render_outputs
from atheria_pack.plan import make_jobs
from atheria_pack.variants import load_variants


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
