# make demo   an SMS over both SOAP bindings to a simulated gateway
# make test   everything that must hold: tests, types, lint
# make bench  how fast it is beside the others, about ten minutes on an idle machine; writes docs/explanation/speed.md
# make bench-simulator  how much the simulator bears, and whether its memory stays flat; writes docs/explanation/simulator.md
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test bench bench-simulator lint types tests install foreign lock clean

demo: install
	$(BIN)/clicksoap demo

test: install foreign lint types tests

bench: install
	$(BIN)/python -m benchmarks

bench-simulator: install
	$(BIN)/python -m benchmarks.simulator --page

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy
	$(BIN)/basedpyright --level error

tests: install
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

install: .venv/.installed

# Hashes cover everything that comes from outside; the project itself needs none.
.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# The other SOAP stacks that the tests talk to (PHP, Perl); their absence is said, and fails under CI.
foreign:
	@sh tests/foreign/install.sh

# Run with the oldest Python that is supported (Debian 12 has 3.11.2), so that every pin can be installed there.
lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet pip-tools
	.venv-lock/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --extra dev --extra bench --output-file constraints.txt pyproject.toml
	sed -i -e '/^clicksoap @/d' -e '/^# /d' constraints.txt
	rm -rf .venv-lock

clean:
	rm -rf .venv .venv-lock .hypothesis .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache dist
