import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from seqkit.report.heatmap import NEGATIVE, POSITIVE, SHADES, draw_map, level, map_width
from seqkit.report.html import to_html
from seqkit.report.markdown import to_markdown
from seqkit.report.plots import draw
from seqkit.report.report import Heat, Report, Scale, Section
from seqkit.report.shades import LESS, MORE, PLAIN_LESS, PLAIN_MORE, shaded

FROM_ZERO, BOTH_WAYS = Scale("weight", 0, 2), Scale("score", -2, 2)


def matrix(rows: int, columns: int, scale: Scale = FROM_ZERO, value: float = 1.0) -> Heat:
    values = tuple(tuple(value for _ in range(columns)) for _ in range(rows))
    return Heat("M", tuple(f"row{n}" for n in range(rows)), tuple(f"col{n}" for n in range(columns)), values, scale=scale)


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_a_shade_grows_with_the_value_and_keeps_its_sign(one: float, other: float) -> None:
    low, high = sorted((one, other))
    for scale in (FROM_ZERO, BOTH_WAYS, Scale("narrow", 0.5, 0.7)):
        assert level(low, scale) <= level(high, scale)
        assert level(scale.high, scale) == SHADES
    assert level(0.0, BOTH_WAYS) == 0
    assert level(-one, BOTH_WAYS) == -level(one, BOTH_WAYS)


def cells(svg: str) -> dict[tuple[float, float], tuple[str, float]]:
    """Colour and opacity by the place of a cell's middle, from the paths alone."""
    found: dict[tuple[float, float], tuple[str, float]] = {}
    for path in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}path"):
        for x, y, width, height in re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)", path.attrib["d"]):
            for step in range(round(float(width) / 18)):
                place = (float(x) / 18 + step, float(y) / float(height))
                found[place] = path.attrib["fill"], float(path.attrib["fill-opacity"])
    return found


def test_every_cell_of_a_map_has_its_shade() -> None:
    names = tuple(f"c{n}" for n in range(12))
    values = ((2, 2, 1, 0, -1, -1, None, float("nan"), 0.5, 0.5, 0.5, -2), (0,) * 11 + (2,))
    found = cells(draw(Heat("M", ("a", "b"), names, values, scale=BOTH_WAYS)))
    for y, row in enumerate(values):
        for x, value in enumerate(row):
            shade = level(value, BOTH_WAYS)
            if shade:
                assert found[x, y] == (POSITIVE if value > 0 else NEGATIVE, pytest.approx(abs(shade) / SHADES, abs=1e-3))
            else:
                assert (x, y) not in found


def test_a_map_says_its_ends_its_axes_and_what_it_shows() -> None:
    plot = Heat("M", ("Ada",), ("London",), ((-0.25,),), row_axis="token", column_axis="gate", scale=Scale("nats", -0.5, 0.75))
    svg = draw_map(plot, plot.scale)
    texts = [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert {"Ada", "London", "−0.25", "−0.500", "0.750", "nats"} <= set(texts)
    assert "Map of nats by token (rows) and gate (columns)" in svg


def test_a_large_map_stays_small() -> None:
    plot = Heat(
        "M",
        tuple(map(str, range(200))),
        tuple(map(str, range(200))),
        tuple(tuple((7 * x + 3 * y) % 17 / 8 for x in range(200)) for y in range(200)),
        scale=FROM_ZERO,
    )
    page = to_html(Report("R", sections=(Section("S", "", (plot,)),)))
    assert len(page) < 1_200_000
    assert "The numbers" not in page  # 40,000 of them: report.json has them
    assert "see report.html" in to_markdown(Report("R", sections=(Section("S", "", (plot,)),)))
    assert map_width(plot) < 2000


def test_a_small_map_has_its_numbers_on_the_page() -> None:
    page = to_html(Report("R", sections=(Section("S", "", (matrix(3, 3),)),)))
    assert "The numbers" in page
    assert page.count("1.00</text>") == 9


@pytest.mark.parametrize("utf8", [True, False])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (4, 3), (5, 20), (5, 60), (5, 300), (300, 3), (300, 40)])
def test_shades_keep_to_the_width(rows: int, columns: int, utf8: bool) -> None:
    lines = list(shaded(matrix(rows, columns), FROM_ZERO, 78, utf8=utf8))
    assert max(cell_len(line.plain) for line in lines) <= 78
    if columns <= 60 and rows <= 64:
        assert len([line for line in lines if line.plain.startswith("row")]) == rows
    assert utf8 or all(line.plain.isascii() or "×" in line.plain for line in lines)


def test_shades_say_more_and_less_without_colour() -> None:
    assert len(MORE) == len(LESS) == len(PLAIN_MORE) == len(PLAIN_LESS)
    assert not set(MORE[1:]) & set(LESS[1:])
    wide = Heat(
        "M", ("a",), tuple(f"column {n}" for n in range(20)), (tuple((n - 10) / 5 for n in range(20)),), scale=BOTH_WAYS
    )
    row = next(line.plain for line in shaded(wide, BOTH_WAYS, 78, utf8=True) if line.plain.startswith("a"))
    signs = row.removeprefix("a ")[::2]
    assert [LESS.index(sign) for sign in signs[:10]] == sorted((LESS.index(sign) for sign in signs[:10]), reverse=True)
    assert [MORE.index(sign) for sign in signs[10:]] == sorted(MORE.index(sign) for sign in signs[10:])


def test_a_column_is_named_from_top_to_bottom() -> None:
    names = ("Ada", "wrote", "to", *(f"x{n}" for n in range(10)))
    lines = [line.plain for line in shaded(Heat("M", ("r",), names, ((0,) * 13,), scale=FROM_ZERO), FROM_ZERO, 60, utf8=True)]
    heads = lines[: next(at for at, line in enumerate(lines) if line.startswith("r"))]
    for at, name in enumerate(names):
        assert "".join(line.ljust(40)[2 + 2 * at] for line in heads).strip() == name


def test_a_scale_has_two_ends() -> None:
    for ends in ((1, 1), (2, 1), (float("nan"), 1)):
        with pytest.raises(ValueError, match="is not below"):
            Scale("s", *ends)
