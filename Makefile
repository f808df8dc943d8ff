# Two commands do everything, even on a fresh machine:
#
#   make run     the app at http://localhost:8501 (PORT=9000 for another port, ADDRESS=0.0.0.0 to open it to the network)
#   make test    every test except the long ones and Docker's
#
# The others: install install-dev lock train lint coverage bench test-full test-docker screenshots clean
# On a server, with Docker: up down logs backup restore deploy

PYTHON ?= python3
# The build of torch: cpu, auto (looks for a GPU), cu130 ... The environment overrides .env; .env, the default.
TORCH_BACKEND ?= $(or $(shell sed -n 's/^TORCH_BACKEND=//p' .env 2>/dev/null),cpu)
UV_VERSION := 0.13.8
BIN := .venv/bin
export PYTHONUNBUFFERED := 1
# Keep compiled modules (in .venv and beside the sources) even where the environment disables that: otherwise each start
# recompiles a few thousand files, which takes longer than everything else at startup.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test coverage install install-dev lock train lint bench test-full test-docker screenshots clean
.PHONY: up down logs backup restore deploy
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
	$(BIN)/hadolint docker/*Dockerfile
	$(BIN)/shellcheck docker/*.sh .ci/run

SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: install-dev
	$(BIN)/pytest $(SIDE_BY_SIDE)

# The same tests, a quarter slower, and which lines they reach. That includes the app's own process: the browser tests
# start it as a user would.
coverage: install-dev
	@rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest $(SIDE_BY_SIDE)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-full: install-dev
	$(BIN)/pytest -m full -s

test-docker: install-dev
	$(BIN)/pytest -m docker -s

# The README's screenshots, taken from the running app.
screenshots: install-dev
	@PYTHONPATH=src:tests $(BIN)/python tests/support/screenshots.py

install: .venv/.installed
install-dev: .venv/.installed-dev

# Report anything missing, in a sentence each, before creating anything.
.venv/bin/uv:
	@if [ "$$(uname -sm)" = "Darwin x86_64" ]; then \
	  echo "PyTorch no longer supports Macs with an Intel processor: use Docker there (see DEPLOYMENT.md)." >&2; exit 1; fi
	@command -v $(PYTHON) >/dev/null || { \
	  echo "Python is missing: install Python 3.11 or newer, or name it with PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$$($(PYTHON) --version) is too old: install Python 3.11 or newer, or name one, e.g. make run PYTHON=python3.12." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv is missing: on Debian and Ubuntu, sudo apt install python3-venv." >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# Everything is installed in the version that locks/ has, and only if its checksum is the one there. uv takes torch and
# torchvision from PyTorch's own index, where the CPU build is small; their checksums are in torch-cpu.lock, which `make
# lock` writes where it reaches that index. If the index is unreachable, both come from PyPI instead, which on Linux
# includes CUDA, and then nothing at all is installed without a checksum. Any other error is reported and is final.
CPU_LOCK := $(if $(filter cpu,$(TORCH_BACKEND)),$(wildcard locks/torch-cpu.lock))
define INSTALL
	@echo "Installing $(1) (the first time this takes a minute or two) ..."
	@UV_HTTP_RETRIES=1 $(BIN)/uv pip install --quiet --python $(BIN)/python --torch-backend=$(TORCH_BACKEND) \
	    -r $(1) -c locks/packages.lock $(addprefix -c ,$(CPU_LOCK)) 2>.venv/uv.log || { \
	  cat .venv/uv.log >&2; \
	  grep -q pytorch.org .venv/uv.log || { echo "Nothing was installed: see above." >&2; exit 1; }; \
	  echo "PyTorch's own index did not work: installing torch from PyPI, which on Linux is a download of some 3 GB." >&2; \
	  $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes \
	    -r $(1) -c locks/packages.lock -c locks/torch-pypi.lock; }
endef

LOCKS := $(wildcard locks/*.lock)

.venv/.installed: requirements.txt $(LOCKS) | .venv/bin/uv
	$(call INSTALL,requirements.txt)
	@touch $@

.venv/.installed-dev: requirements-dev.txt $(LOCKS) .venv/.installed | .venv/bin/uv
	$(call INSTALL,requirements-dev.txt)
	@$(BIN)/python tests/support/chromium.py
	@touch $@

# The locks again, after a change to requirements*.txt: what still fits keeps its version, unless UPGRADE=--upgrade.
# One lock serves Linux and macOS, and every Python from the oldest that we support.
UPGRADE ?=
LOCKED := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header $(UPGRADE)
lock: | .venv/bin/uv
	$(BIN)/uv pip compile $(LOCKED) --no-emit-package torch --no-emit-package torchvision requirements-dev.txt \
	    --output-file locks/packages.lock >/dev/null
	@grep -E '^torch(vision)?==' requirements.txt | $(BIN)/uv pip compile $(LOCKED) --no-deps - \
	    --output-file locks/torch-pypi.lock >/dev/null
	@$(BIN)/python tests/support/torch_wheels.py locks/torch-cpu.lock

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov runs reports

# --- On a server, with Docker (DEPLOYMENT.md) --------------------------------------------------------------------------

up:
	docker compose up --detach --build --wait

# Drawings are kept.
down:
	docker compose down

logs:
	docker compose logs --follow --tail 100

backup:
	@docker/backup.sh

# make restore FILE=backups/digits-....dump.gz
restore:
	@docker/restore.sh "$(FILE)"

# make deploy HOST=you@server (FOLDER=digit-reader on the server)
deploy:
	@docker/deploy.sh "$(HOST)" $(FOLDER)
