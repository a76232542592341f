"""A customer's number, how much of everything there is, and two acts at once."""

from __future__ import annotations

import threading
import time

from django.db import connection, connections, transaction

from customers.models import Customer, Event, Identifier, Order
from loyalty.models import Account, Entry, Lot
from programs.models import Programme
from workspace.models import AuditEntry

PHONE = "07700 900123"
E164 = "+447700900123"


def rows():
    """Counts and balances; equal before and after a refusal."""
    models = (Customer, Identifier, Account, Order, Lot, Entry, Event, AuditEntry)
    balances = list(Account.objects.order_by("pk").values_list("pk", "available", "debt", "version"))
    return [model.objects.count() for model in models], balances


def interleaved(first, second):
    """Do `first` without committing, begin `second` elsewhere until it waits (or ends), commit; what `second` gave."""
    tenant = connection.tenant
    outcome = []

    def run():
        try:
            connection.set_tenant(Programme.objects.get(pk=tenant.pk))
            outcome.append(second())
        except Exception as error:
            outcome.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        first()
        # It reads the programme before it can wait for a lock; begun within our transaction, it cannot see ours.
        thread.start()
        with connection.cursor() as cursor:
            waiting = 0
            while not waiting and thread.is_alive():
                time.sleep(0.01)
                cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees the activity of its first look
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
                (waiting,) = cursor.fetchone()
    thread.join()
    return outcome[0]
