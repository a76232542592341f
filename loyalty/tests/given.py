"""A customer's number, and how much of everything there is."""

from __future__ import annotations

from customers.models import Customer, Event, Identifier, Order
from loyalty.models import Account, Entry, Lot
from workspace.models import AuditEntry

PHONE = "07700 900123"
E164 = "+447700900123"


def rows():
    """Counts and balances; equal before and after a refusal."""
    models = (Customer, Identifier, Account, Order, Lot, Entry, Event, AuditEntry)
    balances = list(Account.objects.order_by("pk").values_list("pk", "available", "debt", "version"))
    return [model.objects.count() for model in models], balances
