"""Server time and queries of the same pages at a million customers, five million orders and ten million events.

`make data SIZE=1m` makes them, in the programme *retail* of the product's own database; without it there is nothing to
measure. What looking at the pages needs is written and rolled back. Lists, search, profile and home stay below BAR_MS.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.test.utils import override_settings

from benchmarks._pages import PAGES, PLAIN_STATIC, look, milliseconds, queries
from benchmarks.harness import limit
from config.demo import retail, scale
from core.permissions import Role
from customers.models import Customer
from programs.models import Membership, Programme

DATABASE = "product"
BAR_MS = 150
BARRED = ("home", "customers", "profile")  # how their names begin


@override_settings(DEBUG=False, STORAGES=PLAIN_STATIC)
def main() -> None:
    if not has_a_million():
        print("There is no million to measure: make data SIZE=1m")
        return
    programme = Programme.objects.get(slug=retail.SLUG, is_demo=True)
    owner = Membership.objects.filter(programme=programme, role=Role.OWNER).select_related("user")[0].user
    with transaction.atomic():
        browser, paths = look(programme, owner)
        for name in PAGES:
            limit(
                f"million.{name}",
                value=milliseconds(browser, paths[name]),
                unit="ms",
                at_most=BAR_MS if name.startswith(BARRED) else None,
                details={"queries": queries(browser, paths[name])},
            )
        transaction.set_rollback(True)


def has_a_million() -> bool:
    programme = Programme.objects.filter(slug=retail.SLUG, is_demo=True).first()
    if programme is None:
        return False
    connection.set_tenant(programme)
    return Customer.objects.all()[scale.MILLION - 1 : scale.MILLION].exists()
