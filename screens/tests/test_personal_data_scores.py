"""What models expect of a person is theirs to read, and goes with them."""

from datetime import date
from decimal import Decimal

from django.utils import timezone

from customers.models import Customer, CustomerScores
from screens.actions.privacy import erase_customer
from screens.personal_data import sections
from screens.personal_data_words import COLUMNS, say_value


def scored(customer: Customer) -> None:
    money = dict.fromkeys(
        ("value_3", "value_6", "value_12", "value_12_low", "value_12_high", "value_at_risk"), Decimal(30)
    )
    CustomerScores.objects.create(
        customer=customer, churn=0.25, horizon_days=91, band="low", computed_on=date(2026, 6, 1), **money
    )


def test_they_read_what_is_expected_of_them(business):
    ann, ben = Customer.objects.create(first_name="Ann"), Customer.objects.create(first_name="Ben")
    scored(ann)
    (section,) = [one for one in sections() if one.name == "scores"]
    (row,) = section.rows(ann)
    assert (row["chance_of_staying_away"], row["within_days"], row["risk"]) == (0.25, 91, "low")
    assert (row["expected_value_12_months"], row["next_purchase_on"]) == ("30.0000", None)
    assert list(section.rows(ben)) == []


def test_it_goes_with_them(business, actor):
    ann, ben = Customer.objects.create(first_name="Ann"), Customer.objects.create(first_name="Ben")
    twin = Customer.objects.create(first_name="Ann", state="merged", merged_into=ann)  # until the next night
    for one in (ann, ben, twin):
        scored(one)
    erase_customer(customer_id=ann.pk, actor=actor, now=timezone.now())
    assert list(CustomerScores.objects.values_list("customer_id", flat=True)) == [ben.pk]


def test_every_name_of_it_has_words(business):
    ann = Customer.objects.create(first_name="Ann")
    scored(ann)
    (section,) = [one for one in sections() if one.name == "scores"]
    (row,) = section.rows(ann)
    assert set(row) <= set(COLUMNS)
    assert say_value("risk", row["risk"], "GBP") == "Likely to come again"
    assert say_value("expected_value_12_months", row["expected_value_12_months"], "GBP") == "£30.00"
