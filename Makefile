# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One environment a set of pins: a second call installs nothing.
STAMP := $(VENV)/.installed

.PHONY: demo test check slow bench format wheel clean

demo: $(STAMP)
	$(BIN)/seqkit train ner
	@echo
	echo "Ada Lovelace wrote to Charles Babbage in London." | $(BIN)/seqkit tag --format text

test: $(STAMP)
	$(BIN)/python -m pytest -n auto

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

slow: $(STAMP)
	$(BIN)/python -m pytest -m slow

bench: $(STAMP)
	$(BIN)/python tests/bench/bench_crf.py
	$(BIN)/python tests/bench/bench_tagger.py
	$(BIN)/python tests/bench/bench_language_model.py
	$(BIN)/python tests/bench/bench_translator.py

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(STAMP)
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python tests/installed.py dist/*.whl $(TESTS)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $(STAMP)

clean:
	rm -rf $(VENV) dist build .pytest_cache .ruff_cache .hypothesis
