"""Settings, Webhooks: for owners, with the secret shown once."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context
from standardwebhooks import Webhook

from core.actor import SYSTEM, Actor
from core.permissions import Role
from messaging import views_webhooks
from messaging.actions import webhooks
from messaging.models_webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from messaging.webhooks.signing import unseal
from programs.models import Membership
from workspace.models import AuditEntry

LIST, NEW = "/settings/webhooks/", "/settings/webhooks/new/"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")
FORM = {"url": "https://shop.example/hooks?token=hush", "description": "Web shop", "which": "all", "business": ""}


def make(business=None, *, url="https://shop.example/hooks", description="Web shop"):
    return webhooks.create_endpoint(
        url=url, description=description, event_types=[], business=business, actor=SYSTEM, now=timezone.now()
    ).endpoint


def make_delivery(endpoint, state="failed", **values):
    over = None if state in ("waiting", "claimed") else timezone.now()
    return WebhookDelivery.objects.create(
        endpoint=endpoint, event_type="customers.order.placed", state=state, finished_at=over, **values
    )


def text_of(response):
    return response.content.decode()


def test_a_webhook_is_made_and_its_secret_shown_once(client_of, owner):
    browser = client_of(owner)
    assert browser.get(NEW).status_code == 200
    made = browser.post(NEW, FORM)
    assert made.status_code == 200
    assert "no-store" in made.headers["Cache-Control"]
    secret = SECRET.search(text_of(made)).group()
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.url, endpoint.description, endpoint.event_types) == (FORM["url"], "Web shop", [])
    assert unseal(endpoint.secret, endpoint.code) == secret
    assert Webhook(secret)
    for path in (LIST, f"{LIST}{endpoint.code}/", f"{LIST}{endpoint.code}/edit/"):
        shown = text_of(browser.get(path))
        assert "Web shop" in shown
        assert not SECRET.search(shown)
    entry = AuditEntry.objects.get(action="messaging.webhook.created")
    assert entry.subject == f"webhook:{endpoint.code}"
    assert "hush" not in str(entry.data)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://10.0.0.1/"}, {"url": "https://169.254.169.254/"}, {"url": "shop.example"}, {"url": ""},
        {"which": "chosen"}, {"which": "chosen", "event_types": ["no.such.event"]}, {"business": "zzzzzzzzzzzz"},
    ],
)  # fmt: skip
def test_what_the_form_refuses(client_of, owner, wrong):
    response = client_of(owner).post(NEW, {**FORM, **wrong})
    assert response.status_code == 422
    assert not WebhookEndpoint.objects.exists()


def test_a_field_is_checked_when_it_is_left(client_of, owner):
    asked = {"_check": "url", "url": "https://127.0.0.1@shop.example/", "which": "all"}
    checked = client_of(owner).post(NEW, asked)
    assert "Leave out the name and password" in text_of(checked)
    assert not WebhookEndpoint.objects.exists()


def test_more_than_the_most_are_refused_beside_the_form(client_of, owner):
    for number in range(webhooks.MAX_ENDPOINTS):
        make(description=f"System {number}")
    refused = client_of(owner).post(NEW, FORM)
    assert refused.status_code == 422
    assert "Delete one first" in text_of(refused)
    assert WebhookEndpoint.objects.count() == webhooks.MAX_ENDPOINTS


def test_changing_pausing_and_deleting(client_of, owner, business):
    browser, endpoint = client_of(owner), make()
    here = f"{LIST}{endpoint.code}/"
    changed = {
        **FORM,
        "url": "https://new.example/in",
        "which": "chosen",
        "event_types": ["customers.order.placed"],
        "business": business.code,
    }
    assert browser.post(f"{here}edit/", changed).status_code == 303
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.event_types, endpoint.business) == (
        "https://new.example/in", ["customers.order.placed"], business,
    )  # fmt: skip
    assert AuditEntry.objects.get(action="messaging.webhook.changed").data["fields"] == [
        "url", "event_types", "business",
    ]  # fmt: skip
    assert browser.post(f"{here}pause/").status_code == 303
    assert "Paused" in text_of(browser.get(here))
    assert browser.post(f"{here}test/").status_code == 409
    assert not WebhookDelivery.objects.exists()
    assert browser.post(f"{here}resume/").status_code == 303
    assert browser.post(f"{here}delete/").status_code == 303
    assert browser.get(here).status_code == 404
    assert "Nobody is told yet" in text_of(browser.get(LIST))


def test_a_new_secret_is_shown_once(client_of, owner):
    browser, endpoint = client_of(owner), make()
    shown = browser.post(f"{LIST}{endpoint.code}/rotate/")
    endpoint.refresh_from_db()
    assert unseal(endpoint.secret, endpoint.code) == SECRET.search(text_of(shown)).group()
    assert "no-store" in shown.headers["Cache-Control"]
    assert "The old secret signs until" in text_of(browser.get(f"{LIST}{endpoint.code}/"))


def test_a_test_and_its_answer(client_of, owner):
    browser, endpoint = client_of(owner), make()
    sent = browser.post(f"{LIST}{endpoint.code}/test/")
    delivery = WebhookDelivery.objects.get()
    assert sent.headers["Location"] == f"{LIST}deliveries/{delivery.code}/"
    page = text_of(browser.get(sent.headers["Location"]))
    assert 'hx-trigger="every 2s"' in page
    assert delivery.message_id in page
    WebhookAttempt.objects.create(
        delivery=delivery, at=timezone.now(), milliseconds=12, status=500, fault="status", answer="<b>no such shop</b>"
    )
    WebhookDelivery.objects.update(state="failed", finished_at=timezone.now(), last_status=500, last_fault="status")
    headers = {"HX-Request": "true", "HX-Target": "delivery-state"}
    part = text_of(browser.get(sent.headers["Location"], headers=headers))
    assert "<html" not in part
    assert "every 2s" not in part
    assert "&lt;b&gt;no such shop&lt;/b&gt;" in part
    assert "500 · It answered with an error" in part


def test_the_log_is_filtered(client_of, owner):
    browser, endpoint = client_of(owner), make()
    failed, arrived = make_delivery(endpoint), make_delivery(endpoint, "delivered")
    here = f"{LIST}{endpoint.code}/"
    everything = text_of(browser.get(here))
    assert failed.code in everything
    assert arrived.code in everything
    found = text_of(browser.get(here, {"state": "failed"}))
    assert failed.code in found
    assert arrived.code not in found
    part = browser.get(
        here, {"event": "webhook.test"}, headers={"HX-Request": "true", "HX-Target": "webhook-deliveries"}
    )
    assert "Nothing found" in text_of(part)
    assert "<html" not in text_of(part)
    assert failed.code in text_of(browser.get(here, {"state": "rubbish", "cursor": "%00"}))


def test_the_log_costs_the_same_for_ten_as_for_twenty(client_of, owner):
    browser, endpoint = client_of(owner), make()
    counts = []
    for _ in range(2):
        for _ in range(10):
            make_delivery(endpoint)
        browser.get(f"{LIST}{endpoint.code}/")
        with CaptureQueriesContext(connection) as queries:
            browser.get(f"{LIST}{endpoint.code}/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_sending_again(client_of, owner):
    browser, endpoint = client_of(owner), make()
    delivery = make_delivery(endpoint)
    assert browser.post(f"{LIST}deliveries/{delivery.code}/replay/").status_code == 303
    assert browser.post(f"{LIST}deliveries/{delivery.code}/replay/").status_code == 409
    delivery.refresh_from_db()
    assert delivery.state == "waiting"
    assert browser.post(f"{LIST}{endpoint.code}/replay/", {"hours": "24"}).status_code == 303
    assert browser.post(f"{LIST}{endpoint.code}/replay/", {"hours": "9999"}).status_code == 404


def test_what_was_switched_off_is_said_on_top(client_of, owner):
    browser, endpoint = client_of(owner), make()
    WebhookEndpoint.objects.update(is_active=False, off_because="failing", off_at=timezone.now())
    assert "Web shop is switched off" in text_of(browser.get(LIST))
    assert "Nothing has arrived for five days" in text_of(browser.get(f"{LIST}{endpoint.code}/"))
    browser.post(f"{LIST}{endpoint.code}/resume/")
    assert "is switched off" not in text_of(browser.get(LIST))


def test_the_list_counts_the_last_day(client_of, owner):
    endpoint = make()
    for state in ("delivered", "delivered", "failed", "missed", "waiting"):
        make_delivery(endpoint, state)
    make_delivery(endpoint, "delivered", created_at=timezone.now() - timedelta(days=2))
    assert "2 delivered, 1 waiting, 2 failed or missed" in text_of(client_of(owner).get(LIST))


@pytest.mark.parametrize("role", [Role.MANAGER, Role.MARKETER, Role.ANALYST, Role.CASHIER])
def test_only_owners_manage_webhooks(client_of, make_member, business, role):
    person = make_member("kit@example.com", role, business=business if role == Role.CASHIER else None)
    browser, endpoint = client_of(person), make()
    assert browser.get(LIST).status_code == 403
    assert browser.get(f"{LIST}{endpoint.code}/").status_code == 403
    assert browser.post(f"{LIST}{endpoint.code}/delete/").status_code == 403
    assert WebhookEndpoint.objects.kept().count() == 1


def test_another_programmes_are_not_there(client_of, owner, other_programme):
    with tenant_context(other_programme):
        endpoint = make(description="Lynx")
        delivery = make_delivery(endpoint)
    browser = client_of(owner)
    assert "Lynx" not in text_of(browser.get(LIST))
    assert browser.get(f"{LIST}{endpoint.code}/").status_code == 404
    for act in ("rotate", "pause", "resume", "delete", "test", "replay"):
        assert browser.post(f"{LIST}{endpoint.code}/{act}/", {"hours": "1"}).status_code == 404
    assert browser.get(f"{LIST}deliveries/{delivery.code}/").status_code == 404
    assert browser.post(f"{LIST}deliveries/{delivery.code}/replay/").status_code == 404


@pytest.mark.parametrize("act", ["rotate", "pause", "resume", "delete", "test", "replay"])
def test_acts_are_posted(client_of, owner, act):
    assert client_of(owner).get(f"{LIST}{make().code}/{act}/").status_code == 405


def test_people_of_one_business_see_its_webhooks_only(programme, business, other_business, make_member, rf):
    """No role with this permission is limited to a business today; the pages do not rely on that."""
    own, foreign, everywhere = make(business, description="Own"), make(other_business), make(description="All")
    limited = make_member("lead@example.com", Role.MANAGER, business=business)

    def request_of(request):
        request.user, request.programme = limited, programme
        request.membership = Membership.objects.get(user=limited)
        request.actor = Actor(kind="user", id=str(limited.pk), label="Lead", business_id=business.pk)
        return request

    shown = text_of(views_webhooks.webhook_list(request_of(rf.get(LIST))))
    assert own.code in shown
    assert foreign.code not in shown
    assert everywhere.code not in shown
    for endpoint in (foreign, everywhere):
        delivery = make_delivery(endpoint)
        with pytest.raises(Http404):
            views_webhooks.webhook_delete(request_of(rf.post(LIST)), endpoint.code)
        with pytest.raises(Http404):
            views_webhooks.delivery_detail(request_of(rf.get(LIST)), delivery.code)
    refused = views_webhooks.webhook_new(request_of(rf.post(NEW, {**FORM, "business": ""})))
    assert refused.status_code == 422
    assert WebhookEndpoint.objects.count() == 3
