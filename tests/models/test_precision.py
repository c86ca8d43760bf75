import pytest
import torch

from seqkit.models import precision


@pytest.mark.parametrize("can", [True, False])
def test_bfloat16_only_where_asked_for_and_where_the_device_can(can: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(precision, "multiplies_in_bfloat16", lambda device: can)
    a, b = torch.randn(2, 3, 3)
    with precision.products_in(torch.bfloat16, "cpu"):
        assert (a @ b).dtype == (torch.bfloat16 if can else torch.float32)
    with precision.products_in(torch.float32, "cpu"):
        assert (a @ b).dtype == torch.float32


def test_what_is_said_to_run_does_run():
    """An LSTM's training in bfloat16 is what some processors refuse."""
    lstm, x_BTD = torch.nn.LSTM(8, 8, batch_first=True), torch.randn(2, 3, 8)
    with precision.products_in(torch.bfloat16, "cpu"):
        y_BTH, _ = lstm(x_BTD)
    y_BTH.float().sum().backward()
    assert torch.isfinite(lstm.weight_hh_l0.grad).all()
