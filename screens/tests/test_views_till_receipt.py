"""Receipts: what they say, to whom they go, once for each wish."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from customers.actions.consent import record_consent
from messaging.actions.outbox import send_message
from messaging.models import OutboundMessage
from screens.tests.till import code_in, redeem, sell, set_up

MORNING = datetime(2026, 6, 17, 9, 5, tzinfo=ZoneInfo("Europe/London"))


@pytest.fixture
def at_nine(till):
    with time_machine.travel(MORNING, tick=False) as clock:
        yield clock


def agree(customer, actor):
    record_consent(
        customer=customer, channel="sms", purpose="service", is_granted=True, source="till",
        wording="till-service-1", actor=actor, now=timezone.now(),
    )  # fmt: skip


def words(browser, code):
    html = browser.get(f"/till/receipt/{code}/").content.decode()
    receipt = html[html.index('class="receipt"') :].partition("</section>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", receipt.partition(">")[2]).split())


def test_a_receipt_of_a_sale_says_everything(at_nine, till, customer):
    code = code_in(sell(till, customer))
    assert words(till, code) == (
        "Harbour Quayside 17 June 2026, 9:05 62 points added Amount paid £12.40 Balance 62 Phone number ••• ••• 142 "
        f"£12.40 × 5 = 62 points Receipt {code.upper()}"
    )


def test_a_receipt_of_a_redemption_names_the_reward_and_no_amount(at_nine, till, customer):
    sell(till, customer)
    text = words(till, code_in(redeem(till, customer)))
    assert "50 points redeemed For A coffee Balance 12" in text
    assert "Amount" not in text


def test_a_receipt_of_an_undone_sale_says_so(at_nine, till, customer):
    code = code_in(sell(till, customer))
    at_nine.shift(30)
    undoing = code_in(till.post(f"/till/undo/{code}/"))
    assert "Undone on 17 June 2026, 9:05." in words(till, code)
    assert f"62 points taken back Balance 0 Phone number ••• ••• 142 Receipt {undoing.upper()}" in words(till, undoing)
    assert f"This undoes {code.upper()}." in words(till, undoing)


def test_a_receipt_keeps_the_balance_of_its_time(at_nine, till, customer):
    code = code_in(sell(till, customer))
    sell(till, customer, key="sale-2")
    assert "Balance 62 " in words(till, code)


def test_a_receipt_of_a_late_sale_has_the_time_of_the_sale(at_nine, till, customer):
    sale = {"key": "k", "till": till.get("/till/queue/").json()["till"], "amount": "12.40", "customer": customer.code}
    sale["sold_at"] = "2026-06-16T17:30:00Z"
    answer = till.post("/till/queue/", {"sales": [sale]}, content_type="application/json").json()
    assert "16 June 2026, 18:30" in words(till, answer["outcomes"][0]["transaction"])


def test_another_till_has_no_receipt_of_it(till, customer, client_of, owner, business):
    code = code_in(sell(till, customer))
    other = set_up(client_of(owner), business, "Till 2")
    assert other.get(f"/till/receipt/{code}/").status_code == 404
    for way in ("text", "email"):
        assert other.post(f"/till/receipt/{code}/{way}/", {"email": "x@example.com"}).status_code == 404
    assert not OutboundMessage.objects.exists()


# -- as a text --


def test_a_text_goes_to_who_agreed_and_once(at_nine, till, customer, actor):
    agree(customer, actor)
    code = code_in(sell(till, customer))
    for _press in range(2):
        assert till.post(f"/till/receipt/{code}/text/").status_code == 303
    message = OutboundMessage.objects.get()
    assert (message.channel, message.purpose, message.recipient) == ("sms", "service", "+447700900142")
    assert message.body == (
        f"Quayside, 17 June 2026, 9:05: 62 points added. Amount paid £12.40, Balance 62. Receipt {code.upper()}."
    )


def test_without_consent_no_text_is_offered_or_sent(till, customer):
    code = code_in(sell(till, customer))
    assert "Send as a text" not in till.get(f"/till/receipt/{code}/").content.decode()
    assert till.post(f"/till/receipt/{code}/text/").status_code == 409
    assert not OutboundMessage.objects.exists()


def test_after_an_undo_the_receipt_can_be_sent_again_and_says_so(at_nine, till, customer, actor):
    agree(customer, actor)
    code = code_in(sell(till, customer))
    till.post(f"/till/receipt/{code}/text/")
    till.post(f"/till/undo/{code}/")
    till.post(f"/till/receipt/{code}/text/")
    first, second = OutboundMessage.objects.order_by("pk")
    assert "Undone" not in first.body
    assert "62 points added. Undone on 17 June 2026, 9:05." in second.body


# -- by e-mail --


def test_an_e_mail_goes_to_the_address_typed_as_text_and_page_without_consent(at_nine, till, customer):
    code = code_in(sell(till, customer))
    for _press in range(2):
        assert till.post(f"/till/receipt/{code}/email/", {"email": "priya@example.com"}).status_code == 303
    message = OutboundMessage.objects.get()
    send_message(message.pk)
    message.refresh_from_db()
    assert message.state == "sent"
    letter = mail.outbox[-1]
    assert (letter.to, letter.subject) == (["priya@example.com"], "Your receipt from Quayside")
    assert "Amount paid: £12.40\nBalance: 62" in letter.body
    page, kind = letter.alternatives[0]
    assert kind == "text/html"
    assert "62 points added" in page
    assert "Amount paid: £12.40<br>" in page
    customer.refresh_from_db()
    assert customer.email == ""


def test_a_known_address_is_used_and_shown_masked(till, customer):
    customer.email = "priya@example.com"
    customer.save(update_fields=["email"])
    code = code_in(sell(till, customer))
    html = till.get(f"/till/receipt/{code}/").content.decode()
    assert "p•••@example.com" in html
    assert "priya@example.com" not in html
    till.post(f"/till/receipt/{code}/email/", {"email": ""})
    assert OutboundMessage.objects.get().recipient == "priya@example.com"


@pytest.mark.parametrize("typed", ["", "priya", "priya@", "a@b@c.example"])
def test_an_address_that_is_none_is_refused(typed, till, customer):
    code = code_in(sell(till, customer))
    response = till.post(f"/till/receipt/{code}/email/", {"email": typed})
    assert response.status_code in (409, 422)
    assert 'aria-invalid="true"' in response.content.decode()
    assert not OutboundMessage.objects.exists()


def test_a_mistyped_address_can_be_mended_and_a_till_is_no_mailing_list(till, customer):
    code = code_in(sell(till, customer))
    answers = [
        till.post(f"/till/receipt/{code}/email/", {"email": f"{name}@example.com"}).status_code for name in "abcd"
    ]
    assert answers == [303, 303, 303, 409]
    assert OutboundMessage.objects.count() == 3


def test_what_was_sent_is_listed(till, customer):
    code = code_in(sell(till, customer))
    till.post(f"/till/receipt/{code}/email/", {"email": "a@example.com"})
    assert "E-mail: Waiting" in till.get(f"/till/receipt/{code}/").content.decode()
