"""The runtime library through ctypes alone: what a benchmark needs of the C contract, so that no binding's cost is measured."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
NONE = 0xFFFFFFFF
ROLE_INPUT, ROLE_OUTPUT, ROLE_CONSTANT, ROLE_LOCAL = 1, 2, 3, 4
MATMUL, CONV2D, SOFTMAX, RELU, ELU, NOP, HALT = 0x30000, 0x40000, 0x30002, 0x30003, 0x40010, 0x0, 0xFF


class _Dimension(ctypes.Structure):
    _fields_ = [("symbol", ctypes.c_uint32), ("extent", ctypes.c_int32)]


class _Tensor(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char * 32), ("dtype", ctypes.c_uint32), ("role", ctypes.c_uint32),
                ("rank", ctypes.c_uint32), ("dims", _Dimension * 6)]


class _Instruction(ctypes.Structure):
    _fields_ = [("opcode", ctypes.c_uint32), ("operands", ctypes.c_uint32 * 4)]


class _Run(ctypes.Structure):
    _fields_ = [("struct_bytes", ctypes.c_uint32), ("input_count", ctypes.c_uint32), ("inputs", ctypes.POINTER(ctypes.c_void_p)),
                ("outputs", ctypes.POINTER(ctypes.c_void_p)), ("output_count", ctypes.c_uint32), ("domain_count", ctypes.c_uint32),
                ("domains", ctypes.c_void_p), ("scratch", ctypes.c_void_p)]


class Runtime:
    """A loaded library with one device open. `backend`: "auto" or a backend's name."""

    def __init__(self, library: Path, backend: str = "auto") -> None:
        self.lib = ctypes.CDLL(str(library))
        self.lib.ath_status_message.restype = ctypes.c_char_p
        self.lib.ath_build_info.restype = ctypes.c_char_p
        self.lib.ath_executable_scratch_bytes.restype = ctypes.c_size_t
        self._instance = ctypes.c_void_p()
        self.check(self.lib.ath_instance_create(None, ctypes.byref(self._instance)))
        self.device = ctypes.c_void_p()
        self.check(self.lib.ath_device_open(self._instance, backend.encode(), ctypes.byref(self.device)))

    def check(self, status: int) -> None:
        if status:
            raise RuntimeError(f"status {status}: {self.lib.ath_status_message().decode()}")


class Program:
    """Tensors and instructions, then a plan that runs on fixed numpy arrays."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._program = ctypes.c_void_p()
        runtime.check(runtime.lib.ath_program_create(ctypes.byref(self._program)))
        self._names = 0

    def tensor(self, role: int, shape: Sequence[int], value: Float32 | None = None) -> int:
        record = _Tensor(name=f"t{self._names}".encode(), dtype=1, role=role, rank=len(shape))
        self._names += 1
        for axis, extent in enumerate(shape):
            record.dims[axis] = _Dimension(0, extent)
        handle = ctypes.c_uint32()
        data = None if value is None else np.ascontiguousarray(value, np.float32)
        address, size = (None, 0) if data is None else (ctypes.c_void_p(data.ctypes.data), data.nbytes)
        self.runtime.check(self.runtime.lib.ath_program_add_tensor(
            self._program, ctypes.byref(record), address, ctypes.c_size_t(size), ctypes.byref(handle)))
        return handle.value

    def add(self, opcode: int, *operands: int) -> None:
        padded = list(operands) + [0] * (4 - len(operands))
        instruction = _Instruction(opcode, (ctypes.c_uint32 * 4)(*padded))
        self.runtime.check(self.runtime.lib.ath_program_add_instruction(self._program, ctypes.byref(instruction)))

    def plan(self, inputs: Sequence[Float32], outputs: Sequence[Float32]) -> Plan:
        self.add(HALT)
        return Plan(self.runtime, self._program, inputs, outputs)


class Plan:
    """An executable bound to arrays; calling it runs it on this thread."""

    def __init__(self, runtime: Runtime, program: ctypes.c_void_p, inputs: Sequence[Float32], outputs: Sequence[Float32]) -> None:
        executable = ctypes.c_void_p()
        devices = (ctypes.c_void_p * 1)(runtime.device)
        runtime.check(runtime.lib.ath_executable_create(program, devices, ctypes.c_size_t(1), None, ctypes.c_size_t(0),
                                                        ctypes.byref(executable)))
        self.runtime = runtime
        self._arrays = (list(inputs), list(outputs))
        self._scratch = aligned_zeros((max(64, runtime.lib.ath_executable_scratch_bytes(executable)) // 4 + 16,))
        self._inputs = (ctypes.c_void_p * len(inputs))(*[a.ctypes.data for a in inputs])
        self._outputs = (ctypes.c_void_p * len(outputs))(*[a.ctypes.data for a in outputs])
        run = _Run(ctypes.sizeof(_Run), len(inputs), self._inputs, self._outputs, len(outputs), 0, None, self._scratch.ctypes.data)
        self._executable, self._run, self._run_address = executable, run, ctypes.byref(run)
        self._call = runtime.lib.ath_executable_run

    def __call__(self) -> None:
        status = self._call(self._executable, self._run_address)
        if status:
            self.runtime.check(status)


def aligned_zeros(shape: Sequence[int]) -> Float32:
    """float32 zeros whose first element lies on a cache line."""
    count = int(np.prod(shape))
    raw = np.zeros(count + 16, np.float32)
    skip = (-raw.ctypes.data % 64) // 4
    return raw[skip:skip + count].reshape(shape)


def random_aligned(generator: np.random.Generator, shape: Sequence[int]) -> Float32:
    array = aligned_zeros(shape)
    array[...] = generator.standard_normal(tuple(shape), dtype=np.float32)
    return array
