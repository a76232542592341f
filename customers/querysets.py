from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Lower

from core.actor import Actor
from customers.events import derived_names

if TYPE_CHECKING:
    from customers.models import (
        Customer,
        DatabaseSync,
        Event,
        ImportRun,
        Note,
        Order,
        Product,
        Refund,
        StockLevel,
        StockLocation,
        StockMovement,
        Tag,
    )


class CustomerQuerySet(models.QuerySet["Customer"]):
    def active(self) -> CustomerQuerySet:
        return self.filter(state="active")

    def known(self) -> CustomerQuerySet:
        """People: neither erased nor part of somebody else by now."""
        return self.exclude(state="erased").exclude(state="merged")

    def behind(self, code: str) -> Customer | None:
        """The person with this code, or whom they became part of. One query, two for a duplicate."""
        found = self.known().filter(code=code).first()
        return found or self.known().filter(pk__in=self.filter(code=code).values("merged_into")).first()

    def parts_of(self, customer: Customer) -> CustomerQuerySet:
        """The duplicates that became part of somebody, the first one first."""
        return self.filter(merged_into=customer).order_by("pk")

    def visible_to(self, actor: Actor) -> CustomerQuerySet:
        """Everybody, or for people limited to one business those who bought there or gave something back."""
        if actor.business_id is None:
            return self
        return self.filter(_dealt_with(self.model, "pk", actor.business_id))


def _dealt_with(customer: Any, key: str, business_id: int) -> Exists:
    """Whether the customer, whose id is the row's `key`, bought there or gave something back."""
    orders: Any = customer._meta.get_field("orders").related_model
    refunds: Any = customer._meta.get_field("refunds").related_model
    own = {"customer": OuterRef(key), "business": business_id}
    bought, returned = (model._default_manager.filter(**own).values("pk") for model in (orders, refunds))
    # One probe of an index for each row; of "or" between two the planner would make a hash of all orders.
    return Exists(bought.union(returned, all=True))


class OrderQuerySet(models.QuerySet["Order"]):
    def visible_to(self, actor: Actor) -> OrderQuerySet:
        return self if actor.business_id is None else self.filter(business_id=actor.business_id)

    def having_product(self, code: str) -> OrderQuerySet:
        """Those with a line of the product with this public id."""
        lines = self.model._meta.get_field("lines").related_model
        return self.filter(pk__in=lines._default_manager.filter(product__code=code).values("order_id"))


class ProductQuerySet(models.QuerySet["Product"]):
    def offered(self) -> ProductQuerySet:
        """Not archived."""
        return self.filter(archived_at__isnull=True)


class RefundQuerySet(models.QuerySet["Refund"]):
    def visible_to(self, actor: Actor) -> RefundQuerySet:
        return self if actor.business_id is None else self.filter(business_id=actor.business_id)


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, actor: Actor) -> EventQuerySet:
        """Everything, or the business's own events and those of no business about nobody or a customer of its own;
        nothing that says what is of the whole programme, such as its segments."""
        if actor.business_id is None:
            return self
        customers = self.model._meta.get_field("customer").related_model
        own = Q(customer=None) | Q(_dealt_with(customers, "customer_id", actor.business_id))
        seen = self.exclude(name__in=derived_names())
        return seen.filter(Q(business_id=actor.business_id) | Q(business_id__isnull=True) & own)


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    def of_files(self) -> ImportRunQuerySet:
        """Without the readings of databases, which have a page of their own."""
        return self.filter(section="")

    def visible_to(self, actor: Actor) -> ImportRunQuerySet:
        return self if actor.business_id is None else self.filter(business_id=actor.business_id)

    def newest_first(self) -> ImportRunQuerySet:
        return self.order_by("-id")


class NoteQuerySet(models.QuerySet["Note"]):
    def visible_to(self, actor: Actor) -> NoteQuerySet:
        """Everything, or the business's own notes and those of people who see all businesses."""
        if actor.business_id is None:
            return self
        return self.filter(Q(business_id=actor.business_id) | Q(business_id__isnull=True))


class TagQuerySet(models.QuerySet["Tag"]):
    def in_use(self) -> TagQuerySet:
        return self.filter(is_going=False).order_by(Lower("name"))

    def named(self, name: str) -> Tag | None:
        """The one of this name, whatever its capitals."""
        return self.filter(name__iexact=name).first()


class StockLocationQuerySet(models.QuerySet["StockLocation"]):
    def visible_to(self, actor: Actor) -> StockLocationQuerySet:
        return self if actor.business_id is None else self.filter(business_id=actor.business_id)

    def open(self) -> StockLocationQuerySet:
        """Not archived."""
        return self.filter(archived_at__isnull=True)


class StockLevelQuerySet(models.QuerySet["StockLevel"]):
    def visible_to(self, actor: Actor) -> StockLevelQuerySet:
        return self if actor.business_id is None else self.filter(location__business_id=actor.business_id)

    def shown(self) -> StockLevelQuerySet:
        """Of products and places that are not archived."""
        return self.filter(product__archived_at__isnull=True, location__archived_at__isnull=True)

    def low(self) -> StockLevelQuerySet:
        return self.filter(quantity__lte=F("low_at"))


class StockMovementQuerySet(models.QuerySet["StockMovement"]):
    def visible_to(self, actor: Actor) -> StockMovementQuerySet:
        return self if actor.business_id is None else self.filter(location__business_id=actor.business_id)


class DatabaseSyncQuerySet(models.QuerySet["DatabaseSync"]):
    def visible_to(self, actor: Actor) -> DatabaseSyncQuerySet:
        return self if actor.business_id is None else self.filter(business_id=actor.business_id)

    def scheduled(self) -> DatabaseSyncQuerySet:
        """Read by itself: not paused, and its address is known here."""
        return self.filter(is_paused=False).exclude(sealed="")

    def with_last_run(self) -> DatabaseSyncQuerySet:
        """`last_read_at` and `last_error` of the latest reading, by one probe of an index for each."""
        runs = self.model._meta.get_field("runs").related_model
        latest = runs._default_manager.filter(sync=OuterRef("pk")).order_by("-pk")
        return self.annotate(
            last_read_at=Subquery(latest.values("created_at")[:1]), last_error=Subquery(latest.values("error")[:1])
        )
