"""What somebody types into the address bar is never an error page: lists leave out what makes no sense."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from customers.models import StockLocation
from programs.models import User
from programs.routes import all_routes
from workspace.models import Business

if TYPE_CHECKING:
    from collections.abc import Callable

# Every parameter that a page of the staff reads, and those of the filters of lists.
NAMES = (
    "act", "active", "actor", "all", "at", "bought_from", "bought_to", "business", "by", "category", "channel",
    "client", "cohort", "col", "compare", "country", "cursor", "customer", "days", "end", "event", "f", "flow",
    "from", "fulfilment", "group", "hour", "issuer", "job", "kind", "last", "location", "max", "member",
    "message", "min", "months", "new", "no_tag", "object", "orders", "outcome", "payload", "product",
    "provider", "q", "r", "region", "rule", "show", "sort", "start", "state", "status", "tab", "tag", "tier",
    "to", "type", "until", "vendor", "view", "weekday",
)  # fmt: skip
ODD = {
    "nul": "a\x00b",
    "no character": "\uffff",
    "lone half": "\ud800",
    "long": "9" * 5000,
    "first day": "0001-01-01",
    "last day": "9999-12-31",
    "last month": "9999-12",
}
ELSEWHERE = ("/admin/", "/api/", "/p/")


def plain_paths() -> list[str]:
    """Pages of the staff without a variable part."""
    paths = [route.path for route in all_routes() if route.host == "programme" and not route.is_admin]
    return [path for path in paths if "<" not in path and "(" not in path and not path.startswith(ELSEWHERE)]


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_no_parameter_breaks_a_page(
    business: Business, client_of: Callable[[User], Client], owner: User, odd: str
) -> None:
    StockLocation.objects.create(business=business, name="Shelf")  # without one, its pages lead elsewhere
    browser = client_of(owner)
    browser.raise_request_exception = False
    text = odd.encode("utf-8", "surrogatepass")
    paths = list(plain_paths())
    assert {"/orders/", "/stock/receive/", "/analytics/", "/loyalty/reports/"} <= set(paths)
    broken = [path for path in paths if browser.get(path, dict.fromkeys(NAMES, text)).status_code >= 500]
    assert broken == []
