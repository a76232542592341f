"""A consent as staff read it, and a word for each that there can be."""

from itertools import product

import pytest

from customers.models import ConsentRecord, Event
from screens.words import CONSENTS, happened


@pytest.mark.parametrize(
    ("channel", "is_granted", "said"),
    [("sms", True, "Said yes: Offers by text"), ("email", False, "Said no: Offers by e-mail")],
)
def test_a_consent_is_said_in_words(channel: str, is_granted: bool, said: str) -> None:
    data = {"channel": channel, "purpose": "marketing", "is_granted": is_granted}
    moment = happened([Event(name="customers.consent.changed", data=data)], businesses={}, currency="GBP")
    assert moment is not None
    assert moment.what == said


def test_every_consent_has_words() -> None:
    assert set(CONSENTS) == set(product(ConsentRecord.Channel.values, ConsentRecord.Purpose.values))
