import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toys import END, MODELS, Fading, Text, text

from seqkit.errors import UserError
from seqkit.models.language_model import LanguageModel
from seqkit.tasks.language_modeling import protocols
from seqkit.tasks.language_modeling.protocols import (
    Carried,
    Reset,
    Sliding,
    carried_in_streams,
    evaluate,
    parse_protocol,
)


def context(protocol: protocols.EvaluationProtocol, read: list[int], target: int) -> list[int]:
    """By the definitions: what a state has read when it predicts target number `target`, `read` being `end` and all tokens."""
    match protocol:
        case Carried():
            return read[: target + 1]
        case Reset(window):
            return read[target // window * window : target + 1]
        case Sliding(window, stride):
            start = 0
            while start + window <= target:  # the first window that reaches the target
                start += stride
            return read[start : target + 1]


PROTOCOLS = st.one_of(
    st.just(Carried()),
    st.builds(Reset, st.integers(1, 12)),
    st.integers(1, 12).flatmap(lambda window: st.builds(Sliding, st.just(window), st.integers(1, window))),
)


@settings(deadline=None, max_examples=60)
@given(
    protocol=PROTOCOLS,
    length=st.integers(1, 40),
    batch_size=st.integers(1, 5),
    piece=st.integers(1, 50),
    segment=st.integers(1, 9),
)
def test_every_protocol_equals_its_definition(
    protocol: protocols.EvaluationProtocol, length: int, batch_size: int, piece: int, segment: int
) -> None:
    model, tokens = Fading(keep=1.0), text(length, seed=length)
    read = [END, *tokens.tokens.tolist()]
    contexts = [context(protocol, read, place) for place in range(length)]
    nats = [model.nats(past, target) for past, target in zip(contexts, read[1:], strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocols, "PIECE", piece)
        patch.setattr(protocols, "SEGMENT", segment)
        found = evaluate(model, tokens, protocol, end=END, batch_size=batch_size)
    assert found.tokens == length
    assert found.nats == pytest.approx(sum(nats), abs=1e-9)
    assert found.nats_per_token == pytest.approx(np.mean(nats), abs=1e-9)
    expected = [[sum(nats[first : first + segment]), len(nats[first : first + segment])] for first in range(0, length, segment)]
    np.testing.assert_allclose(found.segment_S2, expected, atol=1e-9)
    if isinstance(protocol, Carried):
        assert found.position_W2.shape == (0, 2)
        return
    by_position = np.zeros((min(protocol.window, length), 2))
    for past, value in zip(contexts, nats, strict=True):
        by_position[len(past) - 1] += [value, 1]
    np.testing.assert_allclose(found.position_W2, by_position, atol=1e-9)


@settings(deadline=None)
@given(length=st.integers(0, 60), window=st.integers(1, 20), data=st.data())
def test_windows_score_every_target_once_with_enough_context(length: int, window: int, data: st.DataObject) -> None:
    stride = data.draw(st.integers(1, window))
    windows = list(Sliding(window, stride).windows(length))
    scored = [place for one in windows for place in range(one.scored, one.stop)]
    assert scored == list(range(length))
    for one in windows:
        assert 0 <= one.start <= one.scored < one.stop <= one.start + window
        assert one.start == 0 or one.scored - one.start == window - stride


def test_reset_pairs_are_nanogpts() -> None:
    """Windows x = data[i : i + W], y = data[i + 1 : i + 1 + W], here of the split with `end` before it."""
    tokens = Text([0, 1, 2, 3, 0, 1])
    stream = protocols.Stream(tokens, END)
    pairs = [stream.pairs(one.start, one.stop).tolist() for one in Reset(4).windows(len(tokens))]
    assert pairs == [[[4, 0, 1, 2], [0, 1, 2, 3]], [[3, 0], [0, 1]]]


@pytest.mark.parametrize("protocol", [Carried(), Reset(700), Sliding(600, 200)])
def test_memory_is_bounded_however_long_the_text_and_large_the_vocabulary(
    protocol: protocols.EvaluationProtocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, tokens = Fading(vocabulary=50), text(3000)
    whole = evaluate(model, tokens, protocol, end=END)
    monkeypatch.setattr(protocols, "LOGIT_BYTES", 20_000)  # 50 tokens of 50 symbols
    model.most = tokens.most = 0
    parts = evaluate(model, tokens, protocol, end=END)
    assert 10_000 < model.most <= 20_000
    assert tokens.most <= protocols.PIECE + 1
    assert parts.nats == pytest.approx(whole.nats, abs=1e-8)
    monkeypatch.setattr(protocols, "LOGIT_BYTES", 1)
    assert evaluate(model, text(5), protocol, end=END).tokens == 5


def test_lanes_approximate_carried_by_what_they_warm_up_with() -> None:
    model, tokens = Fading(keep=0.5), text(500)
    # The first token is read and not predicted; nothing has read `end`.
    read_1T = torch.tensor(tokens.tokens[None].astype(np.int64))
    with torch.no_grad():
        logit_1TV, _ = model.scan(read_1T[:, :-1], model.start(1))
    carried = float(protocols.token_nats(logit_1TV, read_1T[:, 1:]).sum())
    for streams, warm_up in ((7, 60), (1, 0), (3, 1000), (64, 60)):
        found = carried_in_streams(model, tokens, streams, warm_up)
        assert found.tokens == 499
        assert found.nats == pytest.approx(carried, abs=1e-9)
    rough = carried_in_streams(model, tokens, 50, 0)
    assert rough.nats != pytest.approx(carried, abs=1e-3)
    assert rough.segment_S2[:, 1].tolist() == [255, 244]


def test_lanes_are_read_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    model, batches = Fading(), []
    monkeypatch.setattr(model, "start", lambda batch: batches.append(batch) or Fading.start(model, batch))
    carried_in_streams(model, text(10_000), 16, 256)
    assert batches == [1, 16]  # one token to see the vocabulary, then all streams


def test_an_empty_text_is_refused() -> None:
    with pytest.raises(UserError, match="no tokens"):
        evaluate(Fading(), text(0), Reset(4), end=END)
    with pytest.raises(UserError, match="no tokens"):
        carried_in_streams(Fading(), text(1), 4, 4)


@pytest.mark.parametrize("family", MODELS)
def test_real_models_are_scored_without_dropout_and_left_as_they_were(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    model, tokens = LanguageModel(MODELS[family], END + 1).double().train(), text(70)
    whole = evaluate(model, tokens, Carried(), end=END)
    assert model.training
    model.eval()
    token_BT = torch.tensor([[END, *tokens.tokens.tolist()]])
    with torch.no_grad():
        nats, count, _ = model.loss(token_BT[:, :-1], token_BT[:, 1:], model.start(1), precision=torch.float32)
    assert whole.tokens == count
    assert whole.nats == pytest.approx(float(nats), abs=1e-9)
    monkeypatch.setattr(protocols, "PIECE", 7)
    for protocol in (Carried(), Reset(70), Sliding(70, 1), Sliding(100, 30)):
        assert evaluate(model, tokens, protocol, end=END).nats == pytest.approx(whole.nats, abs=1e-9)
    assert evaluate(model, tokens, Reset(9), end=END).nats == pytest.approx(
        evaluate(model, tokens, Sliding(9, 9), end=END, batch_size=1).nats, abs=1e-9
    )
    assert not model.training


@pytest.mark.parametrize(
    ("written", "protocol"),
    [
        ("carried", Carried()),
        ("reset(64)", Reset(64)),
        (" sliding ( 256 , 64 ) ", Sliding(256, 64)),
        ("sliding(8,8)", Sliding(8, 8)),
    ],
)
def test_protocols_are_written_as_they_are_read(written: str, protocol: protocols.EvaluationProtocol) -> None:
    assert parse_protocol(written) == protocol
    assert parse_protocol(str(protocol)) == protocol


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("slidin(256,64)", "did you mean 'sliding'"),
        ("Carried", "did you mean 'carried'"),
        ("", "known: carried, reset\\(window\\), sliding\\(window, stride\\)"),
        ("(64)", "not known"),
        ("reset", "write reset\\(window\\)"),
        ("reset(0)", "at least 1"),
        ("reset(64", "write reset"),
        ("reset(6.4)", "write reset"),
        ("reset(-64)", "write reset"),
        ("reset(64,2)", "write reset"),
        ("reset(64)(64)", "write reset"),
        ("carried(64)", "write carried"),
        ("sliding(256)", "write sliding"),
        ("sliding(64,256)", "the stride between 1 and the window"),
        ("sliding(64,0)", "the stride between 1 and the window"),
        ("sliding(64,)", "write sliding"),
        ("reset(" + "9" * 5000 + ")", "write reset"),
    ],
)
def test_a_wrong_protocol_is_told_in_one_line(written: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as told:
        parse_protocol(written)
    assert "\n" not in str(told.value)
