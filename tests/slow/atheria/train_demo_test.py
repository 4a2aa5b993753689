"""The script that made the demo law: repeatable, and what it makes is a law of the same shape that learned something."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from atheria.law import open_law
from atheria.laws import train_demo

torch = pytest.importorskip("torch", reason="torch is not installed; training needs it")


def one_step_error(law: object) -> float:
    generator = torch.Generator().manual_seed(99)
    with torch.no_grad():
        cells = train_demo.encode(train_demo.sample_fields(4, 32, generator))
        target, weight = train_demo.targets(cells)
        return float(((train_demo.engine_step(law, cells) - target).square().sum(-1) * weight).sum())


def test_training_is_repeatable_and_learns() -> None:
    torch.set_num_threads(1)
    laws = [train_demo.train(40, seed=3, side=24, batch=4, progress=False) for _ in range(2)]
    first, second = (torch.cat([p.flatten() for p in law.parameters()]) for law in laws)
    assert torch.equal(first, second)
    torch.manual_seed(3)
    assert one_step_error(laws[0]) < 0.7 * one_step_error(train_demo.make_law())


def test_the_shipped_law_is_what_the_script_says(tmp_path: Path) -> None:
    """Its weights have the script's shapes, and in one step it follows the teacher."""
    shipped = open_law("demo")
    assert shipped.program is not None
    law = train_demo.make_law()
    weights = [t.data for t in shipped.program.tensors if t.data is not None]
    with torch.no_grad():
        for layer, weight in zip((law[0], law[2]), weights, strict=True):
            layer.weight.copy_(torch.from_numpy(np.array(weight).transpose(3, 2, 0, 1)))
    assert one_step_error(law) < 0.25 * one_step_error(train_demo.make_law())
