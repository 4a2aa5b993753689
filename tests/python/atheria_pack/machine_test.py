"""How many jobs a machine carries, on Linux by the kernel's word, elsewhere by what the system tells every program."""

import os
from pathlib import Path

import pytest
from atheria_pack import machine
from atheria_pack.errors import PackError
from atheria_pack.machine import available_memory, cores, default_jobs


def test_linux(tmp_path: Path) -> None:
    told = tmp_path / "meminfo"
    told.write_text("MemTotal:  100 kB\nMemAvailable:   42 kB\n")
    assert available_memory(told) == 42 << 10
    told.write_text("MemTotal:  100 kB\n")
    with pytest.raises(PackError, match="no MemAvailable; give --jobs"):
        available_memory(told)


def test_a_system_without_proc_and_affinity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert available_memory(tmp_path / "none") == whole // 2
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores() == os.cpu_count()


def test_jobs_are_bound_by_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 8)
    for memory, jobs in ((1 << 30, 1), (5 << 30, 2), (64 << 30, 8)):
        monkeypatch.setattr(machine, "available_memory", lambda memory=memory: memory)
        assert default_jobs() == jobs
