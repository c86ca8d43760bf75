"""Maps and curves of what was found inside a model.

Axes: R scores, T tokens, S tokens looked at, K distances.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from seqkit.models.inspection.gradients import Reach
from seqkit.report.figure import Figure
from seqkit.report.report import Heat, Lines, Scale, Section, Series


def attention_maps(
    weights: Mapping[str, Tensor],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    axes: tuple[str, str] = ("looking", "looked at"),
) -> tuple[Heat, ...]:
    """Maps of attention weights by title, on one scale."""
    scale = upwards("attention weight", max(float(weight_TS.max()) for weight_TS in weights.values()))
    return tuple(heat(title, numbers(weight_TS), rows, columns, scale, axes=axes) for title, weight_TS in weights.items())


def reach_section(title: str, about: str, norm_RT: NDArray[np.float64], rows: Sequence[str], columns: Sequence[str]) -> Section:
    """Which tokens each score feels: gradient norms as shares of each row's sum."""
    share_RT = norm_RT / np.maximum(norm_RT.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    scale = upwards("share of the gradient's norm", float(share_RT.max()))
    return Section(title, about, (heat("Token by token", share_RT, rows, columns, scale, axes=("score", "token")),))


def distance_curves(norms: Mapping[str, NDArray[np.float64]]) -> tuple[Lines, list[Figure]]:
    """The mean gradient over the distance in each direction, and how far it is felt."""
    reaches = {name: Reach.of(norm_K) for name, norm_K in norms.items()}
    series = [
        Series(name, tuple(range(len(reach.relative_K))), tuple(reach.relative_K.tolist())) for name, reach in reaches.items()
    ]
    note = "Relative to distance 0, the mean over this text alone; far distances rest on few pairs of tokens."
    lines = Lines("By distance", "tokens between", "gradient norm", tuple(series), note=note)
    longest = max(len(norm_K) for norm_K in norms.values())
    figures = [
        Figure(f"gradient felt, {name}", reach.steps, "tokens", note="1 % of distance 0")
        if reach.steps is not None
        else Figure(f"gradient felt, {name}", f"≥ {longest}", "tokens", note="1 % of distance 0")
        for name, reach in reaches.items()
    ]
    return lines, figures


def heat(
    title: str,
    values: NDArray[np.float64],
    rows: Sequence[str],
    columns: Sequence[str],
    scale: Scale,
    *,
    axes: tuple[str, str] = ("token", "what"),
    note: str = "",
) -> Heat:
    """A map of so many rows and columns."""
    cells = tuple(tuple(round(value, 4) for value in row) for row in values.tolist())
    return Heat(title, tuple(rows), tuple(columns), cells, note, *axes, scale=scale)


def numbers(x: Tensor) -> NDArray[np.float64]:
    """As numpy's."""
    return x.detach().double().cpu().numpy()


def signed(name: str, values: NDArray[np.float64]) -> Scale:
    """A scale as wide below zero as above."""
    most = upwards(name, float(np.abs(values).max(initial=0.0))).high
    return Scale(name, -most, most)


def upwards(name: str, most: float) -> Scale:
    """A scale from zero, its end to three significant digits."""
    return Scale(name, 0, float(f"{most:.3g}") or 1.0)
