# What a person does with a checkout.  `make` alone says what there is.
#   PYTHON=python3.12 make setup    another Python for the environment
#   make demo ARGS="--port-base 9000"; make test ARGS="tests/gateway -k queue"
#   make lock LOCK=--upgrade        newest versions of everything

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

SUITS := import sys; raise SystemExit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python3.14; do \
	"$$p" -c '$(SUITS)' 2>/dev/null && { echo "$$p"; break; }; done)
ARGS ?=
LOCK ?=
SECONDS ?= 600
JOBS ?= 1
# Two more than there are cores: many tests wait for a server, a browser or a meter.
WORKERS ?= $(shell echo $$(( $$(nproc 2>/dev/null || echo 2) + 2 )))

# What is imported is compiled once, not by each of the hundred programs that tests start.
export PYTHONDONTWRITEBYTECODE :=

VENV := .venv
BIN := $(VENV)/bin
MARKS := $(VENV)/.done
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet
.PHONY: help
help:  ## Say what can be made (this text)
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

# ---------------------------------------------------------------- the environment
.PHONY: setup
setup: $(MARKS)/package $(MARKS)/node  ## Make .venv with everything in it, and build the pages
	@$(BIN)/python web/build.py  # does nothing when nothing changed

$(MARKS)/venv:
	@test -n "$(PYTHON)" || { \
		echo "Ohmstead needs Python 3.11 or newer, and none of python3.13, python3.12, python3.11, python3 is." >&2; \
		echo "Install one, or name it: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c '$(SUITS)' || { \
		echo "PYTHON=$(PYTHON) is $$("$(PYTHON)" --version 2>&1); Ohmstead needs 3.11 or newer." >&2; exit 1; }
	@echo "Making $(VENV) with $$("$(PYTHON)" --version)"
	@if "$(PYTHON)" -c 'import ensurepip' 2>/dev/null; then "$(PYTHON)" -m venv $(VENV); \
	elif "$(PYTHON)" -c 'import virtualenv' 2>/dev/null; then "$(PYTHON)" -m virtualenv --quiet $(VENV); \
	elif "$(PYTHON)" -c 'import pip' 2>/dev/null; then \
		"$(PYTHON)" -m venv --without-pip $(VENV) && "$(PYTHON)" -m pip --python $(BIN)/python install --quiet pip; \
	else \
		echo "$(PYTHON) cannot make a virtual environment: it has neither ensurepip nor pip." >&2; \
		echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; fi
	@mkdir -p $(MARKS) && touch $@

$(MARKS)/requirements: requirements/dev.txt | $(MARKS)/venv
	@echo "Installing what requirements/dev.txt names"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

# The package itself, editable, so that an edit counts at once; its metadata follow pyproject.toml.
$(MARKS)/package: pyproject.toml $(wildcard hatch_build.py) $(MARKS)/requirements
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

# Node of the machine where it is new enough, else from a wheel.
NODE_IS_HERE := import sys; sys.path.insert(0, "web"); import build; raise SystemExit(build.node_on_path() is None)
$(MARKS)/node: requirements/node.txt web/build.py | $(MARKS)/requirements
	@$(BIN)/python -c '$(NODE_IS_HERE)' || { \
		echo "Installing Node (requirements/node.txt)"; $(PIP) --require-hashes -r requirements/node.txt; }
	@touch $@

# Other people's decoders and clients, and the fuzzer, stand apart: requirements/*.in say why.
.PHONY: oracles
oracles: .venv-oracles/.done  ## Make .venv-oracles: the libraries that our decoders are held against
.PHONY: clients
clients: .venv-clients/.done  ## Make .venv-clients: clients of other people's, for our gateway
.PHONY: peers
peers: .venv-peers/.done  ## Make .venv-peers: a plain collector, for the bench of packets
.venv-%/.done: requirements/%.txt | $(MARKS)/requirements
	@echo "Installing what $< names"
	@$(BIN)/python -m venv --clear --without-pip $(@D)
	@$(BIN)/python -m pip --python $(@D)/bin/python --disable-pip-version-check --no-input install \
		--quiet --no-compile --require-hashes -r $<
	@touch $@

# ---------------------------------------------------------------- running
.PHONY: demo
demo: setup  ## Run a cloud and five simulated meters; Ctrl-C ends everything
	@exec $(BIN)/ohmstead demo $(ARGS)

# ---------------------------------------------------------------- checking
# In CI, where the machine is shared, a test that fails is tried once more, and the summary says which.
RERUNS := $(if $(filter true 1,$(CI)),--reruns 1 -raR)
.PHONY: test
test: setup browser oracles clients  ## Run the checks and all tests
	@$(MAKE) --jobs=2 check $(MARKS)/compiled
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal $(RERUNS) $(ARGS)

# Once, beside the checks, so that not each worker compiles all tests for itself.
$(MARKS)/compiled: | $(MARKS)/package
	@$(BIN)/python -m pytest --collect-only -qq >/dev/null 2>&1 || true  # what is wrong, the tests say
	@touch $@

# Debian's own PostgreSQL, the oldest that is supported, in the place of the wheel's.
POSTGRES15 := /usr/lib/postgresql/15/bin
.PHONY: test-postgres15
test-postgres15: setup  ## Run the tests that use a database on Debian's PostgreSQL 15
	@test -x $(POSTGRES15)/postgres || { \
		if [ "$$(id -u)" = 0 ]; then as=""; else as="sudo -n"; fi; \
		echo "Installing postgresql-15"; export DEBIAN_FRONTEND=noninteractive; \
		$$as apt-get update -qq && $$as apt-get install -y -qq --no-install-recommends postgresql-15 >/dev/null; }
	@OHMSTEAD_TEST_POSTGRES=$(POSTGRES15) $(BIN)/python -m pytest --numprocesses $(WORKERS) \
		tests/store tests/collector tests/dashboard tests/house $(ARGS)

.PHONY: test-cluster
test-cluster: setup  ## Kill each of three NATS servers while gateways send (a minute)
	@$(BIN)/python -m pytest -m cluster tests/whole/test_cluster.py $(ARGS)

.PHONY: test-kills
test-kills: setup  ## Kill the cloud's parts at random under load, and count; SECONDS=300
	@OHMSTEAD_KILL_SECONDS="$(if $(filter file,$(origin SECONDS)),300,$(SECONDS))" \
		$(BIN)/python -m pytest -s -m kills tests/whole $(ARGS)

# `make -k check` goes on after the first that fails.
CHECKS := check-format check-lint check-spelling check-dependencies check-contracts check-types check-pages
.PHONY: check $(CHECKS)
check: $(CHECKS)  ## Run format, lint, spelling, dependencies, contracts, types, pages
$(CHECKS): $(MARKS)/package
check-format:
	@$(BIN)/ruff format --check .
check-lint:
	@$(BIN)/ruff check .
check-spelling:
	@$(BIN)/codespell
check-dependencies:
	@$(BIN)/deptry .
check-contracts:
	@$(BIN)/lint-imports
check-types:
	@$(BIN)/mypy
check-pages: $(MARKS)/node
	@$(BIN)/python web/build.py check

# Programs of the distribution that tests drive (program:package), and a browser for the pages: Chromium
# without its windows takes half the time of a whole one.  Installed where that is allowed, else those
# tests skip, or take the browser that is there.
PROGRAMS := curl:curl dbus-daemon:dbus jq:jq mbpoll:mbpoll mosquitto:mosquitto mosquitto_sub:mosquitto-clients
BROWSERS := chromium chromium-browser google-chrome
APT_INSTALL := apt-get install -y -qq --no-install-recommends
.PHONY: browser
browser: $(MARKS)/venv
	@missing="$$(PATH="$$PATH:/usr/sbin"; \
		for p in $(PROGRAMS); do command -v $${p%%:*} >/dev/null || echo $${p#*:}; done)"; \
	missing="$$(echo $$missing)"; light=""; \
	test -n "$${OHMSTEAD_CHROMIUM:-}" || test -e $(MARKS)/browser || \
		command -v chromium-headless-shell >/dev/null || light=chromium-headless-shell; \
	test -z "$$missing$$light" || { \
		if [ "$$(id -u)" = 0 ]; then as=""; elif sudo -n true 2>/dev/null; then as="sudo -n"; else as="none"; fi; \
		if [ "$$as" = none ] || ! command -v apt-get >/dev/null; then \
			test -z "$$light" || command -v $(BROWSERS) >/dev/null || missing="$$light $$missing"; \
			test -z "$$missing" || \
				echo "Not here, and no right to install it: $$missing. The tests that need it will be skipped."; \
		else \
			echo "Installing for the tests: $$missing $$light"; \
			export DEBIAN_FRONTEND=noninteractive; \
			$$as apt-get update -qq; \
			test -z "$$missing" || $$as $(APT_INSTALL) $$missing >/dev/null; \
			test -z "$$light" || $$as $(APT_INSTALL) $$light >/dev/null || command -v $(BROWSERS) || \
				$$as $(APT_INSTALL) chromium >/dev/null; \
			touch $(MARKS)/browser; \
		fi; }

.PHONY: fuzz
fuzz: build/fuzz/corpus/.done .venv-fuzz/.done  ## Fuzz the decoders; make fuzz ARGS="p1 hdlc" SECONDS=60 JOBS=2
	@SECONDS=$(SECONDS) JOBS=$(JOBS) $(BIN)/python fuzz/run.py $(ARGS)

build/fuzz/corpus/.done: fuzz/seeds.py fuzz/decoders.py | $(MARKS)/package
	@echo "Writing the seeds"
	@$(BIN)/python fuzz/seeds.py $(@D)
	@touch $@

.PHONY: bench
bench: setup oracles peers  ## Measure; make bench ARGS=wire_decode for one; the figures go to bench/results
	@mkdir -p bench/results
	@for name in $(or $(ARGS),$(basename $(notdir $(wildcard bench/*.py)))); do \
		echo "== $$name"; $(BIN)/python "bench/$$name.py" | tee "bench/results/$$name.txt"; done

# ---------------------------------------------------------------- making
.PHONY: docs
docs: setup browser  ## Make the generated documents, and screenshots into docs/build
	@$(BIN)/python docs/make_surfaces.py
	@$(BIN)/python docs/make_screenshots.py $(ARGS)

.PHONY: wheel
wheel: setup  ## Build the wheel, pages inside, into dist
	@$(BIN)/python -m hatchling build --target wheel

.PHONY: lock
lock:  ## Write requirements/*.txt anew from pyproject.toml, with hashes
	@requirements/lock $(LOCK)

.PHONY: clean
clean:  ## Remove what was made, except .venv and the demo's data
	@rm -rf build dist docs/build bench/results src/ohmstead/pages web/node_modules web/.openapi.json
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests bench docs fuzz -type d -name __pycache__ -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean  ## Remove .venv too
	@rm -rf $(VENV)
