"""The worked examples of docs/algorithms/points.md, "Earning rules", executed."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal

import pytest
from django.conf import settings

from customers.models import Customer, Identifier
from loyalty.actions import points
from loyalty.actions.rules import RuleValues, create_rule
from loyalty.operations import SaleLine
from loyalty.preview import preview_sale
from loyalty.tests.given import E164

pytestmark = pytest.mark.usefixtures("audited")

PAGE = (settings.BASE_DIR / "docs/algorithms/points.md").read_text()
EXAMPLES = re.findall(r"```rules\n(.*?)```", PAGE, re.DOTALL)


def rule_of(name, effect, number, *words):
    given = dict(word.partition("=")[::2] for word in words)
    start, _dash, end = given.get("hours", "").partition("-")
    return RuleValues(
        name=name,
        effect=effect,
        factor=Decimal(number) if effect == "multiply" else None,
        points=None if effect == "multiply" else int(number),
        stacks="stacks" in given,
        is_first_purchase="first" in given,
        per=given.get("per", ""),
        categories=tuple(given["categories"].split("+")) if "categories" in given else (),
        weekdays=tuple(int(day) for day in given.get("weekdays", "")),
        from_time=time.fromisoformat(start) if start else None,
        to_time=time.fromisoformat(end) if end else None,
        min_spend=Decimal(given.get("min_spend", 0)),
        birthday_days=int(given["birthday"]) if "birthday" in given else None,
    )


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example, business, actor, now, programme):
    customer = Customer.objects.create(phone=E164)
    Identifier.objects.create(kind="phone", value=E164, customer=customer)
    for number, line in enumerate(example.strip().splitlines()):
        told, arrow, expected = (part.strip() for part in line.partition("->"))
        if not arrow:
            name, _colon, words = told.partition(": ")
            create_rule(values=rule_of(name, *words.split()), actor=actor)
            if born := re.search(r"born=(\S+)", words):
                Customer.objects.update(birthday=date.fromisoformat(born[1]))
            continue
        told, _at, moment = told.partition(" at ")
        _sale, amount, *parts = told.split()
        sale = {
            "business": business.pk,
            "customer_id": customer.pk,
            "amount": Decimal(amount),
            "lines": [SaleLine(amount=Decimal(part.split("=")[1]), category=part.split("=")[0]) for part in parts],
            "now": datetime.fromisoformat(moment).replace(tzinfo=programme.zone) if moment else now,
            "actor": actor,
        }
        assert preview_sale(**sale).points == int(expected), line
        assert points.add_points(key=f"k{number}", **sale).points == int(expected), line


def test_the_page_has_examples():
    assert len(EXAMPLES) >= 5
