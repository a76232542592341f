"""Who works in the demo's programmes, and the password of all of them on a laptop. Printed at each start."""

from __future__ import annotations

from core.permissions import Role

OWNER = "owner@example.com"
LAPTOP_PASSWORD = "regulars on a laptop"  # noqa: S105 (only where PUBLIC_HOST is localhost)
STAFF = (
    (OWNER, "Maya Okafor", Role.OWNER),
    ("manager@example.com", "Jonas Berg", Role.MANAGER),
    ("marketer@example.com", "Elif Demir", Role.MARKETER),
    ("analyst@example.com", "Noor Rahman", Role.ANALYST),
    ("cashier@example.com", "Sam Whitlock", Role.CASHIER),
)
