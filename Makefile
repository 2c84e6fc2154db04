# Everything starts here; `make` alone lists the targets. GNU make and a Python from 3.11 to 3.13 are all it needs.
#
#   make demo PYTHON=python3.12           another Python than the newest one that is found
#   make test ARGS="tests/common/data/test_fashion_mnist.py"   further arguments for the command behind a target
#   make test WORKERS=4                 processes that run tests, of 3 GB each

PYTHON ?=
ARGS ?=
VENV ?= .venv
WORKERS ?= 2

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DATA := $(VENV)/.data
DATABASE := $(VENV)/.postgresql
PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint format setup needed sandbox browser release messages names docs lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup ## Set everything up, then grade a class of twelve synthetic students
	$(BIN)/autograder demo $(ARGS)

# Where a machine says that Python shall keep no bytecode, each of the hundreds of processes that tests start would compile this package anew.
unexport PYTHONDONTWRITEBYTECODE

# Networks that tests train are remembered in build/memo, so both layers and all their processes train each of them once.
PYTEST = AUTOGRADER_MEMO="$${AUTOGRADER_MEMO:-$(CURDIR)/build/memo}" $(BIN)/python -m pytest
# A file's tests stay together, in the order in which they were found.
SPREAD = -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test: setup ## Set everything up, then run all tests but the slow ones
	$(PYTEST) -m "not slow" $(SPREAD) --junitxml=build/test.xml $(ARGS)

test-slow: setup browser $(DATABASE) ## Then the slow ones: attacks, browsers, PostgreSQL, killed clusters, the whole course verified
	$(PYTEST) -m "slow$(if $(ARGS),, and not verify)" $(SPREAD) --junitxml=build/test-slow.xml $(ARGS)
	$(if $(ARGS),,$(PYTEST) -m verify --junitxml=build/test-verify.xml tests/authoring/verify/test_course.py)

lint: $(INSTALLED) ## Style, types, and what holds the house together: ruff, mypy, import-linter, tools/lint.py
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/lint.py

format: $(INSTALLED) ## Let ruff format the code and sort the imports
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

setup: needed $(INSTALLED) sandbox $(DATA) ## Make .venv, install everything, get bubblewrap and the data set

release: $(INSTALLED) ## Make assignments/ (what students receive) from solutions/
	$(BIN)/autograder release $(ARGS)

messages: $(INSTALLED) ## Bring the translations in autograder/common/locale/ up to date with the code
	$(BIN)/python tools/messages.py

names: $(INSTALLED) ## Write the table of names that Keras takes, from the installed Keras
	$(BIN)/python tools/keras_names.py

docs: $(INSTALLED) ## Write docs/reference.md from the code
	$(BIN)/python tools/reference.py

# hatchling and editables build the package itself: locked too, so that nothing unlocked is ever installed.
lock: $(INSTALLED) ## Write requirements.lock from pyproject.toml (newer versions: ARGS=--upgrade)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	printf 'hatchling\neditables\n' | $(BIN)/uv --no-config pip compile pyproject.toml - --all-extras --universal \
		--python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--quiet --output-file requirements.lock $(ARGS)

clean: ## Remove .venv, caches and the demo; never submissions, grades or reports
	rm -rf $(VENV) build dist demo .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- steps of `setup`: what is missing is said first, then each is done once

PREPARE = PYTHONS="$(PYTHONS)" VENV="$(VENV)" tools/prepare

needed:
	@$(PREPARE) setup

$(BIN)/python:
	@python=''; for candidate in $(PYTHONS); do \
	  if $$candidate -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
	  then python=$$candidate; break; fi; \
	done; \
	[ -n "$$python" ] && $$python -c 'import ensurepip, venv' 2>/dev/null || { $(PREPARE) setup || exit 1; }; \
	$$python --version; \
	$$python -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(INSTALLED): requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

define TRY_SANDBOX
from autograder.sandbox import bubblewrap
if reason := bubblewrap.available():
    print(f"Student code can't be isolated yet. {reason}")
endef
export TRY_SANDBOX

sandbox: | $(INSTALLED)
	@$(BIN)/python -c "$$TRY_SANDBOX"

browser:
	@$(PREPARE) browser

define FIND_DATA
import sys
from autograder.common import errors
from autograder.common.data import data_sets
try:
    print("Fashion-MNIST is in", data_sets.source().install())
except errors.DataError as error:
    sys.exit(f"{error}. {error.remedy}")
endef
export FIND_DATA

# Only the tests need it: they start a server of their own, in a temporary folder.
$(DATABASE): | $(INSTALLED)
	@$(PREPARE) database
	@touch $@

$(DATA): | $(INSTALLED)
	@$(BIN)/python -c "$$FIND_DATA"
	@touch $@
