"""A sequence tagger: word vectors, an encoder of either family, and a CRF or softmax over tags.

Axes: M members, B sentences, T tokens, U distinct words of a batch, D features, K tags, N real tokens of a batch.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seqkit.architecture.tagger import AnyTaggerConfig
from seqkit.models.build import build_encoder
from seqkit.models.crf import CRF, legal_iob2
from seqkit.models.dropout import Dropout
from seqkit.models.nll import real_places
from seqkit.models.precision import products_in
from seqkit.models.words import WordEncoder, WordTensors


class Member(nn.Module):
    """One encoder from word vectors to tag scores."""

    def __init__(self, config: AnyTaggerConfig, sizes: dict[str, int], tags: int) -> None:
        super().__init__()
        self.words = WordEncoder(config.words, sizes)
        self.input_dropout = Dropout(config.input_dropout, locked=True)
        self.encoder = build_encoder(config, self.words.output_width)
        self.output_dropout = Dropout(config.output_dropout, locked=True)
        self.emit = nn.Linear(self.encoder.output_width, tags)

    def forward(self, x_BTD: Tensor, length_B: Tensor) -> Tensor:
        """emission_BTK from word vectors."""
        y_BTD = self.encoder(self.input_dropout(x_BTD), length_B)
        return self.emit(self.output_dropout(y_BTD)).float()


class Tagger(nn.Module):
    """Scores, trains and decodes the tags of padded sentences.

    Args:
        sizes: rows of the word tables, as `Vocabulary.sizes`.
        tags: the K tags, in the order of the output.
    """

    def __init__(self, config: AnyTaggerConfig, sizes: dict[str, int], tags: Sequence[str]) -> None:
        super().__init__()
        self.members = nn.ModuleList(Member(config, sizes, len(tags)) for _ in range(config.ensemble_size))
        self.vector_width = sum(member.words.output_width for member in self.each_member())
        self.crf = CRF(*legal_iob2(tags)) if config.output == "crf" else None
        self.outside = list(tags).index("O") if "O" in tags else None
        # Not trained: chosen on dev, kept with the weights. Nats taken from the score of O in decoding.
        self.outside_bias = nn.Parameter(torch.zeros(()), requires_grad=False)
        # Counted in dev and train, kept with the weights; absent where unused, so that older models still load.
        self.label_shift_K = nn.Parameter(torch.zeros(len(tags)), requires_grad=False) if config.label_shift else None

    def each_member(self) -> list[Member]:
        """The members, typed."""
        return [member for member in self.members if isinstance(member, Member)]

    def word_vectors(self, words: WordTensors, place_BT: Tensor) -> Tensor:
        """x_BTD with D = `vector_width`, the members' features side by side; `place_BT` points into the distinct words."""
        return torch.cat([member.words(words, place_BT) for member in self.each_member()], dim=-1)

    def distinct_vectors(self, words: WordTensors) -> Tensor:
        """x_UD with D = `vector_width` of each distinct word once, for a table of them."""
        return torch.cat([member.words.distinct(words) for member in self.each_member()], dim=-1)

    def emissions(self, x_BTD: Tensor, length_B: Tensor) -> Tensor:
        """emission_MBTK, of each member."""
        parts = x_BTD.chunk(len(self.members), dim=-1)
        return torch.stack([member(part, length_B) for member, part in zip(self.each_member(), parts, strict=True)])

    def forward(self, x_BTD: Tensor, length_B: Tensor) -> Tensor:
        """emission_BTK, the mean over the members, moved by the label shift."""
        emission_MBTK = self.emissions(x_BTD, length_B)
        emission_BTK = emission_MBTK.mean(dim=0) if len(emission_MBTK) > 1 else emission_MBTK[0]
        return emission_BTK if self.label_shift_K is None else emission_BTK + self.label_shift_K

    def loss(
        self, words: WordTensors, place_BT: Tensor, length_B: Tensor, tag_BT: Tensor, *, precision: torch.dtype
    ) -> tuple[Tensor, int]:
        """Negative log-likelihood in nats, summed over the tokens, the mean over members; and the number of tokens.

        Args:
            length_B: on the CPU it is read without holding up a GPU.
            precision: of the matrix products; bfloat16 runs them under autocast where the device can, the CRF stays in float32.
        """
        tokens, place_N = int(length_B.sum()), real_places(length_B, place_BT.shape[1])
        length_B = length_B.to(place_BT.device, non_blocking=True)
        with products_in(precision, place_BT.device.type):
            emission_MBTK = self.emissions(self.word_vectors(words, place_BT), length_B)
        members = len(emission_MBTK)
        if self.crf is not None:
            likelihood = self.crf.log_likelihood(
                emission_MBTK.flatten(0, 1), tag_BT.repeat(members, 1), length_B.repeat(members)
            )
            return -likelihood.sum() / members, tokens
        place_N = place_N.to(place_BT.device, non_blocking=True)
        scores_NK = emission_MBTK.flatten(1, 2)[:, place_N].flatten(0, 1)
        total = nn.functional.cross_entropy(scores_NK, tag_BT.flatten()[place_N].repeat(members), reduction="sum")
        return total / members, tokens

    def biased(self, emission_BTK: Tensor) -> Tensor:
        """emission_BTK with `outside_bias` nats taken from O."""
        if self.outside is None or not self.outside_bias.item():
            return emission_BTK
        emission_BTK = emission_BTK.clone()
        emission_BTK[..., self.outside] -= self.outside_bias
        return emission_BTK

    def decode(self, emission_BTK: Tensor, length_B: Tensor) -> Tensor:
        """tag_BT: the best sequence under the CRF, or each token's best tag, of `biased` emissions."""
        if self.crf is not None:
            return self.crf.decode(self.biased(emission_BTK), length_B)[0]
        return self.biased(emission_BTK).argmax(dim=-1)
