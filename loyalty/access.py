"""How a view reaches a row of the ledger: somebody else's and a missing one are the same 404."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import PermissionRefused
from loyalty.errors import UnknownRule, UnknownTransaction
from loyalty.models import EarningRule, Transaction


def get_transaction(actor: Actor, code: str) -> Transaction:
    """A transaction that happened and that the actor may see. Raises UnknownTransaction."""
    found = Transaction.objects.done().visible_to(actor).select_related("business", "order").filter(code=code).first()
    if found is None:
        raise UnknownTransaction()
    return found


def visible_rules(actor: Actor) -> QuerySet[EarningRule]:
    """The earning rules that hold where the actor is, in their order: of all businesses, or of the own one."""
    rules = EarningRule.objects.select_related("business", "tier").order_by("position", "pk")
    if actor.business_id is None:
        return rules
    return rules.filter(Q(business__isnull=True) | Q(business_id=actor.business_id))


def get_rule(actor: Actor, code: str, *, write: bool = False) -> EarningRule:
    """An earning rule; to `write` it is locked, in the caller's transaction.

    Raises UnknownRule, and PermissionRefused where somebody limited to a business wants to change a rule of all.
    """
    rules = visible_rules(actor).filter(code=code)
    rule = (rules.select_for_update(of=("self",)) if write else rules).first() if "\0" not in code else None
    if rule is None:
        raise UnknownRule()
    if write and actor.business_id is not None and rule.business_id != actor.business_id:
        raise PermissionRefused(_("This rule holds for all businesses. Ask somebody who sees all of them."))
    return rule
