# `make demo` serves a finished challenge; `make check test` is what CI runs.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
DEMO ?= .demo
PORT ?= 8000
PYTEST_ARGS ?= -n auto --dist worksteal

bin := $(VENV)/bin
pip := $(bin)/python -m pip install -qq --no-compile --disable-pip-version-check --constraint constraints.txt
# The rooms whose branch coverage is held; the pages' and commands' tests run without its cost,
# and so do tests of many damaged files and of whole networks, whose lines others reach as well.
libraries := $(addprefix tests/,baselines cards challenge compute datasets evaluation ranking statistics test_client.py test_conf.py)
unmeasured := $(addprefix tests/,compute/test_footprint.py compute/test_models.py compute/test_truth.py datasets/readers/test_contract.py \
	evaluation/test_hostile_files.py evaluation/vision/test_lvis.py)
pages := $(filter-out $(libraries) %/__pycache__ %/conftest.py %/hostile.py,$(wildcard tests/*))
# On PostgreSQL too runs whatever is not named here. These ask no database, have one of their own,
# or look at what a page makes of rows that the verbs' tests write and read on both; that no page
# fails on PostgreSQL the canary and the hostile requests see, which ask every one of them.
elsewhere := $(addprefix tests/site/,catalog/test_behind.py catalog/test_browse.py catalog/test_drawing.py catalog/test_statistics.py \
	challenges/test_archives.py challenges/test_team_views.py challenges/test_views.py common/test_formatting.py common/test_logs.py \
	common/test_markdown.py common/test_objects.py common/test_plots.py common/test_spreadsheets.py common/test_tracing.py planner \
	submissions/test_comparison.py submissions/test_errors.py submissions/test_pages.py submissions/test_plots.py \
	submissions/test_reports.py submissions/test_views.py test_parity.py test_setup.py test_supervisor.py \
	test_upgrade.py transfer/test_views.py webhooks/test_addresses.py webhooks/test_views.py)
templates := $(wildcard src/heldout/site/templates src/heldout/site/*/templates)
export HELDOUT_CASES ?= ../shared/cases

.PHONY: help demo tried packages test test-postgresql check lint types format docs broken bench rush clean

help:  ## List what can be made.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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

tried: $(VENV)/.dev  ## Build the demo and see that it ranks and finds the faults planted in it.
	$(bin)/heldout demo $(DEMO) --no-serve --json >$(DEMO).json
	$(bin)/python tools/check_demo.py $(DEMO).json $(DEMO)

packages:
	@tools/system-packages

test: $(VENV)/.dev packages  ## Run every test, in a real browser and on a real PostgreSQL too.
	HELDOUT_CHROMIUM="$$(tools/find-chromium)" $(bin)/python -m pytest $(PYTEST_ARGS) $(if $(COVERAGE),$(pages) $(unmeasured))
	$(if $(COVERAGE),$(bin)/python -m pytest $(PYTEST_ARGS) --cov --cov-report=term $(libraries) $(addprefix --ignore=,$(unmeasured)))
	$(bin)/python tools/with_postgresql.py $(bin)/python -m pytest $(PYTEST_ARGS) tests/site $(addprefix --ignore=,$(elsewhere))

test-postgresql: $(VENV)/.dev  ## Run all tests of the site on PostgreSQL, those of its pages too.
	$(bin)/python tools/with_postgresql.py $(bin)/python -m pytest $(PYTEST_ARGS) tests/site

check: lint types  ## Lint, format, layers, templates, types.

lint: $(VENV)/.dev
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/lint-imports
	$(if $(templates),$(bin)/djlint --quiet --lint --check $(templates))

types: $(VENV)/.dev
	$(bin)/mypy

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
	rm -rf $(VENV) $(DEMO) $(DEMO).json build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
