"""`seqkit corpora list | show | fetch`."""

from pathlib import Path
from typing import Annotated

import typer

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
    for column in ("corpus", "language", "sentences", "licence", "here", "title"):
        table.add_column(column, no_wrap=column != "title", justify="right" if column == "sentences" else "left")
    cache, near = cache_folder(), mirror_folder(mirror)
    for card in all_cards():
        sentences = sum(counts.sentences for counts in card.counts.values())
        if card.embedded:
            here = "packaged"
        elif all((cache / file.path).exists() for file in card.files.values()):
            here = "cached"
        elif near and all((near / f.path).exists() or (near / f"{f.path}.gz").exists() for f in card.files.values()):
            here = "mirror"
        else:
            here = "–"
        table.add_row(card.name, card.language, f"{sentences:,}", card.licence.split("\n")[0][:20], here, card.title)
    Console(highlight=False).print(table)


@corpora_app.command("show")
def show_corpus(name: Name) -> None:
    """What a corpus is, its licence and citation, and what is odd about it."""
    from seqkit.data.card import find_card

    card = find_card(name)
    print(f"{card.name} · {card.title}\n\n{card.description.strip()}\n")
    print(f"language  {card.language}\nlicence   {' '.join(card.licence.split())}\nformat    {card.format}, {card.annotation}")
    print(f"homepage  {card.homepage or '–'}\n")
    for split, file in card.files.items():
        counts = card.counts.get(split)
        told = f"{counts.sentences:,} sentences" if counts else ""
        told += f", {counts.entities:,} entities" if counts and counts.entities else ""
        print(f"{split:6} {told:36} {file.url or 'packaged with seqkit'}")
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
    from seqkit.run.corpora import fetch_with_bar

    card = find_card(name)
    console = Console(highlight=False)
    paths = fetch_with_bar(card, mirror, console)
    for split, path in paths.items():
        print(f"{split:6} {path}")
    print(f"licence  {' '.join(card.licence.split())}\ncite     {' '.join(card.citation.split())}")
