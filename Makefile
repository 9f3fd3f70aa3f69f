# The commands of the README. Everything runs in .venv, made on first use from constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
export DAGSTER_DISABLE_TELEMETRY := yes
export DO_NOT_TRACK := 1

.PHONY: run test test-llm lint ui bench docs clean

run: $(VENV)/installed
	$(BIN)/segpipe run

test: lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

# One whole run against any OpenAI-compatible server: make test-llm BASE_URL=http://127.0.0.1:8080/v1 MODEL=name
test-llm: $(VENV)/installed
	@test -n "$(BASE_URL)" -a -n "$(MODEL)" || { echo "Next: make test-llm BASE_URL=http://127.0.0.1:8080/v1 MODEL=name (a key, if it wants one, in SEGPIPE_TEST_KEY)"; exit 2; }
	SEGPIPE_TEST_BASE_URL="$(BASE_URL)" SEGPIPE_TEST_MODEL="$(MODEL)" \
		$(BIN)/python -m pytest -n 0 -s segmentation_pipeline_tests/test_with_a_model.py

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

ui: $(VENV)/installed
	$(BIN)/segpipe ui

bench: $(VENV)/installed
	$(BIN)/python -m benchmarks

docs: $(VENV)/installed
	$(BIN)/python -m docs

clean:
	rm -rf data/sample/warehouse data/sample/published data/sample/dagster data/sample/exports data/sample/run.lock

$(VENV)/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@
