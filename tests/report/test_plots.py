import os
import re
import subprocess
import sys
from itertools import pairwise
from xml.etree import ElementTree

import matplotlib
import pytest

from seqkit.report.plots import COLOURS, DASHES, HATCHES, INK, MARKERS, MUTED, draw, line_style
from seqkit.report.report import Bars, Bin, Heat, Lines, Reliability, Report, Scale, Series
from seqkit.report.tabulate import Plot, as_table, is_empty

PLOTS: tuple[Plot, ...] = (
    Lines("L", "epoch", "F1", (Series("a", (1, 2, 3), (1, 2, 3), (0, 1, 2), (2, 3, 4)), Series("b", (1, 3), (2, 2)))),
    Bars("B", "count", ("x", "y"), (("a", (1, 2)), ("b", (3, 4))), (((0, 2), None), (None, (3, 5)))),
    Heat("H", ("x", "y"), ("x", "y"), ((5, 1), (0, 2))),
    Heat("M", ("x", "y"), ("x", "y"), ((0.5, -1), (0, 2)), scale=Scale("s", -2, 2)),
    Reliability("R", (Bin(0.2, 0.1, 3), Bin(0.9, 0.8, 30))),
)


def drawn(report: Report) -> list[Plot]:
    blocks = (block for section in report.sections for block in section.blocks)
    return [block for block in blocks if isinstance(block, (Lines, Bars, Heat, Reliability)) and not is_empty(block)]


def test_two_processes_write_the_same_bytes() -> None:
    program = f"import runpy; scope = runpy.run_path({__file__!r}); print(*map(scope['draw'], scope['PLOTS']), sep='\\n')"
    hashed = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=hashed, check=True)
    with matplotlib.rc_context({"axes.linewidth": 5, "axes.titlesize": 30}):  # a matplotlibrc of somebody's own
        assert done.stdout == "".join(draw(plot) + "\n" for plot in PLOTS)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.kind)
def test_a_plot_can_stand_in_a_page(plot: Plot) -> None:
    root = ElementTree.fromstring(draw(plot, "p1"))
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"].startswith(plot.title)
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    assert all(name.startswith("p1-") for name in ids)
    for element in root.iter():
        assert element.tag.split("}")[1] not in ("style", "script", "metadata", "image", "foreignObject")
        assert "style" not in element.attrib
        for value in element.attrib.values():
            for part in value.split("url(#")[1:]:
                assert part.rstrip(")") in ids
        if "href" in element.attrib:
            assert element.attrib["href"].removeprefix("#") in ids


def test_hostile_text_and_odd_values_are_drawn(report: Report, nasty: str) -> None:
    plots = drawn(report)
    assert len(plots) == 8
    for plot in plots:
        svg = draw(plot)
        root = ElementTree.fromstring(svg)
        assert "<script" not in svg
        assert not any(word in svg.lower() for word in (">nan<", '"nan', " nan ", ">inf<"))
        assert any(element.tag.endswith("}text") for element in root.iter())
    assert "_a" in draw(plots[1])  # matplotlib would leave it out of the legend
    assert "$b$" in draw(plots[1])  # and set this as mathematics


def test_series_differ_in_more_than_colour() -> None:
    assert len(set(COLOURS)) == len(set(MARKERS)) == len(set(map(str, DASHES))) == len(set(HATCHES)) == 6
    svg = draw(Lines("L", "x", "y", tuple(Series(f"s{i}", (1, 2), (i, i + 1)) for i in range(6))))
    root = ElementTree.fromstring(svg)
    dashes = {element.attrib["stroke-dasharray"] for element in root.iter() if "stroke-dasharray" in element.attrib}
    assert len(dashes) >= 5
    styles = [line_style(index) for index in range(36)]
    assert len({(style["marker"], str(style["linestyle"])) for style in styles}) == 36


def test_what_never_changes_is_seen_against_zero() -> None:
    def ticks(*heights: float) -> list[str]:
        lines = Lines("L", "x", "y", (Series("s", (5, 6, 7), heights),))
        texts = (element.text for element in ElementTree.fromstring(draw(lines)).iter() if element.tag.endswith("text"))
        return [text for text in texts if text]

    assert "0" in ticks(24.576, 24.576, 24.576)
    assert "0" not in ticks(24.0, 25.0, 26.0)


def test_bars_of_nothing_stand_on_the_base_line() -> None:
    plot = Bars("F1 by length", "F1, %", ("1-8", "9+"), (("lstm", (0.0, None)),))
    words = re.findall(r"<text[^>]*>([^<]*)</text>", draw(plot))
    assert "1" in words
    assert not any(word.startswith("−") for word in words)


@pytest.mark.parametrize(("highest", "told"), [(60.0, "50"), (9e4, "10,000")])
def test_a_logarithmic_axis_is_labelled_in_plain_numbers(highest: float, told: str) -> None:
    plot = Lines("growth", "tokens", "MB", (Series("lstm", (1000, 9000), (24.0, highest)),), log_x=True, log_y=True)
    words = re.findall(r"<text[^>]*>([^<]*)</text>", draw(plot))
    assert told in words
    assert "1,000" in words
    assert not any("$" in word or "math" in word for word in words)


def test_small_ticks_are_written_alike() -> None:
    plot = Lines("rate", "step", "rate", (Series("lstm", (1, 9), (1e-6, 1e-3)),), log_y=True)
    words = re.findall(r"<text[^>]*>([^<]*)</text>", draw(plot))
    assert {"0.00001", "0.0001"} <= set(words)


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_ink_is_legible_on_paper() -> None:
    for colour in (INK, MUTED):
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5


def test_the_table_behind_a_plot_has_its_numbers() -> None:
    table = as_table(Lines("L", "epoch", "F1", (Series("a", (1, 3), (5, 6)), Series("b", (2, 3), (7, None)))))
    assert table.columns == ("epoch", "a", "b")
    assert table.rows == ((1, 5, None), (2, None, 7), (3, 6, None))
    places = [row[0] for row in table.rows]
    assert all(one < other for one, other in pairwise(places))
    clock = Lines("L", "s", "F1", (Series("a", (0.1, 1.2), (5, 6)), Series("b", (0.3,), (7,)), Series("c", (0.4, 2.5), (8, 9))))
    assert as_table(clock).columns == ("s", "a", "s", "b", "s", "c")
    assert as_table(clock).rows == ((0.1, 5, 0.3, 7, 0.4, 8), (1.2, 6, None, None, 2.5, 9))
    assert as_table(Heat("H", ("x",), ("p", "q"), ((1, 2),))).rows == (("x", 1, 2),)
    assert as_table(Reliability("R", (Bin(0.5, 0.25, 4),))).rows == ((0.5, 0.25, 4),)


def test_importing_the_renderers_imports_no_heavy_library() -> None:
    heavy = "('matplotlib', 'jinja2', 'torch', 'pydantic')"
    program = "import sys, seqkit.report.write, seqkit.report.terminal; "
    program += f"sys.exit(' '.join(name for name in {heavy} if name in sys.modules))"
    search = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=search)
    assert done.stderr.strip() == ""
