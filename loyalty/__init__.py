"""Points: the ledger, earning rates, and what a till or an API does with them.

The ledger is SQL functions over append-only entries (`docs/algorithms/points.md`). Doors: `actions.*`, `reports`.
"""
