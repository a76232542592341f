"""What an import or its undoing touches, so that only that is added up again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from customers.actions import rollups
from customers.models import Customer, ImportRun, Product


@dataclass(frozen=True, slots=True)
class Touched:
    """Whom it is about, which business-days and which products."""

    customers: set[int]
    days: set[rollups.BusinessDay]
    products: set[int]

    def __or__(self, other: Touched) -> Touched:
        return Touched(self.customers | other.customers, self.days | other.days, self.products | other.products)


def touched_by(statement: str, run: ImportRun, zone: str) -> Touched:
    """What `statement` finds of the run as the tables are now: customers, days of `zone`, products. One query."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {"run": run.pk, "business": run.business_id, "zone": zone})
        rows = cursor.fetchall()
    return Touched(
        customers={customer for customer, _day, _product in rows if customer is not None},
        days={(run.business_id, day) for _customer, day, _product in rows if day is not None},
        products={product for _customer, _day, product in rows if product is not None},
    )


def refresh(touched: Touched, *, zone: str, now: datetime) -> None:
    """Add it up again; who and what is gone by now has taken its figures along."""
    customers = Customer.objects.filter(pk__in=touched.customers).values_list("pk", flat=True)
    products = Product.objects.filter(pk__in=touched.products).values_list("pk", flat=True)
    rollups.refresh_rollups(customers=set(customers), days=touched.days, products=set(products), zone=zone, now=now)
