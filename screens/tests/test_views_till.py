"""The till: who may use it, finding people, sales that count once, redeeming, the minute to undo."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from customers.models import ConsentRecord, Customer, Order
from loyalty.actions.points import add_points
from loyalty.models import Account, Transaction
from loyalty.reports import balance_of
from programs.middleware import forget_programmes
from programs.models import Programme
from screens.tests.till import NUMBER, code_in, redeem, sell, set_up
from screens.till_token import make_till_token
from workspace.models import TillDevice

SPELLINGS = [
    "07700900142", "07700 900142", "07700 900 142", "077 0090 0142", "(07700) 900142", "(07700) 900-142",
    "07700-900-142", "07700.900.142", "07700/900142", "+447700900142", "+44 7700 900142", "+44 (0)7700 900142",
    "+44-7700-900-142", "+44.7700.900.142", "00447700900142", "0044 7700 900 142", "tel:+447700900142",
    " 07700900142 ", "+44 7700\u00a0900\u00a0142", "０７７００９００１４２",
]  # fmt: skip
IMPOSSIBLE = ["", "0", "07700", "07700 900 142 142 142", "call me", "+999 12345678", "--------", "+44", "1' OR '1'='1"]


def key_in(html):
    return re.search(r'name="key" value="(\w+)"', html).group(1)


def points_of(customer):
    return balance_of(customer.pk, now=timezone.now()).points


# -- who --


@pytest.mark.parametrize(("role", "status"), [("marketer", 403), ("analyst", 403), ("outsider", 403)])
def test_roles_without_the_till_are_refused(role, status, client_of, request):
    browser = client_of(request.getfixturevalue(role))
    for path in ("/till/", "/till/device/"):
        assert browser.get(path).status_code == status


def test_anonymous_people_go_to_log_in(client_of):
    response = client_of(None).get("/till/")
    assert response.status_code == 302
    assert "/login/" in response.headers["Location"]


@pytest.mark.parametrize("role", ["owner", "manager", "cashier"])
def test_a_browser_that_is_no_till_is_asked_to_become_one(role, client_of, business, request):
    response = client_of(request.getfixturevalue(role)).get("/till/")
    assert (response.status_code, response.headers["Location"]) == (303, "/till/device/")


def test_a_cashier_cannot_set_up_a_till_elsewhere(client_of, cashier, other_business):
    browser = client_of(cashier)
    assert browser.post("/till/device/", {"business": other_business.code, "name": "x"}).status_code == 422
    assert not TillDevice.objects.exists()


def test_a_till_of_one_business_is_none_for_the_cashier_of_another(client_of, owner, cashier, other_business):
    owners = set_up(client_of(owner), other_business)
    browser = client_of(cashier)
    browser.cookies["till"] = owners.cookies["till"].value
    assert browser.get("/till/").headers["Location"] == "/till/device/"


def test_the_token_of_a_till_is_stored_as_a_digest(till):
    assert till.cookies["till"].value not in str(TillDevice.objects.values().get())
    assert till.cookies["till"]["httponly"]
    assert not till.cookies["till"]["domain"]


def test_a_till_means_nothing_in_another_programme(till, client_of, make_member, other_programme):
    from core.permissions import Role

    stranger = client_of(make_member("lea@example.com", Role.OWNER, of=other_programme), on=other_programme)
    stranger.cookies["till"] = till.cookies["till"].value
    assert stranger.get("/till/").headers["Location"] == "/till/device/"


# -- find and add --


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_finds_the_customer(spelling, till, customer):
    response = till.post("/till/", {"phone": spelling})
    assert (response.status_code, response.headers.get("Location")) == (303, f"/till/customers/{customer.code}/")


@pytest.mark.parametrize("typed", IMPOSSIBLE)
def test_impossible_numbers_are_refused_and_kept_in_the_form(typed, till):
    response = till.post("/till/", {"phone": typed})
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()
    assert not Customer.objects.exists()


def test_a_code_from_the_points_page_is_scanned_instead_of_the_number(till, customer):
    token = make_till_token(customer, timezone.now())
    for typed in (token, " ".join(token[place : place + 4] for place in range(0, 40, 4))):
        assert till.post("/till/", {"phone": typed}).headers["Location"] == f"/till/customers/{customer.code}/"
        assert "Priya" in till.post("/till/match/", {"phone": typed}).content.decode()


def test_a_code_that_has_run_out_says_so_and_shows_nobody(till, customer):
    token = make_till_token(customer, timezone.now() - timedelta(minutes=5))
    response = till.post("/till/", {"phone": token})
    assert response.status_code == 422
    assert "This code has run out. Ask the customer to show it again." in response.content.decode()
    assert "Priya" not in till.post("/till/match/", {"phone": token}).content.decode()


def test_codes_count_as_numbers_looked_up(till, customer, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "till-lookup": (3, 10**9)}
    answers = [till.post("/till/", {"phone": f"{number:040d}"}).status_code for number in range(5)]
    assert answers == [422, 422, 422, 429, 429]


def test_an_unknown_number_offers_to_add_the_customer_and_writes_nothing(till):
    response = till.post("/till/", {"phone": "07700 900 651"})
    assert response.status_code == 200
    assert "07700 900651" in response.content.decode()
    assert not Customer.objects.exists()


def test_typing_matches_only_a_whole_number(till, customer):
    def typed(phone):
        return till.post("/till/match/", {"phone": phone}, headers={"HX-Request": "true"}).content.decode()

    assert "Priya" not in typed("07700 900 14")
    assert "Priya" in typed("07700 900 142")
    assert "••• ••• 142" in typed("07700 900 142")
    assert NUMBER not in typed("07700 900 142")


def test_who_was_served_today_is_offered_until_a_digit_is_typed(till, customer):
    sell(till, customer)
    assert till.get("/till/").content.decode().count("data-person=") == 1
    assert "Priya" in till.post("/till/match/", {"phone": ""}).content.decode()
    assert "Priya" not in till.post("/till/match/", {"phone": "07"}).content.decode()


def test_walking_through_numbers_stops(till, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "till-lookup": (20, 10**9)}
    answers = [till.post("/till/", {"phone": f"07700 9{index:05d}"}).status_code for index in range(30)]
    assert answers.count(200) == 20
    assert answers.count(429) == 10
    assert till.post("/till/customers/", {"phone": "07700 900 651"}).status_code == 429
    assert not Customer.objects.exists()


def test_a_new_customer_is_added_with_the_consent_that_was_given(till):
    response = till.post("/till/customers/", {"phone": "07700 900 651", "first_name": "Ruth", "service": "on"})
    customer = Customer.objects.get()
    assert response.headers["Location"] == f"/till/customers/{customer.code}/"
    assert (customer.first_name, customer.phone, customer.source) == ("Ruth", "+447700900651", "till")
    consent = ConsentRecord.objects.get()
    assert (consent.channel, consent.purpose, consent.is_granted) == ("sms", "service", True)
    assert (consent.source, consent.wording) == ("till", "till-service-1")
    assert consent.actor.startswith("user:")


def test_without_a_tick_there_is_no_consent(till):
    till.post("/till/customers/", {"phone": "07700 900 651"})
    assert Customer.objects.count() == 1
    assert not ConsentRecord.objects.exists()


def test_adding_somebody_who_exists_changes_nothing_of_theirs(till, customer):
    response = till.post("/till/customers/", {"phone": "07700 900 142", "first_name": "Someone else"})
    assert response.headers["Location"] == f"/till/customers/{customer.code}/"
    assert Customer.objects.get().first_name == "Priya"


# -- a sale --


def test_a_sale_gives_points_and_shows_the_result(till, customer, business):
    response = sell(till, customer)
    entry = Transaction.objects.get()
    assert (response.status_code, response.headers["Location"]) == (303, f"/till/done/{entry.code}/")
    assert (entry.points, entry.business, entry.key_owner) == (62, business, f"till:{TillDevice.objects.get().code}")
    assert Order.objects.get().source == "till"
    html = till.get(response.headers["Location"]).content.decode()
    assert "62 points added" in html
    assert "Undo" in html


def test_the_same_key_twice_is_one_sale(till, customer):
    assert sell(till, customer).headers["Location"] == sell(till, customer).headers["Location"]
    assert Transaction.objects.count() == 1
    assert Order.objects.count() == 1
    assert points_of(customer) == 62


def test_a_replay_after_a_new_log_in_is_still_one_sale(till, customer, client_of, owner):
    sell(till, customer)
    again = client_of(owner)
    again.cookies["till"] = till.cookies["till"].value
    sell(again, customer)
    assert points_of(customer) == 62


def test_the_same_key_with_another_amount_is_refused(till, customer):
    sell(till, customer)
    response = sell(till, customer, amount="99")
    assert response.status_code == 422
    assert points_of(customer) == 62


def test_a_form_that_has_recorded_something_else_says_so_and_can_be_sent_again(till, customer):
    sell(till, customer)
    html = sell(till, customer, amount="10").content.decode()
    assert "This form has recorded something else before." in html
    assert 'value="10"' in html
    assert sell(till, customer, amount="10", key=key_in(html)).status_code == 303
    assert points_of(customer) == 112


def test_every_form_has_a_key_of_its_own(till, customer):
    first, second = (till.get(f"/till/customers/{customer.code}/").content.decode() for _ in range(2))
    assert key_in(first) != key_in(second)


@pytest.mark.parametrize(
    "amount", ["", "0", "-5", "NaN", "Infinity", "1e9", "10000000000000000000", "12.405", "abc", "1,2,3", "0x10", "١٢"]
)
def test_amounts_that_are_none_are_refused_and_nothing_is_written(amount, till, customer):
    response = sell(till, customer, amount=amount)
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()
    assert not Transaction.objects.exists()
    assert not Order.objects.exists()


@pytest.mark.parametrize(("amount", "points"), [("12,40", 62), ("1,240.00", 6200), ("1.240,00", 6200), ("0.19", 0)])
def test_amounts_as_people_write_them(amount, points, till, customer):
    sell(till, customer, amount=amount)
    assert Transaction.objects.get().points == points


def test_the_preview_says_what_the_sale_then_gives(till, customer):
    response = till.post(
        f"/till/customers/{customer.code}/preview/", {"amount": "12.4", "key": "x"}, headers={"HX-Request": "true"}
    )
    html = response.content.decode()
    assert "+62" in html
    assert "Add 62 points" in html
    assert not Transaction.objects.exists()


@pytest.mark.parametrize(("currency", "example", "has_point"), [("GBP", "0.00", True), ("JPY", "0", False)])
def test_the_pad_has_the_digits_of_the_currency(currency, example, has_point, till, customer, programme):
    Programme.objects.filter(pk=programme.pk).update(currency=currency)
    forget_programmes()
    html = till.get(f"/till/customers/{customer.code}/").content.decode()
    assert f'placeholder="{example}"' in html
    assert ('data-key="."' in html) == has_point


def test_the_preview_explains_itself_when_there_is_more_than_one_line(till, customer, business, actor):
    sell(till, customer)
    redeem(till, customer)
    till.post(f"/till/undo/{Transaction.objects.get(kind='earn').code}/")  # leaves a debt of 50

    def previewed(amount):
        return till.post(f"/till/customers/{customer.code}/preview/", {"amount": amount, "key": "x"}).content.decode()

    html = previewed("20")
    assert html.index("£20.00 × 5 = 100 points") < html.index("50 points repay what was taken back before")
    assert "<details" in html
    sell(till, customer, amount="20", key="repaid")
    assert "<details" not in previewed("20")


def test_half_an_amount_previews_nothing_and_complains_about_nothing(till, customer):
    response = till.post(f"/till/customers/{customer.code}/preview/", {"amount": "12.", "key": "x"})
    assert response.status_code == 200
    assert "+" not in response.content.decode()


def test_unknown_customers_are_404(till):
    assert till.get("/till/customers/nobody/").status_code == 404
    assert till.post("/till/customers/nobody/", {"amount": "5", "key": "k"}).status_code == 404


def test_a_customer_of_another_programme_is_404(till, other_programme):
    from django_tenants.utils import tenant_context

    with tenant_context(other_programme):
        stranger = Customer.objects.create(first_name="Lea")
    assert till.get(f"/till/customers/{stranger.code}/").status_code == 404


def test_the_card_shows_the_shared_balance_but_only_own_visits(till, customer, other_business, actor):
    add_points(
        business=other_business.pk, amount=Decimal(40), customer_id=customer.pk, key="elsewhere", actor=actor,
        now=timezone.now(),
    )  # fmt: skip
    html = till.get(f"/till/customers/{customer.code}/").content.decode()
    assert 'id="card-balance">40<' in html
    assert "Mill Lane" not in html


# -- redeem --


def test_redeeming_takes_points_with_its_reason(till, customer):
    sell(till, customer)
    response = redeem(till, customer)
    entry = Transaction.objects.get(kind="redeem")
    assert response.headers["Location"] == f"/till/done/{entry.code}/"
    assert (entry.points, entry.reason, points_of(customer)) == (-50, "A coffee", 12)


def test_more_points_than_there_are_is_refused_in_words_and_nothing_is_taken(till, customer):
    sell(till, customer)
    response = redeem(till, customer, points="63")
    assert response.status_code == 409
    assert "Only 62 points are there: 1 too few. Nothing was taken." in response.content.decode()
    assert points_of(customer) == 62


def test_after_a_refusal_the_form_can_be_sent_again(till, customer):
    redeem(till, customer)
    html = redeem(till, customer).content.decode()
    sell(till, customer)
    assert redeem(till, customer, key=key_in(html)).status_code == 303


def test_a_refusal_that_replays_tells_the_balance_of_its_time(till, customer):
    sell(till, customer)
    redeem(till, customer, points="63")
    sell(till, customer, key="sale-2")
    response = redeem(till, customer, points="63")
    assert response.status_code == 409
    assert "Only 62 points are there: 1 too few. Nothing was taken." in response.content.decode()
    assert redeem(till, customer, points="63", key=key_in(response.content.decode())).status_code == 303


def test_redeeming_twice_with_one_key_takes_once(till, customer):
    sell(till, customer)
    redeem(till, customer)
    redeem(till, customer)
    assert points_of(customer) == 12


@pytest.mark.parametrize("points", ["", "0", "-5", "1.5", "NaN", "1000000000000000000", "ten", "٥"])
def test_points_that_are_none_are_refused(points, till, customer):
    sell(till, customer)
    assert redeem(till, customer, points=points).status_code == 422
    assert points_of(customer) == 62


@pytest.mark.parametrize("points", ["1000", "1,000", "1 000", "1.000", "1\u00a0000", "1\u202f000"])
def test_points_as_people_write_them(points, till, customer):
    sell(till, customer, amount="240")
    assert redeem(till, customer, points=points).status_code == 303
    assert points_of(customer) == 200


def test_a_redemption_needs_a_reason(till, customer):
    sell(till, customer)
    assert redeem(till, customer, reason="").status_code == 422
    assert points_of(customer) == 62


# -- undo --


def test_undo_within_a_minute_takes_the_sale_back_and_cancels_the_order(till, customer):
    entry = sell(till, customer).headers["Location"].split("/")[-2]
    response = till.post(f"/till/undo/{entry}/")
    assert response.status_code == 303
    assert "Undone" in till.get(response.headers["Location"]).content.decode()
    assert points_of(customer) == 0
    assert Order.objects.get().status == "cancelled"


def test_after_an_undo_the_screen_says_what_was_undone(till, customer):
    entry = code_in(sell(till, customer))
    redeemed = code_in(redeem(till, customer))
    html = till.get(till.post(f"/till/undo/{redeemed}/").headers["Location"]).content.decode()
    assert "50 points came back: “A coffee” is not redeemed." in html
    html = till.get(till.post(f"/till/undo/{entry}/").headers["Location"]).content.decode()
    assert "62 points for £12.40 were taken back. The sale is cancelled." in html


def test_undo_pressed_twice_undoes_once(till, customer):
    sell(till, customer, key="first")
    entry = sell(till, customer, key="second").headers["Location"].split("/")[-2]
    assert till.post(f"/till/undo/{entry}/").status_code == 303
    assert till.post(f"/till/undo/{entry}/").status_code == 303
    assert points_of(customer) == 62


def test_a_redemption_can_be_undone(till, customer):
    sell(till, customer)
    entry = redeem(till, customer).headers["Location"].split("/")[-2]
    till.post(f"/till/undo/{entry}/")
    assert points_of(customer) == 62


def test_after_a_minute_the_till_cannot_undo(till, customer):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        entry = sell(till, customer).headers["Location"].split("/")[-2]
        clock.shift(61)
        assert "Undo<" not in till.get(f"/till/done/{entry}/").content.decode()
        assert till.post(f"/till/undo/{entry}/").status_code == 409
    assert points_of(customer) == 62


def test_another_till_cannot_undo_it(till, customer, client_of, owner, business):
    entry = sell(till, customer).headers["Location"].split("/")[-2]
    other = set_up(client_of(owner), business, "Till 2")
    assert other.get(f"/till/done/{entry}/").status_code == 404
    assert other.post(f"/till/undo/{entry}/").status_code == 404
    assert points_of(customer) == 62


def test_undo_by_get_is_no_act(till, customer):
    entry = sell(till, customer).headers["Location"].split("/")[-2]
    assert till.get(f"/till/undo/{entry}/").status_code == 405


def test_earlier_sales_of_this_till_are_listed_with_undo(till, customer):
    sell(till, customer)
    html = till.get("/till/").content.decode()
    assert "Earned on £12.40" in html
    assert "1 customer today" in html
    assert html.count("data-undo=") == 1


def test_the_till_asks_as_many_queries_for_one_sale_as_for_six(till, customer, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries():
        with CaptureQueriesContext(connection) as captured:
            till.get(f"/till/customers/{customer.code}/")
            till.get("/till/")
        return len(captured)

    sell(till, customer, key="0")
    one = queries()
    for index in range(1, 6):
        sell(till, customer, key=str(index))
    assert queries() == one


def test_a_page_of_the_till_is_not_kept_by_the_browser(till, customer):
    response = till.get(f"/till/customers/{customer.code}/")
    assert response.headers["Cache-Control"] == "private, no-store"


def test_no_number_reaches_the_logs(till, customer, caplog):
    caplog.set_level("DEBUG")
    till.post("/till/", {"phone": "07700 900 142"})
    till.post("/till/match/", {"phone": "07700 900 142"})
    till.post("/till/", {"phone": "07700 900 651"})
    till.post("/till/customers/", {"phone": "07700 900 651"})
    sell(till, customer)
    logged = " ".join(
        str(record.__dict__) for record in caplog.records if record.name.split(".")[0] not in ("django", "psycopg")
    )
    assert "request.finished" in logged
    assert not re.search(r"7700.?900.?(142|651)", logged)
    assert Account.objects.count() == 1
