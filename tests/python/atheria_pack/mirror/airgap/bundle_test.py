"""A bundle is read as it was written, and as nothing else."""

import hashlib
import io
import subprocess
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from atheria_pack.errors import BusyError, PackError
from atheria_pack.mirror.airgap import bundle
from atheria_pack.mirror.airgap.bundle import OpenBundle, Silent, header_of, write_bundle
from atheria_pack.mirror.airgap.listing import BundleError, Head, Listing, Member, order, write_listing
from hypothesis import given, settings
from hypothesis import strategies as st

PUBLISHED = 1_700_000_000
LONG = f"linux-64/{'a' * 180}-1.0-{'b' * 60}.conda"  # longer than the 100 bytes of a plain header
FILES = {
    "manifest.json": b'{"generation": 2}\n',
    "SHA256SUMS": b"0" * 700,
    "index.html": b"<p>",
    "linux-64/repodata.json": b"{}" * 512,
    f"linux-64/shards/{'ab' * 32}.msgpack.zst": b"shard",
    "linux-64/a-1.0-0.conda": b"package" * 1000,
    "linux-64/empty-1.0-0.conda": b"",
    LONG: b"long",
    "noarch/b-1!2.0-0.tar.bz2": b"\0" * 512,
}


def members_of(files: dict[str, bytes]) -> list[Member]:
    found = [Member(path, len(content), hashlib.sha256(content).hexdigest()) for path, content in files.items()]
    return sorted(found, key=lambda member: order(member.path, "test"))


def listing_of(folder: Path, files: dict[str, bytes]) -> Listing:
    folder.mkdir(parents=True, exist_ok=True)
    head = Head(2, PUBLISHED, "ab" * 32, hashlib.sha256(files["manifest.json"]).hexdigest(), {1: "ab" * 32})
    return write_listing(folder / "bundle.json", head, members_of(files))


def write(folder: Path, name: str = "bundle.tar", signature: bytes | None = b"signature", files: dict[str, bytes] = FILES) -> Path:
    listing = listing_of(folder / f"listing of {name}", files)
    write_bundle(folder / name, listing, signature, lambda member: io.BytesIO(files[member.path]))
    return folder / name


def read(content: bytes, folder: Path) -> dict[str, bytes]:
    """Everything that a reader takes out of a bundle."""
    folder.mkdir(parents=True)
    opened = OpenBundle(io.BytesIO(content), "b.tar", folder)
    opened.listing()
    taken = [member.path for member in opened.members(lambda member: folder / "in" / member.path)]
    return {path: (folder / "in" / path).read_bytes() for path in taken}


@pytest.fixture(scope="module")
def good_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("good"))


@pytest.fixture(scope="module")
def good(good_path: Path) -> bytes:
    return good_path.read_bytes()


def refuse(content: bytes, folder: Path) -> str:
    with pytest.raises(PackError) as caught:
        read(content, folder / "read")
    assert "b.tar" in str(caught.value)
    assert [path.name for path in folder.iterdir()] == ["read"], "written outside of the folder it was given"
    return str(caught.value)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert read(path.read_bytes(), tmp_path / "read") == FILES
    assert list(tmp_path.glob(".*")) == []


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    assert write(tmp_path, "one.tar").read_bytes() == write(tmp_path, "two.tar").read_bytes()


def test_other_tars_read_it(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "out").mkdir()
    done = subprocess.run(["tar", "-xf", path, "-C", tmp_path / "out"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert {name: (tmp_path / "out" / name).read_bytes() for name in FILES} == FILES
    with tarfile.open(path) as archive:
        assert {(info.mtime, info.uid, info.gid, info.uname, info.mode) for info in archive} == {(PUBLISHED, 0, 0, "", 0o644)}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_other_byte_is_refused(good_path: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """But for the signature's own, which are its checker's to judge."""
    good = good_path.read_bytes()
    start = good.index(b"signature\0")
    at = data.draw(st.one_of(st.integers(0, len(good) - 1), st.integers(0, 6000)).filter(lambda at: not start <= at < start + len(b"signature")))
    changed = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    refuse(changed, tmp_path_factory.mktemp("changed"))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_shorter_or_longer_one_is_refused(good_path: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    good = good_path.read_bytes()
    folder = tmp_path_factory.mktemp("cut")
    refuse(good[: data.draw(st.integers(0, len(good) - 1))], folder / "short")
    refuse(good + data.draw(st.binary(min_size=1, max_size=2000)), folder / "long")


def pieces_of(content: bytes) -> list[tuple[str, bytes]]:
    """The members of a tar with all their bytes, and the end."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        infos = list(archive)
    starts = [info.offset for info in infos] + [len(content) - 1024]
    return [(info.name, content[start:end]) for info, start, end in zip(infos, starts[:-1], starts[1:], strict=True)]


def joined(pieces: Iterable[tuple[str, bytes]]) -> bytes:
    return b"".join(piece for _, piece in pieces) + bytes(1024)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_members_dropped_doubled_or_reordered_are_refused(good_path: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    good = good_path.read_bytes()
    pieces = pieces_of(good)
    assert joined(pieces) == good
    where = st.integers(0, len(pieces) - 1)
    one, other = data.draw(where), data.draw(where)
    match data.draw(st.sampled_from(("drop", "double", "move"))):
        case "drop" if pieces[one][0] != "bundle.json.sig":  # without it the bundle is an unsigned one
            changed = pieces[:one] + pieces[one + 1 :]
        case "double":
            changed = pieces[:other] + [pieces[one]] + pieces[other:]
        case "move" if one != other and {pieces[one][0], pieces[other][0]} != {"bundle.json.sig"}:
            changed = pieces[:one] + pieces[one + 1 :]
            changed.insert(other, pieces[one])
        case _:
            return
    refuse(joined(changed), tmp_path_factory.mktemp("changed"))


def entry(name: str, content: bytes = b"", **fields: object) -> bytes:
    """A member as somebody else's tar would have it."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    info.mtime = PUBLISHED
    for field, value in fields.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.PAX_FORMAT) + content + bytes(-len(content) % 512)


@pytest.mark.parametrize(
    ("strange", "told"),
    [
        (entry("/etc/passwd", b"x"), "'/etc/passwd' is no name of a file in a channel, and nothing was written under it; expected linux-64/a-1.0-0"),
        (entry("../outside.conda", b"x"), "'../outside.conda' is no name"),
        (entry("linux-64/../../outside.conda", b"x"), "'linux-64/../../outside.conda' is no name"),
        (entry("linux-64/a-1.0-0.conda", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "a symbolic link to '/etc/passwd', where a bundle has plain"),
        (entry("linux-64/a-1.0-0.conda", type=tarfile.LNKTYPE, linkname="index.html"), "a hard link to 'index.html'"),
        (entry("linux-64/a-1.0-0.conda", type=tarfile.CHRTYPE), "'linux-64/a-1.0-0.conda', a device"),
        (entry("linux-64/a-1.0-0.conda", type=tarfile.FIFOTYPE), "a pipe"),
        (entry("linux-64", type=tarfile.DIRTYPE), "'linux-64', a folder"),
        (entry("linux-64/z-1.0-0.conda", b"x"), "'linux-64/z-1.0-0.conda' is not listed in bundle.json; expected linux-64/a-1.0-0.conda"),
        (entry("linux-64/" + "z" * 200 + "-1.0-0.conda", b"x"), "zzz-1.0-0.conda' is not listed in bundle.json"),
        (entry("index.html", b"<p>"), "'index.html' comes a second time, or too late; expected linux-64/a-1.0-0.conda"),
        (entry("linux-64/empty-1.0-0.conda"), "'linux-64/empty-1.0-0.conda' comes too early, or something before it is missing"),
        (entry("bundle.json", b"x"), "'bundle.json' comes a second time"),
        (entry("linux-64/a-1.0-0.conda", b"x"), "linux-64/a-1.0-0.conda of 1 bytes, expected 7000"),
        (entry("linux-64/a-1.0-0.conda", b"package" * 1000, mode=0o777), "the header of linux-64/a-1.0-0.conda was changed"),
        (entry("linux-64/a-1.0-0.conda", b"packagE" * 1000), "linux-64/a-1.0-0.conda has sha256 .*, expected .*; it was changed"),
        (b"\1" * 512, "the header of linux-64/a-1.0-0.conda is damaged"),
        (bytes(1024), "linux-64/a-1.0-0.conda is missing, and what follows it; expected 9 files"),
    ],
)  # fmt: skip
def test_each_refusal_names_what_is_wrong(good: bytes, tmp_path: Path, strange: bytes, told: str) -> None:
    """Something else where linux-64/a-1.0-0.conda has to be."""
    pieces = [(name, strange if name == "linux-64/a-1.0-0.conda" else piece) for name, piece in pieces_of(good)]
    with pytest.raises(BundleError, match=told):
        read(joined(pieces), tmp_path / "read")
    assert {path.name for path in tmp_path.iterdir()} == {"read"}


def test_what_is_no_bundle_at_all(tmp_path: Path) -> None:
    other = io.BytesIO()
    with tarfile.open(fileobj=other, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("hello"))
    assert "begins with 'hello', a plain file, expected bundle.json" in refuse(other.getvalue(), tmp_path / "tar")
    assert "begins with something that is no tar" in refuse(b"PK\3\4" + bytes(1000), tmp_path / "zip")
    assert "begins with something that is no tar" in refuse(b"", tmp_path / "empty")
    assert "expected at most" in refuse(entry("bundle.json", size=1 << 32), tmp_path / "large")


@pytest.mark.parametrize("name", ["bundle.json", "bundle.json.sig"])
def test_what_is_read_before_the_listing_is_compared_after(good: bytes, tmp_path: Path, name: str) -> None:
    """A header that says the same to tar is not the one that was written."""
    strange = {"bundle.json": {"mode": 0o600}, "bundle.json.sig": {"mtime": PUBLISHED + 1}}[name]
    with tarfile.open(fileobj=io.BytesIO(good)) as archive:
        content = archive.extractfile(name).read()  # type: ignore[union-attr]
    pieces = [(found, entry(name, content, **strange) if found == name else piece) for found, piece in pieces_of(good)]
    assert f"the header of {name} was changed" in refuse(joined(pieces), tmp_path)


def test_something_hidden_is_found(good: bytes, tmp_path: Path) -> None:
    """Bytes that tar does not show: in the filling behind a member, after the end."""
    at = good.index(b"<p>") + 3
    assert "something hides behind index.html" in refuse(good[:at] + b"x" + good[at + 1 :], tmp_path / "filling")
    assert "'more', a plain file after the 9 files" in refuse(good[:-1024] + entry("more", b"x") + bytes(1024), tmp_path / "more")
    assert "goes on after its end" in refuse(good + b"more", tmp_path / "after")
    assert "without the mark of the end" in refuse(good[:-1], tmp_path / "short")


@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda content: content + b"x", lambda content: b"X" + content[1:]])
def test_a_damaged_file_is_not_exported(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    listing = listing_of(tmp_path, FILES)
    broken = {**FILES, "linux-64/a-1.0-0.conda": damage(FILES["linux-64/a-1.0-0.conda"])}
    (tmp_path / "bundle.tar").write_bytes(b"an earlier one")
    with pytest.raises(BundleError, match="linux-64/a-1.0-0.conda: has not the 7000 bytes of sha256 .*`channel verify`"):
        write_bundle(tmp_path / "bundle.tar", listing, None, lambda member: io.BytesIO(broken[member.path]))
    assert (tmp_path / "bundle.tar").read_bytes() == b"an earlier one"
    assert {path.name for path in tmp_path.iterdir()} == {"bundle.json", "bundle.tar"}


def test_one_export_at_a_time(tmp_path: Path) -> None:
    """The second finds the first at work; what a killed one left is no obstacle."""
    listing = listing_of(tmp_path, FILES)
    refused = []

    def again(member: Member) -> io.BytesIO:
        with pytest.raises(BusyError, match="bundle.tar is being written by another export"):
            write_bundle(tmp_path / "bundle.tar", listing, None, lambda member: io.BytesIO(FILES[member.path]))
        refused.append(member)
        return io.BytesIO(FILES[member.path])

    (tmp_path / ".bundle.tar.unfinished").write_bytes(b"left" * 100_000)
    write_bundle(tmp_path / "bundle.tar", listing, None, again)
    assert len(refused) == len(FILES)
    assert read((tmp_path / "bundle.tar").read_bytes(), tmp_path / "read") == FILES


class Counted(Silent):
    """Notes what it is told."""

    def __init__(self, files: int, size: int) -> None:
        self.files, self.size, self.moves, self.paths = files, size, 0, []

    def moved(self, size: int) -> None:
        self.moves += size

    def arrived(self, item: Member) -> None:
        self.paths.append(item.path)


def test_progress_is_told_on_both_sides(tmp_path: Path) -> None:
    watches: list[Counted] = []

    def progress(files: int, size: int) -> Counted:
        watches.append(Counted(files, size))
        return watches[-1]

    write_bundle(tmp_path / "b.tar", listing_of(tmp_path, FILES), None, lambda member: io.BytesIO(FILES[member.path]), progress)
    (tmp_path / "read").mkdir()
    with open(tmp_path / "b.tar", "rb") as stream:
        assert len(list(OpenBundle(stream, "b.tar", tmp_path / "read").members(lambda member: None, progress))) == len(FILES)
    for watch in watches:
        assert (watch.files, watch.size, watch.moves) == (len(FILES), sum(map(len, FILES.values())), watch.size)
        assert watch.paths == [member.path for member in members_of(FILES)]
    assert len(watches) == 2


def test_a_header_of_any_size_is_read_back(tmp_path: Path) -> None:
    """Files above 8 GiB do not fit the plain header."""
    header = header_of(Member("linux-64/large-1.0-0.conda", 1 << 34, "0" * 64), PUBLISHED)
    with tarfile.open(fileobj=io.BytesIO(header)) as archive:
        info = archive.next()
    assert info is not None and info.size == 1 << 34


def test_memory_does_not_grow_with_a_member(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No read asks for more than a piece."""
    monkeypatch.setattr(bundle, "_CHUNK", 1000)

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None and 0 <= size <= 2048, f"asked for {size} bytes at once"
            return super().read(size)

    path = write(tmp_path)
    (tmp_path / "read").mkdir()
    opened = OpenBundle(Watched(path.read_bytes()), "b.tar", tmp_path / "read")
    assert len(list(opened.members(lambda member: None))) == len(FILES)
