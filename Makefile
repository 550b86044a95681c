# make run    the product, on http://127.0.0.1:8000 (PORT=8001, HOST=0.0.0.0, ARGS=--no-demo)
# make test   every test (ARGS="-k deadline", WORKERS=4)
# make check  everything that needs no test: style, types, layers, migrations, deployment
# make bench  how fast it is, beside others, a line each in var/bench.jsonl (ARGS=business_time)
# make messages  collect the texts to translate, and compile the translations
# make install, make lock

PORT = 8000
HOST = 127.0.0.1
WORKERS = 2
ARGS =
PYTHON =

PY = .venv/bin/python
PIP = $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes
# The environment that the deployment check needs; nothing is connected to.
PRODUCTION = DEBUG=false SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))') \
	ALLOWED_HOSTS=help.example.com PUBLIC_BASE_URL=https://help.example.com \
	DATABASE_URL=postgres://helpdesk@127.0.0.1/helpdesk \
	CELERY_BROKER_URL=amqp://127.0.0.1// EMAIL_URL=smtp+tls://mail.example.com:587

.PHONY: run install dev test check bench messages lock

run: install
	@exec $(PY) manage.py start --host $(HOST) --port $(PORT) $(ARGS)

install: .venv/run.stamp

dev: .venv/dev.stamp

test: dev
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

bench: .venv/bench.stamp
	@$(PY) -m tests.benchmarks $(ARGS)

messages: dev
	@$(PY) -m tests.catalog

check: dev
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy
	@$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	@$(PY) manage.py makemigrations --check --dry-run
	@$(PY) manage.py check --fail-level WARNING
	@$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

.venv/run.stamp: .venv/made.stamp requirements.txt
	@echo "Installing requirements.txt into .venv ..."
	@$(PIP) -r requirements.txt
	@touch $@

.venv/dev.stamp: .venv/made.stamp requirements-dev.txt
	@echo "Installing requirements-dev.txt into .venv ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@ .venv/run.stamp

.venv/bench.stamp: .venv/made.stamp requirements-bench.txt
	@echo "Installing requirements-bench.txt into .venv ..."
	@$(PIP) -r requirements-bench.txt
	@touch $@ .venv/dev.stamp .venv/run.stamp

.venv/made.stamp:
	@for python in "$(PYTHON)" python3.13 python3.12 python3.14 python3 \
		"$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.1[2-9].*/bin/python; do \
		if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 12))' \
			2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Python 3.12 or newer (with venv) is needed, and $$(python3 --version 2>&1) is here:" \
			"install one, or name it: make install PYTHON=/path/to/python3.13" >&2; exit 1; \
	fi; \
	"$$found" -m venv --clear .venv
	@touch $@

# The same versions for everybody, on every platform. Needs uv.
lock:
	uv pip compile --python-version 3.12 --universal --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --quiet pyproject.toml --output-file requirements.txt
	uv pip compile --python-version 3.12 --universal --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --quiet pyproject.toml --group dev --output-file requirements-dev.txt
	uv pip compile --python-version 3.12 --universal --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --quiet pyproject.toml --group dev --group bench \
		--output-file requirements-bench.txt
