# `make demo` and `make test` do everything on a fresh machine: the environment first, then the work.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

.PHONY: demo test check bench install

demo: $(STAMP)
	$(BIN)/mien demo mien-demo

test: check
	sh tests/consumers/install.sh
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

check: $(STAMP)
	$(BIN)/ruff check .

bench: $(STAMP)
	$(BIN)/python -m tests.bench

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt .ci/system.sh
	sh .ci/system.sh
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt "torch==2.13.0"
	$(BIN)/pip install -q -c constraints.txt -e ".[test,usd,onnx,cluster]"
	touch $@
