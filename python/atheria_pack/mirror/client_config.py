"""What conda, mamba, pixi and rattler have to be told to take packages from a mirror and from nowhere else, as files that can be used as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import yaml

from atheria_pack.errors import UsageError
from atheria_pack.platforms import PLATFORMS

CLIENTS = ("conda", "mamba", "pixi", "rattler")
_SCHEMES = ("http", "https", "file")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Served:
    """A mirror as its clients see it.

    - `address`: what they type; `platforms`: the subdirs that it has packages for, `noarch` apart.
    - `upstream`: the channels that it stands in for.
    """

    address: str
    platforms: Sequence[str] = PLATFORMS
    upstream: Sequence[str] = ()


def checked_address(address: str) -> str:
    """An address that clients can read, without a slash at its end; UsageError for any other."""
    parts = urlsplit(address)
    if parts.scheme == "s3":
        raise UsageError(f"{address}: conda and mamba read a bucket by its https:// address; give that one")
    if parts.scheme not in _SCHEMES or not (parts.netloc or parts.scheme == "file") or parts.query or parts.fragment or not _plain(address):
        raise UsageError(f"{address!r} is no address that clients can read; expected http://, https:// or file:// without ? and #, or a folder")
    return address.rstrip("/")


def file_for(client: str, served: Served) -> tuple[str, str]:
    """Where a client looks for its configuration, in words, and what has to stand in it."""
    if client in ("conda", "mamba"):
        return "~/.condarc, or the file that CONDARC names", condarc(served)
    if client == "pixi":
        return "pixi.toml of a project", pixi_toml(served)
    if client == "rattler":
        return "~/.pixi/config.toml for pixi; config.toml of programs made with rattler", config_toml(served)
    raise UsageError(f"{client!r} is no client that is known here; there are {', '.join(CLIENTS)}")


def condarc(served: Served) -> str:
    """A .condarc for conda and mamba.

    No name of a channel leads away from the mirror: `defaults` and the names of its upstream channels mean the mirror itself (so that
    environment files go on working), every other name is looked for beside the mirror, where it is missing at once and by name.
    """
    settings: dict[str, object] = {
        "channels": [served.address],
        "default_channels": [served.address],
        "channel_alias": served.address.rpartition("/")[0] if urlsplit(served.address).path.strip("/") else served.address,
        "channel_priority": "strict",
    }
    names = sorted({name for name in map(_name, served.upstream) if name})
    if names:
        settings["custom_multichannels"] = {name: [served.address] for name in names}
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=10_000, indent=2)


def pixi_toml(served: Served) -> str:
    """The head of a pixi.toml; what follows it is [dependencies]."""
    platforms = ", ".join(map(_toml, served.platforms))
    return f'[workspace]\nchannels = [{_toml(served.address)}]\nplatforms = [{platforms}]\nchannel-priority = "strict"\n'


def config_toml(served: Served) -> str:
    """A config.toml for pixi and for programs made with rattler: the mirror is the default, and stands in for its upstream channels.

    So projects and lock files that name the upstream channels need no change.
    """
    lines = [f"default-channels = [{_toml(served.address)}]"]
    mapped = sorted({address.rstrip("/") for address in served.upstream if urlsplit(address).scheme in ("http", "https")})
    if mapped:
        lines += ["", "[mirrors]", *(f"{_toml(address)} = [{_toml(served.address)}]" for address in mapped)]
    return "\n".join(lines) + "\n"


def everything(served: Served) -> str:
    """All of it as one text to choose from, each part under a comment that says where it goes."""
    parts = []
    for clients in (("conda", "mamba"), ("pixi",), ("rattler",)):
        where, content = file_for(clients[0], served)
        parts.append(f"# {' and '.join(clients)}: {where}\n{content}")
    return "\n".join(parts)


def _plain(address: str) -> bool:
    return address.isprintable() and not any(map(str.isspace, address))


def _name(address: str) -> str | None:
    """What conda users call an upstream channel: the end of its path, where that can be a name."""
    parts = urlsplit(address)
    end = parts.path.rstrip("/").rpartition("/")[2]
    return end if parts.scheme in ("http", "https") and _NAME.fullmatch(end) and end != "defaults" else None


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
