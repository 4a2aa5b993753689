"""Makes one package in a process of its own: `python -m atheria_pack.bootstrap.make JOB.json`.

A process for each, because py-rattler-build holds the interpreter's lock while it builds and prints to the process's
streams, which here are the package's log.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rattler_build import RattlerBuildError, Stage0Recipe, VariantConfig
from rattler_build.progress import BuildStepEvent, LogEvent
from rattler_build.render import RenderConfig
from rattler_build.tool_config import PlatformConfig, ToolConfiguration

from atheria_pack.bootstrap.elf import newest_glibc, read_dynamic
from atheria_pack.bootstrap.interpreter_tree import PREFIX_MARK, make_interpreter_tree
from atheria_pack.bootstrap.plan import Job, Order
from atheria_pack.bootstrap.wheel_tree import make_wheel_tree
from atheria_pack.bootstrap.wheels import file_sha256
from atheria_pack.errors import PackError

COMPRESSION = "conda:3"  # the packages live on this machine only: quick to write and to read
OLDEST_GLIBC = (2, 17)  # conda's own floor, for content that asks for nothing newer


class _LogPrinter:
    """Prints what the build says; this process's output is the package's log."""

    def on_download_start(self, event: object) -> None:
        """Nothing is downloaded."""

    def on_download_progress(self, event: object) -> None:
        """Nothing is downloaded."""

    def on_download_complete(self, event: object) -> None:
        """Nothing is downloaded."""

    def on_build_step(self, event: BuildStepEvent) -> None:
        """A step begins."""
        print(f"{event.step_name}: {event.message}", flush=True)

    def on_log(self, event: LogEvent) -> None:
        """A line of the build script or of the builder itself."""
        print(event.message, flush=True)


def make_package(order: Order) -> Path:
    """Stage the content, build the package, and leave it with its `record.json` in `order.result`, a folder that appears
    at once or not at all."""
    job = order.job
    tree = order.scratch / "stage"
    shutil.rmtree(order.scratch, ignore_errors=True)
    tree.mkdir(parents=True)
    if job.interpreter is not None:
        make_interpreter_tree(job.interpreter, tree)
    elif job.wheel is not None:
        make_wheel_tree(job.recipe, job.wheel, order.wheel_dir / job.wheel.file, job.python, tree)
    package = _build(order, tree)
    subdir = package.parent.name
    finished = order.scratch / "finished"
    finished.mkdir()
    final = finished / package.name
    os.replace(package, final)
    record = _record(job, final, subdir)
    (finished / "record.json").write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    for path in finished.iterdir():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    order.result.parent.mkdir(parents=True, exist_ok=True)
    if order.result.exists():
        shutil.rmtree(order.result)
    os.replace(finished, order.result)
    shutil.rmtree(order.scratch)
    return order.result / package.name


def _glibc_needed(job: Job, tree: Path) -> str:
    """The glibc that the package's own binaries ask for."""
    newest = max(OLDEST_GLIBC, newest_glibc(tree))
    if "library" in job.context:
        section = read_dynamic(Path(job.context["library"]))
        newest = max(newest, section.glibc if section else newest)
    return ".".join(map(str, newest))


def _build(order: Order, tree: Path) -> Path:
    job = order.job
    context = {
        **job.context,
        "stage": str(tree),
        "digest": f"h{job.key[:8]}",
        "glibc_needed": _glibc_needed(job, tree),
        "prefix_mark": PREFIX_MARK,
    }
    config = RenderConfig(platform=PlatformConfig(target_platform=order.subdir), extra_context=context)
    rendered = Stage0Recipe.from_file(job.recipe.path).render(VariantConfig({}), config)
    if len(rendered) != 1:
        raise PackError(f"{job.recipe.path}: renders to {len(rendered)} packages, expected one")
    output = order.scratch / "build"
    rendered[0].run_build(
        tool_config=ToolConfiguration(test_strategy="skip"),
        output_dir=output,
        channels=[],
        package_format=COMPRESSION,
        no_include_recipe=True,
        progress_callback=_LogPrinter(),
    )
    made = [path for subdir in (order.subdir, "noarch") for path in (output / subdir).glob("*.conda")]
    if len(made) != 1:
        raise PackError(f"{job.recipe.path}: the build left {len(made)} packages, expected one")
    made[0].chmod(0o644)
    return made[0]


def _record(job: Job, package: Path, subdir: str) -> dict[str, Any]:
    name, version, build = package.name.removesuffix(".conda").rsplit("-", 2)
    return {
        "name": name,
        "version": version,
        "build": build,
        "subdir": subdir,
        "file": package.name,
        "size": package.stat().st_size,
        "sha256": file_sha256(package),
        "origin": job.origin,
        "key": job.key,
    }


def main(arguments: Sequence[str]) -> int:
    """Read the order named on the command line, make the package; the exit status is 0, or the error's."""
    order = pickle.loads(Path(arguments[0]).read_bytes())
    try:
        make_package(order)
    except PackError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except RattlerBuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
