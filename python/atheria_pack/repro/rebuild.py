"""py-rattler-build's own check: a package that holds its recipe is built again from that alone, `python -m atheria_pack.repro.rebuild TASK`.

Our packages hold no rendered recipe, for it names folders of the machine; so a package is built as py-rattler-build does by itself,
with recipe, and `Package.rebuild()` is asked whether it comes out the same, sha256 by sha256. It builds in the folder of the first
build, which its recipe names. What it got there (unpacked sources, the staging build's files) is removed before.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rattler
import rattler_build
import yaml

from atheria_pack.atomic import write_json, write_text
from atheria_pack.channel.publish import link_or_copy
from atheria_pack.recipes import rendered_variants
from atheria_pack.worker import LogToStdout, Task

RESULT_FILE = "rebuilt.json"


@dataclass(frozen=True)
class Rebuilt:
    """What `Package.rebuild()` answered for a package."""

    name: str
    identical: bool
    original: str
    rebuilt: str
    original_sha256: str
    rebuilt_sha256: str


def build_with_recipe(task: Task) -> list[Path]:
    """Build the task's packages with their recipe inside; answers their files, in the order of the task."""
    channels = [_channel_of_inputs(task), task.channel]
    if any(staged for _, _, staged in task.packages):
        variants = Path(task.folder) / "variants.yaml"
        write_text(variants, yaml.safe_dump({key: [value] for key, value in task.combination.items()}))
        for name, file_name, _ in reversed(task.packages):
            if any(task.output.glob(f"*/{file_name}")):
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # the only entrance that shares a staging build
                rattler_build.build_recipes(
                    [task.recipe],
                    up_to=name,
                    build_platform=task.native,
                    target_platform=task.platform,
                    channel=channels,
                    variant_config=[str(variants)],
                    ignore_recipe_variants=True,
                    no_build_id=True,
                    test="skip",
                    output_dir=task.output,
                )
    else:
        wanted = {file_name for _, file_name, _ in task.packages}
        for variant in rendered_variants(Path(task.recipe), task.combination, task.platform, task.native):
            if f"{variant.recipe.package.name}-{variant.recipe.package.version}-{variant.recipe.build.string}.conda" in wanted:
                variant.run_build(
                    tool_config=rattler_build.ToolConfiguration(test_strategy="skip"),
                    output_dir=task.output,
                    channels=channels,
                    progress_callback=LogToStdout(),
                    no_build_id=True,
                )
    return [next(iter(sorted(task.output.glob(f"*/{file_name}")))) for _, file_name, _ in task.packages]


def _channel_of_inputs(task: Task) -> str:
    """A channel of the packages of ours that are needed. A rebuild solves a staging build's environments anew, from the channels of
    the first build alone: what merely lay in its output folder would be missing."""
    folder = Path(task.folder) / "inputs"
    for subdir in ("noarch", task.platform):
        (folder / subdir).mkdir(parents=True)
    for source in map(Path, task.inputs):
        link_or_copy(source, folder / source.parent.name / source.name)
    asyncio.run(rattler.index.index_fs(folder, write_zst=False, write_shards=False))
    return folder.as_uri()


def rebuild(task: Task, packages: list[Path]) -> list[Rebuilt]:
    """Ask py-rattler-build to build each package again from what it holds, and whether it is the same."""
    for left in ("bld", "build_cache", "src_cache"):
        shutil.rmtree(task.output / left, ignore_errors=True)
    # The stored recipe names its sources relative to itself and is unpacked to a temporary folder: with this one
    # as its parent, `../../native` is the project's.
    os.environ["TMPDIR"] = str(_mirrored(Path(task.recipe), Path(task.folder) / "project"))
    found = []
    for package in packages:
        print(f"== rebuilding {package.name}", flush=True)
        done = rattler_build.Package.from_file(package).rebuild(test="skip", output_dir=Path(task.folder) / "rebuilt")
        found.append(
            Rebuilt(
                package.name,
                done.is_identical,
                str(done.original_path),
                str(done.rebuilt_path),
                done.original_sha256,
                done.rebuilt_sha256,
            )
        )
    return found


def _mirrored(recipe: Path, folder: Path) -> Path:
    """A folder of links with the project's layout; answers the one that stands for recipes/."""
    recipes = recipe.parent.parent
    mirror = folder / recipes.name
    mirror.mkdir(parents=True)
    for original, copy in ((recipes.parent, folder), (recipes, mirror)):
        for entry in original.iterdir():
            if not (copy / entry.name).exists():
                (copy / entry.name).symlink_to(entry)
    return mirror


def main(path: Path) -> int:
    """Run the task in the file; the result lies beside it. 0 when every package came out the same."""
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    task = Task(**{**raw, "packages": [tuple(package) for package in raw["packages"]]})
    found = rebuild(task, build_with_recipe(task))
    write_json(path.with_name(RESULT_FILE), [vars(result) for result in found])
    return 0 if all(result.identical for result in found) else 1


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    sys.exit(main(Path(sys.argv[1])))
