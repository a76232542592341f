"""How every benchmark measures: beside its baseline, interleaved, median of five, one JSON line per figure.

A benchmark is a module of this package with a function `main() -> None` that calls `compare` or `limit`. Unless the
module says `DATABASE = "product"`, it runs on a scratch database of its own (migrated, empty, dropped afterwards),
which is also the environment's `DATABASE_URL` for the processes that it starts.

    compare("ledger.earn", value=ours, baseline=pgbench_same_function, unit="operations/s", at_least=0.55)
    limit("tenants.create", value=seconds_of(create), unit="s", at_most=0.5)
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from config.database import BASE_DIR, embedded
from config.embedded_postgres import APP_ROLE, OWNER_ROLE, binaries

RUNS = 5

Measure = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Result:
    """`bar` is about `ratio` when there is a baseline, about `value` otherwise; `details` says where time goes."""

    name: str
    value: float
    baseline: float | None
    ratio: float | None
    unit: str
    bar: str
    ok: bool
    details: Mapping[str, object] = field(default_factory=dict)


RESULTS: list[Result] = []


def compare(
    name: str,
    *,
    value: Measure,
    baseline: Measure,
    unit: str,
    at_least: float | None = None,
    at_most: float | None = None,
    runs: int = RUNS,
    warm_up: bool = True,
    details: Mapping[str, object] | None = None,
) -> Result:
    """Run both in turn `runs` times; report medians and their ratio, held against `at_least` or `at_most`.

    `value` and `baseline` return one figure in `unit` each. The order of the two alternates, so that a drift of the
    machine touches both alike.
    """
    if warm_up:
        baseline()
        value()
    ours: list[float] = []
    theirs: list[float] = []
    for run in range(runs):
        turns = [(value, ours), (baseline, theirs)]
        for measure, figures in turns if run % 2 else reversed(turns):
            figures.append(measure())
    ratio = statistics.median(ours) / statistics.median(theirs)
    more = {**(details or {}), "runs": runs, "spread": _spread(ours), "baseline_spread": _spread(theirs)}
    return _report(name, statistics.median(ours), statistics.median(theirs), ratio, unit, at_least, at_most, more)


def limit(
    name: str,
    *,
    value: Measure,
    unit: str,
    at_least: float | None = None,
    at_most: float | None = None,
    runs: int = RUNS,
    warm_up: bool = True,
    details: Mapping[str, object] | None = None,
) -> Result:
    """The median of `runs` measurements, held against an absolute bar."""
    if warm_up:
        value()
    figures = [value() for _ in range(runs)]
    more = {**(details or {}), "runs": runs, "spread": _spread(figures)}
    return _report(name, statistics.median(figures), None, None, unit, at_least, at_most, more)


def seconds_of(act: Callable[[], object]) -> Measure:
    """A measure that runs `act` once and gives its wall time."""

    def measure() -> float:
        started = time.perf_counter()
        act()
        return time.perf_counter() - started

    return measure


def rate_of(act: Callable[[], object], *, operations: int) -> Measure:
    """A measure that runs `act` once, which does `operations` operations, and gives operations per second."""
    seconds = seconds_of(act)
    return lambda: operations / seconds()


def pgbench(
    script: str,
    *,
    clients: int = 1,
    seconds: float = 4,
    variables: Mapping[str, object] | None = None,
    schema: str = "",
) -> float:
    """Transactions per second of `script` (pgbench language, prepared statements) on the benchmark's database."""
    path = Path(os.environ["REGULARS_BENCH_DIR"]) / "script.sql"
    path.write_text(script)
    command = [str(binaries() / "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2))]
    command += ["-T", str(max(1, round(seconds))), "-f", str(path)]
    for name, given in (variables or {}).items():
        command += ["-D", f"{name}={given}"]
    search_path = {"PGOPTIONS": f"-csearch_path={schema},public"} if schema else {}
    environment = {**os.environ, **search_path}
    # The server is reached by URL: pgbench takes the database's name or a connection string in that place.
    done = subprocess.run(
        [*command, os.environ["DATABASE_URL"]], capture_output=True, text=True, check=False, env=environment
    )
    found = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    if not found or re.search(r"number of failed transactions: [1-9]", done.stdout):
        raise RuntimeError(f"pgbench failed:\n{done.stdout}\n{done.stderr}")
    return float(found[1])


def wrk(url: str, *, script: str, connections: int = 8, seconds: float = 4, host: str = "") -> float:
    """Answered requests per second of `url` under the Lua `script`; a status that is not 2xx or 3xx fails the run."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: install it (apt-get install wrk) to measure requests per second.")
    path = Path(os.environ["REGULARS_BENCH_DIR"]) / "script.lua"
    path.write_text(script)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(path)]
    command += ["-H", f"Host: {host}"] if host else []
    done = subprocess.run([*command, url], capture_output=True, text=True, check=False)
    found = re.search(r"^Requests/sec:\s+([0-9.]+)", done.stdout, re.MULTILINE)
    if not found or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"wrk failed:\n{done.stdout}\n{done.stderr}")
    return float(found[1])


@contextmanager
def serving(port: int, *, workers: int = 2, application: str = "config.wsgi:application") -> Iterator[str]:
    """Granian as the product runs it, on the benchmark's database; gives its base URL."""
    import urllib.error
    import urllib.request

    from config.supervisor.commands import web_command

    log = Path(os.environ["REGULARS_BENCH_DIR"]) / "web.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            web_command(port=port, workers=workers, application=application),
            cwd=BASE_DIR,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=1)
                    break
                except urllib.error.HTTPError:
                    break  # it answers
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(f"the web server did not start:\n{log.read_text()[-2000:]}") from None
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)


@contextmanager
def scratch_database(name: str = "") -> Iterator[tuple[str, str]]:
    """An empty, migrated database of its own; gives the URLs of the application role and of the owner role."""
    import psycopg

    server = embedded()
    if server is None:
        raise SystemExit("Benchmarks use the embedded server: unset DATABASE_URL.")
    server.start()
    name = name or f"regulars_bench_{os.getpid()}"
    urls = server.url(APP_ROLE, name), server.url(OWNER_ROLE, name)
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} OWNER {OWNER_ROLE}")
    try:
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
            cwd=BASE_DIR,
            env={**os.environ, "DATABASE_URL": urls[0], "DATABASE_OWNER_URL": urls[1], "DATABASE_ROLE": "owner"},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        yield urls
    finally:
        with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _spread(figures: list[float]) -> list[float]:
    return [_round(min(figures)), _round(max(figures))]


def _round(figure: float) -> float:
    return float(f"{figure:.4g}")


def _report(
    name: str,
    value: float,
    baseline: float | None,
    ratio: float | None,
    unit: str,
    at_least: float | None,
    at_most: float | None,
    details: Mapping[str, object],
) -> Result:
    judged = value if ratio is None else ratio
    ok = (at_least is None or judged >= at_least) and (at_most is None or judged <= at_most)
    bars = [f">= {at_least:g}"] if at_least is not None else []
    bars += [f"<= {at_most:g}"] if at_most is not None else []
    result = Result(
        name=name,
        value=_round(value),
        baseline=None if baseline is None else _round(baseline),
        ratio=None if ratio is None else _round(ratio),
        unit=unit,
        bar=" and ".join(bars),
        ok=ok,
        details=details,
    )
    RESULTS.append(result)
    print(json.dumps(asdict(result)), flush=True)
    return result
