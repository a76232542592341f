"""What a rule that is not saved yet would change: an example sale with it and without it, by the ledger's own SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from core.actor import Actor
from core.clock import local_day
from core.codes import public_code
from core.tenancy import active_programme
from customers.models import Customer, Order
from loyalty.access import get_rule
from loyalty.actions.rules import RuleValues, check_places
from loyalty.models import Account, EarningRule
from loyalty.operations import SaleLine
from loyalty.preview import SalePreview, preview_sale

LEAP_YEAR = 1992  # of an example's birthday: it has every day


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleSale:
    """Who buys what, where and when. `is_first`: it is their first purchase, and without a tier they join by it."""

    business_id: int
    lines: Sequence[SaleLine]
    placed_at: datetime
    tier_id: int | None = None
    is_first: bool = False
    is_birthday: bool = False


@dataclass(frozen=True, slots=True)
class RuleTrial:
    """The same sale with the rule and without it; `welcome` is part of both sums."""

    rule_code: str
    with_rule: SalePreview
    without: SalePreview

    @property
    def points(self) -> int:
        return self.with_rule.points + self.with_rule.welcome

    @property
    def difference(self) -> int:
        return self.points - self.without.points - self.without.welcome


def try_rule(*, values: RuleValues, sale: ExampleSale, actor: Actor, code: str = "") -> RuleTrial:
    """What `sale` would give if the rule (the one with this `code`, or a new one) were as `values` say, and without it.

    Everything happens in a savepoint that is rolled back: rule, example member and example order are never there for
    anybody else. Raises what `create_rule` and `preview_sale` raise.
    """
    values = values.cleaned(active_programme().currency)
    known = get_rule(actor, code) if code else None
    check_places(values, actor, known_tier_id=known.tier_id if known else None)
    amount = sum((line.amount for line in sale.lines), Decimal(0))
    with transaction.atomic():
        rule = known or EarningRule(position=EarningRule.objects.count())
        for name, value in asdict(values).items():
            setattr(rule, name, list(value) if isinstance(value, tuple) else value)
        customer_id = _example_member(sale)
        previews = []
        for is_active in (True, False):
            rule.is_active = is_active
            rule.save()
            previews.append(
                preview_sale(
                    business=sale.business_id,
                    amount=amount,
                    lines=sale.lines,
                    now=sale.placed_at,
                    customer_id=customer_id,
                    actor=actor,
                )
            )
        transaction.set_rollback(True)
    return RuleTrial(rule.code, *previews)


def _example_member(sale: ExampleSale) -> int:
    day = local_day(sale.placed_at, active_programme().zone)
    customer = Customer.objects.create(birthday=day.replace(year=LEAP_YEAR) if sale.is_birthday else None)
    if sale.tier_id is not None or not sale.is_first:
        Account.objects.create(customer=customer, tier_id=sale.tier_id)
    if not sale.is_first:
        Order.objects.create(
            business_id=sale.business_id,
            customer=customer,
            source="example",
            reference=public_code(),
            placed_at=sale.placed_at,
            total=0,
        )
    return customer.pk
