"""What models expect of a customer, on the profile."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from time_machine import travel

from core.permissions import Role
from customers.actions.scores import MONEY
from customers.models import Customer, CustomerScores
from customers.tests.test_actions_facts import refund, sale
from intelligence.engine.reasons import Reason, ReasonCode
from screens.reports_scores import words_of

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)


@pytest.fixture
def ann(business):
    """Came each week until ten weeks ago, and gave a third back."""
    customer = Customer.objects.create(first_name="Ann", last_name="Lee")
    for week in range(10, 20):
        sold = sale(business, customer, f"A-{week}", "30.00", placed_at=NOW - timedelta(weeks=week), refunded_total=10)
        refund(business, customer, f"R-{week}", "10.00", refunded_at=NOW - timedelta(weeks=week), order=sold)
    money = dict.fromkeys(MONEY, Decimal(5)) | {"value_12": 610, "value_12_low": 480, "value_12_high": 760}
    CustomerScores.objects.create(
        customer=customer, churn=0.824, horizon_days=56, band="high", next_purchase_on=date(2026, 9, 3),
        computed_on=date(2026, 6, 16), **money,
    )  # fmt: skip
    return customer


def text_of(client, customer):
    answer = client.get(f"/customers/{customer.code}/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@travel(NOW, tick=False)
def test_risk_reasons_and_worth_are_shown(client_of, owner, ann):
    page = text_of(client_of(owner), ann)
    for words in (
        "82%", "High risk", "Chance of no purchase in the next 56 days", "Away for 69 days, usually back after 7 days",
        "Gave back 33 % of what they bought", "As likely as not to buy again by 3 September 2026",
        "£610", "likely £480 to £760",
    ):  # fmt: skip
        assert words in page, words


@travel(NOW, tick=False)
def test_who_has_no_scores_has_no_card(client_of, owner, business):
    page = text_of(client_of(owner), Customer.objects.create(first_name="New"))
    assert "Churn risk" not in page
    assert "Last order" in page


@travel(NOW, tick=False)
def test_people_of_one_business_see_no_figures_of_the_programme(client_of, make_member, ann, business):
    page = text_of(client_of(make_member("mill@example.com", Role.MANAGER, business=business)), ann)
    assert "Churn risk" not in page
    assert "£610" not in page


@travel(NOW, tick=False)
def test_a_card_without_sales_left_gives_no_reasons(client_of, owner, ann):
    ann.orders.update(status="cancelled")
    page = text_of(client_of(owner), ann)
    assert "Churn risk" in page
    assert "Away for" not in page


@pytest.mark.parametrize("code", ReasonCode)
def test_every_reason_has_words(code):
    figures = {ReasonCode.ONCE: (1,), ReasonCode.NEW: (2,), ReasonCode.RETURNS: (30,)}.get(code, (1, 3))
    words = words_of(Reason(code, True, figures))
    assert words
    assert "1 days" not in words
