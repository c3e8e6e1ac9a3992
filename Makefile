# Two commands do everything: `make demo` and `make test`. Both set up a virtual environment in .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help setup demo test lint types imports unit docs format clean

help:
	@echo "make demo    set up, then make pictures, speech, translations and faces, and train a generator: one page (TEXT=\"...\")"
	@echo "make test    set up, then lint, types, import contract and tests"
	@echo "make docs    set up, then build the documentation into build/docs"
	@echo "make setup   only the virtual environment in $(VENV)"
	@echo "make format  reformat the code"
	@echo "make clean   remove $(VENV) and everything made"

setup: $(STAMP)

# Quick when nothing changed: the stamp is newer than the files that say what to install.
$(STAMP): pyproject.toml constraints.txt Makefile
	@echo "== setting up $(VENV) (first time: a few minutes, mostly PyTorch)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,export,datasets,speech,espeak,denoise,phonemes,words,translation,ctranslate2,face,face-index,studio,docs]"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[speech-metrics]" 2>/dev/null \
		|| echo "note: without PESQ and STOI: they need a C compiler; install one, then: $(BIN)/pip install pesq pystoi"
	@touch $(STAMP)

demo: setup
	@echo "== toolkit demo"
	@$(BIN)/toolkit demo $(if $(TEXT),--text "$(TEXT)")

test: setup lint types imports unit
lint types imports unit: | setup

lint:
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types:
	@echo "== mypy --strict"
	@$(BIN)/mypy

imports:
	@echo "== import contract"
	@$(BIN)/lint-imports --no-cache

unit:
	@echo "== tests"
	@# One thread per worker: workers use the cores better than threads within small tensors do.
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist loadfile

docs: setup
	@echo "== documentation"
	@$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs
	@echo "build/docs/index.html"

format: setup
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean:
	rm -rf $(VENV) runs build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
