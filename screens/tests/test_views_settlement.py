"""The pages and files of settlement: who may, what they show, closing, and people of one business."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import time_machine

from core.permissions import Role
from loyalty.actions import points
from loyalty.models import SettlementMonth
from workspace.models import AuditEntry, Business

ROLES = ("owner", "manager", "marketer", "analyst", "cashier", "outsider")
READERS = {"owner", "manager", "marketer", "analyst"}
JUNE, JULY = datetime(2026, 6, 10, 12, tzinfo=UTC), datetime(2026, 7, 10, 12, tzinfo=UTC)
LIST = "/loyalty/settlement/"
MONTH = f"{LIST}2026-06/"


@pytest.fixture(autouse=True)
def july():
    with time_machine.travel(JULY, tick=False):
        yield


@pytest.fixture(autouse=True)
def spent(business, other_business, actor):
    """80 points of the one spent at the other, 10 the other way round."""
    call = {"phone": "07700 900123", "actor": actor, "now": JUNE}
    points.add_points(business=business.pk, amount=Decimal(80), key="a", **call)
    points.redeem_points(business=other_business.pk, points=80, reason="Mug", key="b", **call)
    points.add_points(business=other_business.pk, amount=Decimal(10), key="c", **call)
    points.redeem_points(business=business.pk, points=10, reason="Mug", key="d", **call)


@pytest.fixture
def bound(make_member, business):
    return make_member("ines@example.com", Role.MANAGER, business=business)


def words(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def table(response):
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("get", LIST, READERS),
        ("get", MONTH, READERS),
        ("get", f"{MONTH}pairs.csv", READERS),
        ("get", f"{MONTH}journal.csv", READERS),
        ("get", f"{MONTH}{{shop}}/", READERS),
        ("get", f"{MONTH}{{shop}}/print/", READERS),
        ("get", f"{MONTH}{{shop}}/statement.csv", READERS),
        ("get", f"{MONTH}{{shop}}/statement.pdf", READERS),
        ("post", f"{MONTH}close/", {"owner"}),
    ],
)
def test_who_may(method, path, allowed, client_of, request, business):
    path = path.format(shop=business.code)
    for role in ROLES:
        answer = getattr(client_of(request.getfixturevalue(role)), method)(path)
        good = {200, 303} if role in allowed else {403} if role != "outsider" else {302, 403, 404}
        assert answer.status_code in good, (role, path, answer.status_code)


def test_a_month_shows_who_pays_whom(client_of, analyst, business, other_business):
    text = words(client_of(analyst).get(MONTH))
    assert f"{business.name} {other_business.name} 80 £0.80 10 £0.10 £0.70" in text
    assert "An owner can close it." in text
    assert "June 2026" in words(client_of(analyst).get(LIST))


def test_an_owner_closes_a_month_once(client_of, owner):
    browser = client_of(owner)
    assert "Close the month" in words(browser.get(MONTH))
    for _again in range(2):
        assert browser.post(f"{MONTH}close/").status_code == 303
    assert SettlementMonth.objects.count() == AuditEntry.objects.filter(action="loyalty.settlement.closed").count() == 1
    page = words(browser.get(MONTH))
    assert "Closed on 10 July 2026" in page
    assert SettlementMonth.objects.get().digest in page
    assert "Close the month" not in page
    assert browser.post(f"{LIST}2026-07/close/").status_code == 409
    assert "closed 2026-06" in words(browser.get("/settings/audit/"))


def test_a_statement_is_a_page_a_print_a_table_and_a_pdf(client_of, analyst, business, other_business, programme):
    browser = client_of(analyst)
    for path in ("", "print/"):
        text = words(browser.get(f"{MONTH}{other_business.code}/{path}"))
        assert f"{business.name} 10 £0.10 80 £0.80 £0.70" in text
        assert f"{other_business.name} receives £0.70." in text
    assert table(browser.get(f"{MONTH}{business.code}/statement.csv")) == [
        {
            "Month": "2026-06", "With": other_business.name, "Our points spent there": "80", "We owe": "0.80",
            "Their points spent here": "10", "They owe": "0.10", "In our favour": "-0.70", "Currency": "GBP",
        }
    ]  # fmt: skip
    paper = browser.get(f"{MONTH}{business.code}/statement.pdf")
    assert paper["content-type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF-")


def test_a_pdf_leaves_no_letters_in_the_log(client_of, analyst, business, caplog):
    with caplog.at_level("INFO"):
        assert client_of(analyst).get(f"{MONTH}{business.code}/statement.pdf").status_code == 200
    assert [record.name for record in caplog.records if record.name.startswith("fontTools")] == []


def test_the_programmes_own_account_has_a_statement(client_of, analyst, actor, business):
    points.adjust_points(phone="07700 900123", points=30, reason="Sorry", key="g", actor=actor, now=JUNE)
    points.redeem_points(
        phone="07700 900123", business=business.pk, points=30, reason="Mug", key="h", actor=actor, now=JUNE
    )
    text = words(client_of(analyst).get(f"{MONTH}own/"))
    assert "own account pays £0.30." in text


def test_a_business_without_debts_has_an_empty_statement(client_of, analyst):
    other = Business.objects.create(name="Łódź Βιβλία")
    browser = client_of(analyst)
    assert "Nothing is owed" in words(browser.get(f"{MONTH}{other.code}/"))
    assert browser.get(f"{MONTH}{other.code}/statement.pdf").status_code == 200


def test_files_of_a_month(client_of, analyst, business, other_business):
    browser = client_of(analyst)
    (pair,) = table(browser.get(f"{MONTH}pairs.csv"))
    assert (pair["Pays"], pair["Is paid"], pair["Pays in the end"]) == (business.name, other_business.name, "0.70")
    journal = table(browser.get(f"{MONTH}journal.csv"))
    debit, credit = (sum(Decimal(line[side]) for line in journal) for side in ("Debit", "Credit"))
    assert debit == credit == Decimal("2.00")
    assert {line["Books of"] for line in journal} == {business.name, other_business.name}


def test_people_of_one_business_see_their_own_only(client_of, bound, business, other_business, actor):
    third = Business.objects.create(name="Harbourside")
    call = {"phone": "07700 900123", "actor": actor, "now": JUNE}
    points.add_points(business=third.pk, amount=Decimal(5), key="e", **call)
    points.redeem_points(business=other_business.pk, points=5, reason="Mug", key="f", **call)
    browser = client_of(bound)
    main = words(browser.get(MONTH)).split("Who owes whom")[1]
    assert business.name in main
    assert third.name not in main
    for path in (f"{other_business.code}/", f"{other_business.code}/statement.pdf", "own/", "nobody12/"):
        assert browser.get(MONTH + path).status_code == 404, path
    assert browser.get(f"{MONTH}{business.code}/").status_code == 200
    assert {line["Books of"] for line in table(browser.get(f"{MONTH}journal.csv"))} == {business.name}
    assert len(table(browser.get(f"{MONTH}pairs.csv"))) == 1


@pytest.mark.parametrize("month", ["2026-05", "2026-08", "2026-13", "june", "2026-6"])
def test_a_month_that_is_none(month, client_of, owner):
    assert client_of(owner).get(f"{LIST}{month}/").status_code == 404
    assert client_of(owner).post(f"{LIST}{month}/close/").status_code == 404
