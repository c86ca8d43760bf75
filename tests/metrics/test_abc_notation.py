import os
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.metrics.abc_notation import check_tune, split_tunes

MIRROR = os.environ.get("SEQKIT_CORPORA_MIRROR")
HEADER = "X:1\nT:A tune\nM:4/4\nL:1/8\nK:D\n"
TUNE = (
    "X: 12\n% a comment\nT:The Lark\nT:or The Robin\nC:trad.\nM:6/8\nK:G\n"
    'P:A\nd|"G"g2g B^AB|{/g}d2d G3|"Em"GAB "Am7/c"A2A|(3DEF G>A Bc/2c/2:|\n'
    "|:[M:9/8] [GBd]3-[GBd]3 z3 |[1 .a~b!trill!c' (def) D,,3:|[2 a6 b3|]\n"
)


def faults(music: str) -> list[tuple[int, int]]:
    """Line of the music and column of each fault."""
    return [(fault.line - 5, fault.column) for fault in check_tune(HEADER + music).faults]


def test_a_tune_with_most_there_is() -> None:
    assert check_tune(TUNE).faults == ()
    assert check_tune(TUNE.replace("\n", "\r\n")).faults == ()
    assert check_tune(TUNE + "\n\n").faults == ()


@pytest.mark.parametrize(
    "music",
    [
        "ABcd efga|B,,2 c''2 ^f__B =c^^d z4|",
        "A/ B/2 C3/2 D// E16|",
        '"Am"A"^slowly"B"<(" C|',
        "(3ABC (3:2:4 ABCD (3::2 AB (2AB (9ABCDEFGAB|",
        "A>B c<d e>>f g<<<a|A > B|A>{c}B|",
        "A-A|A2-|A [Ac]-[Ac]2-|A3 -A|",
        "(A(B)c) (3(ABC) [^C=E_G]/2|",
        "{g}A {/fga}B {^f2e}c|",
        "~A .B Tc vd uA Hc LB Mf Pg !fermata!A !>!B !segno!| O|S|",
        "|:A||B|]C[|D::E:||:F:|:G|::A::|B.|C|[|]D|||",
        "A|1B:|2c|[1,3B:|[2-4 c:|",
        "[K:Am]A[M:3/4][L:1/4]B[r:remark]c|",
        "AB\\\nM:3/4\ncd\\ % on\nef|% the end",
        "AB|\n%%setting\n% a comment\nw:la la\nK:C clef=bass\nCD|",
        "A y2 `B`c X3 Z x2|",
        "z:|A|",  # a rest, not a field
    ],
)
def test_music_that_is_read(music: str) -> None:
    assert faults(music) == []


@pytest.mark.parametrize(
    ("music", "line", "column"),
    [
        ('AB "Gc|', 1, 4),
        ("AB [ceg|", 1, 8),
        ("AB ceg]|", 1, 7),
        ("A []B|", 1, 3),
        ("[AzB]|", 1, 3),
        ("A (BC|\nDE|", 1, 3),
        ("A BC)|", 1, 5),
        ("{gA|", 1, 4),
        ("{}A|", 1, 1),
        ("A}|", 1, 2),
        ("|>A|", 1, 2),
        ("A>|B", 1, 2),
        ("A><B|", 1, 3),
        ("A>>>>B|", 1, 2),
        ("-A|", 1, 1),
        ("A|>B|", 1, 3),
        ("A|-B|", 1, 3),
        ("A--A|", 1, 3),
        ("(3AB|C", 1, 1),
        ("(1A|", 1, 1),
        ("(3(3ABC|", 1, 3),
        ("A^|", 1, 2),
        ("^^^A|", 1, 1),
        ("A,,,,,,|", 1, 1),
        ("A0|", 1, 2),
        ("A/0|", 1, 2),
        ("A1234|", 1, 2),
        ("A/////|", 1, 2),
        ("A 2|", 1, 3),
        ("A:B|", 1, 2),
        ("A|||||||B", 1, 2),
        ("A[1B|", 1, 3),
        ("A|1,,2B|", 1, 3),
        ("ATB~|", 1, 4),
        ("AB.\ncd|", 1, 3),
        ("!no name!A|", 1, 1),
        ("!A|", 1, 1),
        ("A\\B|", 1, 2),
        ("A&B|", 1, 2),
        ("Ah|", 1, 2),
        ("A é|", 1, 3),
        ("AB|\nM:4\nc|", 2, 3),
        ("AB|\n[M:4/]c|", 2, 4),
        ("AB|\n[M:4/4 c|", 2, 1),
        ("AB|\nK:H\nc|", 2, 3),
        ("AB|\nX:2\nc|", 2, 1),
        ("AB|\nS:after the header\nc|", 2, 2),
        ("AB|\n\ncd|", 3, 1),
    ],
)
def test_music_that_is_not_is_told_with_its_place(music: str, line: int, column: int) -> None:
    assert faults(music)[:1] == [(line, column)]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("T:A tune\nX:1\nK:D\nABc|", "starts with X:"),
        ("ABc|", "starts with X:"),
        ("X:1\nK:D\nABc|", "no title"),
        ("X:1\nT:A tune\nABc|", "before the header has ended"),
        ("X:1\nT:A tune\n", "does not end with K:"),
        ("X:1\nT:A tune\nK:D\n", "no notes"),
        ("X:1\nT:A tune\nK:D\nz4|z4|", "no notes"),
        ("X:one\nT:A tune\nK:D\nA|", "no number"),
        ("X:1\nX:2\nT:A tune\nK:D\nA|", "X: in the middle"),
        ("X:1\nT:A tune\nL:1/0\nK:D\nA|", "no note length"),
        ("X:1\nT:A tune\nM:four\nK:D\nA|", "no metre"),
        ("", "no tune"),
        ("\n\n", "no tune"),
    ],
)
def test_a_header_that_is_none(header: str, reason: str) -> None:
    assert reason in check_tune(header).faults[0].reason


@pytest.mark.parametrize("key", ["D", "F#m", "Bb", "A mix", "Amixolydian", "E Dor", "Gmin", "HP", "none", "", "D exp ^f =c"])
def test_keys(key: str) -> None:
    assert check_tune(f"X:1\nT:A\nK:{key}\nA|").valid


@pytest.mark.parametrize("key", ["H", "m", "Dq", "D major minor 4", "d", "#", "D/A"])
def test_keys_that_are_none(key: str) -> None:
    assert not check_tune(f"X:1\nT:A\nK:{key}\nA|").valid


@pytest.mark.parametrize("metre", ["4/4", "6/8", "C", "C|", "none", "2+3/8", "(2+3+2)/8"])
def test_metres(metre: str) -> None:
    assert check_tune(f"X:1\nT:A\nM:{metre}\nK:D\nA|").valid


@pytest.mark.parametrize(
    ("music", "bars", "full"),
    [
        ("ABcd efga|ABcd efg|ABcd efga|", 3, 2),
        ("A|ABcd efga|Bcde fga:|", 3, 3),  # a pickup and its complement
        ("ABcd efgab|ABcd efga|", 2, 1),  # too long even for an edge
        ("A>B c<d (3efg a2|A>>B c2 [ceg]4|z4 A//B//c//d// e3|{gf}A8|", 4, 4),
        ("A8|[M:3/4]A6|[L:1/4]A3|(5ABcde f|(3:2:2A2B c|[M:6/8](5ABcde|", 6, 6),
        ("A8|A4>B c3/2|d3/2 e<f4|A8|", 4, 4),
        ("A8|1B8:|2c6||d2e6|", 4, 4),
        ("M:none\nA|B|c|", 0, 0),
        ("Z4|A8|", 1, 1),
    ],
)
def test_bars_add_up_to_the_metre(music: str, bars: int, full: int) -> None:
    found = check_tune(HEADER + music)
    assert found.faults == ()
    assert (found.bars, found.full_bars) == (bars, full)
    assert found.full_share == (full / bars if bars else None)


def test_the_unit_is_a_sixteenth_in_short_metres() -> None:
    for metre, unit in (("2/4", "A8"), ("3/4", "A6"), ("4/4", "A8")):
        found = check_tune(f"X:1\nT:A\nM:{metre}\nK:D\n|:A|{unit}|B:|")
        assert (found.bars, found.full_bars) == (3, 3)


def test_tunes_are_what_stands_between_empty_lines() -> None:
    collection = "% a book\n\n" + TUNE + "\n\n\n" + HEADER + "A|\n"
    assert split_tunes(collection) == [TUNE, HEADER + "A|\n"]
    assert split_tunes("") == split_tunes("\n \n") == []


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="AaGz^_=,'/0123456789|:[](){}<>-.\"!~TK M\\%\n\r\t+&é", max_size=60))
def test_any_text_is_answered_with_places_that_exist(music: str) -> None:
    for text in (music, HEADER + music):
        lines = text.split("\n")
        for fault in check_tune(text).faults:
            assert 1 <= fault.line <= len(lines)
            assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1


@pytest.mark.parametrize(
    "sign", ["[", "[M:", '"', '"a', "!", "! ", "!a ", "{", "(3", "(", "|", ":", "A>", "A/", "A1", "\\", "9"]
)
def test_time_grows_with_the_text_alone(sign: str) -> None:
    start = time.process_time()
    check_tune(HEADER + sign * (50_000 // len(sign)))
    assert time.process_time() - start < 2


def corrupt(tune: str, share: float, generator: random.Random) -> str:
    """Some characters replaced by any others."""
    signs = list(tune)
    for place in generator.sample(range(len(signs)), max(1, round(share * len(signs)))):
        signs[place] = chr(generator.randrange(32, 127))
    return "".join(signs)


@pytest.mark.skipif(not MIRROR, reason="SEQKIT_CORPORA_MIRROR is not set")
def test_real_tunes_are_tunes_and_broken_ones_are_not() -> None:
    """Of the Nottingham collection three are broken: a chord [+GB], a chord that opens a tuplet, an ending inside a bar."""
    folder = Path(str(MIRROR)) / "generate" / "nottingham_abc"
    tunes = [tune for path in sorted(folder.glob("*.abc")) for tune in split_tunes(path.read_text(encoding="utf-8"))]
    assert len(tunes) == 1034
    checks = [check_tune(tune) for tune in tunes]
    assert sum(check.valid for check in checks) >= 1030
    assert sum(check.full_bars for check in checks) / sum(check.bars for check in checks) > 0.99
    generator = random.Random(0)
    some = tunes[::10]
    headless = ["\n".join(line for line in tune.split("\n") if not line.startswith("K:")) for tune in some]
    unquoted = [tune.replace('"', "", 1) for tune in some if '"' in tune]
    english = [tune.partition("\nK:")[0] + "\nK:D\nIt was the best of times, it was the worst of times.\n" for tune in some]
    for broken in (headless, unquoted, english, [corrupt(tune, 0.03, generator) for tune in some]):
        assert sum(check_tune(text).valid for text in broken) <= 0.02 * len(broken)
    assert sum(check_tune(corrupt(tune, 0.01, generator)).valid for tune in some) <= 0.2 * len(some)
