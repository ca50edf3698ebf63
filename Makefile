# `make demo` serves a finished challenge; `make check test` is what CI runs.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
DEMO ?= .demo
PORT ?= 8000
PYTEST_ARGS ?= -n auto --dist worksteal

bin := $(VENV)/bin
pip := $(bin)/python -m pip install -qq --no-compile --disable-pip-version-check --constraint constraints.txt
# The rooms whose branch coverage is held; the pages' and commands' tests run without its cost.
libraries := $(addprefix tests/,baselines cards challenge compute datasets evaluation ranking statistics test_client.py test_conf.py)
templates := $(wildcard src/heldout/site/templates src/heldout/site/*/templates)
export HELDOUT_CASES ?= ../shared/cases

.PHONY: help demo test check format docs broken bench rush clean

help:  ## List what can be made.
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A stamp is newer than what it was made from, so a second `make` installs nothing.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Heldout needs Python 3.11 or newer; try: make PYTHON=/path/to/python3.11")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.made pyproject.toml constraints.txt
	@echo 'Installing Heldout and what the demo needs: about a minute.'
	@$(pip) --editable '.[demo]'
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml constraints.txt
	@echo 'Installing Heldout and what its tests need: a few minutes.'
	@$(pip) --editable '.[dev]'
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo  ## Build a finished challenge on real data and serve it.
	$(bin)/heldout demo $(DEMO) --port $(PORT)

test: $(VENV)/.dev  ## Run every test, in a real browser and on a real PostgreSQL too.
	@tools/system-packages
	HELDOUT_CHROMIUM="$$(tools/find-chromium)" $(bin)/python -m pytest $(PYTEST_ARGS) $(if $(COVERAGE),$(addprefix --ignore=,$(libraries)))
	$(if $(COVERAGE),$(bin)/python -m pytest $(PYTEST_ARGS) --cov --cov-report=term $(libraries))
	$(bin)/python tools/with_postgresql.py $(bin)/python -m pytest $(PYTEST_ARGS) tests/site

check: $(VENV)/.dev  ## Lint, format, types, layers, templates.
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy
	$(bin)/lint-imports
	$(if $(templates),$(bin)/djlint --quiet --lint --check $(templates))

format: $(VENV)/.dev  ## Format code and templates.
	$(bin)/ruff check --fix-only
	$(bin)/ruff format
	$(if $(templates),-$(bin)/djlint --quiet --reformat $(templates))

docs: $(VENV)/.dev  ## Write the pages that are generated from the code.
	DJANGO_SETTINGS_MODULE=heldout.site.settings $(bin)/python tools/write_docs.py

broken: $(VENV)/.dev  ## Break a copy in five ways and see that a test notices each.
	$(bin)/python tools/broken_builds.py

bench: $(VENV)/.dev  ## Run every benchmark; each prints a ratio measured in one run.
	@for file in benchmarks/bench_*.py; do echo "== $$file"; PYTHONPATH=. $(bin)/python "$$file" || exit 1; done
	@for file in benchmarks/bench_site_*.py; do echo "== $$file, PostgreSQL"; PYTHONPATH=. $(bin)/python tools/with_postgresql.py $(bin)/python "$$file" || exit 1; done

rush: $(VENV)/.dev  ## Run the last minute before a deadline, with killed processes, on both databases.
	$(bin)/python -m benchmarks.rush
	$(bin)/python tools/with_postgresql.py $(bin)/python -m benchmarks.rush

clean:  ## Remove everything that was made, the demo's data folder too.
	rm -rf $(VENV) $(DEMO) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
