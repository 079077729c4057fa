# Everything here works on a machine that has Python 3.11, 3.12 or 3.13 and make; the rest is fetched into
# .tools/ and .venv/ by the first target that needs it. `make help` lists the targets.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# No interpreter is downloaded: the one that is here is the one that is used.
export UV_PYTHON_DOWNLOADS := never

# Company networks often put a certificate of their own into the system's store; uv looks there only when told
# to (older versions by the second name), and must not be told where there is no store.
SYSTEM_CERTS := $(if $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem /etc/pki/tls/certs/ca-bundle.crt),true,false)
export UV_SYSTEM_CERTS ?= $(SYSTEM_CERTS)
export UV_NATIVE_TLS ?= $(SYSTEM_CERTS)

# A uv that runs, can read our lock file and lists what is in it as CycloneDX, else our own. (A name on the PATH may
# be a shim of nothing.)
UV := $(shell uv --version 2>/dev/null | grep -qE '^uv (0\.[1-9][0-9]\.|[1-9])' && echo uv || echo .tools/bin/uv)
PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
RUN := $(UV) run --frozen --no-sync
# Tests write to the disk and wait for it thousands of times: memory is quicker, where there is enough of it.
MEMORY := $(shell grep -qs '^[^ ]* /dev/shm [^ ]* [^ ]*noexec' /proc/mounts || \
	df -Pm /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 2048 {print "/dev/shm"}')
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
# As in the container images, unless they are built with others.
EXTRAS := openai azure anthropic ollama traces
SBOM := dist/sabio.cdx.json
# Touched last: compiled once here, so that no command compiles at its start where Python may not write.
SYNCED := .venv/.synced
PROVIDED := .venv/.system

.PHONY: help demo serve services test contract check fix bench image sbom system clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(SYNCED) $(PROVIDED) ## Index the sample company, ask it questions, edit a page, ask again
	@$(RUN) sabio demo

serve: $(SYNCED) $(PROVIDED) ## Keep the sources of ./sabio.yaml current (else those of the sample company)
	@$(RUN) sabio serve

test: $(SYNCED) $(PROVIDED) ## Run the tests; the first time, get the servers that they use
	@$(UV) sync --frozen --inexact --quiet --group models
	@$(RUN) python -m tests.services.install
	@$(if $(MEMORY),TMPDIR=$(MEMORY)) $(RUN) pytest -n 3 --dist worksteal -m "not contract" # they often wait

contract: $(SYNCED) $(PROVIDED) ## Run the reliability contract with its full counts (long)
	@$(RUN) python -m tests.services.install contract
	@$(RUN) pytest -m contract

services: $(SYNCED) ## Run Redis, PostgreSQL and Weaviate for development, until Ctrl-C
	@$(RUN) python -m tests.services $(DATA)

check: $(SYNCED) ## Lint, format, types, layers, documentation
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) pytest -q tests/test_docs.py tests/test_repository.py

fix: $(SYNCED) ## Repair what the linter and the formatter can, and write the tables of settings
	$(RUN) ruff check --fix
	$(RUN) ruff format
	$(RUN) python -m config.reference
	$(RUN) python -m ingest.connectors._reference
	$(RUN) python -m tests.helm.reference

bench: $(SYNCED) $(PROVIDED) ## Measure speed, and answer quality with DATA=folder (see tests/bench/RESULTS.md)
	@$(RUN) python -m tests.bench $(if $(DATA),--data "$(DATA)") $(SECTIONS)

# The same commit gives the same times in the images, and the labels say which one it was.
image: ## Build the container images sabio-bot and sabio-worker (needs Docker)
	@set -- --build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD) \
		--build-arg SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) \
		--build-arg EXTRAS="$(addprefix --extra=,$(EXTRAS))" && \
	docker build --target bot --tag sabio-bot "$$@" . && \
	docker build --target worker --tag sabio-worker "$$@" .

# Of what pyproject.toml switches off, nothing is installed, so nothing is listed.
sbom: $(filter .tools/%,$(UV)) ## Write what Sabio is made of, as CycloneDX, to dist/sabio.cdx.json
	@mkdir -p $(dir $(SBOM))
	@$(UV) export --quiet --frozen --no-dev $(addprefix --extra=,$(EXTRAS)) --preview-features sbom-export \
		--format cyclonedx1.5 --prune sentence-transformers --prune pytest-asyncio --output-file $(SBOM)

system: $(SYNCED) ## Install the system programs that some features need, where that is allowed
	@$(RUN) python -m config.system
	@touch $(PROVIDED)

clean: ## Remove everything that was made here, downloads and indexed data included
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist var

# Once a machine, not once a run: what could not be installed is named, and then left in peace.
$(PROVIDED): config/system.py | $(SYNCED)
	@$(RUN) python -m config.system
	@touch $@

$(SYNCED): pyproject.toml uv.lock $(filter .tools/%,$(UV))
	$(UV) sync --frozen --compile-bytecode
	@$(RUN) python -m compileall -q bot config ingest workers
	@touch $@

.tools/bin/uv:
	@test -n "$(PYTHON)" || { echo "Sabio needs Python 3.11, 3.12 or 3.13; none was found on the PATH." >&2; exit 1; }
	@echo "Installing uv into .tools/ …"
	@{ $(PYTHON) -m venv .tools && .tools/bin/pip install --quiet uv; } >/dev/null 2>&1 \
		|| { rm -rf .tools && $(PYTHON) -m pip install --quiet --root-user-action=ignore --target .tools uv; } \
		|| { rm -rf .tools; echo "uv could not be installed: see https://docs.astral.sh/uv/ or install python3-venv." >&2; exit 1; }
