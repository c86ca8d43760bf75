"""Splits of examples that have none, such that no text stands in two: what shares a text goes to one split as a whole."""

import unicodedata
from collections.abc import Mapping, Sequence
from fractions import Fraction

from seqkit.data.splitting import Split, assign


class _Telling(dict[int, int | None]):
    """For `str.translate`: letters, marks and digits stay, every other character goes."""

    def __missing__(self, code: int) -> int | None:
        self[code] = code if unicodedata.category(chr(code))[0] in "LMN" else None
        return self[code]


_TELLING = _Telling()


def folded(text: str) -> str:
    """What tells one text from another: its letters, marks and digits in small letters; a text without any is taken whole."""
    return text.casefold().translate(_TELLING) or text


def groups(rows: Sequence[Sequence[str]]) -> list[int]:
    """For each row the number of the first row of its group.

    Two rows are in one group if the texts in one place of both are the same but for capitals, punctuation and spaces,
    or if a chain of such rows leads from one to the other.
    """
    root = list(range(len(rows)))

    def find(row: int) -> int:
        while root[row] != row:
            root[row] = root[root[row]]
            row = root[row]
        return row

    first: dict[tuple[int, str], int] = {}
    for number, row in enumerate(rows):
        for place, text in enumerate(row):
            one, other = find(first.setdefault((place, folded(text)), number)), find(number)
            root[max(one, other)] = min(one, other)
    return [find(row) for row in range(len(rows))]


def assign_groups(rows: Sequence[Sequence[str]], shares: Mapping[Split, Fraction]) -> list[Split]:
    """The split of each row: whole `groups`, from the largest to the smallest, each to the split furthest behind its share."""
    group = groups(rows)
    firsts = sorted(set(group))
    place = {first: number for number, first in enumerate(firsts)}
    sizes = [0] * len(firsts)
    for first in group:
        sizes[place[first]] += 1
    assigned = assign(sizes, shares)
    return [assigned[place[first]] for first in group]
