"""Orders entered by hand; one order with its points, giving something back, cancelling. The list is of `customers`."""

from __future__ import annotations

from django.urls import path

import core.api  # noqa: F401 (the converter `code`)
from screens import views_order_entry, views_orders

app_name = "orders"
urlpatterns = [
    path("orders/add/", views_order_entry.add, name="add"),
    path("orders/add/draft/", views_order_entry.draft, name="draft"),
    path("orders/<code:code>/", views_orders.order, name="order"),
    path("orders/<code:code>/refund/", views_orders.refund, name="refund"),
    path("orders/<code:code>/refund/everything/", views_orders.refund_everything, name="refund-everything"),
    path("orders/<code:code>/fulfilment/", views_orders.fulfilment, name="fulfilment"),
    path("orders/<code:code>/cancel/", views_orders.cancel, name="cancel"),
]
