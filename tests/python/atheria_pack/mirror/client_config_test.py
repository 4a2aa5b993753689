"""What client-config writes, read by those who read it: YAML, TOML, rattler; and a client that has nothing else finds the packages."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
from pathlib import Path

import pytest
import rattler
import yaml
from atheria_pack.cli.main import main
from atheria_pack.errors import UsageError
from atheria_pack.mirror.client_config import CLIENTS, Served, checked_address, condarc, config_toml, everything, file_for, pixi_toml
from atheria_pack.mirror.places.folder import FolderPlace
from atheria_pack.mirror.serve import mirror_server
from hypothesis import given
from hypothesis import strategies as st
from published import publish_channel
from upstream import make_upstream

ADDRESS = "https://mirror.example/conda/all"
SERVED = Served(ADDRESS, ("linux-64",), ("https://up.example/alpha", "https://up.example/beta/", "file:///mnt/gamma", "https://up.example/defaults"))

addresses = st.from_regex(r"https://[a-z]{1,8}(/[^?#/ ]{1,8}){0,3}", fullmatch=True).filter(str.isprintable)


def toml(text: str) -> dict[str, object]:
    if sys.version_info < (3, 11):
        pytest.skip("Python 3.10 has no reader of TOML")
    import tomllib

    return tomllib.loads(text)


def test_conda_is_sent_nowhere_else() -> None:
    assert yaml.safe_load(condarc(SERVED)) == {
        "channels": [ADDRESS],
        "default_channels": [ADDRESS],
        "channel_alias": "https://mirror.example/conda",
        "channel_priority": "strict",
        "custom_multichannels": {"alpha": [ADDRESS], "beta": [ADDRESS]},
    }


def test_a_mirror_at_the_root_of_a_server_is_its_own_alias() -> None:
    assert yaml.safe_load(condarc(Served("http://mirror.example:8000")))["channel_alias"] == "http://mirror.example:8000"


def test_pixi_is_given_the_head_of_a_project() -> None:
    assert toml(pixi_toml(SERVED)) == {"workspace": {"channels": [ADDRESS], "platforms": ["linux-64"], "channel-priority": "strict"}}


def test_rattler_knows_every_key_and_maps_what_a_web_server_had() -> None:
    config, unknown = rattler.Config.from_toml_with_unused_keys(config_toml(SERVED))
    assert not unknown
    assert [str(channel) for channel in config.default_channels] == [ADDRESS]
    assert config.mirrors == {f"https://up.example/{name}": [ADDRESS] for name in ("alpha", "beta", "defaults")}


@given(addresses, st.lists(addresses, max_size=3))
def test_any_address_comes_through_as_it_is(address: str, upstream: list[str]) -> None:
    served = Served(checked_address(address), ("linux-64",), tuple(map(checked_address, upstream)))
    assert yaml.safe_load(condarc(served))["channels"] == [served.address]
    if sys.version_info >= (3, 11):
        assert toml(config_toml(served)).get("mirrors", {}) == {one: [served.address] for one in served.upstream}
        assert toml(pixi_toml(served))["workspace"]["channels"] == [served.address]  # type: ignore[index]


@pytest.mark.parametrize(
    "address", ["s3://bucket/x", "mirror", "ftp://mirror.example/x", "https://", "https://mirror.example/?x", "https://mirror.example/#x",
                "https://a/b c", "https://a/\x85", "https://a/\n- evil"],
)  # fmt: skip
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(UsageError, match="https?://"):
        checked_address(address)


def test_everything_is_the_files_and_comments() -> None:
    text = everything(SERVED)
    for client in CLIENTS:
        assert f"\n{file_for(client, SERVED)[1]}" in text
    with pytest.raises(UsageError, match="conda, mamba, pixi, rattler"):
        file_for("poetry", SERVED)


def test_a_client_that_knows_the_upstream_only_is_sent_to_the_mirror(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A project names a channel that is out of reach; with the written config.toml alone it gets records and packages."""
    channel = make_upstream(tmp_path / "up", 0, 5, index="json").folder
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: refuses whoever asks
        upstream = f"http://127.0.0.1:{closed.getsockname()[1]}/some/channel"
        place = FolderPlace(tmp_path / "mirror", "mirror")
        publish_channel(channel, place, address=upstream)
        heard: list[str] = []
        with mirror_server(place, "127.0.0.1", 0, heard.append) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                assert main(["channel", "client-config", f"http://127.0.0.1:{server.port}/", "--for", "rattler"]) == 0
                config = rattler.Config.from_toml(capsys.readouterr().out)
                gateway = rattler.Gateway(client=rattler.Client.from_config(config), cache_dir=tmp_path / "cache")
                queries = gateway.query([rattler.Channel(upstream)], ["linux-64", "noarch"], ["openssl"], recursive=False)
                found = [record for records in asyncio.run(queries) for record in records]
            finally:
                server.shutdown()
                thread.join()
    assert {record.name.normalized for record in found} == {"openssl"}
    assert all(record.url.startswith(upstream) for record in found)  # as its lock file has it
    assert any("repodata_shards.msgpack.zst HTTP/1.1 200" in line for line in heard)


def test_the_verb_asks_the_mirror_what_it_has(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    publish_channel(make_upstream(tmp_path / "up", 0, 5, index="json").folder, FolderPlace(tmp_path / "m", "m"), address="https://up.example/alpha")
    assert main(["channel", "client-config", "m", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["address"] == (tmp_path / "m").as_uri() and set(told["files"]) == set(CLIENTS)
    assert toml(told["files"]["pixi"]["content"])["workspace"]["platforms"] == ["linux-64", "linux-aarch64", "osx-arm64", "win-64"]  # type: ignore[index]
    assert "https://up.example/alpha" in told["files"]["rattler"]["content"]
    assert main(["channel", "client-config", "m", "--json", "--upstream", "https://up.example/beta", "--for", "rattler"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told["files"]) == ["rattler"] and "beta" in told["files"]["rattler"]["content"] and "alpha" not in told["files"]["rattler"]["content"]
    assert main(["channel", "client-config", "m", "--upstream", "conda-forge", "--for", "rattler"]) == 0
    assert list(toml(capsys.readouterr().out)["mirrors"]) == [str(rattler.Channel("conda-forge").base_url).rstrip("/")]


def test_a_mirror_that_does_not_answer_is_said_and_enough_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        assert main(["channel", "client-config", address]) == 0
    out, err = capsys.readouterr()
    assert f"channels:\n- {address}\n" in out and f"{address} did not tell its platforms" in err and "--upstream" in err
