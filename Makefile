PYTHON ?= python3.11
BIN := .venv/bin
# All of it takes sqlfluff a minute; `make check` lints what differs from the last commit.
SQL := models snapshots tests analyses
# As many workers as tests/python/conftest.py says, and one thread a worker.
PYTEST := LASTRO_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal --durations 25

GATE := LASTRO_INBOX=target/demo-gate/inbox LASTRO_RECEIVED=target/demo-gate/received \
	LASTRO_QUARANTINE=target/demo-gate/quarantine LASTRO_RAW=target/demo-gate/raw \
	LASTRO_LANDED=target/demo-gate/landed LASTRO_DB=target/demo-gate/lastro.duckdb \
	LASTRO_NOTIFY=target/demo-gate/notify.toml

.PHONY: help build check test thorough test-athena lint docs boards demo-gate demo-notifications bench sample lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: .venv/installed  ## create the environment, build the sample on DuckDB, show a summary
	$(BIN)/dbt build --quiet
	$(BIN)/lastro summary
	@echo "make boards draws the build: one page per board, in target/boards."

check: SQL = $(filter-out macros/%,$(shell git diff --name-only --diff-filter=d HEAD -- '*.sql'; git ls-files -o --exclude-standard -- '*.sql'))
check: lint  ## in minutes: lint of what changed, one build with its tests, the fast tests; DOMAIN=cartoes limits it to a domain
	$(BIN)/dbt build --quiet $(if $(DOMAIN),--select tag:$(DOMAIN) --exclude tag:audit)
	LASTRO_EXAMPLES=20 $(PYTEST) -m "(fast or quick)$(if $(DOMAIN), and $(DOMAIN))"

test: lint  ## lint, and run every test but that of Athena; the broker of the consumer needs Java 17 or later, Maven
	$(PYTEST)

thorough: lint  ## with many more examples, and faults planted one at a time: hours, for the night
	LASTRO_EXAMPLES=$(or $(EXAMPLES),2000) $(PYTEST)
	$(BIN)/python -m pytest tests/mutations

test-athena: .venv/installed  ## test the production path: dbt-athena on a real Trino, equal to DuckDB row by row
	$(BIN)/python -m pytest tests/athena --durations 12

lint: .venv/installed  ## check SQL, Python, project conventions and the Athena target
	$(BIN)/ruff check scripts tests benchmarks
	$(BIN)/ruff format --check scripts tests benchmarks
	$(BIN)/dbt parse --quiet --warn-error-options '{"error": ["Deprecations"]}'
	$(BIN)/dbt-bouncer --config-file dbt-bouncer.yml
	$(if $(SQL),$(BIN)/sqlfluff lint --disable-progress-bar --processes 2 $(SQL))
	$(BIN)/dbt compile --quiet --target athena --no-populate-cache --no-introspect --target-path target/athena

docs: .venv/installed  ## write the lineage site as one static file, and the lineage of columns beside it
	$(BIN)/dbt build --quiet
	LASTRO_DOCS=1 $(BIN)/dbt docs generate --quiet --static
	@mkdir -p target/colibri
	$(BIN)/colibri generate --disable-telemetry --light --output-dir target/colibri > target/colibri/log.txt
	@! grep ERROR target/colibri/log.txt
	@echo "Open target/static_index.html (lineage) and target/colibri/index.html (column lineage); they need no network."

boards: .venv/installed  ## draw the last build as boards: pages that open from disk, in target/boards
	$(BIN)/lastro boards

demo-gate: .venv/installed  ## receive a copy of data/inbox, judge its rows, and show every batch with its reason
	rm -rf target/demo-gate && mkdir -p target/demo-gate && cp -R data/inbox target/demo-gate/inbox
	printf '[[sender]]\nkind = "folder"\npath = "told"\n' > target/demo-gate/notify.toml
	$(GATE) $(BIN)/lastro receive --settle-seconds 0 --jobs 1 || test $$? -eq 1
	$(GATE) $(BIN)/dbt build --quiet --select +lotes +builds +quarentena +dim_data --exclude-resource-type test unit_test
	$(GATE) $(BIN)/lastro settle
	$(GATE) $(BIN)/lastro batch list
	@echo "What the senders were told stands in target/demo-gate/told; docs/recebimento.md is the run-book."

demo-notifications: .venv/installed  ## from a real broker to the panel: send messages, consume, build, show; Java 17 or later, Maven
	$(BIN)/python -m lastro.consume.demo

BENCHMARKS := cartoes chatbot cooperativa cobranca api consume notifications recebimento history

bench: $(BENCHMARKS:%=bench-%)  ## time each domain against the shortest hand-written SQL; CLIENTS, ANSWERS, MEMBERS, DEBTS, ROWS, MEGABYTES, GIGABYTES, FILES, MESSAGES, NOTIFICATIONS and HISTORY set the sizes

bench-cartoes: SIZE = --clients $(or $(CLIENTS),1000000)
bench-chatbot: SIZE = --answers $(or $(ANSWERS),10000000)
bench-cooperativa: SIZE = --members $(or $(MEMBERS),1000000)
bench-cobranca: SIZE = --debts $(or $(DEBTS),1000000)
bench-api: SIZE = --rows $(or $(ROWS),400000) --megabytes $(or $(MEGABYTES),1000)
bench-consume: SIZE = --messages $(or $(MESSAGES),2000000)
bench-notifications: SIZE = --messages $(or $(NOTIFICATIONS),100000000)
bench-history: SIZE = --files $(or $(HISTORY),10000)
bench-recebimento: SIZE = --gigabytes $(or $(GIGABYTES),5) --files $(or $(FILES),1000)

bench-%: .venv/installed
	$(BIN)/python benchmarks/$*.py $(SIZE)

sample: .venv/installed  ## regenerate the committed sample
	rm -rf target/sample
	$(BIN)/lastro sample --to target/sample
	rm -rf data/raw data/inbox
	mv target/sample data/raw
	$(BIN)/lastro sample --inbox --to data/inbox

lock:  ## lock requirements.in into requirements.txt; needs uv
	uv pip compile --quiet --no-header --no-annotate --generate-hashes requirements.in -o requirements.txt

clean:
	rm -rf .venv target logs

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Lastro needs Python 3.11 or later: make PYTHON=python3.12 build'; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@
