"""The page of where a translator looked."""

from pathlib import Path
from typing import Any

import pytest
import torch

from seqkit.architecture.translator import RecurrentTranslatorConfig, TransformerTranslatorConfig
from seqkit.data.examples import Pair
from seqkit.data.tokenizers.characters import CharactersConfig
from seqkit.data.tokenizers.pairs import PairTokenizer, PairTokenizerConfig
from seqkit.errors import UserError
from seqkit.models.translator import Translator
from seqkit.report.report import Heat
from seqkit.tasks.translation import attention_plot
from seqkit.tasks.translation.attention_plot import AttentionPlot
from seqkit.tasks.translation.trained import TrainedTranslator

TOKENIZER = PairTokenizer.fit(PairTokenizerConfig(source=CharactersConfig()), [Pair("a b", "xyz")])
SMALL: dict[str, Any] = {"width": 8, "layers": 2}
CONFIGS = {
    "attention": RecurrentTranslatorConfig(bridge="attention", value_width=4, **SMALL),
    "reverse": RecurrentTranslatorConfig(bridge="attention", value_width=4, reverse=True, bidirectional=False, **SMALL),
    "transformer": TransformerTranslatorConfig(heads=2, **SMALL),
}


def trained(config: Any) -> TrainedTranslator:
    torch.manual_seed(1)
    model = Translator(config, TOKENIZER.source.size, TOKENIZER.target.size, joint=True)
    return TrainedTranslator(model.eval(), config, TOKENIZER, {"source": "en", "target": "fr"})


@pytest.mark.parametrize("name", CONFIGS)
def test_a_map_a_place_where_the_source_is_read(tmp_path: Path, name: str) -> None:
    plot = AttentionPlot(trained(CONFIGS[name]), tmp_path / "page.html")
    plot.add("b a", "xz")
    plot.add("  ", "")
    (section,) = plot.sections
    assert (section.title, section.text, len(section.blocks)) == ("b a", "xz", 2)
    for block in section.blocks:
        assert isinstance(block, Heat)
        assert block.row_labels == ("x", "z", "end")
        assert block.column_labels == (("end", "a", "␣", "b") if name == "reverse" else ("b", "␣", "a", "end"))
        assert all(sum(value or 0 for value in row) == pytest.approx(1, abs=1e-3) for row in block.values)
    plot.write()
    page = (tmp_path / "page.html").read_text()
    assert "<svg" in page
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_what_is_too_much_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention_plot, "LINES", 1)
    plot = AttentionPlot(trained(CONFIGS["attention"]), tmp_path / "page.html")
    for line in ("a" * 300, "a", "b"):
        plot.add(line, "x")
    assert (len(plot.sections), plot.left_out) == (1, 2)
    plot.write()
    assert "2 lines are left out" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("bridge", ["matrix", "context", "final"])
def test_what_does_not_attend_is_refused(tmp_path: Path, bridge: Any) -> None:
    with pytest.raises(UserError, match='bridge = "attention" and'):
        AttentionPlot(trained(RecurrentTranslatorConfig(bridge=bridge, **SMALL)), tmp_path / "page.html")
    with pytest.raises(UserError, match="no such folder"):
        AttentionPlot(trained(CONFIGS["attention"]), tmp_path / "none" / "page.html")
