"""Builds and tests one job, in a process of its own: `python -m atheria_pack.worker TASK.json`.

A process per job, because py-rattler-build builds one package at a time per process, and so that a job can be stopped and
its output kept apart. The task's folder is private: two builds of one recipe in one folder collide when they start in the
same second. What it says goes to stdout (the cell's log); `result.json` beside the task tells how it ended.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import rattler
import rattler_build
import yaml

from atheria_pack.atomic import write_json, write_text
from atheria_pack.channel.publish import link_or_copy
from atheria_pack.errors import PackError
from atheria_pack.inspection.check import inspect
from atheria_pack.inspection.rules import BUDGETS, has_rules, load_rules
from atheria_pack.normal_form import normalise
from atheria_pack.recipes import rendered_variants
from atheria_pack.solve import Solvers, Unsolvable
from atheria_pack.workspace import find_workspace

PHASE_FILE = "phase"
DISK_FULL = 75  # exit status, when not even the result can be written
DISK_FULL_TEXT = "No space left on device"


@dataclass(frozen=True)
class Task:
    """What a worker needs to know. `platform`: whose packages it makes; `native`: this machine's. `packages`: (name, file name,
    staged) of each package to make; `inputs`: finished packages of ours that they need."""

    recipe: str
    combination: dict[str, str]
    platform: str
    native: str
    packages: list[tuple[str, str, bool]]
    inputs: list[str]
    channel: str
    folder: str
    run_tests: bool

    @property
    def foreign(self) -> bool:
        """Whether the packages are of another platform than this machine."""
        return self.platform != self.native

    @property
    def output(self) -> Path:
        """The private output folder, itself a small channel."""
        return Path(self.folder) / "out"


class LogToStdout:
    """py-rattler-build's progress, as lines of a log."""

    def on_log(self, event: Any) -> None:
        print(event.message, flush=True)

    def on_build_step(self, event: Any) -> None:
        print(f"[{event.step_name}] {event.message}", flush=True)

    def on_download_start(self, event: Any) -> None:
        print(f"downloading {event.url}", flush=True)

    def on_download_progress(self, event: Any) -> None:
        pass

    def on_download_complete(self, event: Any) -> None:
        pass


def phase(task: Task, name: str) -> None:
    """Tell the parent what is going on; the live table shows it."""
    (Path(task.folder) / PHASE_FILE).write_text(name, encoding="utf-8")
    print(f"== {name}", flush=True)


def build(task: Task) -> list[Path]:
    """Make the packages; answers their files in the order of the task."""
    staged = [(name, file_name) for name, file_name, is_staged in task.packages if is_staged]
    if staged or task.foreign:
        _build_up_to(task, [(name, file_name) for name, file_name, _ in task.packages])
    else:
        _build_alone(task, {file_name for _, file_name, _ in task.packages})
    made = []
    for _, file_name, _ in task.packages:
        found = sorted(task.output.glob(f"*/{file_name}"))
        if not found:
            others = ", ".join(sorted(path.name for path in task.output.glob("*/*.conda"))) or "nothing"
            raise PackError(f"the build ended without {file_name}; it made {others}")
        made.append(found[0])
    return made


def _build_up_to(task: Task, wanted: Sequence[tuple[str, str]]) -> None:
    # One call for all outputs of a staging build: built one by one, each output's folder would get a name of its own,
    # and as the folder's path is part of the staging cache's key, the C++ would be compiled once per output. For another
    # platform it is the only entrance there is: RenderedVariant.run_build solves the host environment for this machine's.
    variants = Path(task.folder) / "variants.yaml"
    write_text(variants, yaml.safe_dump({key: [value] for key, value in task.combination.items()}))
    for name, file_name in reversed(wanted):
        if any(task.output.glob(f"*/{file_name}")):
            continue
        phase(task, "compiling")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # the only entrance that shares a staging build
                rattler_build.build_recipes(
                    [task.recipe],
                    up_to=name,
                    build_platform=task.native,
                    target_platform=task.platform,
                    channel=[task.channel],
                    variant_config=[str(variants)],
                    ignore_recipe_variants=True,
                    no_build_id=True,
                    no_include_recipe=True,  # rendered, it names this machine's folders
                    skip_existing="local",  # what it needs of ours lies there already
                    test="skip",
                    output_dir=task.output,
                )
        except rattler_build.RattlerBuildError:
            _print_script_logs(task)
            _print_contents(task, {file_name for _, file_name in wanted})
            raise
        _print_script_logs(task)


def _print_script_logs(task: Task) -> None:
    # The build folder and the staging cache may hold the same log.
    texts = {log.read_text(encoding="utf-8", errors="replace") for log in task.output.glob("b*/*/work*/conda_build.log")}
    for text in sorted(texts):
        print("== what the build script printed", text, sep="\n", flush=True)


def _print_contents(task: Task, wanted: set[str]) -> None:
    """The files of the packages made so far: a failed strict list says how many files it does not name, not which."""
    for path in sorted(task.output.rglob("*.conda")):
        if path.name in wanted:
            print(f"== files of {path.name}", *rattler_build.Package.from_file(path).files, sep="\n  ", flush=True)


def _build_alone(task: Task, wanted: set[str]) -> None:
    for variant in rendered_variants(Path(task.recipe), task.combination, task.platform, task.native):
        name = f"{variant.recipe.package.name}-{variant.recipe.package.version}-{variant.recipe.build.string}.conda"
        if name in wanted:
            phase(task, "building")
            variant.run_build(
                tool_config=rattler_build.ToolConfiguration(test_strategy="skip"),
                output_dir=task.output,
                channels=[task.channel],
                progress_callback=LogToStdout(),
                no_build_id=True,
                no_include_recipe=True,
            )


def settle(task: Task, made: Sequence[Path]) -> None:
    """Bring packages into normal form before their tests, so that what is tested is what is published.

    The task's own channel gets an index of them as they are now, and the cache forgets them as they were.
    """
    for package in made:
        normalise(package, int(os.environ["ATHERIA_BUILD_EPOCH"]))
        forget_cached(Path(os.environ["RATTLER_CACHE_DIR"]), package.name)
    asyncio.run(rattler.index.index_fs(task.output, write_zst=False, write_shards=False))


def dishonesties(task: Task, made: Sequence[Path]) -> list[str]:
    """What packages say that is not so, a line per package; all findings go to the log. A project without tables is not inspected."""
    root = find_workspace(Path(task.recipe).parent, None).root
    if not has_rules(root):
        print(f"not inspected: the project has no {BUDGETS}", flush=True)
        return []
    phase(task, "inspecting")
    rules = load_rules(root, (task.output,))
    told = []
    for package in made:
        done = inspect(package, rules)
        print(*(f"{package.name}: {finding}" for finding in done.findings), sep="\n", flush=True)
        if done.errors:
            told.append(f"{package.name} is not what it says, {len(done.errors)} errors: {done.errors[0]}")
    return told


def forget_cached(cache: Path, file_name: str) -> None:
    """Remove a package's unpacked copy from the cache.

    A package built again under the same name would else be tested with the files of its predecessor: tests look a package
    up in the cache by name alone.
    """
    for path in cache.glob(f"pkgs/{file_name.removesuffix('.conda')}*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def test(task: Task, package: Path) -> list[dict[str, Any]]:
    """Run the tests embedded in a package; each with its number and success, or why it was not run.

    What a package may contain (`package_contents`) is tested while it is built, and is not among them.
    """
    loaded = rattler_build.Package.from_file(package)
    results = []
    for index, declared in enumerate(loaded.tests):
        if reason := why_not_here(task, declared):
            print(f"test {index + 1} of {loaded.name} is not run: {reason}", flush=True)
            results.append({"package": loaded.name, "index": index, "success": None, "reason": reason})
            continue
        phase(task, f"testing {loaded.name} {index + 1}/{loaded.test_count}")
        done = loaded.run_test(index, channel=[task.output.as_uri(), task.channel], progress_callback=LogToStdout())
        text = "\n".join(done.output) if isinstance(done.output, list) else str(done.output)
        if not done.success:
            print(f"test {index + 1} of {loaded.name} failed\n{text}", flush=True)
        results.append({"package": loaded.name, "index": index, "success": done.success, "reason": None})
    return results


def why_not_here(task: Task, declared: object) -> str | None:
    """Why a test cannot run on this machine, None when it can.

    Programs of another platform do not start here. A script with tools of its own, which are this machine's, can run: what of
    the other platform it would start is its own business, by the emulator that the compiler's activation names.
    """
    if not task.foreign:
        return None
    if not isinstance(declared, rattler_build.CommandsTest) or not declared.requirements_build:
        return f"it runs programs of {task.platform}, and this machine is {task.native}"
    tools = Solvers([task.output.as_uri(), task.channel], task.native, task.channel).tools.packages(declared.requirements_build)
    return tools.reason if isinstance(tools, Unsolvable) else None


def work(task: Task) -> dict[str, Any]:
    """Build, then test; the result as JSON types."""
    started = time.monotonic()
    for source in map(Path, task.inputs):
        link_or_copy(source, task.output / source.parent.name / source.name)
    phase(task, "solving")
    made = build(task)
    settle(task, made)
    dishonest = dishonesties(task, made)
    tests = [result for package in made for result in (test(task, package) if task.run_tests else [])]
    untested = 0 if task.run_tests else sum(rattler_build.Package.from_file(package).test_count for package in made)
    failed = [f"test {result['index'] + 1} of {result['package']} failed" for result in tests if result["success"] is False]
    return {
        "packages": [str(path) for path in made],
        "tests": tests,
        "untested": untested,
        "error": "; ".join([*dishonest, *failed]) or None,
        "seconds": time.monotonic() - started,
    }


def main(path: Path) -> int:
    """Run the task in the file; 0 when everything was built and every test passed."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    task = Task(**{**raw, "packages": [tuple(package) for package in raw["packages"]]})
    try:
        result = work(task)
    except (PackError, rattler_build.RattlerBuildError, OSError) as error:
        result = {"packages": [], "tests": [], "untested": 0, "error": str(error), "seconds": 0.0}
        print(f"error: {str(error).splitlines()[0]}" if str(error) else f"error: {error!r}", flush=True)
    except Exception as error:  # whatever the Rust side raises: it has a class per cause, none of which is ours
        traceback.print_exc(file=sys.stdout)
        result = {"packages": [], "tests": [], "untested": 0, "error": f"{type(error).__name__}: {error}", "seconds": 0.0}
    try:
        write_json(path.with_name("result.json"), result)
    except OSError as error:
        return DISK_FULL if error.errno == errno.ENOSPC else 1
    return 1 if result["error"] else 0


def write_task(task: Task) -> Path:
    """Store a task where its worker finds it."""
    path = Path(task.folder) / "task.json"
    write_json(path, asdict(task))
    return path


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    sys.exit(main(Path(sys.argv[1])))
