"""`channel mirror`: makes or updates a mirror, and reports what that took."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import rattler

from atheria_pack.channel.base import address as address_of_name
from atheria_pack.cli.channel.progress import binary, watcher
from atheria_pack.cli.options import callers_folder, names_in, some_names
from atheria_pack.errors import UsageError
from atheria_pack.mirror import history
from atheria_pack.mirror.airgap.signature import sign
from atheria_pack.mirror.attestation import JUDGING, MODES, Policy
from atheria_pack.mirror.mirror import Options, Report, Talk, mirror
from atheria_pack.mirror.places import open_place
from atheria_pack.mirror.places.place import Place
from atheria_pack.mirror.plan import Count, Summary
from atheria_pack.mirror.sources.http import HIDDEN
from atheria_pack.mirror.wanted.profiles import PROFILES
from atheria_pack.mirror.wanted.request import Request
from atheria_pack.platforms import PLATFORMS, native_platform
from atheria_pack.variants import suggestion

HELP = "bring a mirror up to date with channels: solve, fetch, verify, publish all at once"

_ASKED = ("spec", "platform", "profile", "python", "lock")  # options that say what the mirror shall hold
_MOST_JOBS = 64
_SHOWN = 5  # refusals that are told; --json has all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("places", metavar="SRC... DST", nargs="+", help="channels (a folder, file://, https://, s3://, or a name such as "
                        "conda-forge), the first of which has a package's name owns it, then the mirror: a folder or s3://BUCKET/PREFIX. "
                        "DST alone: as the last time")
    parser.add_argument("--spec", metavar="SPEC", action="append", default=[], help="an environment to serve, as 'atheria-core=*=cuda*' or "
                        "'python 3.12.* & numpy'; may be repeated; default, without --lock too: every package of the platforms")
    parser.add_argument("--platform", metavar="NAMES", action="append", type=some_names, default=[],
                        help="such as linux-64,osx-arm64; default: this machine's")
    parser.add_argument("--profile", metavar="NAMES", action="append", type=some_names, default=[],
                        help=f"kinds of machines to solve for, of {', '.join(PROFILES)}; default: all")
    parser.add_argument("--python", metavar="VERSIONS", action="append", type=some_names, default=[],
                        help="solve what has a Python with each of these (3.11,3.12); default: the newest that fits")
    parser.add_argument("--lock", metavar="FILE", action="append", type=Path, default=[], help="a pixi.lock or conda-lock.yml to serve as it is")
    parser.add_argument("--jobs", metavar="N", type=int, default=8, help="downloads at the same time; default: 8")
    parser.add_argument("--reverify", action="store_true", help="read every byte that is in the mirror, rather than trust what nothing touched since")
    parser.add_argument("--copy", action="store_true", help="copy packages of local channels; default: hard links where the disk is the same")
    parser.add_argument("--sign", metavar="KEY", type=Path, help="sign the generation's manifest with this key of OpenSSH")
    parser.add_argument("--attestations", choices=MODES, default="carry", help="sigstore attestations of packages: carry them (default), ignore "
                        "them, warn where none holds, or require one that holds for every package")
    parser.add_argument("--trusted-root", metavar="FILE", type=Path, help="sigstore's trusted_root.json; default: that of the public sigstore, "
                        "as py-rattler brings it. No network is asked")
    parser.add_argument("--signer", metavar="PATTERN", help="whom a certificate has to name (https://github.com/OWNER/*); default: anybody")
    parser.add_argument("--issuer", metavar="URL", help="who has to vouch for the signer's name; default: anybody")
    parser.add_argument("--dry-run", action="store_true", help="tell sizes and licences of what would be done, and write nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON value to stdout, talk on stderr")


def run(arguments: argparse.Namespace) -> int:
    *names, target = arguments.places
    if not 1 <= arguments.jobs <= _MOST_JOBS:
        raise UsageError(f"--jobs {arguments.jobs}: expected 1 to {_MOST_JOBS}")
    place = open_place(target if "://" in target else str(callers_folder() / target))
    sources, request, recorded = _asked(arguments, names, place)
    options = Options(
        jobs=arguments.jobs, link=not arguments.copy, reread=arguments.reverify, dry_run=arguments.dry_run, attestations=_policy(arguments, recorded),
        sign=_signer(arguments.sign),
    )  # fmt: skip
    report = mirror(sources, place, request, options, Talk(_say, partial(watcher, stream=sys.stderr)))
    if arguments.json:
        json.dump(report.to_json(), sys.stdout, indent=1)
        print()
    else:
        _print(report, target)
    return 0


def _asked(arguments: argparse.Namespace, names: list[str], place: Place) -> tuple[list[str], Request, Mapping[str, Any]]:
    """The sources and the request, as the command line says or as the mirror has it recorded; and what it has recorded, where that is to be done
    again."""
    if names:
        return [_address(name) for name in names], _request(arguments), {}
    given = [f"--{name}" for name in _ASKED if getattr(arguments, name)]
    if given:
        raise UsageError(f"{' and '.join(given)} without a source: name the channels before {place.address}, or leave it out to do as the last time")
    if place.current() is None:
        raise UsageError(f"{place.address} is no mirror yet, so there is no last time; name the channels to mirror before it")
    manifest = history.shown(place)
    asked: Mapping[str, Any] = manifest.request
    if not manifest.sources:
        raise UsageError(f"{place.address} came from no channel (a bundle's?), so it cannot be done again; name the channels to mirror before it")
    if asked.get("locks"):
        told = ", ".join(lock["name"] for lock in asked["locks"])
        raise UsageError(f"{place.address} was made from lock files ({told}), which it does not keep; name channels and --lock again")
    hidden = next((source["address"] for source in manifest.sources if HIDDEN in source["address"]), None)
    if hidden:
        raise UsageError(f"{place.address} was made from {hidden}, whose token it does not keep; name the channels again, the token in the address")
    _say(f"as the last time: {_in_words(asked)}")
    request = Request(*(tuple(asked.get(name, ())) for name in ("specs", "platforms", "profiles", "pythons")))
    return [source["address"] for source in manifest.sources], request, asked


def _request(arguments: argparse.Namespace) -> Request:
    platforms = _together(arguments.platform)
    for name in platforms:
        try:
            rattler.Subdir(name)
        except Exception as error:  # of a class that rattler does not export
            raise UsageError(f"--platform {name}: no platform{suggestion(name, PLATFORMS) or '; expected one such as linux-64'}") from error
    profiles = _together(arguments.profile)
    for name in profiles:
        if name not in PROFILES:
            raise UsageError(f"--profile {name}: not one of {', '.join(PROFILES)}{suggestion(name, PROFILES)}")
    locks = tuple(callers_folder() / path for path in arguments.lock)
    return Request(tuple(arguments.spec), platforms or (native_platform(),), profiles, _together(arguments.python), locks)


def _together(values: list[str]) -> tuple[str, ...]:
    """The names of an option that may be repeated, and hold several each time."""
    return tuple(dict.fromkeys(name for value in values for name in names_in(value)))


def _address(name: str) -> str:
    """A source as `open_source` takes it: an address as it is, a folder of the caller's, or a channel's name."""
    if "://" in name:
        return name
    folder = callers_folder() / name
    return str(folder) if "/" in name or name in (".", "..") or folder.exists() else address_of_name(name)


def _policy(arguments: argparse.Namespace, recorded: Mapping[str, Any]) -> Policy:
    """As the command line says, and where it says nothing as the last time: who had to sign then has to now."""
    mode = arguments.attestations if arguments.attestations != "carry" else recorded.get("attestations", "carry")
    before = recorded if mode in JUDGING else {}
    root = callers_folder() / arguments.trusted_root if arguments.trusted_root else None
    if root is None and "trusted_root" in before:
        raise UsageError(f"the last time had a --trusted-root (sha256 {before['trusted_root']}), which a mirror does not keep; give it again")
    policy = Policy(mode, root, arguments.signer or before.get("signer"), arguments.issuer or before.get("issuer"))
    for option, value in (("--trusted-root", policy.trusted_root), ("--signer", policy.identity), ("--issuer", policy.issuer)):
        if value is not None and not policy.judges:
            raise UsageError(f"{option} without --attestations warn or require: nothing would be checked against it")
    if policy.issuer and not policy.issuer.startswith(("https://", "http://")):
        raise UsageError(f"--issuer {policy.issuer}: expected a URL such as https://token.actions.githubusercontent.com")
    return policy


def _signer(key: Path | None) -> Any:
    if key is None:
        return None
    path = callers_folder() / key
    sign(b"", path)  # a key that cannot sign is told before anything is downloaded
    return partial(sign, key=path)


def _in_words(asked: Mapping[str, Any]) -> str:
    what = " and ".join(asked.get("specs", ())) or "every package"
    more = "".join(f", {name} {'/'.join(asked[name])}" for name in ("profiles", "pythons") if asked.get(name))
    return f"{what} for {', '.join(asked.get('platforms', ()))}{more}"


def _print(report: Report, target: str) -> None:
    if report.summary is not None:
        _print_plan(report.summary)
    for spec, platform in report.unmet:
        print(f"{spec}: no environment on any machine of {platform}", file=sys.stderr)
    for refusal in report.refusals[:_SHOWN]:
        print(f"left out: {refusal}", file=sys.stderr)
    if len(report.refusals) > _SHOWN:
        print(f"left out: {len(report.refusals) - _SHOWN} more, which --json tells", file=sys.stderr)
    for line in (*report.notes, *report.doubts):
        print(line, file=sys.stderr)
    if report.attested is not None:
        print(f"attested: {report.attested} of {report.packages} packages")
    all_of_it = f"{report.packages} packages, {binary(report.size)}"
    signed = ", signed" if report.signed else ""
    if report.dry_run:
        print(f"nothing was written; {target} would show {all_of_it}")
    elif report.published:
        fetched = report.fetched
        how = f"{_files(fetched.files)} fetched" + (f" ({fetched.linked} by hard link)" if fetched.linked else "")
        print(f"{target} shows generation {report.generation}: {all_of_it}; {how}{signed}, {report.seconds:.1f} s")
    else:
        count = report.fetched.files + report.mended
        mended = f", {_files(count)} mended" if count else ""
        print(f"{target} is up to date at generation {report.generation}: {all_of_it}{mended}{signed}; {report.seconds:.1f} s")


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"


def _print_plan(summary: Summary) -> None:
    def told(count: Count) -> str:
        return f"{count.files} ({binary(count.size)})"

    states = [("new", summary.new), ("there", summary.there), ("to be read first", summary.unverified), ("damaged", summary.damaged)]
    print(f"packages: {told(summary.chosen)}; " + ", ".join(f"{name} {told(count)}" for name, count in states if count.files))
    for heading, group in (("subdirs", summary.subdirs), ("accelerators", summary.accelerators), ("licences", summary.licences)):
        if group:
            print(f"{heading}: " + ", ".join(f"{name} {told(count)}" for name, count in sorted(group.items())))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
