# `make` lists what can be done. Everything runs in `.venv`, which the first target that needs it creates.

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
LOCK := --universal --generate-hashes --no-emit-index-url
export PORT

.DEFAULT_GOAL := help
.PHONY: help demo serve test lint types fmt css messages bench sentences fuzz docs data screenshots browser chaos databases baseline lock check

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Install, load two programmes with real customers, serve (PORT=8000)
	@$(PYTHON) bootstrap.py demo

serve: ## The same without demo data
	@$(PYTHON) bootstrap.py serve

test: ## Install the test tools and run every test in parallel
	@$(PYTHON) bootstrap.py test

lint: .dev ## Style, layers, templates, migrations, style sheet, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	git ls-files --cached --others --exclude-standard '*.html' | xargs $(BIN)/djade --check --target-version 5.2
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m core.css --check
	$(BIN)/python -m config.catalogue --check

types: .dev ## Strict static types
	$(BIN)/mypy .

fmt: .dev ## Format Python and templates
	$(BIN)/ruff check --fix --exit-zero --quiet .
	$(BIN)/ruff format .
	git ls-files --cached --others --exclude-standard '*.html' | xargs $(BIN)/djade --target-version 5.2

css: .dev ## Rebuild static/css/app.css
	$(BIN)/python -m core.css

messages: .test ## Bring locale/ up to date with the words that customers read, and say what is not translated
	$(BIN)/python -m config.catalogue

bench: .test ## Measure beside a baseline: make bench NAME=ledger (all without NAME)
	$(BIN)/python -m benchmarks.run $(NAME)

sentences: .test ## How many sentences about customers the grammar of segments reads right, in the demo
	$(BIN)/python -m segments.tests.judge $(NAME)

docs: .dev ## Build the documentation into site/, strictly
	$(BIN)/python -m docs.reference
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

data: .base ## Make a large programme: make data SIZE=10x (or 1m)
	$(BIN)/python manage.py data --size $(or $(SIZE),10x)

screenshots: .test ## Take the pictures of the README from the running demo
	$(BIN)/python -m e2e.screenshots

browser: .test ## The long browser tests: every page in both themes, a till without a network, a customer’s own data and more
	$(BIN)/python -m pytest e2e/browser_*.py

chaos: .test ## Kill processes under load: make chaos NAME=kills (or sms, ledger, codes, imports)
	CHAOS=1 $(BIN)/python -m pytest e2e/chaos_$(or $(NAME),kills).py

fuzz: .test ## Try to break rules of segments with anything that can be written, for some minutes
	SEGMENT_EXAMPLES=$(or $(EXAMPLES),1000) $(BIN)/python -m pytest segments/tests/test_fuzz.py segments/tests/test_laws.py segments/tests/test_living_laws.py

databases: .test ## Read from PostgreSQL, MariaDB and SQLite; refuses to leave one out
	DATABASES=all $(BIN)/python -m pytest customers/tests/test_databases_sync.py

baseline: .base ## Write the schemas with which an empty database starts, when migrations have piled up
	$(BIN)/python manage.py baseline

lock: .dev ## Write requirements/*.lock from pyproject.toml, without addresses
	$(BIN)/uv pip compile -q pyproject.toml $(LOCK) -o requirements/base.lock
	$(BIN)/uv pip compile -q pyproject.toml --group test $(LOCK) -o requirements/test.lock
	$(BIN)/uv pip compile -q pyproject.toml --group test --group dev $(LOCK) -o requirements/dev.lock

check: lint types test docs ## Everything that a change must pass

.PHONY: .base .test .dev
.base .test .dev: .%:
	@$(PYTHON) bootstrap.py install $*
