"""Programs that are not sound are refused by the reference as by the native engine."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from atheria import native
from atheria.errors import AtheriaError, LawFileError
from atheria.law import SHIPPED_FOLDER, open_law, save_law
from atheria.laws.program_builder import LawBuilder
from atheria.reference.container import from_bytes, to_bytes
from atheria.reference.program import NONE, Instruction, Opcode, Program, Role
from atheria.reference.verify import SLOTS, verify

ROOT = Path(__file__).parents[4]


def sound() -> Program:
    """x 0, w1 1, b1 2, t1 3, t2 4, w3 5, t3 6, delta 7; code: attr conv2d elu matmul store halt."""
    builder = LawBuilder("sound", 4)
    builder.conv2d(np.ones((3, 3, 4, 6), np.float32), np.ones(6, np.float32), dilation=2)
    builder.activation("elu")
    builder.matmul(np.ones((6, 4), np.float32))
    return builder.finish()


def put(number: int, opcode: Opcode, *operands: int) -> Callable[[Program], None]:
    def change(program: Program) -> None:
        a, b, c, d = (*operands, 0, 0, 0, 0)[:4]
        program.code[number] = Instruction(opcode, (a, b, c, d))

    return change


def add(number: int, opcode: Opcode, *operands: int) -> Callable[[Program], None]:
    def change(program: Program) -> None:
        program.code.insert(number, Instruction(Opcode.NOP))
        put(number, opcode, *operands)(program)

    return change


ATTACKS: dict[str, tuple[Callable[[Program], Any], str]] = {
    "no halt": (lambda p: p.code.pop(), "the last of 5 instructions must be halt"),
    "no code": (lambda p: p.code.clear(), "the last of 0 instructions must be halt"),
    "halt in the middle": (put(2, Opcode.HALT), "op 2 halt: more instructions follow"),
    "a handle beyond the table": (put(2, Opcode.ELU, 4, 99), "names tensor 99, but there are 8"),
    "an output beyond the table": (put(2, Opcode.ELU, 99, 3), "names tensor 99"),
    "read before written": (put(2, Opcode.ELU, 4, 6), "before anything is written"),
    "written twice": (add(3, Opcode.ELU, 4, 3), "written already"),
    "an input written": (put(2, Opcode.ELU, 0, 3), "writes x, which is an input"),
    "read after free": (add(2, Opcode.FREE, 3), "after it was freed"),
    "freed twice": (lambda p: (add(3, Opcode.FREE, 3)(p), add(4, Opcode.FREE, 3)(p)), "freed"),
    "an input freed": (add(2, Opcode.FREE, 0), "no local"),
    "allocated late": (add(3, Opcode.ALLOC, 4), "is written"),
    "an output loaded": (put(4, Opcode.LOAD, 7, 0), "load"),
    "a local stored": (put(2, Opcode.STORE, 4, 3), "store writes outputs"),
    "an output that is never written": (lambda p: p.code.pop(4), "output delta is never written"),
    "an unused slot": (put(2, Opcode.ELU, 4, 3, 1), "slot 2 is unused and must be 0"),
    "two attrs": (add(0, Opcode.ATTR, 1), "follows another attr"),
    "an attr before elu": (add(2, Opcode.ATTR, 1), "takes no attr"),
    "another window": (put(0, Opcode.ATTR, 3, 1), "the window is of 7"),
    "a window beyond memory": (put(0, Opcode.ATTR, (1 << 32) - 1, 1), "window of 8589934591"),
    "groups": (put(0, Opcode.ATTR, 2, 5), "5 groups do not divide"),
    "weights of other groups": (put(0, Opcode.ATTR, 2, 2), r"expected \[KH,KW,2,6\]"),
    "a padding that does not exist": (put(0, Opcode.ATTR, 2, 1, 2), "padding is 0"),
    "circular without padding": (put(0, Opcode.ATTR, 2, 1, 1), "circular padding"),
    "another bias": (put(1, Opcode.CONV2D, 3, 0, 1, 5), "the bias is"),
    "a product that does not fit": (put(3, Opcode.MATMUL, 6, 4, 1, NONE), "a product needs rank 2"),
    "shapes that differ": (put(2, Opcode.ELU, 6, 3), "they must be the same"),
    "a sum that does not fit": (put(2, Opcode.ADD, 4, 3, 5), "a vector of its last axis"),
    "a transposition that is none": (put(2, Opcode.TRANSPOSE, 4, 3), "must be exchanged"),
    "a complex product of a vector": (put(2, Opcode.COMPLEX_MUL, 4, 3, 2), "they must be the same"),
}


def test_the_slots_are_those_of_the_contract() -> None:
    text = (ROOT / "native/include/atheria/opcodes.def").read_text()
    listed = dict(re.findall(r'^ATH_OP\((\w+),\s*0x[0-9A-F]+,\s*"\w+",\s*"([^"]+)"\)', text, re.M))
    assert listed and {op.name: slots for op, slots in SLOTS.items()} == listed


@pytest.mark.parametrize("name", ATTACKS)
def test_programs_that_are_not_sound_are_refused(name: str, tmp_path: Path) -> None:
    change, message = ATTACKS[name]
    program = sound()
    change(program)
    with pytest.raises(LawFileError, match=message):
        verify(program)
    save_law(program, tmp_path / "unsound.atl")
    with pytest.raises(LawFileError, match=r"unsound\.atl: .*convert the law again"):
        open_law(tmp_path / "unsound.atl")
    with pytest.raises(LawFileError, match="convert the law again"):
        open_law(program)
    if native.available():
        with pytest.raises(AtheriaError):
            native.core().verify_program(to_bytes(program))


@pytest.mark.parametrize("alloc", [Opcode.ALLOC, Opcode.GPU_ALLOC])
def test_sound_programs_pass(alloc: Opcode) -> None:
    verify(sound())
    verify(from_bytes((SHIPPED_FOLDER / "demo.atl").read_bytes()))
    program = sound()
    for number, opcode, handle in ((0, alloc, 3), (4, Opcode.FREE, 3)):
        add(number, opcode, handle)(program)
    verify(program)
    if native.available():
        native.core().verify_program(to_bytes(program))


def test_the_end_of_a_step_as_a_program() -> None:
    program = Program()
    program.add_tensor("psi", Role.INPUT, "N,6")
    program.add_tensor("delta", Role.INPUT, "N,6")
    program.add_tensor("next", Role.OUTPUT, "N,6")
    program.add_tensor("activity", Role.OUTPUT, "N")
    program.emit(Opcode.ATTR, 2)
    program.emit(Opcode.QCA_UPDATE, 2, 3, 0, 1)
    program.emit(Opcode.HALT)
    verify(program)
    for attr, message in (((4,), "flags"), ((2, 0, 9), "names tensor 8"), ((2, 0, 4), "before anything is written")):
        put(0, Opcode.ATTR, *attr)(program)
        with pytest.raises(LawFileError, match=message):
            verify(program)
