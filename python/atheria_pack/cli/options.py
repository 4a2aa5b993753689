"""The options that `matrix` and `build-all` share, and what they mean."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from atheria_pack.bootstrap import BootstrapEvent
from atheria_pack.channel.base import BaseChannel, choose
from atheria_pack.errors import UsageError
from atheria_pack.machine import default_jobs
from atheria_pack.matrix import Request, check_request
from atheria_pack.platforms import PLATFORMS, native_platform
from atheria_pack.variants import check_names, load_variants, suggestion
from atheria_pack.workspace import Workspace, find_workspace


def add_selection(parser: argparse.ArgumentParser, platforms: str = "all") -> None:
    """`--accel --python --platform --channel --output --only --jobs --json`. `platforms`: those meant where none is named."""
    parser.add_argument("--accel", metavar="NAMES", type=some_names, help="accelerators to keep, comma separated (cpu,openblas)")
    parser.add_argument("--python", metavar="VERSIONS", type=some_names, help="Pythons to keep, comma separated (3.11,3.12)")
    parser.add_argument("--platform", metavar="NAMES", type=some_names,
                        help=f"platforms to keep, of {', '.join(PLATFORMS)}; default: {platforms}")
    parser.add_argument("--channel", metavar="CHANNEL", help="build against this channel: a name, an address, a folder, or "
                        "`bootstrap`; default: conda-forge, and bootstrap where that does not answer")
    parser.add_argument("--output", metavar="FOLDER", type=Path, help="where everything goes; default: output")
    parser.add_argument("--only", metavar="PATTERN", action="append", default=[],
                        help="cells to keep, as a glob (atheria-core=cpu_py3*), with what they need; may be repeated")
    parser.add_argument("--jobs", metavar="N", type=int, help="jobs at the same time; default: by cores and free memory")
    parser.add_argument("--json", action="store_true", help="print one JSON value to stdout, talk on stderr")


def workspace_of(arguments: argparse.Namespace) -> Workspace:
    """The project around the current folder, else around this file.

    An output folder with white space in its path is a UsageError: compilers get their flags from conda's activation as one
    text, which is split at every space, also those of the build's own folders.
    """
    output = callers_folder() / arguments.output if arguments.output else None
    try:
        found = find_workspace(Path.cwd(), output)
    except UsageError as outside:
        try:
            found = find_workspace(Path(__file__).resolve().parent, output)
        except UsageError:
            raise outside from None  # installed elsewhere than in a project
    if any(letter.isspace() for letter in str(found.output)):
        raise UsageError(f"the output folder {str(found.output)!r} has white space in its path, which compilers cannot take; "
                         "give another one with --output FOLDER")
    return found


def callers_folder() -> Path:
    """What relative names on the command line start from: where `./run` or `pixi run` was typed, else the current folder.

    Both move to the project first and leave the former folder in INIT_CWD, as npm does; it counts only inside such a task.
    """
    here = Path.cwd()
    typed = os.environ.get("INIT_CWD")
    if typed and os.environ.get("PIXI_PROJECT_ROOT") == str(here):
        return Path(typed)
    return here


def jobs_of(arguments: argparse.Namespace) -> int:
    """`--jobs`, else what the machine carries."""
    if arguments.jobs is None:
        return default_jobs()
    if arguments.jobs < 1:
        raise UsageError(f"--jobs {arguments.jobs}: needs 1 or more")
    return int(arguments.jobs)


def request_of(arguments: argparse.Namespace) -> Request:
    """The selection in the arguments, names not yet checked against variants.yaml."""
    return Request(
        names_in(arguments.accel),
        names_in(arguments.python),
        platforms_of(arguments) or PLATFORMS,
        native_platform(),
        tuple(arguments.only),
    )


def platforms_of(arguments: argparse.Namespace) -> tuple[str, ...]:
    """The platforms that `--platform` names, none where it was not given. A UsageError lists the legal ones."""
    platforms = names_in(arguments.platform)
    for name in platforms:
        if name not in PLATFORMS:
            raise UsageError(f"--platform {name}: not one of {', '.join(PLATFORMS)}{suggestion(name, PLATFORMS)}")
    return platforms


def some_names(text: str) -> str:
    """An option's value that holds a name at least: an empty variable of a script must not mean everything."""
    if not names_in(text):
        raise argparse.ArgumentTypeError(f"{text!r} names nothing; leave the option out to mean all")
    return text


def names_in(text: str | None) -> tuple[str, ...]:
    """The names in an option's value, each once; none where the option was not given."""
    return tuple(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))


def channel_of(
    arguments: argparse.Namespace, workspace: Workspace, request: Request, alone: AbstractContextManager[object]
) -> BaseChannel:
    """Check the names, then choose the channel. A typing error must not cost a bootstrap: before the first one all is checked that
    can be without it.

    Only Pythons that were asked for have to be on this machine; cells of the others are skipped where they are not. `alone`
    is entered to bootstrap a channel: the workspace's lock, where the caller does not hold it already.
    """
    check_names({name: load_variants(workspace.variants, name) for name in request.platforms}, request.accels, request.pythons)
    say = print_event if sys.stderr.isatty() or not arguments.json else _silent
    asked = arguments.channel
    if asked and (callers_folder() / asked).is_dir():
        asked = str(callers_folder() / asked)
    first = _checked_first(workspace, request, alone)
    return choose(asked, workspace.root, workspace.output, jobs_of(arguments), request.pythons, say, first, request.platforms)


@contextmanager
def _checked_first(workspace: Workspace, request: Request, alone: AbstractContextManager[object]) -> Iterator[None]:
    if not (workspace.output / "bootstrap" / "channel").is_dir():
        check_request(workspace, request)
    with alone:
        yield


def print_event(event: BootstrapEvent) -> None:
    """A line per finished package of the bootstrap channel; those taken from the cache are not worth one."""
    if event.kind == "note" or event.kind == "fetch":
        print(f"bootstrap: {event.message}", file=sys.stderr, flush=True)
    elif event.kind == "built":
        print(f"bootstrap: [{event.done}/{event.total}] {event.package}", file=sys.stderr, flush=True)


def _silent(_event: BootstrapEvent) -> None:
    return None
