"""Keeping rewards: what is refused, what is written down, who may change what, pictures that are drawn anew."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.core.files.storage import default_storage
from django_tenants.utils import tenant_context
from PIL import Image

from core.actor import Actor
from core.errors import InvalidInput, PermissionRefused
from loyalty.actions import rewards
from loyalty.actions.rewards import RewardValues, values_of
from loyalty.actions.tiers import TierValues, create_tier, switch_tier
from loyalty.errors import RewardLimitReached, UnknownReward
from loyalty.models import Account, EarningRule, Reward, Tier
from loyalty.pictures import MAX_BYTES, MAX_SIDE
from loyalty.reports_rewards import rewards_of_member
from loyalty.tasks import apply_tiers
from workspace.models import AuditEntry

COFFEE = RewardValues(name="Any coffee", points=350)


@pytest.fixture
def make(programme, actor):
    def call(stock=None, by=None, **changes):
        return rewards.create_reward(values=replace(COFFEE, **changes), stock=stock, actor=by or actor)

    return call


@pytest.fixture
def limited(business):
    """Somebody who sees this business only."""
    return Actor(kind="user", id="9", label="Sam", business_id=business.pk)


@pytest.fixture(autouse=True)
def _own_media(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


def acts():
    return list(AuditEntry.objects.filter(action__startswith="loyalty.reward.").order_by("pk").values("action", "data"))


def photo(size=(1600, 900), kind="JPEG", **options):
    target = io.BytesIO()
    Image.new("RGB", size, "#7a4a22").save(target, kind, **options)
    return target.getvalue()


def test_a_reward_is_made_changed_archived_and_offered_again(make, actor):
    reward = make(stock=5, description="  Hot \n or iced ")
    assert (reward.name, reward.description, reward.stock, reward.is_active) == ("Any coffee", "Hot or iced", 5, True)
    rewards.change_reward(code=reward.code, values=replace(values_of(reward), points=300), actor=actor)
    rewards.change_reward(code=reward.code, values=replace(values_of(reward), points=300), actor=actor)
    rewards.switch_reward(code=reward.code, is_active=False, actor=actor)
    rewards.switch_reward(code=reward.code, is_active=True, actor=actor)
    assert Reward.objects.values_list("points", "stock", "is_active").get() == (300, 5, True)
    assert [one["action"].removeprefix("loyalty.reward.") for one in acts()] == [
        "created", "changed", "archived", "restored"
    ]  # fmt: skip
    assert acts()[1]["data"] == {"name": "Any coffee", "changes": {"points": {"before": 350, "after": 300}}}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"points": 0}, "points"),
        ({"points": 10**10}, "points"),
        ({"description": "x" * 301}, "description"),
        ({"icon": "skull"}, "icon"),
        ({"member_limit": 0}, "member_limit"),
        ({"member_limit_days": 0, "member_limit": 1}, "member_limit_days"),
        ({"member_limit_days": 7}, "member_limit"),
        ({"claim_minutes": 0}, "claim_minutes"),
        ({"claim_minutes": 43_201}, "claim_minutes"),
        ({"business_id": 0}, "business_id"),
        ({"tier_id": 0}, "tier_id"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(make, changes, field):
    with pytest.raises(InvalidInput) as refused:
        make(**changes)
    assert refused.value.field == field
    assert not Reward.objects.exists()


def test_times_come_with_a_zone_and_in_their_order(make, now):
    for starts_at, ends_at, field in (
        (now, now, "ends_at"),
        (now.replace(tzinfo=None), None, "starts_at"),
        (None, now.replace(tzinfo=None), "ends_at"),
    ):
        with pytest.raises(InvalidInput) as refused:
            make(starts_at=starts_at, ends_at=ends_at)
        assert refused.value.field == field
    assert make(starts_at=now, ends_at=now + timedelta(days=1)).ends_at == now + timedelta(days=1)


@pytest.mark.parametrize("stock", [-1, 1_000_001])
def test_a_stock_is_a_number_that_a_shelf_can_hold(make, actor, stock):
    with pytest.raises(InvalidInput):
        make(stock=stock)
    with pytest.raises(InvalidInput):
        rewards.set_stock(code=make(stock=1).code, stock=stock, actor=actor)


def test_a_stock_is_counted_anew_or_by_what_comes_and_goes(make, actor):
    reward = make(stock=5)
    rewards.add_stock(code=reward.code, number=12, actor=actor)
    rewards.add_stock(code=reward.code, number=-3, actor=actor)
    assert rewards.set_stock(code=reward.code, stock=20, actor=actor).stock == 20
    assert rewards.set_stock(code=reward.code, stock=None, actor=actor).stock is None
    stocks = [(one["data"]["before"], one["data"]["after"]) for one in acts() if one["action"].endswith("stocked")]
    assert stocks == [(5, 17), (17, 14), (14, 20), (20, None)]


@pytest.mark.parametrize(("stock", "number"), [(None, 1), (3, 0), (3, -4), (3, 1_000_000)])
def test_more_than_there_is_cannot_go(make, actor, stock, number):
    reward = make(stock=stock)
    with pytest.raises(InvalidInput) as refused:
        rewards.add_stock(code=reward.code, number=number, actor=actor)
    assert refused.value.field == "change"
    reward.refresh_from_db()
    assert reward.stock == stock


def test_the_order_is_the_one_that_was_chosen(make, actor):
    codes = [make(name=name).code for name in "ABC"]
    rewards.place_reward(code=codes[2], place=1, actor=actor)
    assert list(Reward.objects.values_list("name", flat=True)) == ["C", "A", "B"]
    rewards.place_reward(code=codes[2], place=99, actor=actor)
    assert list(Reward.objects.values_list("name", flat=True)) == ["A", "B", "C"]
    assert acts()[-1]["data"] == {"name": "C", "before": 1, "after": 3}


def test_a_person_of_one_business_keeps_the_rewards_of_it(make, limited, business, other_business, actor):
    everywhere, theirs = make(), make(business_id=other_business.pk)
    own = make(business_id=business.pk, by=limited)
    rewards.change_reward(code=own.code, values=replace(values_of(own), points=9), actor=limited)
    refused = [
        lambda: make(by=limited),
        lambda: make(business_id=other_business.pk, by=limited),
        lambda: rewards.change_reward(code=own.code, values=replace(values_of(own), business_id=None), actor=limited),
        lambda: rewards.change_reward(code=everywhere.code, values=values_of(everywhere), actor=limited),
        lambda: rewards.set_stock(code=everywhere.code, stock=1, actor=limited),
        lambda: rewards.switch_reward(code=everywhere.code, is_active=False, actor=limited),
        lambda: rewards.set_picture(code=everywhere.code, data=photo(), actor=limited),
        lambda: rewards.place_reward(code=own.code, place=1, actor=limited),
    ]
    for act in refused:
        with pytest.raises(PermissionRefused):
            act()
    with pytest.raises(UnknownReward):
        rewards.set_stock(code=theirs.code, stock=1, actor=limited)
    assert list(Reward.objects.order_by("pk").values_list("points", "stock")) == [(350, None), (350, None), (9, None)]


def test_a_place_that_is_gone_is_not_chosen_but_kept(make, actor, business):
    tier = Tier.objects.create(name="Mate", rank=1, threshold=100)
    reward = make(business_id=business.pk, tier_id=tier.pk)
    type(business).objects.update(is_active=False)
    Tier.objects.update(is_active=False)
    rewards.change_reward(code=reward.code, values=replace(values_of(reward), points=9), actor=actor)
    for changes in ({"business_id": business.pk}, {"tier_id": tier.pk}):
        with pytest.raises(InvalidInput):
            make(**changes)


# -- pictures --


def test_a_photograph_is_kept_small_upright_and_without_where_it_was_taken(make, actor):
    sideways = Image.Exif()
    sideways[0x0112], sideways[0x010F] = 6, "Camera of Sam"
    reward = make()
    rewards.set_picture(code=reward.code, data=photo((3000, 1500), exif=sideways), actor=actor)
    name = Reward.objects.get().image
    data = default_storage.open(f"rewards/{name}").read()
    with Image.open(io.BytesIO(data)) as kept:
        assert (kept.format, kept.size, dict(kept.getexif())) == ("WEBP", (MAX_SIDE // 2, MAX_SIDE), {})
    assert b"Camera of Sam" not in data
    rewards.remove_picture(code=reward.code, actor=actor)
    assert Reward.objects.get().image == ""
    assert [one["data"]["changes"]["image"]["after"] for one in acts()[1:]] == [name, ""]


def test_a_picture_keeps_what_is_clear(make, actor):
    target = io.BytesIO()
    Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(target, "PNG")
    rewards.set_picture(code=make().code, data=target.getvalue(), actor=actor)
    with Image.open(default_storage.open(f"rewards/{Reward.objects.get().image}")) as kept:
        assert kept.convert("RGBA").getpixel((5, 5))[3] == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + b"\0" * 50,
        photo()[:400],
        b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
        b"\xff\xd8\xff" + b"\0" * MAX_BYTES,
    ],
    ids=["nothing", "svg", "gif", "cut off", "no png", "too large"],
)
def test_what_is_no_picture_is_not_kept(make, actor, data):
    reward = make()
    with pytest.raises(InvalidInput) as refused:
        rewards.set_picture(code=reward.code, data=data, actor=actor)
    assert refused.value.field == "image"
    assert Reward.objects.get().image == ""


def test_a_picture_that_would_unfold_to_gigabytes_is_not_unfolded(make, actor):
    target = io.BytesIO()
    Image.new("1", (9000, 9000)).save(target, "PNG")
    with pytest.raises(InvalidInput, match="too many pixels"):
        rewards.set_picture(code=make().code, data=target.getvalue(), actor=actor)


def test_a_picture_belongs_to_its_programme(make, actor, client_of, programme, other_programme):
    rewards.set_picture(code=make().code, data=photo(), actor=actor)
    path = f"/rewards/pictures/{Reward.objects.get().image}"
    response = client_of(None).get(path)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "image/webp")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in response.headers["Cache-Control"]
    assert client_of(None, on=other_programme).get(path).status_code == 404
    with tenant_context(other_programme), pytest.raises(UnknownReward):
        rewards.set_stock(code=_code_of(programme), stock=1, actor=actor)
    for wrong in ("../brand/x.webp", "a.webp", "x" * 32 + ".webp"):
        assert client_of(None).get(f"/rewards/pictures/{wrong}").status_code == 404


def _code_of(programme):
    with tenant_context(programme):
        return Reward.objects.get().code


# -- who can have it --------------------------------------------------------------------------------------------------


def test_once_a_day_is_once_from_midnight_to_midnight(make, add, redeem, now):
    add("1000")
    code = make(points=10, member_limit=1, member_limit_days=1).code
    midnight = datetime(2026, 6, 18, tzinfo=ZoneInfo("Europe/London"))
    redeem(0, "a", reason="", reward=code, now=midnight - timedelta(minutes=2))
    with pytest.raises(RewardLimitReached):
        redeem(0, "b", reason="", reward=code, now=midnight - timedelta(minutes=1))
    member = Account.objects.get().pk
    shown = [rewards_of_member(member, now=midnight + timedelta(minutes=m)).rewards[0].left for m in (-1, 0)]
    assert shown == [0, 1]
    assert redeem(0, "c", reason="", reward=code, now=midnight).points == -10


def test_a_reward_from_a_tier_that_ended_stays_with_the_higher_ones(make, add, redeem, actor, now):
    silver = create_tier(values=TierValues(name="Silver", threshold=Decimal(100)), actor=actor, now=now)
    create_tier(values=TierValues(name="Gold", threshold=Decimal(300)), actor=actor, now=now)
    code = make(points=10, tier_id=silver.pk).code
    EarningRule.objects.create(name="Twice", effect="multiply", factor=Decimal(2), tier=silver)
    add("400")
    switch_tier(code=silver.code, is_active=False, actor=actor, now=now)
    apply_tiers(now)
    assert rewards_of_member(Account.objects.get().pk, now=now).rewards[0].state == "ready"
    assert redeem(0, "a", reason="", reward=code).points == -10
    assert add("10").points == 20
