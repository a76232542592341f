"""What the counts of an import, and of undoing one, are called on its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import ImportRun

Words = Mapping[str, str | Promise]
Kind = ImportRun.Kind

FIGURES: Words = {
    "customers_created": _("New customers"),
    "tags_added": _("Tags added to customers"),
    "orders_created": _("New orders"),
    "refunds_created": _("New refunds"),
    "products_created": _("New products"),
    "products_written": _("Products added or changed"),
    "levels_counted": _("Products counted"),
    "levels_created": _("Newly tracked"),
    "reorder_points_set": _("Reorder points changed"),
}
# Shown even when nothing of the kind came.
ALWAYS: Mapping[str, Sequence[str]] = {
    Kind.CUSTOMERS: ["customers_created"],
    Kind.ORDERS: ["customers_created", "orders_created", "refunds_created"],
    Kind.LINES: ["customers_created", "orders_created", "refunds_created"],
    Kind.STOCK: ["levels_counted"],
}
OF_PRODUCTS = ("products_created", "products_written")
# Of many rows only this much is counted beforehand.
TO_UNDO: Words = {
    "customers_made": _("Customers to remove"),
    "customers_changed": _("Customers to set back"),
    "tags_made": _("Tags of customers to take away"),
    "orders_made": _("Orders to remove"),
    "orders_changed": _("Orders to set back"),
    "refunds_made": _("Refunds to remove"),
    "refunds_changed": _("Refunds to set back"),
    "products_made": _("Products to remove"),
    "products_changed": _("Products to set back"),
    "stock_made": _("Counts of stock to take back"),
    "reorder_points_changed": _("Reorder points to set back"),
}
GOES: Words = {
    "customers_removed": _("Customers removed"),
    "tags_removed": _("Tags of customers taken away"),
    "orders_removed": _("Orders removed"),
    "refunds_removed": _("Refunds removed"),
    "products_removed": _("Products removed"),
    "stock_removed": _("Counts of stock taken back"),
}
IS_SET_BACK: Words = {
    "customers_restored": _("Customers set back"),
    "orders_restored": _("Orders set back"),
    "refunds_restored": _("Refunds set back"),
    "products_restored": _("Products set back"),
    "reorder_points_restored": _("Reorder points set back"),
}
STAYS: Words = {
    "customers_kept_named": _("Customers with points, sales, messages, tags or consents since"),
    "customers_kept_edited": _("Customers whose profile was changed since: what was changed stays"),
    "customers_kept_later": _("Customers that a later import wrote: undo that one first"),
    "orders_kept_named": _("Orders with points, stamps or refunds"),
    "orders_kept_edited": _("Orders that were changed since"),
    "orders_kept_later": _("Orders that a later import wrote: undo that one first"),
    "refunds_kept_named": _("Refunds that something else speaks of"),
    "refunds_kept_edited": _("Refunds that are gone already"),
    "refunds_kept_later": _("Refunds that a later import wrote: undo that one first"),
    "products_kept_named": _("Products that other sales or their stock speak of"),
    "products_kept_edited": _("Products that were changed since: what was changed stays"),
    "products_kept_later": _("Products that a later import wrote: undo that one first"),
    "stock_kept_edited": _("Counts of products that were counted again since"),
    "reorder_points_kept_edited": _("Reorder points that were changed since"),
    "reorder_points_kept_later": _("Reorder points that a later import wrote: undo that one first"),
}
Told = list[tuple[str | Promise, int]]


def told(words: Words, counts: Mapping[str, int]) -> Told:
    """The counts above zero in words."""
    return [(title, counts[name]) for name, title in words.items() if counts.get(name)]


def undo_groups(counts: Mapping[str, int]) -> list[tuple[str | Promise, Told]]:
    """What undoing does, or did: what goes, what is as before, and what stays and why; empty groups left out."""
    groups: Sequence[tuple[str | Promise, Words]] = (
        (_("Goes"), GOES),
        (_("Is as before"), IS_SET_BACK),
        (_("Stays"), STAYS),
    )
    return [(title, rows) for title, words in groups if (rows := told(words, counts))]


def figures(run: ImportRun) -> Told:
    """What came of an import, or of its trial would come."""
    always = ALWAYS.get(run.kind, ())
    shown = {name for name in FIGURES if run.counts.get(name) or name in always}
    if run.kind == Kind.PRODUCTS:
        shown = {OF_PRODUCTS[0] if run.is_dry_run else OF_PRODUCTS[1]}
    elif run.kind != Kind.STOCK:
        shown -= set(OF_PRODUCTS)
    return [(title, run.counts.get(name, 0)) for name, title in FIGURES.items() if name in shown]
