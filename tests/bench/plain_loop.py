"""What a user would write without a driver: render and build one variant after another. `python plain_loop.py TASK.json`.

The peer of `build-all` in `build_all.py`, in the form that is best for it: packages that are there already are not built again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import rattler_build


class Print:
    """Progress as lines, so that compilations can be counted."""

    def on_log(self, event: Any) -> None:
        print(event.message, flush=True)

    def on_build_step(self, event: Any) -> None:
        print(event.message, flush=True)

    def on_download_start(self, event: Any) -> None:
        pass

    on_download_progress = on_download_complete = on_download_start


def main(path: Path) -> int:
    """Build all variants of the task: its recipes with their combinations, in an order that suits what they need."""
    task = json.loads(path.read_text(encoding="utf-8"))
    output = Path(task["output"])
    for step in task["steps"]:
        config = rattler_build.VariantConfig({key: [value] for key, value in step["combination"].items()})
        for variant in rattler_build.Stage0Recipe.from_file(step["recipe"]).render(config):
            name = f"{variant.recipe.package.name}-{variant.recipe.package.version}-{variant.recipe.build.string}.conda"
            if list(output.glob(f"*/{name}")):
                continue
            print(f"== {name}", flush=True)
            variant.run_build(
                tool_config=rattler_build.ToolConfiguration(test_strategy="native"),
                output_dir=output,
                channels=[task["channel"]],
                progress_callback=Print(),
            )
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
