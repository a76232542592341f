"""Sales that a till kept: posted once, in order, for the till that took them; the worker and the page it keeps."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.permissions import Role
from customers.models import Customer, Event, Order
from loyalty.models import Transaction
from loyalty.reports import balance_of
from screens.actions.points_texts import text_about_points
from screens.tests.till import sell, set_up
from workspace.models import TillDevice


def kept(browser, **values):
    """A sale as the browser keeps it."""
    now = timezone.now()
    sale = {"key": "k1", "till": code_of(browser), "amount": "12.40", "phone": "07700 900142", "customer": ""}
    return sale | {"sold_at": (now - timedelta(minutes=5)).isoformat()} | values


def code_of(browser):
    return browser.get("/till/queue/").json()["till"]


def send(browser, *sales):
    response = browser.post("/till/queue/", {"sales": list(sales)}, content_type="application/json")
    assert response.status_code == 200, response.content
    return response.json()["outcomes"]


def states(outcomes):
    return [(one["state"], one["code"]) for one in outcomes]


def points_of(customer):
    return balance_of(customer.pk, now=timezone.now()).points


# -- posting --


def test_kept_sales_are_posted_in_order_with_the_moment_of_each(till, customer):
    first, second = timezone.now() - timedelta(hours=3), timezone.now() - timedelta(hours=2)
    outcomes = send(
        till,
        kept(till, key="a", sold_at=first.isoformat()),
        kept(till, key="b", amount="3", phone="", customer=customer.code, sold_at=second.isoformat()),
        kept(till, key="c", phone="07700 900651"),
    )
    assert [(one["state"], one["points"]) for one in outcomes] == [("posted", 62), ("posted", 15), ("posted", 62)]
    orders = Order.objects.filter(customer=customer).order_by("placed_at")
    assert [(order.placed_at, order.total, order.source) for order in orders] == [
        (first, Decimal("12.40"), "till"), (second, Decimal(3), "till"),
    ]  # fmt: skip
    assert list(Transaction.objects.order_by("key").values_list("key", "key_owner")) == [
        (key, f"till:{code_of(till)}") for key in "abc"
    ]
    own = Transaction.objects.filter(account_id=customer.pk).order_by("pk")
    assert [(entry.key, entry.response["balance"]) for entry in own] == [("a", 62), ("b", 77)]
    assert Customer.objects.get(phone="+447700900651").source == "till"


def test_offline_resync_does_not_double_points(till, customer):
    """OCA/pos PR 185: the answer to the first replay is lost, the till sends the same sales again."""
    sales = [kept(till, key="a"), kept(till, key="b", amount="5")]
    first = send(till, *sales)
    assert send(till, *sales) == first
    assert points_of(customer) == 62 + 25
    assert Order.objects.count() == 2


def test_a_sale_whose_answer_was_lost_is_the_same_sale_in_the_queue(till, customer):
    """The form was sent and counted; the browser never heard of it and kept the sale under the form's key."""
    sell(till, customer, key="form")
    outcomes = send(till, kept(till, key="form", phone="", customer=customer.code))
    assert outcomes[0]["transaction"] == Transaction.objects.get().code
    assert points_of(customer) == 62


def test_a_replay_after_a_new_log_in_is_still_one_sale(till, customer, client_of, owner):
    send(till, kept(till))
    again = client_of(owner)
    again.cookies["till"] = till.cookies["till"].value
    assert states(send(again, kept(till))) == [("posted", "")]
    assert points_of(customer) == 62


def test_a_refused_sale_stops_no_other_and_can_be_corrected(till, customer):
    outcomes = send(
        till,
        kept(till, key="a", phone="07700 9"),
        kept(till, key="b", amount="1000000000"),
        kept(till, key="c", amount="12.4O"),
        kept(till, key="d", phone="", customer="nobody"),
        kept(till, key="e", phone=""),
        kept(till, key=""),
        kept(till, key="g"),
    )
    assert states(outcomes) == [
        ("refused", "invalid_phone"), ("refused", "invalid"), ("refused", "invalid"),
        ("refused", "loyalty.unknown_member"), ("refused", "invalid_phone"), ("refused", "invalid"), ("posted", ""),
    ]  # fmt: skip
    assert all(one["message"] for one in outcomes[:-1])
    assert (Order.objects.count(), points_of(customer)) == (1, 62)
    assert states(send(till, kept(till, key="a2", amount="1"))) == [("posted", "")]


def test_a_sale_that_cannot_be_read_is_refused_alone(till, customer):
    without_zone = timezone.now().replace(tzinfo=None).isoformat()
    broken = [{"key": "a"}, kept(till, sold_at="yesterday"), 7, kept(till, amount=12), kept(till, sold_at=without_zone)]
    assert states(send(till, *broken, kept(till, key="z"))) == [("refused", "invalid")] * 5 + [("posted", "")]


def test_the_same_key_with_another_amount_is_refused(till, customer):
    send(till, kept(till))
    assert states(send(till, kept(till, amount="99"))) == [("refused", "idempotency_key_reused")]
    assert points_of(customer) == 62


def test_an_archived_customer_comes_back_with_the_sale_and_an_erased_one_does_not(till, customer):
    Customer.objects.filter(pk=customer.pk).update(state=Customer.State.ARCHIVED)
    assert states(send(till, kept(till, phone="", customer=customer.code))) == [("posted", "")]
    Customer.objects.filter(pk=customer.pk).update(state=Customer.State.ERASED)
    outcomes = send(till, kept(till, key="k2", phone="", customer=customer.code))
    assert states(outcomes) == [("refused", "loyalty.unknown_member")]


# -- the clock --


@pytest.mark.parametrize(("ahead", "state"), [(timedelta(hours=23), "posted"), (timedelta(hours=25), "refused")])
def test_a_fast_clock_counts_as_now_and_a_wrong_one_is_refused(ahead, state, till, customer):
    with time_machine.travel(timezone.now(), tick=False):
        outcomes = send(till, kept(till, sold_at=(timezone.now() + ahead).isoformat()))
        assert outcomes[0]["state"] == state
        assert [order.placed_at for order in Order.objects.all()] == [timezone.now()] * (state == "posted")


def test_a_sale_of_hours_ago_is_no_news_and_one_of_minutes_ago_says_nothing_wrong(till, customer, actor):
    from screens.tests.test_actions_points_texts import agree, bodies

    agree(customer, actor)
    send(
        till,
        kept(till, key="late", sold_at=(timezone.now() - timedelta(hours=5)).isoformat()),
        kept(till, key="fresh", amount="2"),
    )
    text_about_points(events=list(Event.objects.order_by("pk")), now=timezone.now())
    assert bodies() == ["Harbour: 10 points for you. Your balance is 72."]


# -- whose till --


def test_a_till_that_was_moved_posts_its_sales_where_they_were_made(client_of, owner, business, other_business, rate):
    browser = set_up(client_of(owner), business)
    made_at = code_of(browser)
    set_up(browser, other_business, "Till 2")
    assert code_of(browser) != made_at
    assert states(send(browser, kept(browser, key="a", till=made_at), kept(browser, key="b"))) == [("posted", "")] * 2
    entries = Transaction.objects.order_by("pk").values_list("key", "business__name", "key_owner")
    assert list(entries) == [
        ("a", business.name, f"till:{made_at}"),
        ("b", other_business.name, f"till:{code_of(browser)}"),
    ]


def test_a_cashier_of_another_business_keeps_it_for_somebody_of_the_first(
    client_of, owner, make_member, business, other_business, rate
):
    browser = set_up(client_of(owner), business)
    made_at = code_of(browser)
    other = client_of(make_member("kim@example.com", Role.CASHIER, business=other_business))
    other.cookies["till"] = browser.cookies["till"].value
    assert other.get("/till/queue/").status_code == 409
    set_up(other, other_business, "Till 2")
    outcomes = send(other, kept(other, till=made_at))
    assert states(outcomes) == [("kept", "other_business")]
    assert business.name in outcomes[0]["message"]
    assert not Transaction.objects.exists()


def test_a_sale_of_a_till_that_this_browser_never_was_is_refused(till, client_of, owner, business):
    stranger = set_up(client_of(owner), business, "Till 2")
    assert states(send(till, kept(till, till=code_of(stranger)))) == [("refused", "other_till")]
    assert not Transaction.objects.exists()


def test_a_till_of_another_programme_posts_nothing_here(till, client_of, make_member, other_programme):
    stranger = client_of(make_member("lea@example.com", Role.OWNER, of=other_programme), on=other_programme)
    stranger.cookies["till"] = till.cookies["till"].value
    response = stranger.post("/till/queue/", {"sales": [kept(till)]}, content_type="application/json")
    assert (response.status_code, response.json()) == (409, {"code": "no_till"})
    with tenant_context(other_programme):
        assert not Transaction.objects.exists()


def test_who_is_not_logged_in_gets_401_and_who_may_not_gets_403(till, client_of, marketer):
    for person, status in ((None, 401), (marketer, 403)):
        browser = client_of(person)
        browser.cookies["till"] = till.cookies["till"].value
        assert browser.get("/till/queue/", headers={"HX-Request": "true"}).status_code == status


def test_posting_needs_the_token_that_asking_gives(till, customer):
    strict = Client(enforce_csrf_checks=True)
    strict.defaults.update(till.defaults)
    strict.cookies = till.cookies
    body = json.dumps({"sales": [kept(till)]})
    assert strict.post("/till/queue/", body, content_type="application/json").status_code == 403
    token = strict.get("/till/queue/").json()["csrf"]
    answer = strict.post("/till/queue/", body, content_type="application/json", headers={"X-CSRFToken": token})
    assert answer.status_code == 200


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"sales": 3}', '{"sales": null}', "\xff"])
def test_bodies_that_are_no_list_of_sales_are_refused(body, till):
    assert till.post("/till/queue/", body, content_type="application/json").status_code == 400


def test_a_call_takes_a_hundred_sales(till, customer):
    body = {"sales": [kept(till, key=str(number)) for number in range(101)]}
    assert till.post("/till/queue/", body, content_type="application/json").status_code == 400
    body["sales"].pop()
    assert till.post("/till/queue/", body, content_type="application/json").status_code == 200
    assert Transaction.objects.count() == 100


# -- what the browser keeps --


def test_the_worker_is_responsible_for_the_till_only(till):
    response = till.get("/till/worker.js")
    assert response.headers["Content-Type"].startswith("text/javascript")
    assert response.headers["Service-Worker-Allowed"] == "/till/"
    assert "no-cache" in response.headers["Cache-Control"]
    script = response.content.decode()
    for name in ("css/app.css", "inter-latin-wght-normal.woff2", "js/till.js", "js/till_kept.js", "js/till_queue.js"):
        assert name in script.splitlines()[1]


def test_a_page_of_the_till_allows_its_own_worker_and_no_other(till):
    assert "worker-src 'self'" in till.get("/till/").headers["Content-Security-Policy"]


def test_the_page_that_is_kept_names_no_person(till, customer, cashier):
    sell(till, customer)
    html = till.get("/till/kept/").content.decode()
    assert cashier.get_short_name() not in html
    assert "Priya" not in html
    assert TillDevice.objects.get().name in html


def test_asking_tells_who_was_served_today_without_numbers(till, customer):
    sell(till, customer)
    body = till.get("/till/queue/").content.decode()
    assert json.loads(body)["recent"] == [{"code": customer.code, "name": "Priya Nair", "phone": "••• ••• 142"}]
    assert "900142" not in body


def test_people_of_yesterday_and_of_other_tills_are_not_listed(till, customer, client_of, owner, business):
    sell(till, customer)
    other = set_up(client_of(owner), business, "Till 2")
    assert other.get("/till/queue/").json()["recent"] == []
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert "Priya" not in till.post("/till/match/", {"phone": ""}).content.decode()
        assert till.get("/till/queue/").json()["recent"] == []
