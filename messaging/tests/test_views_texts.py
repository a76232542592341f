"""Settings, Texts: a provider is chosen, its secrets go in and never come out, a test says what happened."""

import pytest
from django_tenants.utils import tenant_context

from core.permissions import Role
from messaging.connection import unseal
from messaging.models import OutboundMessage, SmsConnection
from programs.models import ProviderRoute
from workspace.models import AuditEntry

PAGE, SAVE, TEST, API = "/settings/texts/", "/settings/texts/save/", "/settings/texts/test/", "/api/v1/settings/sms"
NUMBER = "07700 900142"


def account(twilio, **changes):
    return {
        "provider": "twilio",
        "sender": twilio.numbers[0],
        "account_sid": twilio.account_sid,
        "auth_token": twilio.auth_token,
        "is_active": "on",
        **changes,
    }


def put(client, **body):
    return client.put(API, body, content_type="application/json")


def test_a_provider_is_chosen_and_its_secret_is_never_shown_again(client_of, owner, twilio):
    browser = client_of(owner)
    assert "Twilio" in browser.get(PAGE).content.decode()
    assert "auth_token" in browser.get(f"{PAGE}?provider=twilio").content.decode()
    assert browser.post(SAVE, account(twilio)).status_code == 303
    assert unseal(SmsConnection.objects.get()).settings["auth_token"] == twilio.auth_token
    answer = browser.get(PAGE)
    shown = answer.content.decode()
    assert twilio.auth_token not in shown
    assert twilio.account_sid in shown
    assert "http://localhost:8000/sms/inbound" in shown
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_page_says_when_texts_reach_nobody(client_of, owner, twilio, settings):
    browser, words = client_of(owner), "No text reaches anybody yet"
    assert words not in browser.get(PAGE).content.decode()  # a laptop
    settings.DEVELOPMENT = False
    assert words in browser.get(PAGE).content.decode()
    browser.post(SAVE, account(twilio))
    assert words not in browser.get(PAGE).content.decode()


def test_an_empty_secret_keeps_the_stored_one(client_of, owner, twilio):
    browser = client_of(owner)
    browser.post(SAVE, account(twilio))
    assert browser.post(SAVE, account(twilio, auth_token="", is_active="")).status_code == 303
    stored = SmsConnection.objects.get()
    assert (unseal(stored).settings["auth_token"], stored.is_active) == (twilio.auth_token, False)


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"auth_token": ""}, 422, "This field is required."),
        ({"account_sid": "AC1"}, 422, "This has not the form that the provider gives it."),
        ({"sender": "!"}, 422, "This has not the form that the provider gives it."),
        ({"provider": "pigeon"}, 404, ""),
        ({"provider": ""}, 404, ""),
    ],
)
def test_what_cannot_be_right_is_said_at_its_field(client_of, owner, twilio, changes, status, words):
    answer = client_of(owner).post(SAVE, account(twilio, **changes))
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert twilio.auth_token not in answer.content.decode()
    assert not SmsConnection.objects.exists()


def test_a_gateway_shows_what_is_wrong_with_its_template(client_of, owner):
    form = {"provider": "http_gateway", "url": "https://example.com/", "body": "{to}", "is_active": "on"}
    page = client_of(owner).get(f"{PAGE}?provider=http_gateway").content.decode()
    assert "{to_digits}" in page
    from messaging.providers import all_providers

    usual = {field.name: field.initial for field in all_providers()["http_gateway"].fields}
    answer = client_of(owner).post(SAVE, {**usual, **form})
    assert answer.status_code == 422
    assert "This is not valid JSON." in answer.content.decode()
    assert client_of(owner).post(SAVE, {**usual, **form, "body": usual["body"]}).status_code == 303
    page = client_of(owner).get(PAGE).content.decode()
    assert unseal(SmsConnection.objects.get()).webhook_code in page


def test_a_number_of_another_programme_is_refused(client_of, owner, other_programme, outsider, twilio):
    assert client_of(outsider, on=other_programme).post(SAVE, account(twilio)).status_code == 303
    answer = client_of(owner).post(SAVE, account(twilio))
    assert answer.status_code == 409
    with tenant_context(other_programme):
        assert SmsConnection.objects.exists()
    assert ProviderRoute.objects.get().programme == other_programme


def test_a_test_text_says_what_happened(client_of, owner, twilio, run_queue):
    browser = client_of(owner)
    assert browser.post(TEST, {"phone": NUMBER}).status_code == 404
    browser.post(SAVE, account(twilio))
    assert browser.post(TEST, {"phone": "12"}).status_code == 422
    assert browser.post(TEST, {"phone": NUMBER}).status_code == 303
    part = {"HX-Request": "true", "HX-Target": "texts-test"}
    waiting = browser.get(PAGE, headers=part).content.decode()
    assert 'hx-trigger="every 2s"' in waiting
    assert "<html" not in waiting
    run_queue()
    told = browser.get(PAGE, headers=part).content.decode()
    assert "Sent" in told
    assert "hx-trigger" not in told
    assert [text.to for text in twilio.texts] == ["+447700900142"]
    assert AuditEntry.objects.get(action="messaging.texts.tested").data == {"provider": "twilio"}


def test_while_it_is_switched_off_nothing_can_be_tried(client_of, owner, twilio):
    browser = client_of(owner)
    browser.post(SAVE, account(twilio, is_active=""))
    assert TEST not in browser.get(PAGE).content.decode()
    assert browser.post(TEST, {"phone": NUMBER}).status_code == 409
    assert not OutboundMessage.objects.exists()


@pytest.mark.parametrize("role", [Role.MARKETER, Role.ANALYST, Role.CASHIER])
def test_only_owners_and_managers_choose(client_of, make_member, business, twilio, role):
    person = make_member("kit@example.com", role, business=business if role == Role.CASHIER else None)
    browser = client_of(person)
    assert browser.get(PAGE).status_code == 403
    assert browser.post(SAVE, account(twilio)).status_code == 403
    assert browser.post(TEST, {"phone": NUMBER}).status_code == 403


def test_somebody_of_one_business_sees_it_and_changes_nothing(client_of, make_member, business, twilio):
    browser = client_of(make_member("kit@example.com", Role.MANAGER, business=business))
    assert browser.get(PAGE).status_code == 200
    assert browser.post(SAVE, account(twilio)).status_code == 403
    assert not SmsConnection.objects.exists()


def test_what_stays_unreadable_can_be_typed_anew(client_of, owner, twilio, settings):
    browser = client_of(owner)
    browser.post(SAVE, account(twilio))
    settings.ENCRYPTION_KEYS = ["another"]
    assert browser.get(PAGE).status_code == 200
    assert browser.post(SAVE, account(twilio, auth_token="")).status_code == 422
    assert browser.post(SAVE, account(twilio)).status_code == 303


def test_the_log_reads_in_words(client_of, owner, twilio):
    browser = client_of(owner)
    browser.post(SAVE, account(twilio))
    twilio.receive("+447700900142", "STOP")
    log = browser.get("/settings/audit/").content.decode()
    assert "changed who carries texts" in log
    assert "stopped texts to <b>•••••••••142</b>" in log
    assert "{what}" not in log


# -- API --------------------------------------------------------------------------------------------------------------


def test_the_api_sets_and_shows_everything_but_secrets(api, programme, twilio):
    system = api("admin")
    empty = system.get(API).json()
    assert (empty["provider"], empty["webhooks"], empty["last_test"]) == (None, None, None)
    assert empty["providers"] == ["africas_talking", "console", "http_gateway", "twilio"]
    settings = {"account_sid": twilio.account_sid, "auth_token": twilio.auth_token}
    answer = put(system, provider="twilio", sender=twilio.numbers[0], settings=settings)
    assert answer.status_code == 200, answer.content
    assert answer.json() == {
        "provider": "twilio",
        "providers": empty["providers"],
        "sender": twilio.numbers[0],
        "is_active": True,
        "settings": {"account_sid": twilio.account_sid},
        "secrets_set": ["auth_token"],
        "webhooks": {"inbound": "http://localhost:8000/sms/inbound", "status": "http://localhost:8000/sms/status"},
        "last_test": None,
    }
    assert system.get(API).json() == answer.json()
    kept = put(system, provider="twilio", sender=twilio.numbers[0], is_active=False)
    assert (kept.json()["secrets_set"], kept.json()["is_active"]) == (["auth_token"], False)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"provider": "pigeon"}, "unknown_provider"),
        ({"provider": "twilio"}, "unfit_setting"),
        ({"provider": "africas_talking", "settings": {"username": "a", "colour": "red"}}, "unfit_setting"),
        ({"provider": "africas_talking", "settings": {"username": "a", "api_key": ["k"]}}, "invalid"),
        ({"provider": "http_gateway", "settings": {"url": "https://example.com/", "body": "["}}, "invalid"),
        ({"colour": "red", "provider": "twilio"}, "unknown_field"),
        ({}, "required"),
    ],
)
def test_the_api_refuses_what_cannot_be_right(api, programme, body, code):
    problem = put(api("admin"), **body)
    assert problem.status_code == 422
    assert code in {problem.json()["code"], *(error["code"] for error in problem.json()["errors"])}
    assert not SmsConnection.objects.exists()


def test_a_test_by_api_is_sent_once_for_a_key(api, programme, twilio, connect, run_queue):
    system = api("admin")
    refused = system.post(f"{API}/test", {"phone": NUMBER}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (409, "no_text_provider")
    connect(twilio)
    for _time in range(2):
        answer = system.post(
            f"{API}/test", {"phone": NUMBER}, content_type="application/json", headers={"idempotency-key": "k"}
        )
        assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    run_queue()
    assert len(twilio.texts) == 1
    assert system.get(API).json()["last_test"]["state"] == "sent"
    bad = system.post(f"{API}/test", {"phone": "12"}, content_type="application/json")
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid_phone")


def test_who_may_not(api, programme, business, marketer, twilio):
    for caller in (api("write"), api(user=marketer)):
        assert caller.get(API).status_code == 403
        assert put(caller, provider="console").status_code == 403
        assert caller.post(f"{API}/test", {"phone": NUMBER}, content_type="application/json").status_code == 403
    limited = api("admin", business=business)
    assert put(limited, provider="console").status_code == 403
    assert not SmsConnection.objects.exists()
