"""The stamp card of the demo shows every state of a full card."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from config.demo import stamps
from core.actor import SYSTEM
from customers.actions.customers import find_or_create_by_phone
from loyalty.actions.stamps import give_stamps
from loyalty.models import StampCard, StampReward
from workspace.models import Business


@pytest.mark.usefixtures("programme")
def test_two_of_three_full_cards_are_used_the_day_after():
    shop, now = Business.objects.create(name="Quay"), timezone.now()
    for _again in range(2):
        stamps.make_card(shop.pk, SYSTEM, now=now)
    card = StampCard.objects.get()
    for number in range(3):
        number_typed = f"07700 90012{number}"
        found = find_or_create_by_phone(phone=number_typed, region="GB", source="till", actor=SYSTEM, now=now)
        give_stamps(card=card.code, customer_id=found.customer.pk, stamps=5, key=str(number), actor=SYSTEM, now=now)
    stamps.use_full_cards(shop.pk, SYSTEM, now=now)
    assert not StampReward.objects.exclude(state="ready").exists()
    for hours in (24, 48):
        stamps.use_full_cards(shop.pk, SYSTEM, now=now + timedelta(hours=hours))
    assert Counter(StampReward.objects.values_list("state", flat=True)) == {"ready": 1, "used": 2}
