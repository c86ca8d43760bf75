"""The pairs a translator works on: a card's corpus, or the user's own."""

from rich.console import Console

from seqkit.data.card import PairCard, card_of
from seqkit.data.pairs import PairCorpus, find_pair_files, load_own_pairs, load_pairs
from seqkit.data.sources import Sources, fetch_with_bar
from seqkit.errors import UserError


def read_corpus(name: str, direction: str | None, sources: Sources, console: Console | None = None) -> PairCorpus:
    """Read a card's corpus, fetching it first if need be, or the user's own pairs.

    A split of one's own is a file of `source TAB target`, or two aligned ones; `direction` tells which of a folder's two is the
    source. A file named apart wins over the folder's.

    Raises:
        UserError: no corpus of pairs, no such direction, a split is missing or empty; or a file is at fault, then naming it.
    """
    own = sources.own
    if own.text or own.format:
        raise UserError("translation reads pairs: give --train, --dev, --test or --data, without --text and --format")
    if own:
        found = find_pair_files(own.folder, direction) if own.folder else {}
        return load_own_pairs(found | own.pair_paths(), errors=sources.errors)
    card = card_of(PairCard, name)
    return load_pairs(card, fetch_with_bar(card, sources.mirror, console), direction, errors=sources.errors)
