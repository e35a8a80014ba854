# One verb for each habit; `make help` lists them.

CARGO    ?= cargo
# The profile of `make pipeline`: release is worth its build only for large
# snapshots, so the first run uses the quick one.
PROFILE  ?= dev
LAKE     ?= lake
SAMPLE   ?= target/sample
SITE     ?= site
MODELS   ?= 20000
SEED     ?= 7
BENCH    ?= --models 200_000 --rounds 4
SAMPLE_DATES ?= 2025-09-21,2025-10-01
VENV     ?= .venv
OLDEST   ?= .venv-oldest
# What `make snapshot` asks the Hub for, and where it puts it.
KINDS    ?= models,datasets,spaces,papers
SNAPSHOTS ?= data/snapshots
FIXTURE  := target/debug/fixture-hub
# What the notebooks need is large, and nothing else needs it.
NOTEBOOKS ?= .venv-notebooks
JUPYTER  ?= lab
# The packages of the scripts in .github.
TOOLS    := .venv-workflow
# The name of what `make dist` packs, and where.
TARGET   ?= $(shell rustc -vV | sed -n 's/^host: //p')
DIST     := hubcensus-$(TARGET)
# Their tables are those of LAKE, a directory or an address.
NOTEBOOK_LAKE = $(if $(findstring ://,$(LAKE)),$(LAKE),$(abspath $(LAKE)))

ifeq ($(PROFILE),dev)
BIN := target/debug/hubcensus
else
BIN := target/$(PROFILE)/hubcensus
endif

.DEFAULT_GOAL := help
.PHONY: help build pipeline snapshot publish report test test-rust test-sql test-python test-oldest notebooks notebooks-test notebooks-html bench dist dist-check workflow-tools lint lint-features format clean

help: ## List what there is to make
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  make pipeline SOURCE=radar FROM='…/models_{date}.jsonl.zst' DATES=2026-08-19..2026-08-22 LAKE=…"
	@echo "                       reads real snapshots in place of generated ones"
	@echo "  make snapshot pipeline SOURCE=hub-api"
	@echo "                       takes today's snapshot of the Hub and makes the tables of it"

build: ## Build the binary (PROFILE=release for large snapshots)
	$(CARGO) build --profile $(PROFILE) --bin hubcensus

pipeline: build ## Make every table, of generated snapshots or of SOURCE, FROM and DATES
ifdef SOURCE
	@$(BIN) run --lake '$(LAKE)' --source '$(SOURCE)' $(if $(FROM),--from '$(FROM)') $(if $(DATES),--dates '$(DATES)')
else
	@$(BIN) sample --models $(MODELS) --dates $(SAMPLE_DATES) --seed $(SEED) --out $(SAMPLE)
	@echo
	@$(BIN) run --lake '$(LAKE)' --source hub-api --from '$(SAMPLE)/{table}_{date}.generated.jsonl' --dates $(SAMPLE_DATES) ingest.account_facts
	@echo
	@$(BIN) run --lake '$(LAKE)' --source hub-stats --from '$(SAMPLE)/{table}_{date}.parquet' --dates $(SAMPLE_DATES)
endif
	@echo
	@$(BIN) summary --lake '$(LAKE)'

snapshot: build ## Take today's snapshot of the Hub (KINDS=…, SNAPSHOTS=…; HF_TOKEN doubles the pace)
	@$(BIN) capture hub-api --kinds '$(KINDS)' --to '$(SNAPSHOTS)'

publish: build ## Publish the tables of LAKE as a dataset to TO, a directory or an s3:// address
	@$(BIN) publish --lake '$(LAKE)' --to '$(or $(TO),$(error say where to: make publish TO=published))'

report: build ## Draw the tables of LAKE as a site in SITE, which opens from a file (DATES=… of several snapshots)
	@$(BIN) report --lake '$(LAKE)' --out '$(SITE)' $(if $(DATES),--dates '$(DATES)')

test: test-rust test-sql test-python ## Run every test: Rust, the tests beside the queries, the tables in other readers

test-rust: ## Run the tests of the crates and of the binary
	$(CARGO) test --workspace --exclude hubcensus-lake --quiet
	# The lake's tests bring an S3 server, whose needs would have the query
	# engine compiled once more if they were met in the same call.
	HUBCENSUS_BIN=$(BIN) $(CARGO) test --package hubcensus-lake --quiet

test-sql: build ## Check the pipeline files and run the tests beside the queries
	$(BIN) check
	$(BIN) test

test-python: build $(VENV)/ready ## Compare the tables with DuckDB's, and open them in other readers
	$(CARGO) build --package hubcensus-fixture-hub --quiet
	HUBCENSUS_BIN=$(BIN) HUBCENSUS_FIXTURE_HUB=$(FIXTURE) $(VENV)/bin/python -m pytest --quiet \
		--numprocesses auto --maxprocesses 4 --dist loadfile tests

$(VENV)/ready: tests/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
	touch $@

test-oldest: build $(OLDEST)/ready ## Open what is published in the oldest readers that README.md names
	HUBCENSUS_BIN=$(BIN) $(OLDEST)/bin/python -m pytest --quiet tests/test_publish.py

$(OLDEST)/ready: tests/requirements-oldest.txt
	python3 -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/requirements-oldest.txt
	touch $@

notebooks: $(NOTEBOOKS)/ready ## Start Jupyter on the notebooks, with the tables of LAKE (a directory, https://…, hf://…)
	HUBCENSUS_LAKE='$(NOTEBOOK_LAKE)' $(NOTEBOOKS)/bin/jupyter $(JUPYTER) notebooks

notebooks-test: build $(NOTEBOOKS)/tested ## Run every notebook to its end
	HUBCENSUS_BIN=$(BIN) $(NOTEBOOKS)/bin/python -m pytest --quiet tests/test_notebooks.py

notebooks-html: $(NOTEBOOKS)/ready ## Run the notebooks on LAKE and write them as pages into docs/notebooks
	HUBCENSUS_LAKE='$(NOTEBOOK_LAKE)' $(NOTEBOOKS)/bin/python notebooks/render.py docs/notebooks

$(NOTEBOOKS)/ready: notebooks/requirements.txt
	python3 -m venv $(NOTEBOOKS)
	$(NOTEBOOKS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement notebooks/requirements.txt
	touch $@

# The tests' own packages, of those versions that all tests have.
$(NOTEBOOKS)/tested: $(NOTEBOOKS)/ready tests/requirements.txt
	$(NOTEBOOKS)/bin/python -m pip install --quiet --disable-pip-version-check --constraint tests/requirements.txt pytest pyyaml
	touch $@

bench: $(VENV)/ready ## Measure against DuckDB, Polars and pandas, which do the same job (BENCH='--models 200_000 …')
	$(CARGO) build --release --bin hubcensus
	$(VENV)/bin/python tests/bench/bench.py $(BENCH)

dist: ## Build the binary for others and pack it with what it reads (TARGET names the platform)
	$(CARGO) build --profile dist --bin hubcensus
	mkdir -p dist
	git archive --format=tar.gz --prefix=$(DIST)/ --add-file=target/dist/hubcensus --output=dist/$(DIST).tar.gz \
		HEAD README.md LICENSE docs pipelines data
	cd dist && (sha256sum $(DIST).tar.gz || shasum -a 256 $(DIST).tar.gz) > $(DIST).tar.gz.sha256

dist-check: ## Unpack what `make dist` packed, and make a few tables with it
	rm -rf target/dist-check && mkdir -p target/dist-check
	tar -xzf dist/$(DIST).tar.gz -C target/dist-check
	cd target/dist-check/$(DIST) && ./hubcensus check && ./hubcensus sample --models 1300 --out sample \
		&& ./hubcensus run --source hub-stats --from 'sample/{table}_{date}.parquet' +aggregate.entities +aggregate.hub_totals \
		&& ./hubcensus summary

workflow-tools: $(TOOLS)/ready ## Set up what the scripts of the workflows need

$(TOOLS)/ready: .github/scripts/requirements.txt
	python3 -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement .github/scripts/requirements.txt
	touch $@

lint: ## Formatting, clippy, docs, pipeline files
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --exclude hubcensus-lake --all-targets --quiet -- --deny warnings
	RUSTDOCFLAGS='--deny warnings' $(CARGO) doc --workspace --exclude hubcensus-lake --no-deps --quiet
	# The lake apart, as with its tests.
	$(CARGO) clippy --package hubcensus-lake --all-targets --quiet -- --deny warnings
	RUSTDOCFLAGS='--deny warnings' $(CARGO) doc --package hubcensus-lake --no-deps --quiet

# Apart from `lint`: with other features the query engine is compiled once more.
lint-features: ## Compile without the default features
	$(CARGO) check --no-default-features --bin hubcensus --quiet

format: ## Format the code
	$(CARGO) fmt --all

clean: ## Remove what was built and generated, the lake in this directory too
	$(CARGO) clean
	rm -rf $(VENV) $(OLDEST) $(NOTEBOOKS) $(TOOLS) dist docs/notebooks lake
