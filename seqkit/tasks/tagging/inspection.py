"""Inside a tagger: why each token has its tag.

Axes: B copies of the sentence, T tokens, D features, K tags.
"""

from collections.abc import Collection

import numpy as np
import torch
from torch import Tensor, nn

from seqkit.data.schemes import spans
from seqkit.data.vocabulary import UNKNOWN
from seqkit.data.words import split_sentences, split_words
from seqkit.errors import UserError
from seqkit.inspection.findings import Findings, check_length
from seqkit.inspection.maps import distance_curves, heat, numbers, reach_section, signed
from seqkit.inspection.sections import Stack, chosen_layers, stack_sections
from seqkit.models.inspection.gradients import by_direction, gradient_norms, mean_by_distance
from seqkit.models.inspection.recording import Calls, recorded
from seqkit.models.recurrent import RecurrentEncoder, RecurrentLayer
from seqkit.models.tagger import Member
from seqkit.report.report import Heat, Section
from seqkit.tasks.tagging.predict import tensors
from seqkit.tasks.tagging.trained import TrainedTagger

SCORE = "A tag's score is its emission, less the mean over all tags."
DIRECTIONS = f"""What the forward and the backward half add to the score of each token's tag. {SCORE} Scores are linear in the
top layer, so its parts add up exactly; the rest is the bias, what prediction adds to scores, and what a residual passes by."""
REACH = f"How strongly the score of each token's tag (a row) depends on each word's vector: the length of the gradient. {SCORE}"


def inspect_tagger(tagger: TrainedTagger, text: str, chosen: Collection[int]) -> Findings:
    """Read one sentence.

    Args:
        chosen: numbers of layers; none for all.

    Raises:
        UserError: no word, too many words or several sentences; or no such layer.
    """
    sentences = split_sentences(split_words(text), text)
    if len(sentences) > 1:
        raise UserError(f"--text: it holds {len(sentences)} sentences, which a tagger reads one by one; give one of them")
    words = [word.text for sentence in sentences for word in sentence]
    check_length(words, "--text")
    model, member = tagger.model, tagger.model.each_member()[0]
    assert isinstance(member.encoder, nn.Module)
    (stack,) = chosen_layers([(member.encoder, tuple(words), "")], chosen)

    rows = tagger.vocabulary.encode(words)
    place_1T = torch.arange(len(words), device=model.outside_bias.device)[None]
    with torch.no_grad():
        x_1TD = model.word_vectors(tensors(rows, model.outside_bias.device), place_1T)
        length_B = place_1T.new_tensor([len(words)])
        tag_T = model.decode(model(x_1TD, length_B), length_B)[0]
    tags = [tagger.tags[tag] for tag in tag_T.tolist()]
    tagged = tuple(f"{word} {tag}" if tag != "O" else word for word, tag in zip(words, tags, strict=True))

    def read(copies: int) -> tuple[Tensor, list[Tensor]]:
        x_BTD = x_1TD.repeat(copies, 1, 1).requires_grad_()
        return _scores(model(x_BTD, length_B.repeat(copies)), tag_T), [x_BTD]

    with torch.enable_grad(), recorded(member) as calls:
        (score_T,), _ = read(1)
    (norm_TT,) = gradient_norms(read, len(words))
    curves, figures = distance_curves({"back": mean_by_distance(norm_TT), "ahead": mean_by_distance(norm_TT, ahead=True)})
    reach = reach_section("Gradient reach", REACH, norm_TT, tagged, words)
    sections = [*_directions(stack, member, calls, score_T, tagged), *stack_sections(stack, calls)]
    return Findings(
        verdict=(_said(words, tags, entities=tagger.entities),),
        headline=tuple(figures),
        sections=(*sections, Section(reach.title, reach.text, (*reach.blocks, curves))),
        note=_note([word for word, row in zip(words, rows.word_U, strict=True) if row == UNKNOWN], len(model.members)),
    )


def _scores(emission_BTK: Tensor, tag_T: Tensor) -> Tensor:
    """score_BT of the chosen tags, less the mean over all tags: what is added to all of them decides nothing."""
    centred_BTK = emission_BTK - emission_BTK.mean(dim=-1, keepdim=True)
    return centred_BTK[:, torch.arange(len(tag_T), device=tag_T.device), tag_T]


def _directions(stack: Stack, member: Member, calls: Calls, score_T: Tensor, tagged: tuple[str, ...]) -> list[Section]:
    """Forward and backward parts of each bidirectional layer shown."""
    encoder = member.encoder
    layers = {n: layer for n, layer in stack.layers.items() if isinstance(layer, RecurrentLayer) and layer.back is not None}
    maps: list[Heat] = []
    for number, layer in layers.items():
        parts = [numbers(part) for part in by_direction(score_T.sum(), calls[layer].gave)]
        names = ["forward", "backward"]
        title = f"{stack.title(number)}: gradient × output"
        if isinstance(encoder, RecurrentEncoder) and number == len(encoder.layers):
            score = numbers(score_T)
            parts += [score - parts[0] - parts[1], score]
            names += ["the rest", "score"]
            title = f"{stack.title(number)}: exact parts of the score"
        values = np.stack(parts, axis=1)
        maps.append(heat(title, values, tagged, names, signed("score, in nats", values)))
    return [Section("Forward and backward", DIRECTIONS, tuple(reversed(maps)))] if maps else []


def _said(words: list[str], tags: list[str], *, entities: bool) -> str:
    """`Ada Lovelace PER · London LOC`, or `word/TAG word/TAG`."""
    if not entities:
        return " ".join(f"{word}/{tag}" for word, tag in zip(words, tags, strict=True))
    found = [f"{' '.join(words[span.start : span.end])} {span.label}" for span in spans(tags)]
    return " · ".join(found) or "No entity found."


def _note(unknown: list[str], members: int) -> str:
    notes = [f"Words never seen in training, known by their letters alone: {', '.join(unknown)}."] if unknown else []
    notes += [f"The first of {members} members is looked into; scores are the mean over all."] if members > 1 else []
    return " ".join(notes)
