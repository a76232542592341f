"""Why somebody is in a segment or not, with what they have of each condition."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from customers.actions.rollups import rebuild_rollups
from customers.models import AttributeDefinition, Customer, CustomerScores, CustomerTag, Order, Tag, TrackedName
from segments.fields.registry import FIELDS, fields_of_programme
from segments.reports.why import Why, why
from segments.rules import read
from segments.statement import Moment
from segments.tests.people import NOW, TODAY, ZONE

MOMENT = Moment(NOW, ZONE)
LAST_30 = {"type": "last", "count": 30}


def condition(
    field: str, op: str, value: object = None, window: object = None, where: object = ()
) -> dict[str, object]:
    return {"type": "condition", "field": field, "op": op, "value": value, "window": window, "where": where}


@pytest.fixture
def ada(business) -> Customer:
    ada = Customer.objects.create(first_name="Ada", city="Leeds", country="GB", birthday=TODAY, attributes={"cups": 3})
    for ago, total in ((2, "20.50"), (40, "10")):
        Order.objects.create(
            business=business, customer=ada, source="api", reference=str(ago), placed_at=NOW - timedelta(days=ago),
            total=Decimal(total),
        )  # fmt: skip
    CustomerTag.objects.create(customer=ada, tag=Tag.objects.create(code="t1", name="VIP"), actor="user:1")
    CustomerScores.objects.create(
        customer=ada, churn=0.514, horizon_days=90, band="high", value_3=1, value_6=1, value_12=1, value_12_low=0,
        value_12_high=1, value_at_risk=1, computed_on=TODAY,
    )  # fmt: skip
    rebuild_rollups(now=NOW)
    return ada


def asked(customer: Customer, match: object, *left_out: object) -> Why | None:
    rules = read({"version": 1, "match": match, "leave_out": left_out})
    return why(rules, fields_of_programme(), MOMENT, customer=customer.pk, currency="GBP")


@pytest.mark.parametrize(
    ("one", "is_so", "own"),
    [
        (("first_name", "is", "Bo"), False, "“Ada”"),
        (("last_name", "missing"), True, "nothing"),
        (("country", "is_one_of", ["DE", "GB"]), True, "the United Kingdom"),
        (("tags", "has_none_of", ["t2"]), True, "VIP"),
        (("birthday", "within", None, {"type": "next", "count": 3}), False, "3 November 2026"),
        (("orders", "at_least", 2, LAST_30), False, "1 order"),
        (("orders", "at_least", 2), True, "2 orders"),
        (("orders", "stopped", 30), False, "1 November 2026"),
        (("spent", "more", 25, LAST_30), False, "£20.50"),
        (("average_order", "more", 100), False, "£15.25"),
        (("average_order", "more", 100, {"type": "last", "count": 1}), False, "nothing"),
        (("items", "is", 0), True, "0 items"),
        (("churn", "more", 50), True, "51.4%"),
        (("churn_band", "is_one_of", ["low"]), False, "High risk"),
        (("last_order", "within", None, LAST_30), True, "1 November 2026"),
        (
            ("last_order_was", "is", True, None, [{"property": "total", "op": "more", "value": 50}]),
            False,
            "1 November 2026",
        ),
        (("main_channel", "is_one_of", ["online"]), False, "in the shop"),
        (("tier", "missing"), True, "nothing"),
        (("member", "is", True), False, ""),
        (("texts", "is", False), True, ""),
        (("attribute:cups", "more", 3), False, "3"),
    ],
)
def test_one_condition_and_what_they_have_of_it(ada, one, is_so, own):
    AttributeDefinition.objects.create(key="cups", label="Cups", kind="number")
    found = asked(ada, {"type": "all", "of": [{"type": "everyone"}, condition(*one)]})
    (reason,) = found.reasons
    assert (reason.path, reason.is_so, reason.own) == ("match.of.1", is_so, own)
    assert found.is_found is is_so


def test_each_condition_is_said_as_the_tree_has_it(ada):
    found = asked(
        ada,
        {"type": "all", "of": [condition("city", "is", "Leeds"), {"type": "not", "of": condition("orders", "is", 9)}]},
        condition("tags", "has_one_of", ["t1"]),
    )
    assert not found.is_found  # left out
    assert [(one.path, one.asked, one.is_so) for one in found.reasons] == [
        ("match.of.0", "live in Leeds", True),
        ("match.of.1.of", "placed exactly 9 orders", False),
        ("leave_out.0", "are tagged VIP", True),
    ]


def test_nobody_who_cannot_be_in_a_segment_is_asked_about(ada):
    Customer.objects.filter(pk=ada.pk).update(state="archived")
    assert asked(ada, {"type": "everyone"}) is None


def test_everybody_has_no_reason(ada):
    assert asked(ada, {"type": "everyone"}) == Why(is_found=True, reasons=[])


def test_of_every_field_it_can_be_said(ada):
    TrackedName.objects.create(name="Ad Seen", properties={"stars": "number"}, first_at=NOW, last_at=NOW)
    AttributeDefinition.objects.create(key="since", label="Since", kind="date")
    fields = fields_of_programme()
    of = [{"type": "condition", "field": key, **field.example} for key, field in fields.items()]
    for start in range(0, len(of), 40):
        found = asked(ada, {"type": "any", "of": of[start : start + 40]})
        assert len(found.reasons) == len(of[start : start + 40])
    assert len(of) == len(FIELDS) + 3
