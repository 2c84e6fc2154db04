# Everything starts here; `make` alone lists the targets. GNU make and a Python from 3.11 to 3.13 are all it needs.
#
#   make demo PYTHON=python3.12           another Python than the newest one that is found
#   make test ARGS="tests/common/test_data.py"   further arguments for the command behind a target
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
AS_ROOT = $(shell if [ "$$(id -u)" = 0 ]; then echo env; elif sudo -n true 2>/dev/null; then echo sudo -n; fi)

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint format setup sandbox browser release messages names docs lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup ## Set everything up, then grade a class of twelve synthetic students
	$(BIN)/autograder demo $(ARGS)

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

setup: $(INSTALLED) sandbox $(DATA) ## Make .venv, install everything, get bubblewrap and the data set

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

# ---- steps of `setup`; each is done once

# $(call apt,package,what for): install a Debian package where this user may; elsewhere say what to type, and stop.
define apt
{ command -v apt-get && [ -n "$(AS_ROOT)" ]; } >/dev/null && echo "Installing the package $(1): $(2)" && \
{ $(AS_ROOT) apt-get update -qq || true; } && \
$(AS_ROOT) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1) >/dev/null || \
{ echo "Missing: $(2). On Debian or Ubuntu type: sudo apt-get install $(1)" >&2; exit 1; }
endef

$(BIN)/python:
	@python=''; for candidate in $(PYTHONS); do \
	  if $$candidate -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
	  then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "This needs Python 3.11, 3.12 or 3.13, and none of these is one: $(PYTHONS)." >&2; \
	  echo "Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; \
	fi; \
	package=$$(basename $$python)-venv; \
	$$python -c 'import ensurepip, venv' 2>/dev/null || { $(call apt,$$package,venv and pip for $$python); }; \
	$$python --version; \
	$$python -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(INSTALLED): requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

sandbox:
	@if [ "$$(uname)" != Linux ]; then \
	  echo "No bubblewrap on this system: grade with ARGS='--isolation none', and only submissions that you trust."; \
	elif ! command -v bwrap >/dev/null; then $(call apt,bubblewrap,the sandbox that student code runs in); fi

browser:
	@if [ -z "$$AUTOGRADER_CHROMIUM" ] && ! { command -v chromium || command -v chromium-browser || \
	  command -v google-chrome; } >/dev/null; then \
	  $(call apt,chromium,the browser that the tests look at pages in); fi

define FIND_DATA
import sys
from autograder.common import data, errors
try:
    print("Fashion-MNIST is in", data.install())
except errors.DataError as error:
    sys.exit(f"{error}. {error.remedy}")
endef
export FIND_DATA

# Only the tests need it: they start a server of their own, in a temporary folder.
$(DATABASE): | $(INSTALLED)
	@if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && ! command -v initdb >/dev/null; then \
	  $(call apt,postgresql,the database server that the gradebook's tests start); fi
	@touch $@

$(DATA): | $(INSTALLED)
	@$(BIN)/python -c "$$FIND_DATA" || { $(call apt,dataset-fashion-mnist,the data set); \
	  $(BIN)/python -c "$$FIND_DATA"; }
	@touch $@
