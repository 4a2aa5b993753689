"""The published channel holds exactly what it should, under an index that names it."""

import json
import threading
from pathlib import Path

import rattler_build
from atheria_pack.channel.publish import link_or_copy, publish, published_files, replace_folder
from atheria_pack.digest import sha256_of
from atheria_pack.record import BuiltPackage


def package(store: Path, tmp_path: Path, name: str) -> BuiltPackage:
    recipe = rattler_build.Stage0Recipe.from_yaml(
        f"package: {{name: {name}, version: '1'}}\nbuild: {{noarch: generic}}\n", recipe_dir=tmp_path / f"recipe-{name}"
    )
    (variant,) = recipe.render()
    made = variant.run_build(output_dir=tmp_path / f"out-{name}", channels=[]).packages[0]
    target = store / "noarch" / made.name
    link_or_copy(Path(made), target)
    return BuiltPackage(f"noarch/{name}", "noarch", made.name, sha256_of(target), target.stat().st_size, 0)


def indexed(channel: Path) -> set[str]:
    return set(json.loads((channel / "noarch" / "repodata.json").read_text())["packages.conda"])


def test_publishing_replaces_the_whole_channel(tmp_path: Path) -> None:
    store, channel = tmp_path / "store", tmp_path / "channel"
    first, second = (package(store, tmp_path, name) for name in ("one", "two"))
    publish([first], store, channel, ["linux-64"])
    assert indexed(channel) == {first.file_name}
    assert (channel / "linux-64" / "repodata.json").exists()
    for left_by_a_killed_run in (".channel.old", ".channel.new"):
        (tmp_path / left_by_a_killed_run / "noarch").mkdir(parents=True)
        (tmp_path / left_by_a_killed_run / "noarch" / "stray.conda").write_text("x")
    publish([second], store, channel, ["linux-64"])
    assert indexed(channel) == {second.file_name}
    assert published_files(channel) == {f"noarch/{second.file_name}": second.sha256}
    assert sorted(path.name for path in tmp_path.iterdir() if "channel" in path.name) == ["channel"]


def test_a_reader_finds_a_folder_at_every_moment(tmp_path: Path) -> None:
    target, fresh = tmp_path / "channel", tmp_path / "fresh"
    target.mkdir()
    misses = 0
    done = threading.Event()

    def read() -> None:
        nonlocal misses
        while not done.is_set():
            misses += not target.exists()

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(1000):
        fresh.mkdir()
        (fresh / str(turn)).touch()
        replace_folder(fresh, target)
    done.set()
    reader.join()
    assert [path.name for path in target.iterdir()] == ["999"] and not fresh.exists()
    assert misses == 0


def test_what_index_and_folder_do_not_agree_on_has_no_digest(tmp_path: Path) -> None:
    one = package(tmp_path / "store", tmp_path, "one")
    publish([one], tmp_path / "store", tmp_path / "channel", [])
    assert published_files(tmp_path / "channel") == {f"noarch/{one.file_name}": one.sha256}
    place = tmp_path / "channel" / "noarch" / one.file_name
    content = place.read_bytes()
    place.unlink()
    place.write_bytes(content[:-1])
    assert published_files(tmp_path / "channel") == {f"noarch/{one.file_name}": ""}
    place.write_bytes(content)
    (tmp_path / "channel" / "noarch" / "stray.conda").touch()
    (tmp_path / "channel" / "noarch" / one.file_name).unlink()
    assert published_files(tmp_path / "channel") == {"noarch/stray.conda": "", f"noarch/{one.file_name}": ""}
