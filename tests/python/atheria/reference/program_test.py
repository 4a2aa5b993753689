"""The Python list of instructions is the list of opcodes.def; the geometry of laws is read from their shapes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from atheria.errors import UnsupportedError, UsageError
from atheria.laws.program_builder import LawBuilder
from atheria.reference.program import Opcode, Program, Role, law_geometry

ROOT = Path(__file__).parents[4]


def test_opcodes_are_those_of_the_contract() -> None:
    text = (ROOT / "native/include/atheria/opcodes.def").read_text()
    listed = {name: int(code, 16) for name, code in re.findall(r"^ATH_OP\((\w+),\s*(0x[0-9A-F]+),", text, re.M)}
    assert listed
    assert {op.name: op.value for op in Opcode} == listed


def test_radius_adds_up_over_convolutions() -> None:
    builder = LawBuilder("deep", 4)
    builder.conv2d(np.zeros((3, 3, 4, 6), np.float32))
    builder.conv2d(np.zeros((5, 5, 6, 4), np.float32), dilation=2)
    assert law_geometry(builder.finish()).radius == 1 + 4


@pytest.mark.parametrize(
    ("dims_in", "dims_out", "message"),
    [
        ("B,H,W,3", "B,H,W,3", "even"),
        ("B,H,W,4", "B,H,W,6", "the C of its input"),
        ("B,H,W,4", "B,H-1,W-1,4", "one radius"),
        ("B,H,W,4", "B,H-2,W,4", "one radius"),
        ("B,H,W,4", "B,H+2,W+2,4", "one radius"),
        ("H,W,4", "H,W,4", "B,H,W,C"),
        ("B,H,8,4", "B,H,8,4", "symbols"),
    ],
)
def test_what_is_no_law_is_refused(dims_in: str, dims_out: str, message: str) -> None:
    program = Program()
    program.add_tensor("x", Role.INPUT, dims_in)
    program.add_tensor("y", Role.OUTPUT, dims_out)
    with pytest.raises(UnsupportedError, match=message):
        law_geometry(program)


def test_layers_that_do_not_fit_are_refused() -> None:
    builder = LawBuilder("wrong", 4)
    with pytest.raises(UsageError, match="weights for 5 channels, the layer before gives 4"):
        builder.matmul(np.zeros((5, 4), np.float32))
    builder.matmul(np.zeros((4, 8), np.float32))
    with pytest.raises(UsageError, match="gives 8 channels, Delta needs 4"):
        builder.finish()
