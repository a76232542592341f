"""The catalogue for staff: suggestions, the form, stock, order, archive, who had it, claims that stay masked."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.actor import SYSTEM
from core.permissions import Role
from loyalty.actions.points import add_points, hold_points, redeem_points, reverse_transaction
from loyalty.models import Account, Hold, Reward, Tier
from loyalty.tests.test_actions_rewards import photo
from screens.tests.test_views_till_rewards import text_of

LIST = "/loyalty/rewards/"
TEA = {"name": "Tea", "points": "350", "icon": "coffee", "claim_minutes": "10080"}


@pytest.fixture(autouse=True)
def _own_media(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def browser(client_of, owner, business):
    return client_of(owner)


@pytest.fixture
def coffee(programme):
    return Reward.objects.create(name="Any coffee", points=40, stock=3, icon="coffee")


@pytest.fixture
def rich(customer, business, actor):
    add_points(
        business=business.pk,
        customer_id=customer.pk,
        amount=Decimal(500),
        key="rich",
        actor=actor,
        now=timezone.now(),
    )
    return customer


@pytest.fixture
def limited(make_member, business, client_of):
    return client_of(make_member("mo@example.com", Role.MANAGER, business=business))


def test_an_empty_catalogue_suggests_three_rewards_to_start_from(browser):
    response = browser.get(LIST)
    text = text_of(response)
    assert "No rewards yet" in text
    links = re.findall(r'href="(/loyalty/rewards/new/\?[^"]+)"', response.content.decode())
    assert len(links) == 3
    html = browser.get(links[0].replace("&amp;", "&")).content.decode()
    assert 'value="Any coffee"' in html
    assert re.search(r'name="points" value="\d+"', html)
    assert not Reward.objects.exists()


def test_a_reward_is_added_with_its_picture(browser, business):
    tier = Tier.objects.create(name="Mate", rank=1, threshold=100)
    picture = SimpleUploadedFile("tea.jpg", photo(), content_type="image/jpeg")
    given = {
        **TEA, "business": business.code, "tier": tier.code, "stock": "12", "member_limit": "2",
        "member_limit_days": "7", "starts_on": "2026-07-01", "ends_on": "2026-07-31", "image": picture,
    }  # fmt: skip
    response = browser.post(f"{LIST}new/", given)
    assert response.status_code == 303, text_of(response)
    reward = Reward.objects.get()
    assert (reward.points, reward.stock, reward.member_limit, reward.member_limit_days) == (350, 12, 2, 7)
    assert (reward.business, reward.tier, reward.claim_minutes) == (business, tier, 10_080)
    # Whole days of the programme: London is an hour ahead in July, and the last day is part of it.
    assert reward.starts_at == datetime(2026, 6, 30, 23, tzinfo=UTC)
    assert reward.ends_at == datetime(2026, 7, 31, 23, tzinfo=UTC)
    assert f"/rewards/pictures/{reward.image}" in browser.get(response.headers["Location"]).content.decode()
    assert "1 Jul 2026 to 31 Jul 2026" in text_of(browser.get(response.headers["Location"]))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"points": "many"}, "points"),
        ({"stock": "-1"}, "stock"),
        ({"member_limit_days": "7"}, "member_limit"),
        ({"starts_on": "2026-07-02", "ends_on": "2026-07-01"}, "ends_on"),
        ({"image": SimpleUploadedFile("a.png", b"no picture")}, "image"),
        ({"business": "nosuchcode"}, "business"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_kept(browser, changes, field):
    response = browser.post(f"{LIST}new/", {**TEA, **changes})
    assert response.status_code == 422
    assert f'id="id_{field}-error"' in response.content.decode()
    assert not Reward.objects.exists()


def test_changing_a_reward_leaves_its_stock_and_its_moments(browser, coffee):
    start = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    Reward.objects.update(starts_at=start, claim_minutes=45)
    html = browser.get(f"{LIST}{coffee.code}/change/").content.decode()
    assert "45 minutes" in html
    assert 'name="stock"' not in html
    given = {**TEA, "name": "Any coffee", "starts_on": "2026-03-01", "claim_minutes": "45", "stock": "99"}
    assert browser.post(f"{LIST}{coffee.code}/change/", given).status_code == 303
    coffee.refresh_from_db()
    assert (coffee.points, coffee.stock, coffee.starts_at, coffee.claim_minutes) == (350, 3, start, 45)


def test_the_preview_shows_what_is_typed_and_writes_nothing(browser):
    text = text_of(browser.get(f"{LIST}preview/", {"name": "<b>Tea", "points": "350", "icon": "coffee"}))
    assert "&lt;b&gt;Tea" in text
    assert "350 points" in text
    assert "Your reward" in text_of(browser.get(f"{LIST}preview/", {"points": "x", "icon": "skull"}))
    assert not Reward.objects.exists()


def test_the_catalogue_counts_what_was_redeemed_without_what_was_undone(browser, coffee, rich, business, actor):
    now = timezone.now()
    asked = {"business": business.pk, "customer_id": rich.pk, "reward": coffee.code, "actor": actor, "now": now}
    redeem_points(**asked, key="a")
    undone = redeem_points(**asked, key="b").transaction
    reverse_transaction(transaction=undone, key="c", actor=actor, now=now)
    hold_points(**{**asked, "business": None}, key="d")
    text = text_of(browser.get(LIST))
    assert re.search(r"Any coffee All businesses .* 40 £0\.40 .*1 left 1 1 1 Offered", text), text
    shown = text_of(browser.get(f"{LIST}{coffee.code}/"))
    assert "Priya Nair" in shown
    assert "taken back" in shown
    assert "Few left" in shown


def test_stock_is_counted_and_booked(browser, coffee):
    url = f"{LIST}{coffee.code}/stock/"
    assert browser.post(f"{url}change/", {"change": "12"}).status_code == 303
    assert browser.post(f"{url}change/", {"change": "-5"}).status_code == 303
    assert Reward.objects.get().stock == 10
    refused = browser.post(f"{url}change/", {"change": "-11"})
    assert (refused.status_code, "There are 10 left" in text_of(refused)) == (422, True)
    assert browser.post(f"{url}change/", {"change": "x"}).status_code == 422
    assert browser.post(url, {"stock": "20"}).status_code == 303
    assert Reward.objects.get().stock == 20
    browser.post(url, {"stock": ""})
    assert Reward.objects.get().stock is None


def test_the_order_archive_and_return(browser, coffee):
    other = Reward.objects.create(name="Bun", points=5, position=1)
    browser.post(f"{LIST}{other.code}/place/", {"place": "1"})
    assert list(Reward.objects.values_list("name", flat=True)) == ["Bun", "Any coffee"]
    for nonsense in ("", "x", "-1", "9" * 9):
        assert browser.post(f"{LIST}{other.code}/place/", {"place": nonsense}).status_code == 303
    browser.post(f"{LIST}{other.code}/archive/")
    assert "Archived" in text_of(browser.get(LIST))
    assert "Offer it again" in text_of(browser.get(f"{LIST}{other.code}/"))
    browser.post(f"{LIST}{other.code}/restore/")
    assert Reward.objects.get(name="Bun").is_active


def test_a_claim_is_masked_and_given_back_by_staff(browser, coffee, rich):
    code = hold_points(
        business=None, customer_id=rich.pk, reward=coffee.code, key="d", actor=SYSTEM, now=timezone.now()
    ).transaction
    html = browser.get(f"{LIST}{coffee.code}/").content.decode()
    assert code not in html.lower()
    assert f"{code[:2].upper()}•• •••• ••{code[-2:].upper()}" in html
    url = re.search(rf'action="({LIST}{coffee.code}/claims/\w+/void/)"', html).group(1)
    for _twice in range(2):
        assert browser.post(url).status_code == 303
    coffee.refresh_from_db()
    assert (Hold.objects.get().state, coffee.stock, Account.objects.get().available) == ("voided", 3, 500)


def test_a_picture_is_removed(browser, coffee):
    browser.post(f"{LIST}{coffee.code}/change/", {**TEA, "image": SimpleUploadedFile("a.jpg", photo())})
    assert Reward.objects.get().image
    browser.post(f"{LIST}{coffee.code}/picture/remove/")
    assert Reward.objects.get().image == ""


def test_people_of_one_business_change_that_ones_rewards(limited, coffee, business, other_business):
    theirs = Reward.objects.create(name="Next door", points=5, business=other_business)
    text = text_of(limited.get(LIST))
    assert "Any coffee" in text
    assert "Next door" not in text
    assert limited.get(f"{LIST}{theirs.code}/").status_code == 404
    assert limited.get(f"{LIST}{coffee.code}/").status_code == 200
    for path, body in (("change/", TEA), ("archive/", {}), ("stock/", {"stock": "1"}), ("place/", {"place": "1"})):
        assert limited.post(f"{LIST}{coffee.code}/{path}", {**body, "business": business.code}).status_code == 403
    assert limited.post(f"{LIST}new/", TEA).status_code == 422, "the business is not chosen"
    assert limited.post(f"{LIST}new/", {**TEA, "business": business.code}).status_code == 303
    assert Reward.objects.get(name="Tea").business == business


@pytest.mark.parametrize(
    ("role", "sees", "adds"), [("marketer", 200, 403), ("analyst", 200, 403), ("cashier", 403, 403)]
)
def test_roles_see_and_change(role, sees, adds, client_of, request, coffee):
    browser = client_of(request.getfixturevalue(role))
    assert browser.get(LIST).status_code == sees
    assert browser.get(f"{LIST}{coffee.code}/").status_code == sees
    assert browser.get(f"{LIST}new/").status_code == adds
    assert browser.post(f"{LIST}{coffee.code}/archive/").status_code == adds


def test_a_reward_of_one_programme_is_none_on_another(coffee, client_of, make_member, other_programme):
    stranger = client_of(make_member("lea@example.com", Role.OWNER, of=other_programme), on=other_programme)
    assert "No rewards yet" in text_of(stranger.get(LIST))
    for path in ("", "change/"):
        assert stranger.get(f"{LIST}{coffee.code}/{path}").status_code == 404
    assert stranger.post(f"{LIST}{coffee.code}/archive/").status_code == 404


def test_the_list_costs_the_same_for_many(browser, coffee, django_assert_num_queries):
    browser.get(LIST)
    with CaptureQueriesContext(connection) as few:
        browser.get(LIST)
    for number in range(20):
        Reward.objects.create(name=f"R{number}", points=number + 1, position=number + 1)
    with django_assert_num_queries(len(few)):
        browser.get(LIST)
