"""People and what they bought: customers, identifiers, consent, orders, refunds, products, the event stream, imports.

Every sale is one `Order`. Owns the facts that lists sort by, computed here or by higher apps. Never knows a point.
Doors: `actions.*`, `reports`, `events` (registry), `stream` (readers), `access`.
"""
