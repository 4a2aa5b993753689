"""What sources say of packages is kept where the package comes from them, and noted, so that a change of it is seen."""

import json
from pathlib import Path

import pytest
from atheria_pack.mirror.layout import CHANNELDATA
from atheria_pack.mirror.sources.described import Described
from atheria_pack.mirror.sources.snapshot import snapshot
from atheria_pack.mirror.sources.source import SourceError
from upstream import Upstream, make_upstream


@pytest.fixture
def both(tmp_path: Path) -> tuple[Upstream, Upstream]:
    """The first has openssl only, and says more than it has."""
    first, second = (make_upstream(tmp_path / name, 0, 5, index="json") for name in ("first", "second"))
    first.remove(*(path for path in list(first.packages) if "openssl" not in path))
    for upstream in (first, second):
        value = json.loads((upstream.folder / CHANNELDATA).read_text())
        for name in ("openssl", "python", "gone"):
            value["packages"][name] = {"summary": f"{name} of {upstream.folder.name}", "home": "https://example.org", "size": 1.5}
        (upstream.folder / CHANNELDATA).write_text(json.dumps(value))
    return first, second


def test_the_owner_of_a_name_describes_it(both: tuple[Upstream, Upstream], tmp_path: Path) -> None:
    with snapshot([str(upstream.folder) for upstream in both], ["linux-64"], tmp_path) as found, Described() as said:
        said.read(found, found.table)
        assert said("openssl") == {"summary": "openssl of first", "home": "https://example.org", "size": 1.5}
        assert (said("python") or {})["summary"] == "python of second"
        assert said("gone") is None and said("nothing") is None
        assert all(len(one["indexes"][CHANNELDATA]) == 64 for one in found.manifest_sources())


def test_a_source_without_is_no_error_and_a_broken_one_is(both: tuple[Upstream, Upstream], tmp_path: Path) -> None:
    addresses = [str(upstream.folder) for upstream in both]
    (both[0].folder / CHANNELDATA).unlink()
    with snapshot(addresses, ["linux-64"], tmp_path) as found, Described() as said:
        said.read(found, found.table)
        assert said("openssl") is None and said("python")
        assert CHANNELDATA not in found.manifest_sources()[0]["indexes"]
    (both[1].folder / CHANNELDATA).write_text('{"packages": {"openssl"')
    broken = pytest.raises(SourceError, match=f"second/{CHANNELDATA} is broken")
    with snapshot(addresses, ["linux-64"], tmp_path) as found, Described() as said, broken:
        said.read(found, found.table)
