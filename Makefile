# Gương Sáng. Needs python3 (3.11 or newer) and make; the rest comes by itself.
# `make` alone lists what can be asked for.

PYTHON ?= python3
PORT ?= 8000
CONTEST_DATA ?= var
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
# Stamps live where a removed environment takes them along.
RUNTIME := $(VENV)/.runtime
TESTING := $(VENV)/.testing
UV := .venv-tools/.ready
TEMPLATE := $(VENV)/messages.pot
FRONTEND := static/vendor/fonts.css
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard contest/translations/*/LC_MESSAGES/*.po))
BABEL := $(BIN)/python -m babel.messages.frontend

# Ours and those of libraries whose messages we mark; `N_` marks without translating.
KEYWORDS := -k N_ -k _l -k lazy_gettext -k lazy_ngettext:1,2 -k lazy_pgettext:1c,2

export PORT CONTEST_DATA
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE VIRTUAL_ENV

.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help setup run serve test browser check checks style types markup catalogues migrations-match \
        bench soak election soak-ranking soak-verifiers soak-voting screenshots messages lock clean

help: ## This list
	@echo "make <target> [PORT=8000] [CONTEST_DATA=var] [ARGS=...]"; echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# --- running ---------------------------------------------------------------------------------------

run: export CONTEST_DEMO ?= 1
run: $(RUNTIME) $(FRONTEND) $(CATALOGUES) ## Start the demonstration on http://127.0.0.1:8000 (PORT=…, data in CONTEST_DATA=…)
	@exec $(BIN)/python scripts/serve.py

serve: export CONTEST_DEMO ?= 0
serve: $(RUNTIME) $(FRONTEND) $(CATALOGUES) ## Start the site as the environment configures it, without demonstration data
	@exec $(BIN)/python scripts/serve.py

setup: $(TESTING) $(FRONTEND) $(CATALOGUES) ## Install all that running and testing need, without starting anything

# --- testing ---------------------------------------------------------------------------------------

test: $(TESTING) $(FRONTEND) $(CATALOGUES) browser ## Run all tests in parallel (ARGS="-k ballot -x" chooses)
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

browser: $(TESTING)
	@$(BIN)/python scripts/browser.py

check: $(TESTING) $(CATALOGUES) ## Style, types, templates, complete catalogues, migrations that match the models
	@$(MAKE) --no-print-directory --keep-going --jobs=4 --output-sync=target checks

checks: style types markup catalogues migrations-match

style: $(TESTING)
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet . \
		|| { echo "style: \`.venv/bin/ruff check --fix .\` and \`.venv/bin/ruff format .\` mend most of it"; exit 1; }
	@echo "style: ok"

types: $(TESTING)
	@$(BIN)/python -m mypy

markup: $(TESTING)
	@$(BIN)/djlint --quiet --lint templates && echo "templates: ok"

catalogues: $(TESTING)
	@$(BIN)/python scripts/check_catalogues.py $(KEYWORDS)

migrations-match: $(TESTING)
	@$(BIN)/python scripts/check_migrations.py

bench: $(TESTING) $(FRONTEND) $(CATALOGUES) ## Measure the main pages and verbs under load (ARGS=… go to the script)
	@$(BIN)/python -m bench $(ARGS)

soak: $(TESTING) $(FRONTEND) $(CATALOGUES) ## A long run of the whole contest under load (ARGS=…)
	@$(BIN)/python -m bench.soak $(ARGS)

election: $(TESTING) $(FRONTEND) $(CATALOGUES) ## A simulated vote of 300,000 by twelve personas, minutes (ARGS="--voters 5000 --seed 3")
	@$(BIN)/python -W ignore -m bench.election $(ARGS)

soak-ranking: $(TESTING) ## Rankings of random contests worked out again, by the thousand (EXAMPLES=50000)
	@RECOMPUTE_EXAMPLES=$(or $(EXAMPLES),50000) $(BIN)/python -m pytest -n auto --dist worksteal tests/results/test_recompute.py $(ARGS)

soak-verifiers: $(TESTING) $(FRONTEND) ## Both verifiers on 1,000 random votes, and one million ballots against the clock
	@VERIFIER_CONTESTS=1000 $(BIN)/python -m pytest -q tests/voting/ledger/test_agreement.py
	@$(BIN)/python -m bench.verify_ballots

soak-voting: $(TESTING) $(FRONTEND) $(CATALOGUES) ## 1,000 races of fifty, every write failing once, 10,000 kills (ROUNDS=1000 KILLS=5000 on each database)
	@VOTE_ROUNDS=$(or $(ROUNDS),1000) VOTE_FAULTS=all $(BIN)/python -m pytest -s -n 0 tests/voting/test_races.py tests/voting/test_faults.py $(ARGS)
	@$(BIN)/python -m tests.voting.killing --kills $(or $(KILLS),5000)
	@$(BIN)/python -m tests.voting.killing --kills $(or $(KILLS),5000) --postgres

screenshots: $(TESTING) $(FRONTEND) $(CATALOGUES) browser ## Pictures of the main pages, into docs/images/ (ARGS="--all DIR": all of them)
	@$(BIN)/python scripts/screenshots.py $(ARGS)

# --- upkeep ----------------------------------------------------------------------------------------

messages: $(TESTING) ## Collect messages from code and templates into the catalogues
	@$(BABEL) --quiet extract -F babel.cfg $(KEYWORDS) --no-location --sort-output --no-wrap --omit-header \
		-o $(TEMPLATE) .
	@for language in vi en; do \
		if test -f contest/translations/$$language/LC_MESSAGES/messages.po; then \
			$(BABEL) --quiet update -i $(TEMPLATE) -d contest/translations -l $$language \
				--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap; \
		else \
			$(BABEL) --quiet init -i $(TEMPLATE) -d contest/translations -l $$language --no-wrap; \
		fi || exit 1; \
	done
	@$(BIN)/python scripts/check_catalogues.py $(KEYWORDS) | tail -n 20

lock: $(UV) ## Write the *.lock files anew (ARGS=--upgrade takes newer versions)
	@for name in requirements requirements-tools requirements-node; do $(LOCK) $$name.in -o $$name.lock || exit 1; done
	@$(LOCK) --constraint requirements.lock requirements-test.in -o requirements-test.lock
	@if command -v npm >/dev/null; then npm install --package-lock-only --ignore-scripts --loglevel=error; \
		else echo "npm is not here: package-lock.json stays as it is"; fi

LOCK = .venv-tools/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-annotate --no-emit-index-url --no-emit-find-links $(ARGS)

clean: ## Remove what was installed and made (the data in var/ stays)
	rm -rf $(VENV) .venv-tools .venv-node node_modules static/vendor $(CATALOGUES)

# --- what the targets stand on ---------------------------------------------------------------------

$(RUNTIME): requirements.lock scripts/environment.py
	@$(PYTHON) scripts/environment.py $(VENV) requirements.lock
	@touch $@

$(TESTING): requirements-test.lock $(RUNTIME)
	@$(PYTHON) scripts/environment.py $(VENV) requirements-test.lock
	@touch $@

$(UV): requirements-tools.lock scripts/environment.py
	@$(PYTHON) scripts/environment.py .venv-tools requirements-tools.lock
	@touch $@

$(FRONTEND): package-lock.json .npmrc scripts/vendor.py scripts/frontend.py
	@$(PYTHON) scripts/frontend.py

%.mo: %.po $(RUNTIME)
	@$(BABEL) --quiet compile -i $< -o $@
