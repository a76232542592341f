"""The worked examples of docs/algorithms/tiers.md, executed."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.conf import settings

from core.clock import local_day
from loyalty import rules
from loyalty.actions import points
from loyalty.actions.refunds import refund_order
from loyalty.actions.tiers import (
    TierSettings,
    TierValues,
    change_tier,
    change_tier_settings,
    create_tier,
    set_tier,
    switch_tier,
)
from loyalty.balances import settings_now
from loyalty.models import Account, Tier, Transaction
from loyalty.tasks import apply_tiers, judge_due_tiers
from loyalty.tests.given import PHONE

pytestmark = pytest.mark.usefixtures("audited")

PAGE = (settings.BASE_DIR / "docs/algorithms/tiers.md").read_text()
EXAMPLES = re.findall(r"```tiers\n(.*?)```", PAGE, re.DOTALL)
HEAD = re.compile(r"(points|spend|visits) within (\d+|ever) months, keep (\d+), grace (\d+)(, drop next)?")


def settings_of(line):
    basis, window, keep, grace, drops = HEAD.fullmatch(line).groups()
    return TierSettings(
        tier_basis=basis,
        tier_window_months=None if window == "ever" else int(window),
        tier_keep_months=int(keep),
        tier_grace_days=int(grace),
        tier_drops_to="next" if drops else "earned",
    )


def shown(moment, zone):
    """What the member has at the moment, as the page says it."""
    account = Account.objects.select_related("tier").get()
    if account.tier is None:
        return "none"
    if account.tier_kept_until is None:
        return f"{account.tier} for good"
    until, word = account.tier_kept_until, "until"
    if until <= moment:
        until, word = rules.available_at(until, settings_now().tier_grace_days, zone), "in grace until"
    return f"{account.tier} {word} {local_day(until - timedelta(microseconds=1), zone)}"


class Member:
    """Carries out the lines of an example; `codes` are the transactions of its sales and undoings, from 1."""

    def __init__(self, business, actor):
        self.business, self.actor, self.codes = business, actor, []

    def act(self, words, moment, key):
        call = {"actor": self.actor, "now": moment}
        verb, *given = words
        if verb == "earn":
            sale = {"business": self.business.pk, "phone": PHONE, "amount": Decimal(given[0]), "key": key}
            self.codes.append(points.add_points(**sale, **call).transaction)
        elif verb == "redeem":
            points.redeem_points(
                business=self.business.pk, phone=PHONE, points=int(given[0]), reason="x", key=key, **call
            )
        elif verb == "undo":
            undone = points.reverse_transaction(transaction=self.codes[int(given[0]) - 1], key=key, **call)
            self.codes.append(undone.transaction)
        elif verb == "refund":
            order = Transaction.objects.get(code=self.codes[int(given[0]) - 1]).order.code
            refund_order(order=order, amount=Decimal(given[2]), reference=key, **call)
        elif verb == "set":
            tier = "" if given[0] == "nothing" else Tier.objects.get(name=given[0]).code
            until = date.fromisoformat(given[1]) if len(given) > 1 else None
            set_tier(customer_id=Account.objects.get().pk, tier=tier, until=until, reason="x", **call)
        elif verb == "change":
            values = TierValues(name=given[0], threshold=Decimal(given[1]))
            change_tier(code=Tier.objects.get(name=given[0]).code, values=values, **call)
            apply_tiers(moment)
        elif verb in ("end", "restore"):
            switch_tier(code=Tier.objects.get(name=given[0]).code, is_active=verb == "restore", **call)
            apply_tiers(moment)
        else:
            assert verb == "pass", verb
            judge_due_tiers(moment)


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example, business, actor, now, programme):
    member = Member(business, actor)
    head, *lines = example.strip().splitlines()
    change_tier_settings(settings=settings_of(head), actor=actor, now=now)
    for number, line in enumerate(lines):
        if line.startswith("tier "):
            _tier, name, threshold = line.split()
            create_tier(values=TierValues(name=name, threshold=Decimal(threshold)), actor=actor, now=now)
            continue
        act, _arrow, expected = (part.strip() for part in line.partition("->"))
        day, *words = act.split()
        moment = datetime.combine(date.fromisoformat(day), time(12), tzinfo=programme.zone)
        member.act(words, moment, f"k{number}")
        assert shown(moment, programme.zone) == expected, line


def test_the_page_has_examples():
    assert len(EXAMPLES) >= 9
