"""The sentences a tagger works on: a card's corpus, or the user's own files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console

from seqkit.data.card import TaggedCard, card_of
from seqkit.data.examples import Tagged
from seqkit.data.formats import Format
from seqkit.data.home import packaged
from seqkit.data.name_lists import Name, read_names
from seqkit.data.schemes import Scheme
from seqkit.data.shares import share_of
from seqkit.data.sources import Sources, fetch_with_bar
from seqkit.data.tagged import Reading, load_tagged
from seqkit.errors import UserError, suggestion

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class TaggedCorpus:
    """Sentences by split, and how they were read.

    Args:
        seen: the tags of the whole training split, of which `splits` may hold a fraction.
        names: lists of names beside those of the sentences, by type of entity.
    """

    name: str
    language: str
    splits: dict[str, list[Tagged]]
    readings: dict[str, Reading]
    seen: frozenset[str] = frozenset()
    names: Mapping[str, Sequence[Name]] = field(default_factory=dict)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the whole training split: `O` first, then B- and I- of each type; or plain labels."""
        if not self.types:
            return tuple(sorted(self.seen))
        return ("O", *(f"{prefix}-{label}" for label in self.types for prefix in "BI"))

    @property
    def types(self) -> tuple[str, ...]:
        """Of the entities of the whole training split; none where labels are no entities."""
        return tuple(sorted({tag[2:] for tag in self.seen if tag[:2] in ("B-", "I-")}))

    @property
    def title(self) -> str:
        """As a report has it."""
        return self.name

    def describe(self) -> list[str]:
        """A line a split on how it was read."""
        return [f"{split:5} {reading.describe()}" for split, reading in self.readings.items()]

    def reduced(self, fraction: float) -> "TaggedCorpus":
        """The corpus with a random fraction of its training split; its tags stay those of the whole."""
        if fraction == 1 or "train" not in self.splits:
            return self
        return replace(self, splits=self.splits | {"train": share_of(self.splits["train"], fraction)})

    def listing(self, files: Mapping[str, str]) -> "TaggedCorpus":
        """The corpus with the names of these files, by type of entity, in the place of lists it may have of the same types.

        Raises:
            UserError: a file cannot be read or has no name, or no entity is of its type.
        """
        for label in files:
            if label not in self.types:
                known = f"{suggestion(label, list(self.types))} (known: {', '.join(self.types) or 'none'})"
                raise UserError(f"augment.names: {self.name} has no {label}{known}")
        return replace(self, names={**self.names, **{label: read_names(Path(path)) for label, path in files.items()}})


def load_corpus(name: str, sources: Sources, console: Console | None = None) -> TaggedCorpus:
    """Read a card's corpus, fetching it first if need be, or the user's own files.

    Raises:
        UserError: a file is at fault (then naming file and line), or has labels that training never saw.
    """
    own = sources.own
    names: dict[str, list[Name]] = {}
    own.refuse_aligned()
    if own.text:
        raise UserError("--text is for language models; give labelled sentences with --train, --dev and --test")
    if own:
        paths, language, tags, given = own.paths(), "", None, own.format
        folder = own.folder or Path(next(iter(own.files.values()))).parent
        name = str(folder) if folder.name else folder.resolve().name
    else:
        card = card_of(TaggedCard, name)
        paths = fetch_with_bar(card, sources.mirror, console)
        language, tags, given = card.language, card.annotation, card.format
        names = {label: read_names(packaged("corpora") / place) for label, place in card.names.items()}
    splits: dict[str, list[Tagged]] = {}
    readings: dict[str, Reading] = {}
    for split in (split for split in SPLITS if split in paths):
        form = Format.named(given) if given else None
        splits[split], readings[split] = load_tagged(paths[split], form, errors=sources.errors, tags=tags)
    check_labels(splits, readings)
    seen = frozenset(tag for sentence in splits.get("train", ()) for tag in sentence.tags)
    return TaggedCorpus(name, language, splits, readings, seen, names)


def check_labels(splits: dict[str, list[Tagged]], readings: dict[str, Reading]) -> None:
    """Refuse labels that training never saw: no model could ever predict them.

    Raises:
        UserError: names the file and the labels.
    """
    if "train" not in splits:
        return
    plain = readings["train"].scheme is Scheme.TAGS
    for split, reading in readings.items():
        if (reading.scheme is Scheme.TAGS) != plain:
            kinds = ("entity tags", "plain labels")
            raise UserError(f"{reading.path}: {split} has {kinds[not plain]} where train has {kinds[plain]}")
    known = {tag[2:] if tag[:2] in ("B-", "I-") else tag for s in splits["train"] for tag in s.tags}
    if known == {"O"}:
        raise UserError(f"{readings['train'].path}: every tag is O; there is nothing to learn")
    for split in ("dev", "test"):
        found = {tag[2:] if tag[:2] in ("B-", "I-") else tag for s in splits.get(split, []) for tag in s.tags}
        if unseen := sorted(found - known):
            some = ", ".join(unseen[:5]) + (" …" if len(unseen) > 5 else "")
            raise UserError(
                f"{readings[split].path}: label{'s' * (len(unseen) > 1)} unseen in training: {some} "
                f"(training has: {', '.join(sorted(known - {'O'}))})"
            )
