"""An index of a small family without files behind it: a mutex and two packages, in the accelerators that are asked for."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NUMBERS = {"rocm": 0, "openblas": 100, "cpu": 200, "metal": 300, "cuda129": 400, "cuda130": 500}


def record(name: str, accel: str, subdir: str, **changes: Any) -> dict[str, Any]:
    """A package's index entry; `changes` replace its fields."""
    depends = [] if name == "atheria-variant" else [f"atheria-variant * {accel}_*"]
    if accel.startswith("cuda"):
        depends.append(f"__cuda >={accel[4:6]}")
    number = NUMBERS[accel]
    build = f"{accel}_{number}" if name == "atheria-variant" else f"{accel}_h0000000_{number}"
    entry = {"name": name, "version": "1", "build": build, "build_number": number, "depends": depends, "subdir": subdir}
    return {**entry, "sha256": "0" * 64, "size": 1, "timestamp": 1_700_000_000_000, **changes}


def write_index(channel: Path, accels: Mapping[str, tuple[str, ...]], *further: dict[str, Any]) -> str:
    """Index the family of `accels` (by platform) into `channel`; `further` entries replace those of the same name and build."""
    for subdir in (*accels, "noarch"):
        entries = [
            record(name, accel, subdir)
            for accel in accels.get(subdir, ())
            for name in ("atheria-variant", "libatheria-runtime", "atheria-core", "atheria")
        ]
        entries += [entry for entry in further if entry["subdir"] == subdir]
        listed = {f"{entry['name']}-{entry['version']}-{entry['build']}.conda": entry for entry in entries}
        (channel / subdir).mkdir(parents=True)
        index = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": listed}
        (channel / subdir / "repodata.json").write_text(json.dumps(index))
    return channel.as_uri()
