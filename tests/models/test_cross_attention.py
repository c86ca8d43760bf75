"""A decoder's attention over a source knows how far apart two tokens stand, and nothing else of their places."""

import torch

from seqkit.models.bridges import Source
from seqkit.models.causal_transformer import rotation
from seqkit.models.cross_attention import CrossAttention

STEPS, WIDTH = 7, 12


def odds(*, rotary: bool) -> torch.Tensor:
    """log-odds of neighbouring source tokens, of as many target tokens; all tokens alike."""
    torch.manual_seed(0)
    look = CrossAttention(WIDTH, WIDTH, heads=1, rotary=rotary, init="glorot").double()
    x_1SD = torch.randn(WIDTH, dtype=torch.float64).expand(1, STEPS, -1)
    memory = look.write(Source(x_1SD, torch.tensor([STEPS]), x_1SD[:, 0]))
    turning = rotation(torch.tensor([0]), STEPS, WIDTH, torch.float64) if rotary else None
    return look.weights(x_1SD, memory, turning)[0].log().diff(dim=1).detach()


def test_a_turned_look_tells_distances():
    odds_TS = odds(rotary=True)
    torch.testing.assert_close(odds_TS[1:, 1:], odds_TS[:-1, :-1])
    assert bool((odds_TS.abs() > 1e-3).any())


def test_a_look_not_turned_sees_no_places():
    torch.testing.assert_close(odds(rotary=False), torch.zeros(STEPS, STEPS - 1, dtype=torch.float64))
