"""What the other tests skip without is here: a development build that does not load must not pass for one that was judged."""

from __future__ import annotations

from atheria import native

NO_GPU = ("no driver: ", "no device: ", "driver too old: ", "no kernels for the device: ")


def test_the_extension_loads() -> None:
    assert native.available(), f"{native.engine_info()['reason']}; ./run build-dev makes the extension"


def test_every_backend_of_the_build_is_usable() -> None:
    info = native.engine_info()
    assert info["engine"] == "native", info["reason"]
    unusable = {
        backend["name"]: backend["reason"]
        for backend in info["backends"]
        # A GPU's plugin has loaded when it answers that there is no GPU for it.
        if not backend["score"] and not backend["reason"].startswith(NO_GPU)
    }
    listed = {backend["name"] for backend in info["backends"]}
    missing = set(info["build"]["backends"]) - listed
    assert not unusable and not missing, f"unusable: {unusable}; compiled but not found: {sorted(missing)}"
