"""Keys of variants.yaml that nothing looks at are told, with the key that was probably meant."""

import sys
from pathlib import Path

import pytest
from atheria_pack.errors import VariantsError
from atheria_pack.matrix import render_outputs
from atheria_pack.variant_check import check_keys
from atheria_pack.variants import Variants, load_variants

sys.path.insert(0, str(Path(__file__).parent))

from family import output  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]


def test_a_misspelt_key_is_told_with_the_one_that_was_meant() -> None:
    outputs = [output("lib", atheria_accel="cpu")]
    known = Variants({"atheria_accel": ("cpu",), "cxx_compiler_version": ("15",), "numpy": ("2",)})
    check_keys({"linux-64": known}, outputs)
    wrong = Variants({**known.keys, "cxx_compiler_versoin": ("15",), "xyz": ("1",)})
    with pytest.raises(VariantsError) as caught:
        check_keys({"osx-arm64": known, "linux-64": wrong}, outputs)
    assert str(caught.value) == (
        "variants.yaml has keys that no recipe looks at and no tool knows: cxx_compiler_versoin, did you mean cxx_compiler_version?; xyz. "
        "Remove them, or use them in a recipe's text"
    )


def test_a_key_of_one_platform_is_used_there() -> None:
    check_keys({"linux-64": Variants({"hip": ("1",)})}, [output("lib"), output("lib", hip="1", platform="win-64")])


def test_the_product_has_only_keys_that_its_recipes_look_at() -> None:
    """Less than `check_keys` allows: what is merely known to tools would be restated for nothing."""
    variants = {platform: load_variants(ROOT / "variants.yaml", platform) for platform in ("linux-64", "osx-arm64")}
    outputs = [found for platform, known in variants.items() for found in render_outputs(ROOT, known, platform)]
    check_keys(variants, outputs)
    written = {key for known in variants.values() for key in known.keys}
    assert written <= {key for output in outputs for key in output.variant}
