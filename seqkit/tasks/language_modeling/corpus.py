"""The running text a language model works on: a card's corpus, or the user's own."""

from rich.console import Console

from seqkit.data.card import TextCard, find_card
from seqkit.data.sources import Sources, fetch_with_bar
from seqkit.data.texts import TextCorpus, load_split_texts, load_texts
from seqkit.errors import UserError


def read_corpus(name: str, sources: Sources, console: Console | None = None) -> TextCorpus:
    """Open a card's corpus, fetching it first if need be, or the user's own text.

    Raises:
        UserError: the corpus holds sentences, not text; a split is missing or empty; or a file is at fault, then naming it.
    """
    own = sources.own
    own.refuse_aligned()
    if own.format:
        raise UserError("--format is for labelled sentences; a language model reads plain text")
    if given := own.text or own.folder:
        return load_texts(given, errors=sources.errors)
    if own.files:
        return load_split_texts(own.files, errors=sources.errors)
    card = find_card(name)
    if not isinstance(card, TextCard):
        raise UserError(f"{name}: a corpus of labelled sentences, not of running text")
    return load_texts(card, fetch_with_bar(card, sources.mirror, console), errors=sources.errors)
