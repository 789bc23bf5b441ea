# make demo   an SMS over both SOAP bindings to a simulated gateway
# make test   everything that must hold: lint, types, all tests; about ten minutes on two idle cores
# make proof  what takes longer: every fault with every command, killed workers, the fuzzer, mutants, a load, coverage; then a table
#             SHORT=1 takes some twenty minutes; SEED=… repeats a run; STAGES="fuzzer,mutants" runs some alone
# make docs   the documentation site in docs/_build/html; a warning is an error
# make links  asks whether the links of the documents to other sites still work; needs the internet
# make release-check  builds wheel and sdist, checks them, and tries the wheel with each Python of this machine
#             SUITE=1 also runs tests against the installed wheel, without the sources; PYTHONS="3.12 3.13"
# make audit  compares the pins with known vulnerabilities; needs the internet
# make sbom   the bill of materials of clicksoap[all], in dist/clicksoap.cdx.json
# make same BASE=<commit>  compares every request and every outcome with those of another commit
# make bench  how fast it is beside the others, about fifteen minutes on an idle machine; writes docs/explanation/speed.md
# make bench-two BASE=<commit> ROUNDS=10  the speed of sends beside that of another commit, in turns
# make bench-simulator  the simulator's capacity and memory under load; writes docs/explanation/simulator.md
PYTHON ?= python3
BIN := .venv/bin
ROUNDS ?= 10
# Hundreds of processes of the tests import the same modules, which are compiled once, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=
# One process more than there are cores: some tests wait while others compute.
PROCESSES ?= $(shell $(PYTHON) -c 'import os; print(1 + len(os.sched_getaffinity(0)))')

.PHONY: demo test proof docs links release-check audit sbom same bench bench-two bench-simulator pictures lint types mypy basedpyright tests install foreign lock clean

demo: install
	$(BIN)/clicksoap demo

test: install foreign
	@$(MAKE) --no-print-directory --jobs=$(PROCESSES) --output-sync=target lint types
	@$(MAKE) --no-print-directory tests

proof: install
	SHORT=$(SHORT) SEED=$(SEED) STAGES="$(STAGES)" RECORD=$(RECORD) PROCESSES=$(PROCESSES) $(BIN)/python -m tests.proofs

# The source folder is the root, so that a page is linked alike here and in a repository browser.
docs: install
	$(BIN)/sphinx-build -c docs -d docs/_build/doctrees -b html -n -W --keep-going -q . docs/_build/html
	rm -f docs/_build/html/.buildinfo

links: install
	$(BIN)/sphinx-build -c docs -b linkcheck -q . docs/_build/links

release-check: install .venv-release/.installed
	SUITE=$(SUITE) PYTHONS="$(PYTHONS)" $(BIN)/python -m tests.release

audit: .venv-release/.installed
	.venv-release/bin/pip-audit --strict --require-hashes --disable-pip -r constraints.txt
	.venv-release/bin/pip-audit --strict --require-hashes --disable-pip -r constraints-release.txt

# What the wheel needs with all extras, in an environment of its own, so that no tool of the tests is among it.
sbom: .venv-release/.installed
	rm -f dist/*.whl
	.venv-release/bin/python -m build --wheel --no-isolation --outdir dist .
	.venv-release/bin/python tests/release/sbom.py dist/clicksoap.cdx.json

same: install
	$(BIN)/python -m tests.same $(BASE)

bench: install
	$(BIN)/python -m benchmarks

bench-two: install
	$(BIN)/python -m benchmarks.two_commits $(BASE) --rounds $(ROUNDS)

bench-simulator: install
	$(BIN)/python -m benchmarks.simulator --page

# The pictures of the inbox in docs/how-to, taken by its tests.
pictures: install foreign
	INBOX_PICTURES=1 $(BIN)/python -m pytest -q tests/inbox/test_browser.py -k pictures

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: mypy basedpyright

mypy: install
	$(BIN)/mypy

basedpyright: install
	$(BIN)/basedpyright --level error

# Worksteal gives each process a run of neighbouring tests, so that few fixtures are made twice.
tests: install
	$(BIN)/python -m pytest -n $(PROCESSES) --dist worksteal --ignore=tests/proofs

install: .venv/.installed

# Hashes cover everything that comes from outside; the project itself needs none.
.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# The tools of a release have pins of their own, and no part in the tests.
.venv-release/.installed: pyproject.toml constraints-release.txt
	$(PYTHON) -m venv .venv-release
	.venv-release/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints-release.txt
	touch $@

# The other SOAP stacks that the tests talk to (PHP, Perl) and a browser; their absence is said, and fails under CI.
foreign:
	@sh tests/foreign/install.sh

# Run with the oldest Python that is supported (Debian 12 has 3.11.2), so that every pin can be installed there.
COMPILE := .venv-lock/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet pip-tools
	$(COMPILE) --extra dev --extra bench --output-file constraints.txt pyproject.toml
	$(COMPILE) --extra release --output-file constraints-release.txt pyproject.toml
	sed -i -e '/^clicksoap @/d' -e '/^# /d' constraints.txt constraints-release.txt
	rm -rf .venv-lock

clean:
	rm -rf .venv .venv-lock .venv-release .hypothesis .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache dist docs/_build
