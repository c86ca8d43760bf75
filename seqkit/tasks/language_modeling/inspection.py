"""Inside a language model: why each token was expected or not.

Axes: B copies of the text, N tokens of it, T tokens read: a start and those; V symbols.
"""

import math
from collections.abc import Collection

import torch
from torch import Tensor, nn

from seqkit.inspection.findings import Findings, check_length, labels, unseen_note
from seqkit.inspection.maps import distance_curves, reach_section
from seqkit.inspection.sections import chosen_layers, stack_sections
from seqkit.models.inspection.gradients import gradient_norms, mean_by_distance
from seqkit.models.inspection.recording import leaves, recorded
from seqkit.report.report import Figure, Section, Table
from seqkit.tasks.language_modeling.trained import TrainedLanguageModel

REACH = """How strongly the log-probability of each token (a row) depends on the embedding of each token read before it: the
length of the gradient."""


def inspect_language_model(trained: TrainedLanguageModel, text: str, chosen: Collection[int]) -> Findings:
    """Read a text from its start.

    Args:
        chosen: numbers of layers; none for all.

    Raises:
        UserError: no token, too many, or no such layer.
    """
    model, tokenizer = trained.model, trained.tokenizer
    symbols = tokenizer.encode(text).tolist()
    check_length(symbols, "--text")
    tokens = labels(tokenizer, symbols)
    read = ("start", *tokens)
    assert isinstance(model.body, nn.Module)
    (stack,) = chosen_layers([(model.body, read, "")], chosen)
    token_1T = torch.tensor([[tokenizer.end, *symbols]], device=trained.device)

    def scan(copies: int) -> tuple[Tensor, list[Tensor]]:
        with leaves(model.embedding) as embeddings:
            logit_BTV, _ = model.scan(token_1T.repeat(copies, 1), model.start(copies))
        return logit_BTV.log_softmax(dim=-1), embeddings

    def score(copies: int) -> tuple[Tensor, list[Tensor]]:
        logp_BTV, embeddings = scan(copies)
        return logp_BTV[:, torch.arange(len(symbols)), symbols], embeddings

    with torch.no_grad(), recorded(model.body) as calls:
        logp_TV = scan(1)[0][0]
    norm_NN = gradient_norms(score, len(symbols))[0][:, :-1]
    curves, figures = distance_curves({"back": mean_by_distance(norm_NN)})
    reach = reach_section("Gradient reach", REACH, norm_NN, tokens, read[:-1])
    logp_NV, target_N1 = logp_TV[:-1], token_1T[0, 1:, None]
    logp_N = logp_NV.gather(1, target_N1)[:, 0]
    nats = -float(logp_N.mean())
    return Findings(
        verdict=(_expected_next(trained, logp_TV[-1]),),
        headline=(Figure("perplexity", math.exp(nats), f"per {trained.unit.removesuffix('s')}", n=len(symbols)), *figures),
        sections=(
            *stack_sections(stack, calls),
            Section(reach.title, reach.text, (*reach.blocks, curves)),
            Section("Predictions", "", (_predictions(trained, tokens, logp_NV, logp_N),), detail=True),
        ),
        note=unseen_note(tokens),
    )


def _expected_next(trained: TrainedLanguageModel, logp_V: Tensor) -> str:
    p, symbol = logp_V.exp().topk(min(3, len(logp_V)))
    names = labels(trained.tokenizer, symbol.tolist())
    return "Next: " + ", ".join(f"{name} ({100 * share:.0f} %)" for name, share in zip(names, p.tolist(), strict=True))


def _predictions(trained: TrainedLanguageModel, tokens: tuple[str, ...], logp_NV: Tensor, logp_N: Tensor) -> Table:
    best_N = logp_NV.argmax(dim=-1)
    rank_N = (logp_NV > logp_N[:, None]).sum(dim=-1) + 1
    guesses = labels(trained.tokenizer, best_N.tolist())
    percent_N, best_percent_N = (100 * logp.exp() for logp in (logp_N, logp_NV.max(dim=-1).values))
    columns = (tokens, percent_N.tolist(), rank_N.tolist(), guesses, best_percent_N.tolist())
    rows = tuple((token, round(p, 2), rank, guess, round(q, 2)) for token, p, rank, guess, q in zip(*columns, strict=True))
    return Table("", ("token", "probability (%)", "rank", "likeliest", "its probability (%)"), rows)
