"""Trains the law that ships with the package: `python -m atheria.laws.train_demo --out demo.atl` (torch, minutes).

What it learns.  A bistable complex medium A(x, y): rest (A = 0) and a rotating state (|A| near 1) are both stable, fronts
of the rotating state advance into the rest, and a winding of the phase becomes a rotating spiral.  One step of the
teacher is ``smooth(react(smooth(A)))`` with a 3x3 binomial `smooth` and ::

    react(A) = A * (1 + K) r**2 / (K + r**3) * exp(i (OMEGA - BETA (r**2 - 1))),     r = |A|

How a cell holds it.  The engine makes every cell unit norm, so A lives in channel 0, what is missing to norm 1 in
channel 1, and the other channels are quiet::

    psi = ( S A,  sqrt(1 - |S A|**2),  0, ... )

A cell of the zero background has A = 0.  The net is 3x3 convolution 2d -> 32, ELU, 3x3 convolution 32 -> 2d without
biases: law(0) = 0, so an empty universe stays empty, and its receptive radius is 2.

How it learns.  From fields of all ages of the teacher (noise, islands, spirals) in a frame of background, disturbed in
all channels; loss is the distance of psi' from the teacher's next state, over one step and later over unrolled steps.
Everything is seeded; the law file is the same bytes on the same machine and torch version.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from typing import Any

from ..convert import convert_module
from ..law import save_law
from .modules import require_torch

Tensor = Any  # torch.Tensor; torch is imported when something is trained, and no dependency

D = 8
HIDDEN = 32
K, OMEGA, BETA, S = 0.03, 0.3, 0.6, 0.8
SHARES = (1.0, 5.0, 2.0)  # of excited, resting and fresh cells in the loss
REST_SHARE = 0.05  # of the loss that makes rest stable


def teacher_smooth(field: Tensor) -> Tensor:
    """Binomial 3x3 on the periodic complex field [B, H, W]."""
    for axis in (1, 2):
        field = 0.5 * field + 0.25 * (field.roll(1, axis) + field.roll(-1, axis))
    return field


def teacher_step(field: Tensor) -> Tensor:
    """One step of the medium, complex64 [B, H, W]."""
    torch = require_torch()

    field = teacher_smooth(field)
    r = field.abs()
    gain = (1 + K) * r**2 / (K + r**3)
    field = field * torch.polar(gain, OMEGA - BETA * (r**2 - 1))
    return teacher_smooth(field)


def encode(field: Tensor) -> Tensor:
    """The cells [B, H, W, 2d] (concat of Re and Im) that hold the complex field [B, H, W]."""
    torch = require_torch()

    a = S * field
    a = a / a.abs().clamp(min=1.0)
    cells = torch.zeros((*field.shape, 2 * D))
    cells[..., 0], cells[..., D] = a.real, a.imag
    cells[..., 1] = (1 - a.abs() ** 2).clamp(min=0).sqrt()
    return cells


def decode(cells: Tensor) -> Tensor:
    """The complex field [B, H, W] in the cells."""
    torch = require_torch()

    return torch.complex(cells[..., 0], cells[..., D]) / S


def make_law() -> Any:
    """The untrained net, a torch.nn.Sequential on [B, 2d, H, W] with circular padding."""
    torch = require_torch()

    return torch.nn.Sequential(
        torch.nn.Conv2d(2 * D, HIDDEN, 3, padding=1, padding_mode="circular", bias=False),
        torch.nn.ELU(),
        torch.nn.Conv2d(HIDDEN, 2 * D, 3, padding=1, padding_mode="circular", bias=False),
    )


def engine_step(law: Any, cells: Tensor) -> Tensor:
    """psi' of the cells [B, H, W, 2d] by the engine's definition."""
    torch = require_torch()

    moved = cells + law(cells.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    stepped: Tensor = moved / (torch.linalg.vector_norm(moved, dim=-1, keepdim=True) + 1e-9)
    return stepped


def sample_fields(count: int, side: int, generator: Any) -> Tensor:
    """Fields of the teacher at all ages, complex64 [count, side, side]."""
    torch = require_torch()

    def rand(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator)

    noise = torch.complex(rand(count, side, side) - 0.5, rand(count, side, side) - 0.5)
    for _ in range(3):
        noise = teacher_smooth(noise)
    noise = noise / noise.abs().amax((1, 2), keepdim=True) * 2.0
    axis = torch.arange(side) - side / 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    cx, cy = ((rand(count, 1, 1) - 0.5) * side / 3 for _ in range(2))
    winding = torch.randint(-1, 2, (count, 1, 1), generator=generator)
    angle = winding * torch.atan2(y - cy, x - cx) + 2 * math.pi * rand(count, 1, 1)
    island = torch.hypot(x - cx, y - cy) < 3 + rand(count, 1, 1) * side / 3
    spiral = torch.where(island, torch.polar(torch.ones_like(angle), angle), torch.zeros(()))
    field = torch.where(rand(count, 1, 1) < 0.5, noise, spiral)
    whisper = 0.05 * rand(count, 1, 1) * noise
    ages = torch.randint(0, 40, (count,), generator=generator)
    for age in range(int(ages.max())):
        field = torch.where((ages > age)[:, None, None], teacher_step(field), field)
    return torch.where(rand(count, 1, 1) < 0.25, whisper, field)


def frame(cells: Tensor, generator: Any) -> Tensor:
    """The cells, disturbed in every channel, with background outside a random rectangle or outside scattered cells."""
    torch = require_torch()

    def rand(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator)

    count, side = cells.shape[0], cells.shape[1]
    low = torch.randint(0, side - 4, (count, 2), generator=generator)
    high = low + torch.randint(1, side, (count, 2), generator=generator)
    axis = torch.arange(side)
    inside_y = (axis >= low[:, :1]) & (axis < high[:, :1])
    inside_x = (axis >= low[:, 1:]) & (axis < high[:, 1:])
    rectangle = inside_y[:, :, None] & inside_x[:, None, :]
    scattered = rand(count, side, side) < 0.08 * rand(count, 1, 1)
    matter = torch.where(rand(count, 1, 1) < 0.3, scattered, rectangle)
    strength = torch.where(rand(count, 1, 1, 1) < 0.1, 3.0, 0.1 * rand(count, 1, 1, 1))
    cells = cells + strength * torch.randn(cells.shape, generator=generator)
    cells = cells / cells.square().sum(-1, keepdim=True).sqrt()
    return cells * matter[..., None]


def targets(cells: Tensor) -> tuple[Tensor, Tensor]:
    """What the cells should become, and the weight [B, H, W] of each in the loss.

    Matter follows the teacher.  A background cell within reach of matter (2 cells) becomes rest: the light cone must not
    carry A, it runs faster than fronts.  Excited, resting and fresh cells weigh as SHARES says, as groups.
    """
    torch = require_torch()

    matter = cells.square().sum(-1) > 0
    padded = torch.nn.functional.pad(matter.float()[:, None], (2, 2, 2, 2), mode="circular")
    fresh = (torch.nn.functional.max_pool2d(padded, 5, stride=1)[:, 0] > 0) & ~matter
    field = teacher_step(decode(cells))
    target = encode(torch.where(fresh, torch.zeros(()), field))
    excited = matter & (field.abs() > 0.05)
    groups = (excited, matter & ~excited, fresh)
    weight = sum((s * g / g.sum().clamp(min=1) for s, g in zip(SHARES, groups, strict=True)), torch.zeros(()))
    return target, weight


def rest_loss(law: Any, side: int, batch: int, generator: Any) -> Tensor:
    """How much of a small smooth disturbance of rest is left after a step: 1 is neutral.

    Measured in ratio, because a disturbance that grows by a tenth in each step is invisible in the distance of one step,
    and makes the whole light cone ignite (and rounding grow with it) within a hundred.
    """
    torch = require_torch()

    rest = encode(torch.zeros((batch, side, side), dtype=torch.complex64))
    shape = (batch, 2 * D, side, side)
    noise = torch.randn(shape, generator=generator)
    size = 2 ** int(torch.randint(1, 4, (), generator=generator))
    smooth = torch.nn.functional.interpolate(torch.nn.functional.avg_pool2d(noise, size), scale_factor=size, mode="bilinear")
    disturbed = rest + 0.05 * (smooth / smooth.std()).permute(0, 2, 3, 1)
    disturbed = disturbed / torch.linalg.vector_norm(disturbed, dim=-1, keepdim=True)
    left = (engine_step(law, disturbed) - rest).square().sum((1, 2, 3))
    ratio: Tensor = left / (disturbed - rest).square().sum((1, 2, 3))
    return ratio.mean()


def train(iterations: int, seed: int, side: int = 40, batch: int = 8, progress: bool = True) -> Any:
    """The trained net."""
    torch = require_torch()

    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    generator = torch.Generator().manual_seed(seed)
    law = make_law()
    optimiser = torch.optim.Adam(law.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=iterations, pct_start=0.1)
    pool = frame(encode(sample_fields(256, side, generator)), generator)
    started, smoothed = time.monotonic(), 1.0
    for i in range(iterations):
        pick = torch.randint(0, len(pool), (batch,), generator=generator)
        cells = pool[pick]
        unrolled = 1 + 4 * i // iterations
        loss = torch.zeros(())
        for _ in range(unrolled):
            with torch.no_grad():
                target, weight = targets(cells)
            cells = engine_step(law, cells)
            loss = loss + ((cells - target).square().sum(-1) * weight).sum() / unrolled
        loss = loss + REST_SHARE * rest_loss(law, 16, 4, generator)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(law.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            fresh = frame(encode(sample_fields(2, side, generator)), generator)
            pool[pick] = torch.cat([fresh, cells[2:].detach()])
        smoothed += 0.02 * (loss.item() - smoothed)
        if progress and (i + 1) % 100 == 0:
            print(f"{i + 1:5d}/{iterations}  loss {smoothed:.5f}  {time.monotonic() - started:.0f} s", file=sys.stderr)
    return law


def main() -> int:
    """Train and write the law file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", required=True, help="law file to write")
    parser.add_argument("--iterations", type=int, default=7000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1, help="of torch; part of what makes the bytes repeatable")
    args = parser.parse_args()
    torch = require_torch()

    torch.set_num_threads(args.threads)
    law = train(args.iterations, args.seed)
    program = convert_module(law, name="demo")
    program.metadata["made"] = f"atheria.laws.train_demo --iterations {args.iterations} --seed {args.seed}"
    save_law(program, args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
