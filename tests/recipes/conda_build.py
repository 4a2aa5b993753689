"""The calls of py-rattler-build that conda-build 26.7 makes for a recipe in this format, in its order (its `_rattler_build` module).

conda-build itself comes from conda channels only. What it does before (options, channels of .condarc) and after (a summary, uploads)
is not here.
"""

from collections.abc import Sequence
from pathlib import Path

import rattler_build
from rattler_build.progress import SimpleProgressCallback

# The options that `conda build` and `conda render` take for such recipes; any other is an error there.
OPTIONS = frozenset(
    (
        "--recipe", "--build-only", "--variant-config-files", "-m", "--exclusive-config-file", "-e", "--extra-meta", "--output-folder",
        "--no-build-id", "--debug", "--notest", "--quiet", "--skip-existing", "--no-include-recipe", "--package-format",
        "--zstd-compression-level", "--channel", "-c", "--override-channels", "--post", "--anaconda-upload", "--anaconda-token", "--user",
    )
)  # fmt: skip


class _Quiet(SimpleProgressCallback):
    def on_log(self, event: object) -> None:
        return None


def rendered(recipe: Path, variants: Sequence[Path], platform: str) -> list[rattler_build.RenderedVariant]:
    """`conda render -m VARIANTS`: files are merged in order, without a context, and all combinations are rendered at once."""
    config = rattler_build.VariantConfig()
    for path in variants:
        config = config.merge(rattler_build.VariantConfig.from_file(path))
    where = rattler_build.PlatformConfig(target_platform=platform, build_platform=platform, host_platform=platform)
    return rattler_build.Stage0Recipe.from_file(recipe).render(config, rattler_build.RenderConfig(platform=where, extra_context={}))


def built(recipe: Path, variants: Sequence[Path], platform: str, channels: Sequence[str], output: Path) -> tuple[list[Path], list[str]]:
    """`conda build -m VARIANTS --package-format 2`: the packages, and what failed to build or in its own tests."""
    tool = rattler_build.ToolConfiguration(
        test_strategy=None, skip_existing="none", noarch_build_platform=platform, channel_priority="disabled"
    )
    packages: list[Path] = []
    failed: list[str] = []
    for variant in rendered(recipe, variants, platform):
        name = f"{variant.recipe.package.name} {variant.recipe.build.string}"
        try:
            result = variant.run_build(
                tool_config=tool, output_dir=output, channels=list(channels), progress_callback=_Quiet(), no_build_id=False,
                package_format="conda", no_include_recipe=False,
            )  # fmt: skip
            for path in result.packages:
                packages.append(Path(path))
                tests = rattler_build.Package.from_file(path).run_tests(
                    progress_callback=_Quiet(), channel=[output.resolve().as_uri(), *channels]
                )
                failed += [f"{name}: test {number}" for number, test in enumerate(tests, 1) if not test.success]
        except rattler_build.RattlerBuildError as error:
            failed.append(f"{name}: {error}")
    return packages, failed
