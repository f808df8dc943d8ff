# Two commands do everything, on a fresh machine too:
#
#   make run     the app at http://localhost:8501 (PORT=9000 for another port, ADDRESS=0.0.0.0 to open it to the network)
#   make test    every test but the long ones and Docker's
#
# The others: install install-dev train lint bench test-full test-docker screenshots clean

PYTHON ?= python3
# Where torch comes from: cpu, auto (looks for a GPU), cu130 ... The environment beats .env beats the default.
TORCH_BACKEND ?= $(or $(shell sed -n 's/^TORCH_BACKEND=//p' .env 2>/dev/null),cpu)
UV_VERSION := 0.13.8
BIN := .venv/bin
export PYTHONUNBUFFERED := 1
# Compiled modules are kept (in .venv, and beside the sources) even where the environment forbids that: otherwise each
# start compiles a few thousand files anew, which takes longer than all else that a start does.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test install install-dev train lint bench test-full test-docker screenshots clean
.DEFAULT_GOAL := run

run: install
	@$(BIN)/python src/app.py

train: install
	@$(BIN)/python src/train_model.py

bench: install-dev
	@$(BIN)/python src/benchmark.py

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Coverage follows the app's own process too: the browser's tests start it as a user would.
test: install-dev
	@rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-full: install-dev
	$(BIN)/pytest -m full -s

test-docker: install-dev
	$(BIN)/pytest -m docker -s

# The README's pictures, taken from the running app.
screenshots: install-dev
	@PYTHONPATH=src:tests $(BIN)/python tests/support/screenshots.py

install: .venv/.installed
install-dev: .venv/.installed-dev

# What is missing is said in a sentence each, before anything is made.
.venv/bin/uv:
	@if [ "$$(uname -sm)" = "Darwin x86_64" ]; then \
	  echo "PyTorch is no longer made for Macs with an Intel processor: use Docker there (see DEPLOYMENT.md)." >&2; exit 1; fi
	@command -v $(PYTHON) >/dev/null || { \
	  echo "Python is missing: install Python 3.11 or newer, or name it with PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$$($(PYTHON) --version) is too old: install Python 3.11 or newer, or name one, e.g. make run PYTHON=python3.12." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv is missing: on Debian and Ubuntu, sudo apt install python3-venv." >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# uv takes torch and torchvision from PyTorch's own index, where the CPU build is small. Where that index cannot be
# reached, both come from PyPI instead, which on Linux brings CUDA along. What else goes wrong is said and ends it.
define INSTALL
	@echo "Installing $(1) (the first time this takes a minute or two) ..."
	@UV_HTTP_RETRIES=1 $(BIN)/uv pip install --quiet --python $(BIN)/python --torch-backend=$(TORCH_BACKEND) -r $(1) 2>.venv/uv.log || { \
	  cat .venv/uv.log >&2; \
	  grep -q pytorch.org .venv/uv.log || { echo "Nothing was installed: see above." >&2; exit 1; }; \
	  echo "That did not work with PyTorch's own index: taking torch from PyPI, which on Linux is a download of some 3 GB." >&2; \
	  $(BIN)/uv pip install --quiet --python $(BIN)/python -r $(1); }
endef

.venv/.installed: requirements.txt | .venv/bin/uv
	$(call INSTALL,requirements.txt)
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed | .venv/bin/uv
	$(call INSTALL,requirements-dev.txt)
	@$(BIN)/python tests/support/chromium.py
	@touch $@

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov runs reports
