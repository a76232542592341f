"""Webhooks by API: `keys:write`, the secret once, no reach beyond one business or programme."""

import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from messaging.actions import webhooks
from messaging.models_webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from messaging.webhooks.signing import unseal

ENDPOINTS, DELIVERIES = "/api/v1/webhook-endpoints/", "/api/v1/webhook-deliveries/"
URL = "https://shop.example/hooks"


def post(client, path, body=None, **headers):
    return client.post(path, body or {}, content_type="application/json", headers=headers)


def make(business=None, **values):
    given = {"url": URL, "description": "Web shop", "event_types": [], **values}
    return webhooks.create_endpoint(**given, business=business, actor=SYSTEM, now=timezone.now()).endpoint


def make_delivery(endpoint, state="failed", **values):
    return WebhookDelivery.objects.create(
        endpoint=endpoint,
        event_type="customers.order.placed",
        state=state,
        finished_at=None if state == "waiting" else timezone.now(),
        **values,
    )


def test_an_endpoint_from_its_making_to_its_end(api, business):
    client = api("admin")
    made = post(
        client, ENDPOINTS, {"url": URL, "event_types": ["customers.order.placed"], "business_id": business.code}
    )
    assert made.status_code == 201, made.content
    body = made.json()
    endpoint = WebhookEndpoint.objects.get()
    assert body["secret"] == unseal(endpoint.secret, endpoint.code)
    assert (body["id"], body["business_id"], body["is_active"]) == (endpoint.code, business.code, True)
    here = f"{ENDPOINTS}{endpoint.code}"
    read = client.get(here).json()
    assert "secret" not in read
    assert client.get(ENDPOINTS).json()["data"] == [read]

    changes = {"description": "Books", "event_types": [], "business_id": None, "is_active": False}
    changed = client.patch(here, changes, content_type="application/json").json()
    assert (changed["description"], changed["event_types"], changed["business_id"]) == ("Books", [], None)
    assert (changed["is_active"], changed["off_because"]) == (False, "paused")
    assert client.patch(here, {"is_active": True}, content_type="application/json").json()["off_because"] is None

    renewed = post(client, f"{here}/rotate")
    assert renewed.status_code == 201
    assert renewed.json()["secret"] != body["secret"]
    assert renewed.json()["previous_secret_until"] is not None
    assert client.delete(here).status_code == 204
    assert client.get(here).status_code == 404
    assert client.delete(here).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"url": "https://10.0.0.1/"}, "webhook_address_refused"),
        ({"url": "http://shop.example/#x"}, "webhook_address_refused"),
        ({"event_types": ["no.such.event"]}, "unknown_event_type"),
        ({"business_id": "zzzzzzzzzzzz"}, "unknown_business"),
        ({"secret": "whsec_mine"}, "invalid"),
        ({"url": None}, "invalid"),
    ],
)
def test_what_is_refused(api, wrong, code):
    refused = post(api("admin"), ENDPOINTS, {"url": URL, **wrong})
    assert refused.json()["code"] == code
    assert refused.status_code == (404 if code == "unknown_business" else 422)
    assert not WebhookEndpoint.objects.exists()


def test_scopes(api):
    endpoint = make()
    delivery = make_delivery(endpoint)
    for scope in ("read", "write"):
        client = api(scope)
        assert client.get(ENDPOINTS).status_code == 403
        assert client.get(f"{DELIVERIES}{delivery.code}").status_code == 403
        assert post(client, f"{ENDPOINTS}{endpoint.code}/test").status_code == 403
    assert api(None).get(ENDPOINTS).status_code == 401
    assert WebhookDelivery.objects.count() == 1


def test_a_key_of_one_business_reaches_no_further(api, business, other_business):
    own, foreign, everywhere = make(business), make(other_business), make()
    client = api("admin", business=business)
    assert [one["id"] for one in client.get(ENDPOINTS).json()["data"]] == [own.code]
    for endpoint in (foreign, everywhere):
        delivery = make_delivery(endpoint)
        assert client.get(f"{ENDPOINTS}{endpoint.code}").status_code == 404
        assert client.delete(f"{ENDPOINTS}{endpoint.code}").status_code == 404
        assert client.get(f"{DELIVERIES}{delivery.code}").status_code == 404
        assert client.get(DELIVERIES, {"endpoint_id": endpoint.code}).status_code == 404
    assert client.get(DELIVERIES).json()["data"] == []
    assert post(client, ENDPOINTS, {"url": URL}).json()["code"] == "permission_denied"
    widened = client.patch(f"{ENDPOINTS}{own.code}", {"business_id": None}, content_type="application/json")
    assert widened.status_code == 403
    assert post(client, ENDPOINTS, {"url": URL, "business_id": business.code}).status_code == 201


def test_a_test_is_sent_once_for_a_key(api):
    client, here = api("admin"), f"{ENDPOINTS}{make().code}/test"
    first = post(client, here, **{"Idempotency-Key": "t-1"})
    again = post(client, here, **{"Idempotency-Key": "t-1"})
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json()["message_id"] == WebhookDelivery.objects.get().message_id
    assert first.json()["event_type"] == "webhook.test"


def test_deliveries_are_listed_filtered_and_read(api):
    client = api("admin")
    one, other = make(), make()
    failed, waiting = make_delivery(one, last_status=500, last_fault="status"), make_delivery(other, "waiting")
    WebhookAttempt.objects.create(
        delivery=failed, at=timezone.now(), milliseconds=9, status=500, fault="status", answer="no"
    )

    def listed(**query):
        return [row["id"] for row in client.get(DELIVERIES, query).json()["data"]]

    assert listed() == [waiting.code, failed.code]
    assert listed(ordering="created") == [failed.code, waiting.code]
    assert listed(endpoint_id=one.code) == listed(state="failed") == [failed.code]
    assert listed(event_type="webhook.test") == []
    assert client.get(DELIVERIES, {"state": "rubbish"}).status_code == 422
    page = client.get(DELIVERIES, {"limit": 1}).json()
    assert client.get(DELIVERIES, {"limit": 1, "cursor": page["next_cursor"]}).json()["data"][0]["id"] == failed.code
    read = client.get(f"{DELIVERIES}{failed.code}").json()
    assert (read["state"], read["last_status"], read["last_fault"], read["next_attempt_at"]) == (
        "failed", 500, "status", None,
    )  # fmt: skip
    assert [(row["status"], row["fault"], row["answer"]) for row in read["tries"]] == [(500, "status", "no")]
    assert client.get(f"{DELIVERIES}{waiting.code}").json()["next_attempt_at"] is not None


def test_sending_again(api):
    client, endpoint = api("admin"), make()
    delivery = make_delivery(endpoint)
    again = post(client, f"{DELIVERIES}{delivery.code}/replay")
    assert again.status_code == 202
    assert (again.json()["state"], again.json()["message_id"]) == ("waiting", delivery.message_id)
    assert post(client, f"{DELIVERIES}{delivery.code}/replay").json()["code"] == "webhook_under_way"
    answer = post(client, f"{ENDPOINTS}{endpoint.code}/replay", {"since": "2026-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json()) == (202, {"deliveries": 0})
    assert post(client, f"{ENDPOINTS}{endpoint.code}/replay", {"since": "soon"}).status_code == 422
    webhooks.pause_endpoint(endpoint=endpoint, actor=SYSTEM, now=timezone.now())
    assert post(client, f"{ENDPOINTS}{endpoint.code}/test").json()["code"] == "webhook_is_off"


def test_the_other_programmes_are_not_there(api, other_programme):
    with tenant_context(other_programme):
        endpoint = make()
        delivery = make_delivery(endpoint)
    client = api("admin")
    assert client.get(f"{ENDPOINTS}{endpoint.code}").status_code == 404
    assert client.get(f"{DELIVERIES}{delivery.code}").status_code == 404
    assert post(client, f"{DELIVERIES}{delivery.code}/replay").status_code == 404
    assert client.get(DELIVERIES).json()["data"] == []
