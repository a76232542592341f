"""Log-in with Google through the whole flow, against the strict stand-in of devservers/google.py."""

import os
import re
import subprocess
import sys
import time
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings as live_settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from core.permissions import Role
from devservers.google import Client, Google, Person, serve
from programs.actions.people import create_person
from programs.models import Membership, PlatformAuditEntry, User
from programs.tests.log_in import PASSWORD, code_in_mail, confirm_it_is_me, is_signed_in, log_in, noted
from workspace.actions import team

LOGIN, CALLBACK = "/accounts/google/login/", "/accounts/google/login/callback/"
NINA = Person("1001", "nina@gmail.com", "Nina  Novak")
ADA = Person("1002", "ada@example.com", "Ada B.", hd="example.com")
READ_ONCE = Person("1003", "ada@example.com", "Somebody")  # verified, but the mailbox is not Google's
UNPROVEN = Person("1004", "nobody@example.org", "Nobody", email_verified=False)


@pytest.fixture
def google(settings):
    """Google is on, and is the stand-in."""
    public = f"http://localhost:{settings.PUBLIC_PORT}"
    state = Google(Client("shop", "s3cret", (f"{public}{CALLBACK}",)), [NINA, ADA, READ_ONCE, UNPROVEN])
    with serve(state) as running:
        settings.GOOGLE_OAUTH_CLIENT_ID, settings.GOOGLE_OAUTH_CLIENT_SECRET = "shop", "s3cret"
        settings.GOOGLE_OAUTH_ORIGIN = running.origin.replace("localhost", "127.0.0.1")
        running.origin = settings.GOOGLE_OAUTH_ORIGIN
        yield running


def to_google(browser, **data):
    """Press the button; Google's address with its question."""
    response = browser.post(LOGIN, data)
    assert response.status_code == 302
    return response.url


def choose(url, person=None, **more):
    """Choose an account on Google's page; where Google sends the browser, as a path here."""
    chosen = {"as": person.email} if person else {}
    answer = requests.get(url, params={**chosen, **more}, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"].removeprefix(f"http://localhost:{live_settings.PUBLIC_PORT}")


def come_back(browser, person, **data):
    return browser.get(choose(to_google(browser, **data), person))


def question(url):
    return dict(parse_qsl(urlsplit(url).query))


def refused(response, browser):
    assert response.status_code == 401
    assert "Google did not work" in response.content.decode()
    assert not is_signed_in(browser)
    assert not SocialAccount.objects.exists()


def test_without_its_settings_google_is_not_there(visitor, ada):
    for path in ("/accounts/login/", "/accounts/signup/"):
        assert "Google" not in visitor.get(path).content.decode()
    for path in (LOGIN, CALLBACK, "/accounts/google/cancelled/"):
        assert visitor.get(path).status_code == 404
    log_in(visitor)
    assert visitor.get("/accounts/google/").status_code == 404
    assert "Google account" not in visitor.get("/accounts/2fa/").content.decode()


def test_the_buttons_are_there_when_it_is_on(visitor, google):
    assert "Log in with Google" in visitor.get("/accounts/login/").content.decode()
    assert "Sign up with Google" in visitor.get("/accounts/signup/").content.decode()
    assert "Go on to Google" in visitor.get(LOGIN).content.decode()  # a link of others starts nothing


def test_the_question_carries_state_nonce_and_pkce_and_nothing_that_the_visitor_wishes(visitor, google):
    asked = question(visitor.post(f"{LOGIN}?scope=calendar&auth_params=prompt%3Dnone%26hd%3Devil", {}).url)
    assert set(asked["scope"].split()) == {"openid", "email", "profile"}
    assert (asked["code_challenge_method"], asked["prompt"], asked["client_id"]) == ("S256", "select_account", "shop")
    assert "hd" not in asked
    assert len(asked["code_challenge"]) == len(asked["nonce"]) == 43
    assert asked["code_challenge"] != asked["nonce"]
    again = question(to_google(visitor))
    assert not {asked[name] for name in ("state", "nonce", "code_challenge")} & set(again.values())


def test_a_new_person_signs_up_without_password_and_code(visitor, google):
    response = come_back(visitor, NINA, next="/programmes/")
    assert (response.status_code, response.url) == (302, "/programmes/")
    assert is_signed_in(visitor)
    user = User.objects.get(email="nina@gmail.com")
    assert (user.name, user.has_usable_password()) == ("Nina Novak", False)
    assert EmailAddress.objects.get(user=user).verified
    account = SocialAccount.objects.get(user=user)
    assert (account.provider, account.uid, account.extra_data) == ("google", "1001", {"email": "nina@gmail.com"})
    entry = noted("programs.person.signed_up")
    assert (entry.actor, entry.data, entry.ip) == (
        f"user:{user.pk}", {"email": "nina@gmail.com", "by": "google"}, "127.0.0.1",
    )  # fmt: skip
    assert not SocialToken.objects.exists()
    assert "ya29." not in "".join(str(one.get_decoded()) for one in Session.objects.all())


def test_the_same_google_account_comes_back_whatever_its_address_is_now(visitor, google):
    come_back(visitor, NINA)
    visitor.post("/accounts/logout/")
    google.people.append(Person("1001", "nina.berg@gmail.com", "Nina Berg"))
    assert come_back(visitor, google.people[-1]).url == "/start/"
    assert User.objects.get().email == "nina@gmail.com"
    assert is_signed_in(visitor)


def test_an_address_without_proof_gets_our_own_code_first(visitor, google):
    response = come_back(visitor, UNPROVEN)
    assert response.url == "/accounts/confirm-email/"
    assert not is_signed_in(visitor)
    assert visitor.post(response.url, {"code": code_in_mail()}).url == "/start/"
    assert is_signed_in(visitor)


def test_an_account_of_the_same_address_is_joined_only_after_its_own_log_in(visitor, google, ada):
    response = come_back(visitor, ADA, next="/programmes/")
    assert (response.status_code, response.url) == (302, "/accounts/login/?next=%2Fprogrammes%2F")
    assert not is_signed_in(visitor)
    assert not SocialAccount.objects.exists()
    page = visitor.get(response.url).content.decode()
    assert "ada@example.com has an account here already" in page
    assert "Log in with Google" not in page
    assert log_in(visitor, password="wrong words entirely").status_code == 422
    assert not SocialAccount.objects.exists()
    assert log_in(visitor, next="/programmes/").url == "/programmes/"
    account = SocialAccount.objects.get(user=ada)
    assert account.uid == ADA.sub
    assert noted("programs.google.connected").data == {"email": "ada@example.com"}
    assert "Google account connected" in {message.subject for message in mail.outbox}
    visitor.post("/accounts/logout/")
    assert come_back(visitor, ADA).url == "/start/"
    assert is_signed_in(visitor)
    assert User.objects.count() == 1


def test_another_persons_log_in_joins_nothing(visitor, google, ada):
    create_person(email="eve@example.com", password=PASSWORD, name="Eve", is_verified=True)
    come_back(visitor, ADA)
    assert log_in(visitor, email="eve@example.com").url == "/start/"
    assert not SocialAccount.objects.exists()
    visitor.post("/accounts/logout/")
    log_in(visitor)  # nothing waits any more
    assert not SocialAccount.objects.exists()


def test_what_waits_for_its_proof_waits_a_quarter_of_an_hour(visitor, google, ada):
    come_back(visitor, ADA)
    session = visitor.session
    session["google_to_join"] = {**session["google_to_join"], "at": time.time() - 901}
    session.save()
    log_in(visitor)
    assert is_signed_in(visitor)
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("person", [READ_ONCE, Person("1005", "ada@example.com", email_verified=False)])
def test_an_address_that_google_does_not_run_tells_nothing_and_opens_nothing(visitor, google, ada, person):
    google.people[:] = [person]
    response = come_back(visitor, person)
    assert response.url == "/accounts/confirm-email/"  # as for anybody: the mail says what is the matter
    assert not is_signed_in(visitor)
    assert not SocialAccount.objects.exists()
    assert not [name for name in visitor.session.keys() if "join" in name]  # noqa: SIM118 (a session, no dict)
    assert mail.outbox[-1].to == ["ada@example.com"]
    assert not re.search(r"^\d{6}$", mail.outbox[-1].body, re.MULTILINE)


def test_somebody_who_took_the_address_before_its_owner_keeps_nothing(visitor, google):
    """Signed up with a password, never proved the address; then its owner comes by Google."""
    squatter = create_person(email="ada@example.com", password="the squatter knows this", is_verified=False)
    assert come_back(visitor, ADA).url == "/accounts/login/"
    assert not SocialAccount.objects.exists()
    squatter.refresh_from_db()
    assert not EmailAddress.objects.get(user=squatter).verified


def test_the_second_factor_is_asked_for_after_google_too(visitor, google, ada):
    come_back(visitor, ADA)
    log_in(visitor)
    Authenticator.objects.create(user=ada, type="totp", data={"secret": "x"})
    visitor.post("/accounts/logout/")
    assert come_back(visitor, ADA).url.startswith("/accounts/2fa/authenticate/")
    assert not is_signed_in(visitor)


def test_an_invited_person_comes_by_google_and_accepts(visitor, google, programme, actor):
    invited = {"email": "nina@gmail.com", "role": Role.ANALYST, "business_id": None}
    invitation = team.invite(programme=programme, actor=actor, now=timezone.now(), **invited)
    link = reverse("invitations:accept", args=[team.token_of(invitation)], urlconf="config.urls_public")
    sign_up_page = re.search(r'href="(/accounts/signup/[^"]+)"', visitor.get(link).content.decode())[1]
    assert f'name="next" value="{link}"' in visitor.get(sign_up_page.replace("&amp;", "&")).content.decode()
    assert come_back(visitor, NINA, next=link).url == link
    assert visitor.post(link).url == "/enter/harbour/"
    assert Membership.objects.get(user__email="nina@gmail.com").role == Role.ANALYST


def test_a_wrong_or_used_state_is_refused(visitor, google, public_client):
    back = choose(to_google(visitor), NINA)
    refused(public_client.get(back), public_client)  # another browser's
    refused(visitor.get(re.sub(r"state=\w+", "state=AAAAAAAAAAAAAAAA", back)), visitor)
    refused(visitor.get(re.sub(r"state=\w+&", "", back)), visitor)
    assert visitor.get(back).status_code == 302
    visitor.post("/accounts/logout/")
    assert visitor.get(back).status_code == 401  # state and code were good once
    assert not is_signed_in(visitor)


def test_a_replayed_code_is_refused(visitor, google):
    first = question(choose(to_google(visitor), NINA))
    assert visitor.get(f"{CALLBACK}?state={first['state']}&code={first['code']}").status_code == 302
    visitor.post("/accounts/logout/")
    SocialAccount.objects.all().delete()
    fresh = question(choose(to_google(visitor), NINA))
    refused(visitor.get(f"{CALLBACK}?state={fresh['state']}&code={first['code']}"), visitor)


def test_a_code_of_another_browsers_question_is_refused(visitor, google, public_client):
    stolen = question(choose(to_google(public_client), NINA))
    mine = question(choose(to_google(visitor), ADA))
    refused(visitor.get(f"{CALLBACK}?state={mine['state']}&code={stolen['code']}"), visitor)  # PKCE


def test_an_old_code_is_refused(visitor, google):
    back = choose(to_google(visitor), NINA)
    google.clock = lambda: time.time() + 601
    refused(visitor.get(back), visitor)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda claims: {**claims, "nonce": "AAAA"},
        lambda claims: {name: value for name, value in claims.items() if name != "nonce"},
        lambda claims: {**claims, "aud": "another-application"},
        lambda claims: {**claims, "iss": "https://evil.example"},
        lambda claims: {**claims, "exp": claims["iat"] - 120},
        lambda claims: {**claims, "iat": claims["iat"] + 900},
        lambda claims: {name: value for name, value in claims.items() if name != "sub"},
        lambda claims: {name: value for name, value in claims.items() if name != "email"},
    ],
)
def test_an_answer_that_is_not_ours_and_fresh_is_refused(visitor, google, spoil):
    google.spoil = spoil
    refused(come_back(visitor, NINA), visitor)


def test_a_forged_signature_is_refused(visitor, google):
    google.signing_key = rsa.generate_private_key(65537, 2048)
    refused(come_back(visitor, NINA), visitor)


def test_a_wrong_secret_and_a_google_that_is_away_are_no_error_of_ours(visitor, google, settings):
    settings.GOOGLE_OAUTH_CLIENT_SECRET = "mistyped"
    refused(come_back(visitor, NINA), visitor)
    back = choose(to_google(visitor), NINA)
    settings.GOOGLE_OAUTH_ORIGIN = "http://127.0.0.1:1"
    refused(visitor.get(back), visitor)


def test_who_says_no_at_google_is_told_that_nothing_happened(visitor, google):
    response = visitor.get(choose(to_google(visitor), denied="1"))
    assert response.url == "/accounts/google/cancelled/"
    assert "Nothing has changed" in visitor.get(response.url).content.decode()
    assert not is_signed_in(visitor)


def test_google_is_connected_and_disconnected_under_security(visitor, google, ada):
    log_in(visitor)
    back = choose(to_google(visitor, process="connect", next="/accounts/2fa/"), NINA)
    asked = visitor.get(back)
    assert asked.url == "/accounts/reauthenticate/"  # is it you?
    assert not SocialAccount.objects.exists()
    assert visitor.post(asked.url, {"password": PASSWORD}).url == "/accounts/2fa/"
    account = SocialAccount.objects.get(user=ada)
    assert "nina@gmail.com" in visitor.get("/accounts/2fa/").content.decode()
    assert "nina@gmail.com" in visitor.get("/accounts/google/").content.decode()
    assert visitor.post("/accounts/google/", {"account": account.pk}).url == "/accounts/2fa/"
    assert not SocialAccount.objects.exists()
    assert noted("programs.google.disconnected").data == {"email": "nina@gmail.com"}
    assert "Google account disconnected" in {message.subject for message in mail.outbox}


def test_a_google_account_opens_one_account_only(visitor, google, ada):
    come_back(visitor, NINA)
    visitor.post("/accounts/logout/")
    log_in(visitor)
    confirm_it_is_me(visitor)
    come_back(visitor, NINA, process="connect")
    assert not SocialAccount.objects.filter(user=ada).exists()


def test_google_stays_while_nothing_else_opens_the_account(visitor, google):
    come_back(visitor, NINA)
    account = SocialAccount.objects.get()
    assert "Set a password first" in visitor.get("/accounts/google/").content.decode()
    refusal = visitor.post("/accounts/google/", {"account": account.pk})
    assert refusal.status_code == 422
    assert SocialAccount.objects.filter(pk=account.pk).exists()
    Authenticator.objects.create(user=account.user, type="webauthn", data={"name": "Phone", "credential": {}})
    assert "Disconnect" in visitor.get("/accounts/google/").content.decode()


def test_nobody_disconnects_the_google_of_another(visitor, google, ada):
    come_back(visitor, NINA)
    account = SocialAccount.objects.get()
    visitor.post("/accounts/logout/")
    log_in(visitor)
    confirm_it_is_me(visitor)
    assert visitor.post("/accounts/google/", {"account": account.pk}).status_code == 422
    assert SocialAccount.objects.filter(pk=account.pk).exists()


def test_a_closed_account_is_not_opened_by_google(visitor, google):
    come_back(visitor, NINA)
    visitor.post("/accounts/logout/")
    User.objects.update(is_active=False)
    assert come_back(visitor, NINA).url == reverse("account_inactive", urlconf="config.urls_public")
    assert not is_signed_in(visitor)


def test_the_programmes_host_knows_no_google(client_of, owner, google):
    for path in (LOGIN, CALLBACK, "/accounts/google/"):
        assert client_of(owner).get(path).status_code == 404


def test_the_stand_in_refuses_what_google_refuses(google):
    asked = {
        "client_id": "shop", "redirect_uri": google.client.redirect_uris[0], "response_type": "code",
        "scope": "openid email", "code_challenge_method": "S256", "code_challenge": "A" * 43, "state": "s",
    }  # fmt: skip

    def status(**changes):
        url = f"{google.origin}/o/oauth2/v2/auth"
        answer = requests.get(url, params={**asked, **changes}, allow_redirects=False, timeout=10)
        return answer.status_code, question(answer.headers.get("location", "")).get("error")

    assert status() == (200, None)
    assert status(client_id="other") == (401, None)
    assert status(redirect_uri="http://evil.example/") == (400, None)
    assert status(response_type="token") == (302, "unsupported_response_type")
    assert status(scope="openid calendar") == (302, "invalid_scope")
    assert status(code_challenge="short") == (302, "invalid_request")
    assert status(prompt="please") == (302, "invalid_request")
    assert requests.get(f"{google.origin}/token", timeout=10).status_code == 405
    wrong_client = requests.post(f"{google.origin}/token", data={"client_id": "x"}, timeout=10)
    assert (wrong_client.status_code, wrong_client.json()["error"]) == (401, "invalid_client")
    as_json = requests.post(f"{google.origin}/token", json={}, timeout=10)
    assert (as_json.status_code, as_json.json()["error"]) == (400, "invalid_request")


def test_memberships_are_not_made_by_google(visitor, google):
    come_back(visitor, NINA)
    assert not Membership.objects.filter(user__email="nina@gmail.com").exists()
    assert PlatformAuditEntry.objects.filter(action="programs.person.signed_up").count() == 1


def test_half_of_the_settings_stops_the_start():
    environment = {
        **os.environ,
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "GOOGLE_OAUTH_CLIENT_ID": "shop",
    }
    command = [sys.executable, "-c", "import config.settings.base"]
    started = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert started.returncode != 0
    assert "Set both GOOGLE_OAUTH_CLIENT_ID and GOOGLE_OAUTH_CLIENT_SECRET" in started.stderr
    environment["GOOGLE_OAUTH_CLIENT_SECRET"] = "s3cret"
    show = "import config.settings.base as s; print(s.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'][-1])"
    started = subprocess.run([*command[:2], show], env=environment, capture_output=True, text=True, check=True)
    assert started.stdout.strip() == "https://accounts.google.com"
