"""Staff pages about points: who may, what a scope leaves out, one act per press."""

from decimal import Decimal

import pytest
from django.utils import timezone

from core.permissions import Role
from customers.models import Customer, Identifier
from loyalty.actions.points import add_points
from loyalty.actions.settings import set_earning_rate
from loyalty.models import EarningRate, LoyaltySettings, Transaction
from loyalty.reports import balance_of

ROLES = ("owner", "manager", "marketer", "analyst", "cashier", "outsider")


@pytest.fixture
def customer(programme):
    customer = Customer.objects.create(first_name="Priya", phone="+447700900142")
    Identifier.objects.create(kind="phone", value="+447700900142", customer=customer)
    return customer


@pytest.fixture
def bound_manager(make_member, business):
    """A manager who sees only the first business."""
    return make_member("ines@example.com", Role.MANAGER, business=business)


def earn(customer, business, actor, amount="12.40", key="earn"):
    return add_points(
        business=business.pk, amount=Decimal(amount), customer_id=customer.pk, key=key, actor=actor, now=timezone.now()
    )


def points_of(customer):
    return balance_of(customer.pk, now=timezone.now()).points


# -- who --


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("get", "/loyalty/", {"owner", "manager", "marketer", "analyst"}),
        ("get", "/loyalty/transactions/", {"owner", "manager", "marketer", "analyst"}),
        ("get", "/businesses/{business}/", {"owner", "manager", "marketer", "analyst"}),
        ("post", "/businesses/{business}/add/", {"owner", "manager", "cashier"}),
        ("post", "/loyalty/businesses/{business}/rate/", {"owner", "manager"}),
        ("get", "/loyalty/businesses/{business}/rate/example/", {"owner", "manager", "marketer", "analyst"}),
        ("post", "/loyalty/settings/", {"owner", "manager"}),
        ("post", "/loyalty/transactions/{transaction}/reverse/", {"owner", "manager"}),
        ("get", "/loyalty/customers/{customer}/add/", {"owner", "manager", "cashier"}),
        ("get", "/loyalty/customers/{customer}/redeem/", {"owner", "manager", "cashier"}),
        ("get", "/loyalty/customers/{customer}/adjust/", {"owner", "manager"}),
    ],
)
def test_each_page_is_for_its_roles(method, path, allowed, client_of, request, business, customer, actor):
    posting = earn(customer, business, actor)
    path = path.format(business=business.code, customer=customer.code, transaction=posting.transaction)
    refused = {
        role for role in ROLES if getattr(client_of(request.getfixturevalue(role)), method)(path).status_code == 403
    }
    assert refused == set(ROLES) - allowed
    anonymous = getattr(client_of(None), method)(path)
    assert (anonymous.status_code, "/login/" in anonymous.headers["Location"]) == (302, True)


def test_people_without_the_permission_see_no_forms(client_of, analyst, business, customer, actor):
    earn(customer, business, actor)
    browser = client_of(analyst)
    for path in ("/loyalty/", "/loyalty/transactions/", f"/businesses/{business.code}/"):
        main = browser.get(path).content.decode().split("<main")[1].split("</main>")[0]
        assert 'method="post"' not in main, path


# -- rates --


def test_a_new_rate_holds_from_the_next_sale(client_of, owner, business, customer, actor):
    response = client_of(owner).post(
        f"/loyalty/businesses/{business.code}/rate/", {"points_per_unit": "2,5", "rounding": "up"}
    )
    assert (response.status_code, response.headers["Location"]) == (303, "/loyalty/")
    assert earn(customer, business, actor, amount="12.50").points == 32


@pytest.mark.parametrize("typed", ["", "-1", "NaN", "abc", "10001", "1.23456", "1e3", "10000000000"])
def test_rates_that_are_none_change_nothing(typed, client_of, owner, business):
    response = client_of(owner).post(
        f"/loyalty/businesses/{business.code}/rate/", {"points_per_unit": typed, "rounding": "down"}
    )
    assert response.status_code == 422
    assert not EarningRate.objects.exists()


def test_the_example_follows_what_is_typed(client_of, owner, business):
    def example(**typed):
        path = f"/loyalty/businesses/{business.code}/rate/example/"
        return client_of(owner).get(path, typed).content.decode()

    assert "£12.40 gives 62 points" in example(points_per_unit="5", rounding="down")
    assert "£12.40 gives 94 points" in example(points_per_unit="7.51", rounding="up")
    assert "Enter a rate" in example(points_per_unit="-5", rounding="up")


def test_a_bound_manager_reaches_only_the_own_business(
    client_of, bound_manager, business, other_business, customer, actor
):
    browser = client_of(bound_manager)
    there = earn(customer, other_business, actor)
    assert (
        browser.post(
            f"/loyalty/businesses/{other_business.code}/rate/", {"points_per_unit": "9", "rounding": "up"}
        ).status_code
        == 404
    )
    assert browser.post("/loyalty/settings/", {"point_value": "1"}).status_code == 403
    assert browser.get(f"/businesses/{other_business.code}/").status_code == 404
    assert browser.post(f"/businesses/{other_business.code}/add/").status_code == 404
    assert browser.post(f"/loyalty/transactions/{there.transaction}/reverse/").status_code == 404
    assert "Mill Lane" not in browser.get("/loyalty/").content.decode()
    assert "Mill Lane" not in browser.get("/loyalty/transactions/").content.decode()
    assert browser.get(f"/loyalty/customers/{customer.code}/add/").status_code == 404
    assert points_of(customer) == 12
    earn(customer, business, actor, key="here")
    assert browser.get(f"/loyalty/customers/{customer.code}/add/").status_code == 200


def test_value_and_life_of_points(client_of, owner):
    client_of(owner).post("/loyalty/settings/", {"point_value": "0.005", "expiry_months": "18"})
    settings = LoyaltySettings.objects.get()
    assert (settings.point_value, settings.expiry_months) == (Decimal("0.005"), 18)
    assert "100 points are worth £0.50" in client_of(owner).get("/loyalty/").content.decode()


def test_the_life_of_points_is_chosen_and_refused_at_its_field(client_of, owner):
    browser = client_of(owner)
    given = {"point_value": "0.01", "expiry_policy": "inactivity", "expiry_day": "12-31", "pending_days": "14"}
    refused = browser.post("/loyalty/settings/", given)
    assert refused.status_code == 422
    assert "after how many months without activity" in refused.content.decode()
    assert not LoyaltySettings.objects.exists()
    browser.post("/loyalty/settings/", {**given, "expiry_months": "12", "approval_above": "500"})
    kept = LoyaltySettings.objects.get()
    assert (kept.expiry_policy, kept.expiry_months, kept.expiry_day) == ("inactivity", 12, "")
    assert (kept.pending_days, kept.approval_above) == (14, 500)
    browser.post("/loyalty/settings/", {"point_value": "0.01", "expiry_policy": "date", "expiry_day": "12-31"})
    assert LoyaltySettings.objects.get().expiry_day == "12-31"


# -- transactions --


def test_filters_and_pages(client_of, owner, business, other_business, customer, actor):
    for index in range(30):
        earn(customer, business, actor, amount=str(index + 1), key=f"here{index}")
    earn(customer, other_business, actor, amount="500", key="there")
    browser = client_of(owner)

    def rows(query=""):
        return browser.get(f"/loyalty/transactions/{query}").content.decode().count("Earned on")

    assert rows() == 25
    assert rows(f"?business={other_business.code}") == 1
    assert rows("?kind=redeem") == 0
    assert rows("?end=2001-01-01") == 0
    assert rows("?kind=nonsense&business=nonsense&start=nonsense&cursor=nonsense") == 25


def test_htmx_gets_the_list_only(client_of, owner):
    headers = {"HX-Request": "true", "HX-Target": "transaction-list"}
    html = client_of(owner).get("/loyalty/transactions/", headers=headers).content.decode()
    assert "<html" not in html
    assert 'id="transaction-list"' in html


def test_queries_do_not_grow_with_rows(client_of, owner, business, other_business, customer, actor):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser = client_of(owner)

    def queries(path):
        with CaptureQueriesContext(connection) as captured:
            browser.get(path)
        return len(captured)

    paths = ("/loyalty/transactions/", f"/businesses/{business.code}/", "/loyalty/")
    earn(customer, business, actor)
    queries("/loyalty/")  # the host's programme is cached from here on
    one = [queries(path) for path in paths]
    for index in range(9):
        earn(customer, business, actor, key=str(index))
    assert [queries(path) for path in paths] == one


def test_reversing_takes_the_points_back_once(client_of, owner, business, customer, actor):
    posting = earn(customer, business, actor)
    browser = client_of(owner)
    for _ in range(2):
        response = browser.post(f"/loyalty/transactions/{posting.transaction}/reverse/")
        assert (response.status_code, response.headers["Location"]) == (303, "/loyalty/transactions/")
    assert Transaction.objects.filter(kind="reverse").count() == 1
    assert points_of(customer) == 0


def test_what_two_people_reverse_is_reversed_once(client_of, owner, manager, business, customer, actor):
    earn(customer, business, actor, key="other")
    posting = earn(customer, business, actor)
    url = f"/loyalty/transactions/{posting.transaction}/reverse/"
    first, second = (client_of(person).post(url) for person in (owner, manager))
    assert (first.status_code, second.status_code) == (303, 409)
    assert "This was undone before. Nothing was changed." in second.content.decode()
    assert points_of(customer) == 12


# -- one customer --


def test_adding_and_redeeming_from_the_profile(client_of, owner, business, customer):
    browser = client_of(owner)
    path = f"/loyalty/customers/{customer.code}"
    for _ in range(2):
        browser.post(f"{path}/add/", {"amount": "80", "business": business.code, "key": "a"})
    browser.post(f"{path}/redeem/", {"points": "30", "reason": "Cake", "business": business.code, "key": "r"})
    assert points_of(customer) == 50


def test_adjusting_needs_a_reason(client_of, owner, customer):
    browser = client_of(owner)
    path = f"/loyalty/customers/{customer.code}/adjust/"
    assert browser.post(path, {"points": "50", "reason": "", "key": "a"}).status_code == 422
    assert points_of(customer) == 0
    browser.post(path, {"points": "50", "reason": "Spilled coffee", "key": "a"})
    browser.post(path, {"points": "-20", "reason": "Typing slip", "key": "b"})
    assert points_of(customer) == 30
    assert list(Transaction.objects.order_by("pk").values_list("reason", flat=True)) == [
        "Spilled coffee",
        "Typing slip",
    ]


@pytest.mark.parametrize("points", ["0", "", "1.5", "1e5", "NaN", "99999999999"])
def test_adjustments_that_are_none(points, client_of, owner, customer):
    path = f"/loyalty/customers/{customer.code}/adjust/"
    assert client_of(owner).post(path, {"points": points, "reason": "x", "key": "a"}).status_code == 422
    assert not Transaction.objects.exists()


def test_taking_more_than_there_is_is_refused_in_words(client_of, owner, customer, business, actor):
    earn(customer, business, actor)
    response = client_of(owner).post(
        f"/loyalty/customers/{customer.code}/adjust/", {"points": "-13", "reason": "x", "key": "a"}
    )
    assert response.status_code == 409
    assert "Only 12 points are there" in response.content.decode()
    assert points_of(customer) == 12


# -- the card of a business --


def test_the_card_adds_points_by_phone_once(client_of, owner, business, actor):
    set_earning_rate(business_id=business.pk, points_per_unit=Decimal(5), actor=actor)
    browser = client_of(owner)
    data = {"phone": "07700 900 651", "amount": "12.40", "key": "k"}
    for _ in range(2):
        html = browser.post(f"/businesses/{business.code}/add/", data, headers={"HX-Request": "true"}).content.decode()
    assert f'id="business-{business.code}"' in html
    assert "62 points added" in html
    assert "5 points for each £1" in html
    assert "Earned on £12.40" in html
    assert 'value="k"' not in html
    assert points_of(Customer.objects.get(phone="+447700900651")) == 62


def test_a_plain_form_goes_to_the_business(client_of, owner, business):
    response = client_of(owner).post(
        f"/businesses/{business.code}/add/", {"phone": "07700 900 651", "amount": "5", "key": "k"}
    )
    assert (response.status_code, response.headers["Location"]) == (303, f"/businesses/{business.code}/")


def test_a_cashier_does_not_walk_through_numbers_at_the_card(client_of, cashier, owner, business, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "till-lookup": (2, 10**9)}

    def add(browser, number):
        data = {"phone": f"07700 90065{number}", "amount": "5", "key": f"k{number}"}
        return browser.post(f"/businesses/{business.code}/add/", data).status_code

    browser = client_of(cashier)
    assert [add(browser, number) for number in range(3)] == [303, 303, 429]
    assert add(client_of(owner), 3) == 303
    assert Customer.objects.count() == 3


def test_a_card_that_has_recorded_something_else_says_so_under_a_new_key(client_of, owner, business):
    browser, url = client_of(owner), f"/businesses/{business.code}/add/"
    data = {"phone": "07700 900 651", "key": "k"}
    browser.post(url, {**data, "amount": "5"})
    response = browser.post(url, {**data, "amount": "7"}, headers={"HX-Request": "true"})
    assert response.status_code == 422
    assert "This form has recorded something else before." in response.content.decode()
    assert 'value="k"' not in response.content.decode()
    assert points_of(Customer.objects.get()) == 5


@pytest.mark.parametrize("data", [{"phone": "123", "amount": "5"}, {"phone": "07700900142", "amount": "-5"}, {}])
def test_the_card_keeps_what_was_wrong(data, client_of, owner, business):
    response = client_of(owner).post(f"/businesses/{business.code}/add/", {**data, "key": "k"})
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()
    assert not Customer.objects.exists()


def test_cards_show_each_business_its_own_transactions(programme, business, other_business, customer, actor):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from screens.reports_businesses import business_cards

    for index in range(6):
        earn(customer, business, actor, amount=str(index + 1), key=f"a{index}")
    earn(customer, other_business, actor, amount="99", key="b")
    with CaptureQueriesContext(connection) as captured:
        cards = business_cards(actor=actor, programme=programme, can_add=True, now=timezone.now())
    assert [(card.business.name, [row.points for row in card.recent]) for card in cards] == [
        ("Mill Lane", [99]),
        ("Quayside", [6, 5, 4, 3]),
    ]
    assert len(captured) == 3


def test_a_business_of_another_programme_is_404(client_of, owner, other_programme):
    from django_tenants.utils import tenant_context

    from workspace.models import Business

    with tenant_context(other_programme):
        stranger = Business.objects.create(name="Wiesenladen")
    assert client_of(owner).get(f"/businesses/{stranger.code}/").status_code == 404
