# make demo   the whole story against a lab on loopback
# make test   everything, with what it needs (Debian packages: Wine, OpenSSH, a cross compiler)
# make lint   ruff, mypy          make bench   benchmarks/
# make faults 500 random schedules of faults with fresh seeds, and 200 hosts killed ten times (docs/reliability.md)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEBIAN := wine wine64 openssh-server openssh-client gcc-mingw-w64-x86-64 procps
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: demo test lint bench faults system clean

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/developed: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/remediate demo

# Tests talk to programs that we did not write; nothing is installed where they are there already. The mail servers,
# which exclude each other as packages, are unpacked below .cache and never installed.
system:
	@for program in wine sshd x86_64-w64-mingw32-gcc pgrep; do \
		PATH="$$PATH:/usr/sbin" command -v $$program >/dev/null || missing=yes; done; \
	if [ -n "$$missing" ]; then \
		$(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $(DEBIAN); fi
	@$(PYTHON) tests/mail_servers.py
	@command -v npm >/dev/null || DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends nodejs npm

# Tests drive real processes on machines that others use too: what fails is asked again, and the summary counts it.
test: $(VENV)/developed system
	$(BIN)/pytest --numprocesses=4 --dist=loadfile --reruns=2 --cov=remediators --cov-report=term:skip-covered

lint: $(VENV)/developed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(VENV)/developed
	$(BIN)/python -m benchmarks

faults: $(VENV)/developed
	$(BIN)/python -m tests.faults --schedules 500 --hosts 200

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
