"""What waits behind the pages of customers, at their links in the navigation."""

from __future__ import annotations

from django.utils.translation import ngettext

from core.actor import Actor
from core.navigation import Badge, badge_of
from core.presentation import format_number
from customers.reports.stock import low_products

MOST_COUNTED = 100


@badge_of("stock:list")
def low_stock(actor: Actor) -> Badge | None:
    count = low_products(actor, most=MOST_COUNTED)
    if not count:
        return None
    shown = f"{format_number(count - 1)}+" if count == MOST_COUNTED else format_number(count)
    words = ngettext("%(shown)s product runs low", "%(shown)s products run low", count)
    return Badge(shown, words % {"shown": shown})
