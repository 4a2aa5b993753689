"""For all tests: a known start, whatever started pytest."""

import signal


def pytest_configure() -> None:
    """Background jobs of a shell without job control inherit an ignored Ctrl-C, and so would every process the tests interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
