"""Stamp cards for staff: made in a click or a form, fixed once members collect, archived, given by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.permissions import Role
from customers.tests.queries import own_queries
from loyalty.actions.points import add_points
from loyalty.actions.stamps import give_stamps
from loyalty.models import StampBook, StampCard, StampReward
from screens.tests.test_views_till_rewards import text_of

LIST = "/loyalty/stamp-cards/"
TYPED = {
    "name": "Coffee card", "gives": "A free coffee", "stamps": "9", "icon": "coffee", "per": "item", "business": "",
    "categories": "Coffee, Tea", "products": "", "min_spend": "", "sale_limit": "", "day_limit": "2",
    "reward_days": "30", "starts_on": "", "ends_on": "",
}  # fmt: skip


@pytest.fixture
def staff(client_of, owner):
    return client_of(owner)


@pytest.fixture
def card(programme):
    return StampCard.objects.create(name="Coffee card", gives="A free coffee", stamps=9)


@pytest.fixture
def member(customer, business, actor, card):
    """The customer with a stamp."""
    now = timezone.now()
    add_points(business=business.pk, customer_id=customer.pk, amount=Decimal(4), key="sale", actor=actor, now=now)
    return customer


@pytest.fixture
def give(member, actor):
    def call(card, number, key):
        give_stamps(card=card.code, customer_id=member.pk, stamps=number, key=key, actor=actor, now=timezone.now())

    return call


def test_the_first_card_is_one_click(staff):
    assert "No stamp cards yet" in text_of(staff.get(LIST))
    response = staff.post(f"{LIST}start/")
    card = StampCard.objects.get()
    assert (response.status_code, response.headers["Location"]) == (303, f"{LIST}{card.code}/")
    assert (card.stamps, card.gives, card.per) == (9, "A free coffee", "sale")
    assert "9 stamps fill a card. One stamp for each sale." in text_of(staff.get(LIST))


def test_a_card_is_made_as_typed(staff):
    assert staff.post(f"{LIST}new/", TYPED).status_code == 303
    card = StampCard.objects.get()
    assert (card.per, card.categories, card.day_limit, card.reward_days) == ("item", ["coffee", "tea"], 2, 30)
    text = text_of(staff.get(LIST))
    assert "One stamp for each item of: coffee, tea." in text
    assert "The sales of a day give at most 2 stamps. A full card is used within 30 days." in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stamps": "1"}, "greater than or equal to 2"),
        ({"gives": ""}, "Say what a full card gives"),
        ({"min_spend": "5"}, "Only a stamp for a sale can ask for an amount."),
        ({"per": "sale", "sale_limit": "2"}, "Only a stamp for each item needs a limit."),
        ({"starts_on": "2026-02-02", "ends_on": "2026-02-01"}, "The last day is before the first."),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(staff, changes, said):
    response = staff.post(f"{LIST}new/", {**TYPED, **changes})
    assert response.status_code == 422
    assert said in text_of(response)
    assert not StampCard.objects.exists()


def test_the_preview_follows_what_is_typed(staff):
    text = text_of(staff.get(f"{LIST}preview/", {"name": "Bun card", "gives": "A bun", "stamps": "5", "icon": "gift"}))
    assert "Bun card 3 to go" in text
    assert "A full card gives: A bun" in text
    assert staff.get(f"{LIST}preview/", {"stamps": "500", "icon": "nonsense"}).status_code == 200


def test_once_members_collect_only_the_rest_changes(staff, card, member):
    page = text_of(staff.get(f"{LIST}{card.code}/"))
    assert "Members collect on this card" in page
    assert "Stamps on a card" not in page
    response = staff.post(
        f"{LIST}{card.code}/", {"name": "Cup card", "gives": "Any coffee", "icon": "gift", "ends_on": "2031-01-01",
                                "stamps": "2"}
    )  # fmt: skip
    assert response.status_code == 303
    card.refresh_from_db()
    assert (card.name, card.gives, card.stamps, str(card.ends_on)) == ("Cup card", "Any coffee", 9, "2031-01-01")


def test_a_card_is_copied_as_a_new_one(staff, card, member):
    page = staff.get(f"{LIST}new/?from={card.code}")
    assert 'value="A free coffee"' in page.content.decode()
    staff.post(f"{LIST}new/?from={card.code}", {**TYPED, "stamps": "12"})
    assert sorted(StampCard.objects.values_list("stamps", flat=True)) == [9, 12]


def test_a_card_is_archived_and_offered_again(staff, card, member):
    staff.post(f"{LIST}{card.code}/archive/")
    assert "No stamp cards yet" in text_of(staff.get(LIST))
    assert "Coffee card" in text_of(staff.get(f"{LIST}?show=archived"))
    staff.post(f"{LIST}{card.code}/restore/")
    card.refresh_from_db()
    assert card.is_active


def test_a_card_that_nobody_used_is_deleted(staff, card, customer):
    assert staff.post(f"{LIST}{card.code}/delete/").status_code == 303
    assert not StampCard.objects.exists()


def test_a_card_with_stamps_stays(staff, card, member):
    assert staff.post(f"{LIST}{card.code}/delete/").status_code == 409
    assert StampCard.objects.exists()


def test_cards_have_an_order(staff, card):
    second = StampCard.objects.create(name="Bun card", gives="x", stamps=5, position=1)
    staff.post(f"{LIST}{second.code}/place/", {"place": "1"})
    staff.post(f"{LIST}{second.code}/place/", {"place": "-5"})
    assert list(StampCard.objects.values_list("name", flat=True)) == ["Bun card", "Coffee card"]


def test_the_list_says_what_cards_come_to(staff, card, give):
    give(card, 9, "k")
    text = text_of(staff.get(LIST))
    assert "Collecting 1 Full cards 1 Used 0 Waiting 1" in text


def test_stamps_by_hand_have_a_reason_and_a_history(staff, card, member):
    url = f"{LIST}customers/{member.code}/"
    assert "1 of 9 stamps" in text_of(staff.get(url))
    body = {"card": card.code, "stamps": "8", "reason": "Paper card", "key": "k"}
    assert staff.post(url, body).status_code == 303
    staff.post(url, body)
    text = text_of(staff.get(url))
    assert "A free coffee Coffee card is full." in text
    assert "8 stamps: Paper card Coffee card · Maya" in text
    assert staff.post(url, {**body, "reason": "", "key": "k2"}).status_code == 422
    assert staff.post(url, {**body, "stamps": "0", "key": "k3"}).status_code == 422
    reward = StampReward.objects.get()
    staff.post(f"{url}full-cards/{reward.code}/use/", {"key": "u"})
    reward.refresh_from_db()
    assert reward.state == "used"
    assert StampBook.objects.get().stamps == 0


def test_the_profile_shows_stamps(staff, card, member):
    text = text_of(staff.get(f"/customers/{member.code}/"))
    assert "Stamp cards All stamps Coffee card 1 of 9 stamps" in text


def test_who_may_not_edit_reads(client_of, make_member, card):
    reader = client_of(make_member("an@example.com", Role.ANALYST))
    text = text_of(reader.get(LIST))
    assert "Coffee card" in text
    assert "Add a card" not in text
    assert reader.get(f"{LIST}new/").status_code == 403
    assert reader.post(f"{LIST}{card.code}/archive/").status_code == 403


def test_who_is_limited_to_a_business_keeps_its_own_cards(client_of, make_member, card, business, other_business):
    manager = client_of(make_member("m@example.com", Role.MANAGER, business=business))
    StampCard.objects.create(name="Elsewhere", gives="x", stamps=5, business=other_business)
    manager.post(f"{LIST}new/", {**TYPED, "name": "Mine", "business": business.code})
    assert StampCard.objects.get(name="Mine").business_id == business.pk
    text = text_of(manager.get(LIST))
    assert "Elsewhere" not in text
    assert manager.post(f"{LIST}{card.code}/archive/").status_code == 403
    assert manager.post(f"{LIST}start/").status_code == 303
    assert StampCard.objects.filter(business=business).count() == 2


def test_queries_do_not_grow(staff, card, give, member):
    def queries(path):
        with CaptureQueriesContext(connection) as captured:
            staff.get(path)
        return own_queries(captured)

    paths = [LIST, f"{LIST}customers/{member.code}/", f"/customers/{member.code}/"]
    give(card, 1, "first")
    before = [queries(path) for path in paths]
    for number in range(4):
        give(StampCard.objects.create(name=f"Card {number}", gives="x", stamps=5, position=number), 7, f"k{number}")
    assert [queries(path) for path in paths] == before
