"""Modules become law programs with the module's own results; what cannot is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from atheria.convert import convert_module, load_module
from atheria.errors import OutputError, UnsupportedError, UsageError
from atheria.laws.modules import conv_qca, mlp
from atheria.reference.evaluate import evaluate
from atheria.reference.program import law_geometry

torch = pytest.importorskip("torch", reason="torch is not installed; conversion needs it")


def same_result(module: object, radius: int, d: int) -> None:
    program = convert_module(module, name="law")
    assert law_geometry(program).radius == radius
    x = np.random.default_rng(0).standard_normal((2, 9, 8, 2 * d)).astype(np.float32)
    padded = np.pad(x, ((0, 0), (radius,) * 2, (radius,) * 2, (0, 0)), mode="wrap")
    with torch.no_grad():
        expected = module(torch.from_numpy(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()  # type: ignore[operator]
    assert np.allclose(evaluate(program, [padded])[0], expected, atol=1e-5)


def test_shipped_builders_convert() -> None:
    torch.manual_seed(0)
    same_result(conv_qca(4, hidden=6), 2, 4)
    same_result(conv_qca(2, hidden=5, kernel=5, activation="relu", bias=True), 4, 2)
    same_result(mlp(3, hidden=7, layers=3, activation="silu"), 0, 3)


def test_every_layer_that_is_listed_converts() -> None:
    nn = torch.nn
    layers = [
        nn.Conv2d(4, 6, 3, padding=2, dilation=2, padding_mode="circular", groups=2),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Sequential(nn.Conv2d(6, 6, 1), nn.Tanh(), nn.Identity(), nn.Conv2d(6, 6, 1, bias=False), nn.GELU("tanh")),
        nn.Conv2d(6, 8, 3, padding="same", padding_mode="circular"),
        nn.Sigmoid(),
        nn.Conv2d(8, 4, 1),
        nn.Softmax(dim=1),
    ]
    same_result(nn.Sequential(*layers).eval(), 3, 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda nn: nn.GroupNorm(2, 4), "layer 1 is GroupNorm: there is no conversion"),
        (lambda nn: nn.MaxPool2d(2), "MaxPool2d"),
        (lambda nn: nn.Conv2d(4, 4, 3, stride=2, padding=1), r"stride \(2, 2\)"),
        (lambda nn: nn.Conv2d(4, 4, 2), "odd square"),
        (lambda nn: nn.Conv2d(4, 4, 3), "keeps its size"),
        (lambda nn: nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"), "reflect"),
        (lambda nn: nn.ELU(0.5), "alpha 0.5"),
        (lambda nn: nn.GELU(), "erf"),
        (lambda nn: nn.Softmax(dim=2), "dimension 2"),
    ],
)
def test_what_cannot_be_converted_is_named_with_the_other_ways(make: object, message: str) -> None:
    module = torch.nn.Sequential(torch.nn.Conv2d(4, 4, 1), make(torch.nn))  # type: ignore[operator]
    with pytest.raises(UnsupportedError, match=message) as caught:
        convert_module(module, name="law")
    assert "law_from_callable" in str(caught.value)


def test_linear_layers_act_on_channels_where_torch_does() -> None:
    nn = torch.nn
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 7), nn.ELU(), nn.Linear(7, 4), nn.Softmax(dim=-1))
    x = np.random.default_rng(0).standard_normal((2, 5, 4, 4)).astype(np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(x)).numpy()
    assert np.allclose(evaluate(convert_module(module, name="law"), [x])[0], expected, atol=1e-5)
    with pytest.raises(UnsupportedError, match=r"layer 1 is Linear: beside a Conv2d it acts on the width"):
        convert_module(nn.Sequential(nn.Conv2d(4, 4, 1), nn.Linear(4, 4)), name="law")
    with pytest.raises(UnsupportedError, match=r"over dimension 1 of \[B, H, W, 2d\], only channels \(-1\)"):
        convert_module(nn.Sequential(nn.Linear(4, 4), nn.Softmax(dim=1)), name="law")


def test_gamma_must_be_a_number() -> None:
    for gamma in (float("nan"), float("inf")):
        with pytest.raises(UsageError, match="gamma is"):
            convert_module(torch.nn.Conv2d(4, 4, 1), name="law", gamma=gamma)


def test_checkpoints(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = conv_qca(2, hidden=3)
    torch.save(module, tmp_path / "module.pt")
    same_result(load_module(tmp_path / "module.pt"), 2, 2)
    torch.save(module.state_dict(), tmp_path / "weights.pt")
    with pytest.raises(UnsupportedError, match="not a module"):
        load_module(tmp_path / "weights.pt")
    (tmp_path / "noise.pt").write_bytes(b"noise")
    with pytest.raises(UnsupportedError, match=r"no module saved by torch.save\(module, path\)") as caught:
        load_module(tmp_path / "noise.pt")
    assert "weights_only" not in str(caught.value) and caught.value.__cause__ is not None
    with pytest.raises(OutputError, match="absent"):
        load_module(tmp_path / "absent.pt")
