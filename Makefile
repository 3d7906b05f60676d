# `make run` opens the workstation, `make test` runs the tests; each sets up what it needs first.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test check bench soak weights doctor clean

# The first Python on this machine that is new enough; say which with `make PYTHON=/path/to/python3.11 run`.
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
comma := ,
VENV_PYTHON := .venv/bin/python

# $(call set_up,EXTRAS): install what a command needs; the second time this takes a fraction of a second.
define set_up
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found; on Debian 12: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) setup/bootstrap.py --extras $(1)
endef

help:
	@echo "make run      open the workstation on a demo radiograph (without a display: the same job into out/)"
	@echo "make test     run the tests"
	@echo "make check    formatting, lint, types, import rules"
	@echo "make bench    measure speed"
	@echo "make soak     long fault and load runs"
	@echo "make weights  train the embedded weights anew: make weights DATA=FOLDER"
	@echo "make doctor   say what this machine has and what is missing"
	@echo "make clean    remove build outputs, caches and out/ with its demo workspace; .venv stays"

run:
	$(call set_up,demo)
	@$(VENV_PYTHON) setup/demo.py

test:
	$(call set_up,demo$(comma)test)
	$(VENV_PYTHON) -m pytest

check:
	$(call set_up,test$(comma)check)
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m mypy
	.venv/bin/lint-imports

bench:
	$(call set_up,demo$(comma)test)
	$(VENV_PYTHON) -m pytest tests/benchmarks -m benchmark -n 0

soak:
	$(call set_up,demo$(comma)test)
	$(VENV_PYTHON) -m pytest tests -m soak -n 0

weights:
	@test -n "$(DATA)" || { echo "Say where the training data lie: make weights DATA=FOLDER" >&2; exit 2; }
	$(call set_up,weights)
	$(VENV_PYTHON) -m gaze2report make-weights gaze2report/recipes/embedded.yaml --data "$(DATA)" --out out/weights/embedded

doctor:
	$(call set_up,demo)
	@$(VENV_PYTHON) -m gaze2report doctor

clean:
	rm -rf out build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis ./*.egg-info
	find . -path ./.venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
