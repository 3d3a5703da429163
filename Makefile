# `make demo` and `make test` set up everything they need; both are quick the second time.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OS_PACKAGES := bubblewrap docker.io mmdebstrap
# The report is looked at in a real browser, ledgers are kept and images given by real servers.
TEST_PACKAGES := chromium postgresql docker-registry
# A process for each core; of the integration tests a file stays with one, for what its tests share.
SPREAD := --numprocesses auto --dist
SECONDS ?= 120
FLIPS ?= 100000
ROWS ?= 1000000
DATABASE ?= sqlite
CORPUS ?= $(addprefix ../shared/corpus/,pure.txt pure-hard.txt native.txt)
BATCH ?= ../shared/corpus/pure.txt
CHOOSE := --choose 'hiredis==0.2.0=*cp36m-manylinux1_x86_64*'
DEMO := six==1.17.0 click==8.1.7 requests==2.32.3
# A private container engine where none answers; without root, bubblewrap does without one.
ENGINE := $(BIN)/python -m containers.engine run --optional --

.PHONY: setup os-packages demo test test-fast lint bench bench-batch bench-compare bench-ledger bench-report bench-native corpus knowledge fuzz flips
.PHONY: bench-dask bench-lock lock-comparison docs clean

setup: os-packages $(READY)

os-packages:
	@sh containers/os-packages.sh $(OS_PACKAGES)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "truewheel needs Python 3.11 or newer; run: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $(READY)

demo: setup
	@echo "checking $(DEMO); the first time a sandbox image is built, which takes about a minute"
	$(ENGINE) $(BIN)/truewheel check $(DEMO)

test: setup
	@sh containers/os-packages.sh $(TEST_PACKAGES)
	$(BIN)/pytest $(SPREAD) worksteal tests/unit tests/attacks
	$(BIN)/pytest $(SPREAD) loadfile tests/integration

test-fast: setup
	$(BIN)/pytest $(SPREAD) worksteal tests/unit tests/attacks

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: setup
	$(ENGINE) $(BIN)/python -m benchmarks.check

# A ledger of ROWS verdicts in DATABASE, which is sqlite or postgresql.
bench-ledger: setup
	@sh containers/os-packages.sh $(if $(filter postgresql,$(DATABASE)),postgresql)
	$(BIN)/python -m benchmarks.ledger --rows $(ROWS) --database $(DATABASE)

# One worker and two, each with nothing remembered, on the wheels of BATCH.
bench-batch: setup
	$(BIN)/python -m benchmarks.batch $(BATCH)

# Reports of 500 and 10,000 wheels, also with much to show, and of a ledger of ROWS verdicts.
bench-report: setup
	@sh containers/os-packages.sh $(TEST_PACKAGES)
	$(BIN)/python -m benchmarks.report --rows $(ROWS)
	$(BIN)/python -m benchmarks.large_report

# What placing and collecting 10,000 wheels costs, see docs/scale.md.
bench-dask: setup
	$(BIN)/python -m benchmarks.dask_overhead

# The second lock of the same input.
bench-lock: setup
	$(BIN)/python -m benchmarks.lock

# Side by side with pip-compile and uv; writes docs/lock-comparison.md.
lock-comparison: setup
	$(BIN)/python -m benchmarks.locks

bench-compare: setup
	$(BIN)/python -m benchmarks.compare

bench-native: setup
	$(BIN)/python -m benchmarks.native

# Every wheel that the lists in CORPUS name; writes docs/corpus.md.
corpus: setup
	$(ENGINE) $(BIN)/python -m benchmarks.corpus $(CHOOSE) $(CORPUS)

# docs/commands.md, of what --help says.
docs: setup
	$(BIN)/python -m tests.support.commands_page

# What is known of setuptools by version, from its real releases.
knowledge: setup
	$(BIN)/python -m tests.knowledge.setuptools_eras

# Two processes; SECONDS of wall time, FLIPS of single bytes: see docs/fuzzing.md.
fuzz: setup
	$(BIN)/python -m tests.fuzz $(SECONDS) $(SEED)

flips: setup
	$(BIN)/python -m tests.fuzz.flips $(FLIPS)

clean:
	rm -rf $(VENV) .truewheel .mypy_cache .ruff_cache .pytest_cache .hypothesis
