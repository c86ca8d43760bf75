"""The pairs a translator works on: a card's corpus, or the user's own."""

from rich.console import Console

from seqkit.data.card import find_pair_card
from seqkit.data.pairs import PairCorpus, find_pair_files, load_own_pairs, load_pairs
from seqkit.errors import UserError
from seqkit.run.corpora import Sources, fetch_with_bar


def read_corpus(name: str, direction: str | None, sources: Sources, console: Console | None = None) -> PairCorpus:
    """Read a card's corpus, fetching it first if need be, or the user's own pairs.

    Own files hold `source TAB target`; a folder may also hold two aligned files a split, and then `direction` tells which is
    the source.

    Raises:
        UserError: no corpus of pairs, no such direction, a split is missing or empty; or a file is at fault, then naming it.
    """
    own = sources.own
    if own.text or own.format:
        raise UserError("translation reads pairs: give --train, --dev, --test or --data, without --text and --format")
    if own.folder:
        return load_own_pairs(find_pair_files(own.folder, direction), errors=sources.errors)
    if own.files:
        return load_own_pairs({split: [path] for split, path in own.files.items()}, errors=sources.errors)
    card = find_pair_card(name)
    return load_pairs(card, fetch_with_bar(card, sources.mirror, console), direction, errors=sources.errors)
