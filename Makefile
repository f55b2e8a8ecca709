# Every target makes .venv first when it is missing. `make help` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# What `make demo` makes, and where.
DEMO ?= demo-world
DEMO_VIDEOS ?= 400
DEMO_SECONDS ?= 24
DEMO_WIDTH ?= 480
DEMO_FPS ?= 16
DEMO_SEED ?= 1
# Less than half of what `make train` learns.
DEMO_TRAINING ?= --set avc.steps=800 --set avsa.steps=1200

# What `make manifests`, `make dataset` and `make stats` work on.
DATASET ?= yt360
DATA ?= data
MANIFEST ?= $(DATA)/manifests/$(DATASET).csv
ARGS ?=
# `make dataset` takes all splits and all videos unless it is told fewer; run it again without to go on with the rest.
SPLIT ?=
LIMIT ?=
# `make manifests` fetches all datasets unless one is named, from MIRROR if it is given.
MIRROR ?=
FETCH = $(if $(filter file,$(origin MANIFEST)),$(if $(filter file,$(origin DATASET)),--all,$(DATASET)) --folder \
	$(DATA)/manifests,$(DATASET) --out $(MANIFEST))

# What `make train` learns, from what, and into which folder.
PRESET ?= tiny
SHARDS ?= $(DEMO)/panorama
RUN ?= runs/$(PRESET)

# Linting and tests share the machine's processors among this many processes.
TEST_PROCESSES ?= auto

.DEFAULT_GOAL := help
.PHONY: help setup test lint format demo manifests dataset stats train bench clean

help:  ## Say what there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | awk -F '\t' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(READY)  ## Make .venv with the project and its tools in it

# The constraints hold the exact versions that CI runs on; Python 3.10 is older than some of them.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "$(PYTHON) is too old: 3.10 or newer is needed; name another with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,models,scenes]' \
		$$($(BIN)/python -c 'import sys; print("--constraint constraints.txt" if sys.version_info >= (3, 11) else "")')
	@touch $@

test: $(READY)  ## Run the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile

lint: $(READY)  ## Check style, types and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## Lay the code out, and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

demo: $(READY)  ## The whole line on a world rendered on the spot, and a model trained on it
	$(BIN)/yt360 tour $(DEMO) --videos $(DEMO_VIDEOS) --seconds $(DEMO_SECONDS) \
		--width $(DEMO_WIDTH) --fps $(DEMO_FPS) --seed $(DEMO_SEED)
	$(BIN)/avsa tour $(DEMO) --config tiny $(DEMO_TRAINING)

manifests: $(READY)  ## Fetch the published lists and make manifests of all, or of DATASET alone
	$(if $(filter file,$(origin MANIFEST)),,@mkdir -p '$(dir $(MANIFEST))')
	$(BIN)/yt360 manifest fetch $(FETCH) $(if $(MIRROR),--mirror $(MIRROR))

dataset: $(READY)  ## Rebuild DATASET, or a SPLIT of it, or its first LIMIT videos: make dataset SPLIT=test LIMIT=10 ARGS='--width 448'
	@test -e $(MANIFEST) || { echo "$(MANIFEST) is not there: 'make manifests' fetches it, or name one with MANIFEST=..."; exit 2; }
	$(BIN)/yt360 rebuild $(MANIFEST) --workspace $(DATA)/$(DATASET) \
		$(foreach split,$(SPLIT),--split='$(split)') $(if $(LIMIT),--limit='$(LIMIT)') $(ARGS)

stats: $(READY)  ## Say what a manifest holds
	@test -e $(MANIFEST) || { echo "$(MANIFEST) is not there: 'make manifests' fetches it, or name one with MANIFEST=..."; exit 2; }
	$(BIN)/yt360 manifest stats $(MANIFEST)

train: $(READY)  ## Train PRESET on SHARDS and measure it: make train PRESET=tiny
	@test -e $(SHARDS) || { echo "$(SHARDS) is not there: 'make demo' makes it, or name panoramas with SHARDS=..."; exit 2; }
	$(BIN)/avsa pretrain --config $(PRESET) --shards $(SHARDS) --out $(RUN) $(ARGS)
	$(BIN)/avsa bench avc-bin --checkpoint $(RUN) --shards $(SHARDS)
	$(BIN)/avsa bench avsa-bin --checkpoint $(RUN) --shards $(SHARDS)

bench: $(READY)  ## Measure what should be fast, against named baselines
	$(BIN)/python benchmarks/rebuild.py
	$(BIN)/python benchmarks/geometry.py
	$(BIN)/python benchmarks/examine.py
	$(BIN)/python benchmarks/manifest.py
	$(BIN)/python benchmarks/downloads.py
	$(BIN)/python benchmarks/learning.py
	$(BIN)/python benchmarks/shards.py
	$(BIN)/python benchmarks/loader.py

clean:  ## Remove what was made here, .venv included; data/ stays
	rm -rf $(VENV) $(DEMO) build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find yt360_tools avsa_models tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
