"""Server time and queries of the pages that show many rows, at the size of the retail demo and at ten times that size.

Measured in process, middleware and templates included, without the network. The queries of a page are the same at both
sizes; the median stays below BAR_MS at the first. `make bench NAME=million` measures them at a million customers.
"""

from __future__ import annotations

from django.test.utils import override_settings
from django.utils import timezone

from benchmarks._pages import PAGES, PLAIN_STATIC, look, milliseconds, queries
from benchmarks._sales import make_programme
from benchmarks.harness import limit, seconds_of
from customers.actions.rollups import rebuild_rollups
from intelligence.actions.rfm import score_customers

BAR_MS = 100
SIZES = (1, 10)


@override_settings(DEBUG=False, STORAGES=PLAIN_STATIC)
def main() -> None:
    counted: dict[str, list[int]] = {name: [] for name in PAGES}
    for times in SIZES:
        programme, owner = make_programme(f"bench-{times}", times=times)
        browser, paths = look(programme, owner)
        for name, path in paths.items():
            counted[name].append(queries(browser, path))
            limit(
                f"pages.{name}.{times}x",
                value=milliseconds(browser, path),
                unit="ms",
                at_most=BAR_MS if times == 1 else None,
                details={"queries": counted[name][-1]},
            )
        now = timezone.now()
        limit(
            f"pages.rollups_rebuild.{times}x",
            value=seconds_of(lambda at=now: rebuild_rollups(now=at)),
            unit="s",
            runs=1,
        )  # type: ignore[misc]
        limit(
            f"pages.rfm_run.{times}x",
            value=seconds_of(lambda at=now: score_customers(now=at)),
            unit="s",
            runs=1,
            at_most=5 if times == 1 else None,
        )  # type: ignore[misc]
    for name, (small, large) in counted.items():
        limit(
            f"pages.{name}.more_queries_at_10x",
            value=lambda more=large - small: more,
            unit="queries",
            runs=1,
            at_most=0,
        )  # type: ignore[misc]
