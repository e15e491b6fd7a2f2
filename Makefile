# `make demo` and `make test` do everything on a fresh machine: the environment first, then the work.
FITS := import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))
PYTHON ?= $(firstword $(foreach name,python3 python3.12 python3.11,$(if $(shell \
	$(name) -c '$(FITS)' 2>/dev/null && echo fits),$(name))) python3)
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
	@$(PYTHON) -c '$(FITS)' 2>/dev/null || { \
		echo "mien needs Python 3.11 or 3.12, and $(PYTHON) is none of these; install one of them, or name it:" \
			"make PYTHON=/path/to/python3.12" >&2; exit 1; }
	sh .ci/system.sh
	$(PYTHON) -m venv $$($(BIN)/python -c '$(FITS)' 2>/dev/null || echo --clear) $(VENV)
	$(BIN)/pip install -q -c constraints.txt "torch==2.13.0"
	$(BIN)/pip install -q -c constraints.txt -e ".[test,usd,cluster,train]"
	touch $@
