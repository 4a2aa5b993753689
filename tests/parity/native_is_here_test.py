"""What the other tests skip without is here: a development build that does not load must not pass for one that was judged."""

from __future__ import annotations

from atheria import native


def test_the_extension_loads() -> None:
    assert native.available(), f"{native.engine_info()['reason']}; ./run build-dev makes the extension"


def test_every_backend_of_the_build_is_usable() -> None:
    info = native.engine_info()
    assert info["engine"] == "native", info["reason"]
    unusable = {backend["name"]: backend["reason"] for backend in info["backends"] if not backend["score"]}
    listed = {backend["name"] for backend in info["backends"]}
    missing = set(info["build"]["backends"]) - listed
    assert not unusable and not missing, f"unusable: {unusable}; compiled but not found: {sorted(missing)}"
