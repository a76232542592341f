"""What a text asks for, and how far a message has come."""

import pytest

from messaging.rules import reported_state, wish_of


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("STOP", "stop"),
        (" stop. ", "stop"),
        ("“Stop”", "stop"),
        ("Opt  out", "stop"),
        ("STOPALL", "stop"),
        ("Abmelden!", "stop"),
        ("quit", "stop"),
        ("Start", "start"),
        ("unstop", "start"),
        ("please don't stop", ""),
        ("stop by at noon?", ""),
        ("BALANCE", ""),
        ("", ""),
    ],
)
def test_the_whole_text_is_the_wish(text, wish):
    assert wish_of(text) == wish


@pytest.mark.parametrize(
    ("state", "reported", "becomes"),
    [
        ("queued", "sent", "sent"),
        ("claimed", "sent", "sent"),
        ("unconfirmed", "sent", "sent"),
        ("unconfirmed", "delivered", "delivered"),
        ("failed", "delivered", "delivered"),
        ("sent", "sent", "sent"),
        ("sent", "undelivered", "undelivered"),
        ("undelivered", "sent", "undelivered"),
        ("undelivered", "delivered", "delivered"),
        ("delivered", "sent", "delivered"),
        ("delivered", "undelivered", "delivered"),
        ("suppressed", "delivered", "suppressed"),
    ],
)
def test_a_report_never_takes_anything_back(state, reported, becomes):
    assert reported_state(state, reported) == becomes
