"""Inside a translator: which source tokens each word of the translation comes from.

Axes: B copies of the pair, N heads, S source tokens, T target tokens, X and D features, V symbols.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqkit.architecture.translator import RecurrentTranslatorConfig
from seqkit.errors import UserError
from seqkit.inspection.findings import Findings, check_length, labels, unseen_note
from seqkit.inspection.maps import attention_maps, heat, numbers, reach_section, signed
from seqkit.inspection.sections import Stack, chosen_layers, stack_sections
from seqkit.models.bridges import MatrixBridge
from seqkit.models.causal_transformer import CausalBlock, CausalTransformer
from seqkit.models.decoder import Reading, RecurrentDecoder
from seqkit.models.inspection.attention import cross_attention
from seqkit.models.inspection.gradients import by_direction, gradient_norms
from seqkit.models.inspection.matrix_memory import read_shares, read_weights, written
from seqkit.models.inspection.recording import Calls, leaves, recorded
from seqkit.models.recurrent import RecurrentLayer
from seqkit.report.report import Figure, Heat, Scale, Section
from seqkit.tasks.translation.batches import padded
from seqkit.tasks.translation.trained import TrainedTranslator
from seqkit.tasks.translation.translate import TranslationConfig, in_batches

ATTENTION = "Where the decoder looks in the source before it writes each token (a row); every row sums to 1."
MEMORY = """What the source leaves in each matrix, token by token, the mean over heads. β: how much of a token's value
is written. Kept: the share of it that has not faded at the end. Recall: how well its own key finds it then, as a cosine."""
READS = """Which source tokens' writing a read of the matrix is made up of, before each token is written (a row): parts of the
read's length, the mean over heads. Rows sum to 1; a negative part pulls the other way. The memory keeps no row a token."""
SOURCE_REACH = """How strongly the log-probability of each token of the translation (a row) depends on the embedding of each
source token, by whatever way: the length of the gradient. It can be compared over all bridges and families."""
TARGET_REACH = "The same, for the tokens of the translation written before."
DIRECTIONS = """What each half of the encoder's output adds to the log-probability of the translation, to first order:
gradient × output."""
AXES = ("translation", "source")


def inspect_translator(trained: TrainedTranslator, text: str, target: str | None, chosen: Collection[int]) -> Findings:
    """Read one source and its translation, the model's own (greedy) or a given one.

    Args:
        target: a translation to look at instead of the model's.
        chosen: numbers of layers; none for all.

    Raises:
        UserError: no word, too many tokens, several lines, or no such layer.
    """
    model, tokenizer = trained.model, trained.tokenizer
    if "\n" in text.strip("\n") or not text.strip():
        raise UserError("--text: give one line that holds a word")
    source = tokenizer.encode_source(text.strip("\n"))
    check_length(source[:-1].tolist(), "--text")
    if target is None:
        output = in_batches(trained.reader, tokenizer, [source], TranslationConfig(), 1)[0][0].tokens
    else:
        output = tokenizer.encode_target(target).tolist()
    check_length(output, "--target" if target is not None else "the translation")
    source_tokens = labels(tokenizer.source, source.tolist())
    tokens = labels(tokenizer.target, output)
    before = ("start", *tokens[:-1])
    reverse = isinstance(model.config, RecurrentTranslatorConfig) and model.config.reverse
    read = source_tokens[::-1] if reverse else source_tokens
    assert isinstance(model.encoder, nn.Module)
    encoder, decoder = chosen_layers([(model.encoder, read, "encoder"), (model.decoder, before, "decoder")], chosen)

    source_1S, length_1 = padded([source], trained.device)
    token_1T = torch.tensor([[tokenizer.start, *output[:-1]]], device=trained.device)

    def score(copies: int) -> tuple[Tensor, list[Tensor]]:
        with leaves(model.source) as read_source:
            state = model.start(source_1S.repeat(copies, 1), length_1.repeat(copies))
        with leaves(model.target) as read_target:
            logit_BTV, _ = model.scan(token_1T.repeat(copies, 1), state)
        logp_BTV = logit_BTV.log_softmax(dim=-1)
        return logp_BTV[:, torch.arange(len(output)), output], [*read_source, *read_target]

    with torch.enable_grad(), recorded(model) as calls:
        (logp_T,), _ = score(1)
    norm_TS, norm_TT = gradient_norms(score, len(output))
    readers = source_readers(model.decoder, decoder.layers)
    sections = [
        *_attention(readers, calls, tokens, read),
        *_memory(readers, calls, tokens, read),
        reach_section("Gradient over the source", SOURCE_REACH, norm_TS, tokens, source_tokens),
        reach_section("Gradient over the translation", TARGET_REACH, norm_TT, tokens, before),
        *_directions(encoder, calls, logp_T.sum()),
        *stack_sections(encoder, calls),
        *stack_sections(decoder, calls),
    ]
    return Findings(
        verdict=(tokenizer.decode(output),),
        headline=(Figure("log-probability", float(logp_T.detach().sum()), "nats", n=len(output)),),
        sections=tuple(sections),
        note=" ".join(filter(None, (_whose(target), unseen_note(source_tokens)))),
    )


def _whose(target: str | None) -> str:
    return "The translation was given." if target is not None else "The translation is the model's own, by greedy search."


def source_readers(decoder: RecurrentDecoder | CausalTransformer, layers: Collection[int]) -> dict[str, Reading | CausalBlock]:
    """What reads the source in a Transformer's layer, or above a recurrent one, by title."""
    if isinstance(decoder, CausalTransformer):
        return {f"Layer {number}": block for number, block in enumerate(decoder.each_block(), 1) if number in layers}
    readings = {number: decoder.reading(number) for number in layers}
    return {f"Above layer {number}": reading for number, reading in readings.items() if reading is not None}


def _attention(
    readers: Mapping[str, Reading | CausalBlock], calls: Calls, tokens: Sequence[str], read: Sequence[str]
) -> list[Section]:
    looks = {title: cross_attention(reader, calls) for title, reader in readers.items()}
    weights = {title: weight_1TS[0] for title, weight_1TS in looks.items() if weight_1TS is not None}
    if not weights:
        return []
    return [Section("Attention over the source", ATTENTION, attention_maps(weights, tokens, read, axes=AXES))]


def _memory(
    readers: Mapping[str, Reading | CausalBlock], calls: Calls, tokens: Sequence[str], read: Sequence[str]
) -> list[Section]:
    reads: list[Heat] = []
    held: list[Heat] = []
    for title, reader in readers.items():
        if isinstance(reader, Reading) and isinstance(reader.bridge, MatrixBridge):
            memory, shares = _matrix(reader.bridge, calls[reader.bridge.key].given[0], calls[reader].given[0])
            reads.append(heat(title, shares, tokens, read, signed("part of the read", shares), axes=AXES))
            held.append(heat(title, memory, read, ("β", "kept", "recall"), Scale("share or cosine", -1, 1)))
    return [Section("Reads of the memory", READS, tuple(reads)), Section("The memory", MEMORY, tuple(held))] if reads else []


@torch.no_grad()
def _matrix(bridge: MatrixBridge, x_1SX: Tensor, h_1TD: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each source token its β, what is kept of it and its recall; and the parts of each read."""
    source = written(bridge, x_1SX)
    share_TS = read_shares(read_weights(bridge, h_1TD, source), source)[0].mean(dim=0)
    parts = (source.beta_BNS, source.kept_BNS, source.recall_BNS)
    return np.stack([numbers(part[0].mean(dim=0)) for part in parts], axis=1), numbers(share_TS)


def _directions(encoder: Stack, calls: Calls, score: Tensor) -> list[Section]:
    maps: list[Heat] = []
    for number, layer in encoder.layers.items():
        if isinstance(layer, RecurrentLayer) and layer.back is not None:
            values = np.stack([numbers(part) for part in by_direction(score, calls[layer].gave)], axis=1)
            scale = signed("log-probability, in nats", values)
            maps.append(heat(encoder.title(number), values, encoder.tokens, ("forward", "backward"), scale))
    return [Section("Forward and backward", DIRECTIONS, tuple(maps))] if maps else []
