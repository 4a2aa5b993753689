"""For all tests: a known start, whatever started pytest, and which of them may run at the same time."""

import signal
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SLOW = TESTS / "slow"
# Tests below these share what they make: one process runs them all. Of the rest, those of a file do.
SHARING = (SLOW / "atheria_pack" / "bootstrap",)


def pytest_configure() -> None:
    """What starts pytest may ignore Ctrl-C (a background job of a shell without job control) or the end of its terminal (nohup), and
    every process that the tests interrupt would inherit that."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups for `--dist loadgroup`. Slow ones come first, as a long one that starts last would keep one core alone at the end."""
    items.sort(key=lambda item: not item.path.is_relative_to(SLOW))
    for item in items:
        shared = next((folder for folder in SHARING if item.path.is_relative_to(folder)), item.path)
        item.add_marker(pytest.mark.xdist_group(str(shared.relative_to(TESTS))))
