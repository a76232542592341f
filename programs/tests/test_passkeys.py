"""Passkeys by HTTP: adding, using and losing them, and what is refused. e2e/test_passkeys.py has the real browser."""

import json
import re

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from fido2.webauthn import AuthenticatorData

from programs.actions.api_sessions import MfaRequired, MfaWrong, prove
from programs.models import PlatformAuditEntry
from programs.tests.log_in import PASSWORD, confirm_it_is_me, is_signed_in, log_in, noted
from programs.tests.soft_authenticator import SoftAuthenticator

LIST, ADD, LOGIN = "/accounts/2fa/passkeys/", "/accounts/2fa/passkeys/add/", "/accounts/2fa/passkeys/login/"


@pytest.fixture
def passkey(settings):
    return SoftAuthenticator(f"http://localhost:{settings.PUBLIC_PORT}")


@pytest.fixture
def signed_in(visitor, ada):
    """Ada, who has just confirmed that it is her."""
    log_in(visitor)
    confirm_it_is_me(visitor)
    return visitor


def question(response, kind):
    found = re.search(
        r'<script id="passkey-question" type="application/json">(.*?)</script>', response.content.decode()
    )
    return json.loads(found[1])[kind]


def add(browser, passkey, name="Work laptop", **lies):
    asked = question(browser.get(ADD), "creation_options")
    return browser.post(ADD, {"name": name, "credential": passkey.create(asked, **lies)})


def asked_at_login(browser):
    return browser.get(LOGIN, headers={"accept": "application/json"}).json()["request_options"]


def log_in_with(browser, passkey, next_path="", **lies):
    answer = passkey.get(asked_at_login(browser), **lies)
    return browser.post(LOGIN, {"credential": answer, "next": next_path})


def with_passkey(signed_in, passkey):
    """Ada has a passkey and is logged out."""
    assert add(signed_in, passkey).status_code == 302
    signed_in.post("/accounts/logout/")
    assert not is_signed_in(signed_in)
    return signed_in


def recovery_codes(user):
    return Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()


def test_a_passkey_is_added_and_recovery_codes_with_it(signed_in, ada, passkey):
    response = add(signed_in, passkey)
    assert (response.status_code, response.url) == (302, "/accounts/2fa/recovery-codes/")
    row = Authenticator.objects.get(user=ada, type="webauthn")
    assert str(row) == "Work laptop"
    assert len(recovery_codes(ada)) == 10
    page = signed_in.get(LIST).content.decode()
    assert "Work laptop" in page
    assert "not used yet" in page
    assert mail.outbox[-1].subject in {"Passkey added", "New recovery codes"}
    assert {message.subject for message in mail.outbox} >= {"Passkey added"}
    added = PlatformAuditEntry.objects.filter(action="programs.authenticator.added", data__type="webauthn").get()
    assert added.data == {"type": "webauthn", "name": "Work laptop"}


def test_the_question_wants_a_passkey_of_the_public_host_with_a_verified_person(signed_in, settings):
    asked = question(signed_in.get(ADD), "creation_options")["publicKey"]
    assert asked["rp"] == {"id": settings.PUBLIC_HOST, "name": "Regulars"}
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    at_login = asked_at_login(signed_in.__class__(headers={"host": "localhost"}))["publicKey"]
    assert (at_login["rpId"], at_login["userVerification"]) == (settings.PUBLIC_HOST, "required")
    assert not at_login.get("allowCredentials")  # asks for whichever passkey the person has, naming nobody


def test_adding_asks_who_it_is_first(visitor, ada):
    log_in(visitor)
    assert visitor.get(ADD).url.startswith("/accounts/reauthenticate/")


def test_the_passkey_alone_logs_in_and_leads_on(signed_in, passkey, ada):
    browser = with_passkey(signed_in, passkey)
    response = log_in_with(browser, passkey, next_path="/enter/harbour/?state=abc")
    assert (response.status_code, response.url) == (302, "/enter/harbour/?state=abc")
    assert is_signed_in(browser)
    assert Authenticator.objects.get(user=ada, type="webauthn").last_used_at is not None
    assert "last used on" in browser.get(LIST).content.decode()


def test_it_leads_to_no_other_host(signed_in, passkey):
    browser = with_passkey(signed_in, passkey)
    assert log_in_with(browser, passkey, next_path="https://evil.example/").url == "/start/"


@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "http://harbour.localhost:8000"},  # a programme's page, whose name ends in the public host's
        {"origin": "https://localhost"},
        {"origin": "http://evil.example"},
        {"rp_id": "evil.example"},
        {"challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {"flags": AuthenticatorData.FLAG.UP},  # nobody was verified
        {"flags": AuthenticatorData.FLAG.UV},  # nobody was there
        {"more": {"crossOrigin": True}},
        {"more": {"topOrigin": "http://evil.example"}},
        {"user_handle": "AAAA"},
        {"user_handle": ""},
    ],
)
def test_a_foreign_answer_does_not_log_in(signed_in, passkey, lies):
    browser = with_passkey(signed_in, passkey)
    response = log_in_with(browser, passkey, next_path="/programmes/", **lies)
    assert (response.status_code, response.url) == (302, "/accounts/login/?next=%2Fprogrammes%2F")
    assert not is_signed_in(browser)
    assert "was not accepted" in browser.get(response.url).content.decode()


@pytest.mark.parametrize("lies", [{"origin": "http://harbour.localhost:8000"}, {"flags": AuthenticatorData.FLAG.UP}])
def test_a_foreign_answer_is_not_added(signed_in, passkey, ada, lies):
    response = add(signed_in, passkey, **lies)
    assert response.status_code == 422
    assert "was not accepted" in response.content.decode()
    assert not Authenticator.objects.filter(user=ada).exists()


@pytest.mark.parametrize(
    "credential",
    ["", "5", "[]", "{}", "null", "{", '{"response": 1}', '{"response": {"clientDataJSON": "AA"}}', '"x"', "[[[[[["],
)
def test_what_no_browser_sends_is_no_error_of_ours(signed_in, passkey, credential):
    signed_in.get(ADD)
    assert signed_in.post(ADD, {"name": "x", "credential": credential}).status_code == 422
    signed_in.post("/accounts/logout/")
    asked_at_login(signed_in)
    assert signed_in.post(LOGIN, {"credential": credential}).url == "/accounts/login/"
    good = json.loads(passkey.get(asked_at_login(signed_in)))
    for name in ("authenticatorData", "signature", "clientDataJSON"):
        for value in ("", "AA", "!!", None, 7):
            bad = {**good, "response": {**good["response"], name: value}}
            assert signed_in.post(LOGIN, {"credential": json.dumps(bad)}).status_code == 302
    assert not is_signed_in(signed_in)


def test_an_answer_works_once(signed_in, passkey):
    browser = with_passkey(signed_in, passkey)
    answer = passkey.get(asked_at_login(browser))
    assert browser.post(LOGIN, {"credential": answer}).url == "/start/"
    browser.post("/accounts/logout/")
    assert browser.post(LOGIN, {"credential": answer}).url == "/accounts/login/"
    assert not is_signed_in(browser)


def test_a_copied_passkey_is_refused_and_noted(signed_in, passkey, ada):
    browser = with_passkey(signed_in, passkey)
    assert log_in_with(browser, passkey).url == "/start/"
    browser.post("/accounts/logout/")
    refused = log_in_with(browser, passkey, count=2)  # the count that the original has used already
    assert refused.url == "/accounts/login/"
    assert not is_signed_in(browser)
    assert "may have been copied" in browser.get(refused.url).content.decode()
    entry = noted("programs.passkey.refused_as_copy")
    assert (entry.actor, entry.data) == (f"user:{ada.pk}", {"name": "Work laptop", "count": [2, 2]})
    assert log_in_with(browser, passkey, count=9).url == "/start/"


def test_a_passkey_that_does_not_count_works_again_and_again(signed_in, passkey):
    asked = question(signed_in.get(ADD), "creation_options")
    signed_in.post(ADD, {"name": "Phone", "credential": passkey.create(asked, count=0)})
    for _ in range(2):
        signed_in.post("/accounts/logout/")
        assert log_in_with(signed_in, passkey, count=0).url == "/start/"


def test_after_the_password_the_passkey_is_asked_for(signed_in, passkey):
    browser = with_passkey(signed_in, passkey)
    step = log_in(browser, next="/programmes/")
    assert step.url.startswith("/accounts/2fa/authenticate/")
    assert not is_signed_in(browser)
    asked = question(browser.get(step.url), "request_options")
    assert len(asked["publicKey"]["allowCredentials"]) == 1
    wrong = browser.post(step.url, {"credential": passkey.get(asked, origin="http://harbour.localhost:8000")})
    assert wrong.status_code == 422
    assert not is_signed_in(browser)
    asked = question(wrong, "request_options")
    assert browser.post(step.url, {"credential": passkey.get(asked)}).url == "/programmes/"
    assert is_signed_in(browser)


def test_a_lost_passkey_is_stood_in_for_by_a_recovery_code(signed_in, passkey, ada):
    browser = with_passkey(signed_in, passkey)
    code = recovery_codes(ada)[0]
    step = log_in(browser)
    assert browser.post(step.url, {"code": code}).url == "/start/"
    assert is_signed_in(browser)


def test_a_passkey_confirms_that_it_is_me(signed_in, passkey):
    browser = with_passkey(signed_in, passkey)
    log_in_with(browser, passkey)
    page = browser.get(f"{ADD}").url
    assert page.startswith("/accounts/reauthenticate/")
    asking = browser.get(f"/accounts/2fa/passkeys/reauthenticate/?next={ADD}")
    refused = browser.post(
        f"/accounts/2fa/passkeys/reauthenticate/?next={ADD}",
        {"credential": passkey.get(question(asking, "request_options"), challenge="AAAA")},
    )
    assert refused.status_code == 422
    asked = question(refused, "request_options")
    there = browser.post("/accounts/2fa/passkeys/reauthenticate/", {"credential": passkey.get(asked), "next": ADD})
    assert there.url == ADD
    assert browser.get(ADD).status_code == 200


def test_a_passkey_is_renamed_and_removed(signed_in, passkey, ada):
    add(signed_in, passkey)
    key = Authenticator.objects.get(user=ada, type="webauthn")
    assert signed_in.post(f"{LIST}keys/{key.pk}/edit/", {"name": "x" * 61}).status_code == 422
    assert signed_in.post(f"{LIST}keys/{key.pk}/edit/", {"name": "Counter tablet"}).url == LIST
    assert "Counter tablet" in signed_in.get(LIST).content.decode()
    assert noted("programs.passkey.renamed").data == {"name": ["Work laptop", "Counter tablet"]}
    assert signed_in.post(f"{LIST}keys/{key.pk}/remove/").url == LIST
    assert not Authenticator.objects.filter(user=ada).exists()  # recovery codes of nothing go with it
    assert "No passkey yet" in signed_in.get(LIST).content.decode()
    assert "Passkey removed" in {message.subject for message in mail.outbox}


def test_the_last_way_in_stays(signed_in, passkey, ada):
    add(signed_in, passkey)
    ada.set_unusable_password()
    ada.save()
    signed_in.post("/accounts/logout/")
    log_in_with(signed_in, passkey)
    key = Authenticator.objects.get(user=ada, type="webauthn")
    remove = f"{LIST}keys/{key.pk}/remove/"
    asking = signed_in.get(f"/accounts/2fa/passkeys/reauthenticate/?next={remove}")
    answer = passkey.get(question(asking, "request_options"))
    signed_in.post("/accounts/2fa/passkeys/reauthenticate/", {"credential": answer, "next": remove})
    assert "no other way to log in" in signed_in.get(remove).content.decode()
    refused = signed_in.post(remove)
    assert refused.status_code == 409
    assert Authenticator.objects.filter(pk=key.pk).exists()
    signed_in.post("/accounts/password/set/", {"password1": PASSWORD, "password2": PASSWORD})
    ada.refresh_from_db()
    assert ada.has_usable_password()
    assert not refused.headers.get("location")


def test_nobody_touches_the_passkey_of_another(signed_in, passkey, ada, make_member):
    other = make_member("eve@example.com", "owner")
    key = Authenticator.objects.create(user=other, type="webauthn", data={"name": "Hers", "credential": {}})
    assert signed_in.get(f"{LIST}keys/{key.pk}/edit/").status_code == 404
    assert signed_in.post(f"{LIST}keys/{key.pk}/remove/").status_code == 404
    assert Authenticator.objects.filter(pk=key.pk).exists()


def test_the_api_asks_who_has_a_passkey_for_a_recovery_code(signed_in, passkey, ada):
    add(signed_in, passkey)
    with pytest.raises(MfaRequired):
        prove(email=ada.email, password=PASSWORD, code="")
    with pytest.raises(MfaWrong):
        prove(email=ada.email, password=PASSWORD, code="000000")
    code = recovery_codes(ada)[0]
    assert prove(email=ada.email, password=PASSWORD, code=code) == ada


def test_passkeys_live_on_the_public_host_only(client_of, owner):
    for path in (LIST, ADD, LOGIN):
        assert client_of(owner).get(path).status_code == 404
