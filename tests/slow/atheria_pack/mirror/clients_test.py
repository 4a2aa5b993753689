"""What users' programs make of a mirror: installs from every index of it, by file:// and by a web server, with the configuration it writes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib

sys.path.insert(0, str(Path(__file__).parent))

from atheria_pack.mirror.layout import REPODATA, REPODATA_ZST, SHARD_INDEX  # noqa: E402
from atheria_pack.platforms import native_platform  # noqa: E402
from command import ROOT, done  # noqa: E402
from readers import LINUX, install, installed  # noqa: E402
from upstream import BROKEN_IN_ARCHIVE, CONDITIONAL, make_upstream  # noqa: E402

WANTED = ("tensor", BROKEN_IN_ARCHIVE, CONDITIONAL, "zope.interface", "kernels==1.0+gpu")
INDEXES = (SHARD_INDEX, REPODATA_ZST, REPODATA)
OUTPUT = ROOT / "output"


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clients")
    upstream = make_upstream(folder / "up", 120, 5)
    specs = [word for spec in WANTED for word in ("--spec", spec)]
    done("mirror", upstream.url, folder / "mirror", *specs, "--platform", "linux-64", "--profile", "no-gpu", "--profile", "cuda12")
    return folder / "mirror"


def copied(mirror: Path, folder: Path) -> Path:
    subprocess.run(["cp", "-a", str(mirror), str(folder)], check=True)
    return folder


# Of a folder, rattler reads repodata.json only.
@pytest.mark.parametrize(("way", "index"), [("file", REPODATA), *(("nginx", index) for index in INDEXES)])
def test_each_index_alone_is_enough(mirror: Path, way: str, index: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    folder = copied(mirror, tmp_path / "mirror")
    for other in set(INDEXES) - {index}:
        for link in folder.glob(f"*/{other}"):
            link.unlink()
    address = request.getfixturevalue("serve_by_nginx")(folder) if way == "nginx" else folder.as_uri()
    chosen = install([address], WANTED, "linux-64", tmp_path / "there")
    assert {re.split("[ =]", spec)[0] for spec in WANTED} <= {line.partition(" ")[0] for line in chosen}
    assert {"openssl 3.6.0 h0_10", "zope.interface 1!7.0 pyh0_0", "tensor 2.1 cpu_py312_hcpu_200"} <= set(chosen)
    assert all(url.startswith(f"{address}/") for url in installed(tmp_path / "there" / "prefix").values())


def test_other_machines_get_other_builds(mirror: Path, tmp_path: Path) -> None:
    cuda = install([mirror.as_uri()], ["tensor"], "linux-64", tmp_path / "cuda", virtual=(*LINUX, "__cuda=12.9=0"))
    assert "tensor 2.1 cuda129_py312_hcuda_400" in cuda


@pytest.mark.parametrize("client", ["conda", "mamba", "pixi", "rattler"])
def test_configuration_leads_rattler_there(mirror: Path, client: str, tmp_path: Path) -> None:
    """What is written for each program, read as that program reads it, and its channels used."""
    text = done("client-config", mirror.as_uri(), "--for", client)
    if client in ("conda", "mamba"):
        settings = yaml.safe_load(text)
        channels = settings["channels"]
        assert settings["channel_priority"] == "strict" and settings["default_channels"] == channels
    elif client == "pixi":
        workspace = tomllib.loads(text)["workspace"]
        channels = workspace["channels"]
        assert workspace["platforms"] == ["linux-64"]
    else:
        channels = tomllib.loads(text)["default-channels"]
    assert "tensor 2.1 cpu_py312_hcpu_200" in install(channels, ["tensor"], "linux-64", tmp_path / "there")


# Programs


@pytest.mark.parametrize("program", ["micromamba", "conda", "pixi"])
def test_programs_with_the_configuration_as_it_is_written(mirror: Path, program: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not on PATH")
    address = request.getfixturevalue("serve_by_nginx")(copied(mirror, tmp_path / "mirror"))
    prefix, condarc = tmp_path / "prefix", tmp_path / "condarc"
    caches = {"CONDA_PKGS_DIRS": str(tmp_path / "pkgs"), "PIXI_CACHE_DIR": str(tmp_path / "cache"), "MAMBA_ROOT_PREFIX": str(tmp_path / "root")}
    env = {**os.environ, **caches, "CONDA_SUBDIR": "linux-64", "CONDA_OVERRIDE_GLIBC": "2.36", "CONDA_OVERRIDE_CUDA": ""}
    if program == "pixi":
        snippet = done("client-config", address, "--for", "pixi")
        (tmp_path / "pixi.toml").write_text(f'{snippet}\n[dependencies]\ntensor = "*"\n')
        command = [found, "install", "--manifest-path", str(tmp_path / "pixi.toml")]
        prefix = tmp_path / ".pixi" / "envs" / "default"
    else:
        condarc.write_text(done("client-config", address, "--for", "conda"))
        command = [found, "create", "--yes", "--prefix", str(prefix), *(["--rc-file", str(condarc)] if program == "micromamba" else []), "tensor"]
        env["CONDARC"] = str(condarc)
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    there = installed(prefix)
    assert "tensor" in there and all(url.startswith(f"{address}/") for url in there.values())


# The real packages


def test_atheria_from_a_mirror(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """What a cluster does: mirror the channel with what it needs, install from the web server, run the program."""
    platform = native_platform()
    try:
        base = json.loads((OUTPUT / "report.json").read_text())["base_channel"]["uri"]
    except (FileNotFoundError, KeyError, json.JSONDecodeError):
        pytest.skip("no run of build-all has left a report in output/; `./run build-all` does")
    if not list((OUTPUT / "channel" / platform).glob("atheria-core-*-openblas*.conda")):
        pytest.skip(f"output/channel has no openblas build of atheria-core for {platform}; `./run build-all --accel openblas` makes one")
    if not base.startswith("file:"):
        pytest.skip(f"output/ was built against {base}, and tests use no network")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    mirror = tmp_path / "mirror"
    spec = "atheria-core=*=openblas*"
    done("mirror", OUTPUT / "channel", base, mirror, "--platform", platform, "--python", python, "--profile", "no-gpu", "--spec", spec)
    address = request.getfixturevalue("serve_by_nginx")(mirror)
    for number, channel in enumerate((address, mirror.as_uri())):
        place = tmp_path / f"there-{number}"
        chosen = install([channel], [spec, f"python={python}"], platform, place, virtual=None)
        assert any(line.startswith(f"atheria-core 0.1.0 openblas_py{python.replace('.', '')}") for line in chosen)
        told = subprocess.run([place / "prefix" / "bin" / "atheria", "info"], capture_output=True, text=True, check=False)
        assert told.returncode == 0 and "backend openblas" in told.stdout, told.stdout + told.stderr
        assert all(url.startswith(f"{channel}/") for url in installed(place / "prefix").values())
