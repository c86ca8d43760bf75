import pytest

from seqkit.report.report import (
    Bars,
    Bin,
    Figure,
    Heat,
    Lines,
    Reliability,
    Report,
    Scale,
    Section,
    Sentence,
    Sentences,
    Series,
    Span,
    Table,
)

NASTY = "</style><script>alert(1)</script>"


@pytest.fixture(scope="session")
def nasty() -> str:
    return NASTY


@pytest.fixture(scope="session")
def report() -> Report:
    """A report with every kind of block, hostile text, and values that are missing or no numbers."""
    nan, inf = float("nan"), float("inf")
    odd = ("</svg>", "\x00", "\x1b[31m", "\ud800", "\u202eabc", "محمد", "a|b", "`c`", "*d*", "<!--", "&amp;", "W" * 5000)
    wrong = Sentence(odd, (Span(0, 2, "PER"), Span(5, 6, NASTY)), (Span(1, 3, "PER"),), (0.5,), "note " + NASTY)
    table = Table(
        "Per type",
        ("type", "F1 (%)", "gold"),
        (
            ("PER", Figure("F1", 22.4, "%", interval=(20.1, 24.9), note="a note", seeds=(1, 2, 3)), 12),
            (NASTY, Figure("F1", nan, "%", interval=(nan, inf), spread=nan), None),
            ("none", Figure("F1", None, "%"), -inf),
        ),
    )
    plots = (
        Lines("Curve", "epoch", "F1", (Series("dev", (1, 2, 3), (1.0, nan, 3.5), (0.5, None, 3), (2, None, 4)),)),
        Lines("Scales", "length", "MB", (Series("_a", (0, 10, 1000), (1, 2, 3)), Series("$b$", (10,), (2,))), log_x=True),
        Lines("Powers", "length", "MB", (Series("squares", (1, 2, 3), (1, 4, 0)), Series("none", (1,), (None,))), log_y=True),
        Bars("Kinds", "count", ("missed", NASTY), (("a", (3, None)), ("b", (inf, -2))), (((1, 4), None), (None, (-3, nan)))),
        Heat("Confusion", ("PER", NASTY), ("PER", "nothing"), ((3, 1), (None, 0))),
        Heat("Map", ("PER", NASTY), odd, ((3, None, nan, inf, -inf, *[0.5] * 7), (0,) * 12), scale=Scale(NASTY, 0, 4)),
        Heat("Signs", odd, ("a", NASTY), ((-1, 1),) * 11 + ((None, nan),), scale=Scale("$x$", -1, 1)),
        Reliability("Calibration", (Bin(0.1, 0.2, 4), Bin(0.9, None, 0), Bin(nan, 1.0, 2))),
    )
    empty = (
        Lines("Nothing", "x", "y", ()),
        Bars("Nothing", "y", (), ()),
        Heat("Nothing", (), (), ()),
        Heat("Nothing", (), (), (), scale=Scale("of it", 0, 1)),
        Heat("Only NaN", ("a",), ("b",), ((nan,),), scale=Scale("of it", 0, 1)),
        Reliability("Nothing", ()),
        Table("Nothing", ("a",), ()),
        Sentences("Nothing", ()),
        Bars("Only NaN", "y", ("a",), (("b", (nan,)),)),
    )
    return Report(
        title="NER & <b>more</b>",
        subtitle="newsdesk · 0.63 M parameters",
        verdict=("As good as the other.", NASTY),
        headline=(
            Figure("test F1", 22.4, "%", n=1079, seeds=(1, 2, 3), interval=(20.1, 24.9), spread=0.6),
            Figure("training words/s", 17400.0, "words/s"),
            Figure("not measured", None),
            Figure("no number", nan, "%"),
        ),
        sections=(
            Section("Tables", "One paragraph.\n\nTwo " + NASTY, (table, *plots)),
            Section("Errors", "", (Sentences("Worst", (wrong,), language="en"),)),
            Section("Empty blocks", "", empty, detail=True),
            Section("Empty section"),
        ),
        context=(("command", "seqkit train ner --set a=<b>"), ("device", "cpu\x07")),
        note="[ , ] is an interval.",
    )
