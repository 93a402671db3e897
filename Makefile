# Two commands do all the set-up on a fresh machine: `make venv` and, for twins, `make engines`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SITES := sites/bnl.yaml sites/uchicago.yaml sites/slac.yaml sites/local.yaml
TYPED := src generators conformance tests benchmarks docs reports

.PHONY: help venv engines peers kubernetes-tools demo test test-fast test-engines lint format schema docs reports bench clean

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*##/\t/' | expand -t 12

venv: $(VENV)/ready  ## Create .venv with everything pinned

$(VENV)/ready: requirements/core.txt requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("afspec needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

engines: venv  ## Install what twins need, into your cache folder (as root on Debian 12)
	$(BIN)/afspec twin install

peers: venv  ## Make the environments of coffea and ROOT, for comparing with them, into your cache folder
	$(BIN)/python benchmarks/agc/peers.py --setup

kubernetes-tools: venv  ## Put Helm, kubectl and KubeSpawner, for tests, into your cache folder
	$(BIN)/python tests/kubernetes_tools.py

demo: venv  ## Compile the facilities and print the matrix
	$(BIN)/afspec compile $(SITES)
	@echo
	$(BIN)/afspec matrix sites/bnl.yaml sites/uchicago.yaml sites/slac.yaml

test: test-fast test-engines  ## Run all tests

test-fast: venv  ## Run the tests that start no engine
	$(BIN)/python -m pytest -n 2 --ignore tests/engines

test-engines: venv  ## Run the tests on real engines; what is missing here is skipped, and said
	$(BIN)/python -m pytest -n 2 --dist loadgroup tests/engines

lint: venv  ## Check style, types and generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(TYPED)
	$(BIN)/afspec schema --check
	$(BIN)/python docs/generate.py --check

format: venv  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: venv  ## Write the schemas into specs/
	$(BIN)/afspec schema --write

docs: venv  ## Write the generated pages of docs/
	$(BIN)/python docs/generate.py

reports: venv  ## Ask the three facilities and their twins, and publish what came of it in reports/
	$(BIN)/python reports/publish.py

bench: venv  ## Measure speed and memory
	$(BIN)/python benchmarks/measure.py

clean:  ## Remove what was built
	rm -rf build dist $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
