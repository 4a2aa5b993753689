"""Keys of variants.yaml that nothing looks at: a misspelt one would silently leave the pin it was meant to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from atheria_pack.errors import VariantsError
from atheria_pack.recipes import Output
from atheria_pack.variants import Variants, suggestion

# Keys that mean something to the tools or to conda-forge, whether or not a recipe of the project looks at them today.
KNOWN = frozenset((
    "c_compiler", "c_compiler_version", "cxx_compiler", "cxx_compiler_version", "fortran_compiler",
    "fortran_compiler_version", "cuda_compiler", "cuda_compiler_version", "hip_compiler", "hip_compiler_version",
    "rust_compiler", "rust_compiler_version", "c_stdlib", "c_stdlib_version", "libtorch", "pytorch",
    "python", "python_min", "python_impl", "is_python_min", "numpy", "pybind11_abi", "openblas", "libblas", "libcblas",
    "blas_impl", "MACOSX_DEPLOYMENT_TARGET", "MACOSX_SDK_VERSION", "channel_sources", "channel_targets", "docker_image",
    "pin_run_as_build", "target_platform", "build_platform",
))


def check_keys(variants: Mapping[str, Variants], outputs: Iterable[Output]) -> None:
    """Refuse keys that no package of any platform varies on and that are not known otherwise: a VariantsError that names each.

    Args:
        variants: those of the file, by platform.
        outputs: every package of every platform, rendered with them.
    """
    used = {key for output in outputs for key in output.variant}
    written = dict.fromkeys(key for found in variants.values() for key in found.keys)
    strange = [key for key in written if key not in used and key not in KNOWN]
    if strange:
        told = "; ".join(f"{key}{suggestion(key, sorted(used | KNOWN)).replace('; did', ', did')}" for key in strange)
        raise VariantsError(
            f"variants.yaml has keys that no recipe looks at and no tool knows: {told}. Remove them, or use them in a recipe's text"
        )
