"""The public schema: programmes (tenants), their domains, users, memberships, invitations, log-in hand-over, due work.

Owns who may enter which programme and how a programme's schema is made. Never knows a customer or a point.
Doors: `actions` (writes), `access` (memberships), `schemas` (a programme's schema), `middleware`.
"""
