"""A full bounded or periodic universe is a dense torch run of the module that the law was converted from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from atheria import Simulation
from atheria.convert import convert_module
from atheria.laws.modules import conv_qca, mlp

from .random_laws import grid, unit_states

torch = pytest.importorskip("torch", reason="torch is not installed; the dense run needs it")

STEPS = 10


def dense_run(module: Any, psi: Any, steps: int, gamma: float, product: bool) -> Any:
    """CartesianEngine's formula on complex64 [H, W, d]."""
    with torch.no_grad():
        for _ in range(steps):
            x = torch.cat([psi.real, psi.imag], dim=-1).permute(2, 0, 1)[None]
            out = module(x)[0].permute(1, 2, 0)
            d = psi.shape[-1]
            delta = torch.complex(out[..., :d], out[..., d:])
            if product:
                delta = delta * psi
            s = psi + delta - gamma * psi
            psi = s / (s.abs().square().sum(-1, keepdim=True).sqrt() + 1e-9)
    return psi.numpy()


@pytest.mark.parametrize("device", ["auto", "numpy"])
@pytest.mark.parametrize("kind", ["bounded", "periodic"])
@pytest.mark.parametrize(("width", "height"), [(32, 32), (50, 37)])
@pytest.mark.parametrize(("gamma", "product", "bias"), [(0.0, False, False), (0.01, True, True)])
def test_dense_run(device: str, kind: str, width: int, height: int, gamma: float, product: bool, bias: bool) -> None:
    if device == "auto":
        pytest.importorskip("atheria_core", reason="the extension is not built")
    torch.manual_seed(3)
    module = conv_qca(4, hidden=8, bias=bias, circular=kind == "periodic")
    program = convert_module(module, name="dense", gamma=gamma, product=product)
    simulation = Simulation(program, domain=kind, size=(width, height), mode="exact", device=device)  # type: ignore[arg-type]
    states = unit_states(width * height, 4, 1)
    simulation.add(grid(width, height), states)
    simulation.step(STEPS)
    expected = dense_run(module, torch.from_numpy(states.reshape(height, width, 4)), STEPS, gamma, product)
    found = simulation.view("state")
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-5
    assert np.abs(found - states.reshape(found.shape)).max() > 0.1, "the law did nothing"


def test_a_law_without_halo() -> None:
    torch.manual_seed(0)
    module = mlp(3, hidden=16, layers=3)
    simulation = Simulation(convert_module(module, name="mlp"), domain="bounded", size=(20, 5), mode="exact")
    states = unit_states(100, 3, 1)
    simulation.add(grid(20, 5), states)
    simulation.step(STEPS)
    expected = dense_run(module, torch.from_numpy(states.reshape(5, 20, 3)), STEPS, 0.0, False)
    assert np.abs(simulation.view("state") - expected).max() < 1e-5
