"""`seqkit corpora list | show | fetch`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from seqkit.data.card import Card

corpora_app = typer.Typer(no_args_is_help=True, help="Corpora seqkit knows: what they are, and fetching them.")

Name = Annotated[str, typer.Argument(help="A corpus, as ner/wnut17 or wnut17.")]
Mirror = Annotated[Path | None, typer.Option(help="A folder of corpora read before any download.", show_default=False)]


@corpora_app.command("list")
def list_corpora(mirror: Mirror = None) -> None:
    """One line a corpus, and whether it is on this machine."""
    from rich.console import Console
    from rich.table import Table

    from seqkit.data.card import all_cards
    from seqkit.data.home import cache_folder, mirror_folder

    table = Table(box=None, pad_edge=False)
    for column in ("corpus", "language", "size", "licence", "here", "title"):
        table.add_column(column, no_wrap=column != "title", justify="right" if column == "size" else "left")
    cache, near = cache_folder(), mirror_folder(mirror)
    for card in all_cards():
        licence = card.licence.split("\n")[0][:13]
        table.add_row(card.name, language_of(card), size_of(card), licence, whereabouts(card, cache, near), card.title)
    Console(highlight=False).print(table)


def language_of(card: "Card") -> str:
    """Its tag, or for a corpus of several languages their tags."""
    from seqkit.data.card import PairCard

    return ", ".join(card.sides) if isinstance(card, PairCard) and card.language == "mul" else card.language


def size_of(card: "Card") -> str:
    """All splits together: `5,690 sents`, `41,680 pairs`, `1.12 M chars`."""
    from seqkit.data.card import PairCard, TaggedCard

    if isinstance(card, PairCard):
        return f"{sum(counts.pairs for counts in card.counts.values()):,} pairs" if card.counts else "–"
    if isinstance(card, TaggedCard):
        return f"{sum(counts.sentences for counts in card.counts.values()):,} sents"
    return f"{sum(counts.characters for counts in card.counts.values()) / 1e6:.2f} M chars" if card.counts else "–"


def whereabouts(card: "Card", cache: Path, mirror: Path | None) -> str:
    """Where on this machine a corpus is, without reading it."""
    files = card.files.values()
    if not files:
        return "in Python"
    if card.embedded:
        return "packaged"
    if all((cache / file.path).exists() for file in files):
        return "cached"
    if mirror and all((mirror / file.path).exists() or (mirror / f"{file.path}.gz").exists() for file in files):
        return "mirror"
    return "–"


@corpora_app.command("show")
def show_corpus(name: Name) -> None:
    """What a corpus is, its licence and citation, and what is odd about it."""
    from seqkit.data.card import PairCard, TextCard, find_card

    card = find_card(name)
    print(f"{card.name} · {card.title}\n\n{card.description.strip()}\n")
    print(f"language  {card.language}\nlicence   {' '.join(card.licence.split())}\nformat    {card.format}, {card.annotation}")
    if isinstance(card, PairCard):
        print(f"direction {', '.join(card.directions())}")
    print(f"homepage  {card.homepage or '–'}\n")
    width = max([12, *map(len, card.files), *map(len, card.counts)])
    for key, file in card.files.items():
        print(f"{key:{width}} {file.url or 'packaged with seqkit'}")
    if isinstance(card, TextCard) and card.module:
        print(f"{'module':{width}} {card.module}, part of Python")
    if isinstance(card, TextCard | PairCard) and card.split:
        print(f"{'split':{width}} {card.split}")
    if card.counts:
        print()
    for split, counts in card.counts.items():
        sizes = ", ".join(f"{count:,} {what}" for what, count in counts.model_dump().items() if count is not None)
        print(f"{split:{width}} {sizes}")
    if card.oddities:
        print("\nOddities")
        for oddity in card.oddities:
            print(f"- {oddity}")
    print(f"\nCite\n{card.citation.strip()}")


@corpora_app.command("fetch")
def fetch_corpus(name: Name, mirror: Mirror = None) -> None:
    """Bring a corpus to this machine: from the mirror where there is one, else by download; verified by SHA-256."""
    from rich.console import Console

    from seqkit.data.card import find_card
    from seqkit.data.sources import fetch_with_bar

    card = find_card(name)
    console = Console(highlight=False)
    paths = fetch_with_bar(card, mirror, console)
    for key, path in paths.items():
        print(f"{key:6} {path}")
    if not paths:
        print("nothing to fetch: the text is part of Python")
    print(f"licence  {' '.join(card.licence.split())}\ncite     {' '.join(card.citation.split())}")
