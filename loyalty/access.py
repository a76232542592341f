"""How a view reaches a row of the ledger: somebody else's and a missing one are the same 404."""

from __future__ import annotations

from core.actor import Actor
from loyalty.errors import UnknownTransaction
from loyalty.models import Transaction


def get_transaction(actor: Actor, code: str) -> Transaction:
    """A transaction that happened and that the actor may see. Raises UnknownTransaction."""
    found = Transaction.objects.done().visible_to(actor).select_related("business", "order").filter(code=code).first()
    if found is None:
        raise UnknownTransaction()
    return found
