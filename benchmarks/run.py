"""`make bench NAME=ledger`: run one benchmark (or all of them) and fail when a bar is missed."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
import tempfile

import benchmarks

NOT_BENCHMARKS = {"harness", "run"}
ALIASES = {"import": "imports"}  # no module can be called so


def names() -> list[str]:
    """The modules of the package that are benchmarks, in order."""
    found = (module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return sorted(name for name in found if name not in NOT_BENCHMARKS and not name.startswith("_"))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument(
        "name", nargs="?", default="", choices=["", *names(), *ALIASES], help="which one; all without it"
    )
    chosen = parser.parse_args(argv).name
    chosen = ALIASES.get(chosen, chosen)
    if not chosen:
        # One process each: a benchmark's imports and connections must not weigh on the next one.
        codes = [os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-m", "benchmarks.run", n]) for n in names()]
        return max(codes, default=0)

    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.base"
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as folder:
        os.environ["REGULARS_BENCH_DIR"] = folder
        return _run(chosen)


def _run(name: str) -> int:
    from benchmarks import harness

    module_path = f"benchmarks.{name}"
    if _database_of(module_path) == "product":
        return _run_module(module_path)
    with harness.scratch_database() as (app_url, owner_url):
        os.environ.update(DATABASE_URL=app_url, DATABASE_OWNER_URL=owner_url)
        return _run_module(module_path)


def _database_of(module_path: str) -> str:
    """Read from the source: importing the module may already need configured settings."""
    spec = importlib.util.find_spec(module_path)
    assert spec is not None
    assert spec.origin is not None
    with open(spec.origin, encoding="utf-8") as source:
        return "product" if 'DATABASE = "product"' in source.read() else "scratch"


def _run_module(module_path: str) -> int:
    import django
    from django.conf import settings

    from benchmarks import harness
    from config.database import ensure_running

    ensure_running()
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = _product_url()
    django.setup()
    assert settings.configured
    importlib.import_module(module_path).main()
    return 0 if all(result.ok for result in harness.RESULTS) else 1


def _product_url() -> str:
    from config.database import embedded_urls

    return embedded_urls()[0]


if __name__ == "__main__":
    raise SystemExit(main())
