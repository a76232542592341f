"""Sign-up, log-in, reset and the authenticator app, as a person without JavaScript meets them."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.core.cache.backends import locmem
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from core.jobs import run_in_programme
from programs.actions.people import create_person
from programs.models import Membership, PlatformAuditEntry, User
from programs.tests.log_in import PASSWORD, code_in_mail, confirm_it_is_me, is_signed_in, log_in, noted, sign_up

pytestmark = pytest.mark.usefixtures("fresh_limits")


def test_signing_up_takes_a_code_from_the_mail(visitor):
    response = sign_up(visitor)
    assert (response.status_code, response.url) == (302, "/accounts/confirm-email/")
    assert not is_signed_in(visitor)
    message = mail.outbox[0]
    assert message.to == ["ada@example.com"]
    assert message.subject == "Your code for Regulars"
    assert code_in_mail() in message.alternatives[0][0]
    page = visitor.get(response.url).content.decode()
    assert "ada@example.com" in page
    assert 'autocomplete="one-time-code"' in page
    response = visitor.post(response.url, {"code": code_in_mail()})
    assert (response.status_code, response.url) == (302, "/start/")
    assert is_signed_in(visitor)
    user = User.objects.get()
    assert user.name == "Ada Byron"
    assert EmailAddress.objects.get(user=user).verified
    entry = PlatformAuditEntry.objects.get(action="programs.person.signed_up")
    assert (entry.actor, entry.ip) == (f"user:{user.pk}", "127.0.0.1")


def test_no_page_waits_for_the_mail_server_or_breaks_with_it(public_client, run_queue, settings):
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert sign_up(public_client).url == "/accounts/confirm-email/"
    row = OrmQ.objects.get()
    schema, path, arguments, *rest = SignedPackage.loads(row.payload)["args"]
    assert schema == "public"
    assert "ada@example.com" not in arguments
    row.delete()
    run_in_programme(schema, path, arguments, *rest)  # the mail server says no
    settings.EMAIL_BACKEND = working
    run_queue()
    assert public_client.post("/accounts/confirm-email/", {"code": code_in_mail()}).url == "/start/"


def test_a_wrong_code_is_refused_and_three_end_the_attempt(visitor):
    sign_up(visitor)
    wrong = "000000" if code_in_mail() != "000000" else "111111"
    for _ in range(2):
        assert visitor.post("/accounts/confirm-email/", {"code": wrong}).status_code == 422
    assert visitor.post("/accounts/confirm-email/", {"code": wrong}).url == "/accounts/login/"
    assert not is_signed_in(visitor)
    assert visitor.post("/accounts/confirm-email/", {"code": code_in_mail()}).url == "/accounts/login/"


def test_a_new_code_can_be_asked_for_but_not_at_once(visitor):
    sign_up(visitor)
    first = code_in_mail()
    page = visitor.get("/accounts/confirm-email/").content.decode()
    assert "Send a new code" in page
    refused = visitor.post("/accounts/confirm-email/", {"action": "resend"})
    assert refused.status_code == 429
    assert "too quick" in refused.content.decode()
    assert len(mail.outbox) == 1
    cache.clear()
    visitor.post("/accounts/confirm-email/", {"action": "resend"})
    assert len(mail.outbox) == 2
    assert visitor.post("/accounts/confirm-email/", {"code": code_in_mail()}).url == "/start/"
    assert code_in_mail() != first


def test_sign_up_does_not_tell_who_has_an_account(visitor, ada):
    response = sign_up(visitor)
    assert (response.status_code, response.url) == (302, "/accounts/confirm-email/")
    assert visitor.get(response.url).status_code == 200
    assert User.objects.count() == 1
    assert "You have an account already" in mail.outbox[0].subject
    assert not re.search(r"^\d{6}$", mail.outbox[0].body, re.MULTILINE)


class CountingHasher(MD5PasswordHasher):
    made = 0

    def encode(self, password, salt):
        CountingHasher.made += 1
        return super().encode(password, salt)


def test_the_pages_after_sign_up_and_their_work_are_the_same_for_all(visitor, ada, settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]

    def page_and_work(email):
        cache.clear()
        CountingHasher.made = 0
        browser = type(visitor)(headers={"host": "localhost"})
        page = browser.get(sign_up(browser, email).url).content.decode()
        return re.sub(r'nonce="[^"]+"|[A-Za-z0-9]{64}', "(token)", page).replace(email, "(email)"), CountingHasher.made

    assert page_and_work("ada@example.com") == page_and_work("new@example.com")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"password1": "short"}, "password1"),
        ({"password1": "password1234"}, "password1"),
        ({"password1": "7391846205"}, "password1"),
        ({"email": "ada@"}, "email"),
        ({"email": ""}, "email"),
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
    ],
)
def test_bad_input_is_422_and_makes_nobody(visitor, changes, field):
    response = sign_up(visitor, **changes)
    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {field}
    assert 'aria-invalid="true"' in response.content.decode()
    assert not User.objects.exists()
    assert not mail.outbox


def test_next_survives_sign_up_and_never_leaves_the_host(visitor):
    response = sign_up(visitor, path="/accounts/signup/?next=/invitations/abc/", next="/invitations/abc/")
    assert visitor.post(response.url, {"code": code_in_mail()}).url == "/invitations/abc/"
    visitor.post("/accounts/logout/")
    assert log_in(visitor, next="https://evil.example/").url == "/start/"


def test_log_in_and_out(visitor, ada):
    assert log_in(visitor).url == "/start/"
    assert is_signed_in(visitor)
    assert visitor.get("/accounts/logout/").status_code == 200
    assert is_signed_in(visitor)
    assert visitor.post("/accounts/logout/").url == "/"
    assert not is_signed_in(visitor)


def test_wrong_password_and_unknown_person_read_the_same(visitor, ada):
    wrong = log_in(visitor, password="not this one")
    unknown = log_in(visitor, email="eve@example.com")
    assert wrong.status_code == unknown.status_code == 422
    assert wrong.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()
    assert not is_signed_in(visitor)


def test_five_wrong_passwords_close_the_door_for_a_while(visitor, ada):
    for _ in range(5):
        log_in(visitor, password="not this one")
    response = log_in(visitor)
    assert response.status_code == 422
    assert "Too many tries" in response.content.decode()
    assert not is_signed_in(visitor)


def test_somebody_whose_mail_is_not_checked_is_asked_for_a_code(visitor):
    create_person(email="ada@example.com", password=PASSWORD, is_verified=False)
    assert log_in(visitor).url == "/accounts/confirm-email/"
    assert not is_signed_in(visitor)
    visitor.post("/accounts/confirm-email/", {"code": code_in_mail()})
    assert is_signed_in(visitor)


def test_a_forgotten_password_is_set_anew_with_a_code(visitor, ada):
    elsewhere = type(visitor)(headers={"host": "localhost"})
    log_in(elsewhere)
    response = visitor.post("/accounts/password/reset/", {"email": "ada@example.com"})
    assert response.status_code == 302
    response = visitor.post(response.url, {"code": code_in_mail()})
    assert response.status_code == 302
    new = "quiet lamp under stairs"
    assert visitor.post(response.url, {"password1": new, "password2": "other"}).status_code == 422
    response = visitor.post("/accounts/password/reset/complete/", {"password1": new, "password2": new})
    assert response.status_code == 302
    assert mail.outbox[-1].subject == "Your password has changed"
    visitor.post("/accounts/logout/")
    assert log_in(visitor, password=new).status_code == 302
    assert elsewhere.get("/programmes/").status_code == 302
    assert noted("programs.password.reset").ip == "127.0.0.1"


@pytest.mark.parametrize(("minutes", "is_good"), [(14, True), (16, False)])
def test_a_code_for_a_new_password_is_good_for_fifteen_minutes(visitor, ada, minutes, is_good):
    page = visitor.post("/accounts/password/reset/", {"email": "ada@example.com"}).url
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        answer = visitor.post(page, {"code": code_in_mail()})
    assert (answer.url == "/accounts/password/reset/complete/") is is_good


def test_asking_for_a_new_password_does_not_tell_who_has_an_account(visitor, ada):
    known = visitor.post("/accounts/password/reset/", {"email": "ada@example.com"})
    unknown = visitor.post("/accounts/password/reset/", {"email": "eve@example.com"})
    assert known.status_code == unknown.status_code == 302
    assert known.url == unknown.url
    assert visitor.get(unknown.url).status_code == 200
    assert mail.outbox[1].to == ["eve@example.com"]
    assert "No account" in mail.outbox[1].subject


def totp_code(secret):
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def switch_on_totp(visitor):
    response = visitor.get("/accounts/2fa/totp/activate/")
    secret = response.context["form"].secret
    assert visitor.post("/accounts/2fa/totp/activate/", {"code": "12345"}).status_code == 422
    response = visitor.post("/accounts/2fa/totp/activate/", {"code": totp_code(secret)})
    assert response.status_code == 302
    return secret


def test_the_authenticator_app_is_asked_for_at_log_in_and_recovery_codes_work_once(
    visitor, ada, run_queue, django_capture_on_commit_callbacks
):
    log_in(visitor)
    confirm_it_is_me(visitor)
    with django_capture_on_commit_callbacks(execute=True):
        secret = switch_on_totp(visitor)
    run_queue()
    assert "Authenticator app switched on" in mail.outbox[-1].subject
    kinds = PlatformAuditEntry.objects.filter(action="programs.authenticator.added").values_list(
        "data__type", flat=True
    )
    assert set(kinds) == {"totp", "recovery_codes"}
    assert not PlatformAuditEntry.objects.filter(data__icontains=secret).exists()
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored
    recovery = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    page = visitor.get("/accounts/2fa/recovery-codes/").content.decode()
    assert recovery[0] in page
    visitor.post("/accounts/logout/")

    assert log_in(visitor).url == "/accounts/2fa/authenticate/"
    assert not is_signed_in(visitor)
    assert visitor.get("/programmes/").status_code == 302
    assert visitor.get("/accounts/2fa/authenticate/").status_code == 200
    assert visitor.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 422
    refused = noted("programs.person.log_in_refused")
    assert (refused.actor, refused.data) == (f"user:{ada.pk}", {"by": "mfa"})
    assert visitor.post("/accounts/2fa/authenticate/", {"code": recovery[0]}).status_code == 302
    assert is_signed_in(visitor)
    visitor.post("/accounts/logout/")
    log_in(visitor)
    assert visitor.post("/accounts/2fa/authenticate/", {"code": recovery[0]}).status_code == 422
    assert not is_signed_in(visitor)


def test_a_code_of_the_app_works_once_in_all_processes(visitor, ada):
    log_in(visitor)
    confirm_it_is_me(visitor)
    secret = switch_on_totp(visitor)
    visitor.post("/accounts/logout/")
    log_in(visitor)
    code = totp_code(secret)
    assert visitor.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302
    visitor.post("/accounts/logout/")
    cache.clear()  # what another process does not know
    log_in(visitor)
    assert visitor.post("/accounts/2fa/authenticate/", {"code": f"{code[:3]} {code[3:]}"}).status_code == 422
    assert not is_signed_in(visitor)


def test_log_ins_are_limited_in_all_processes(visitor, ada):
    def in_another_process(password):
        for memory in (*locmem._caches.values(), *locmem._expire_info.values()):
            memory.clear()
        return log_in(visitor, password=password).content.decode()

    for _try in range(5):
        assert "Too many tries" not in in_another_process("not this one")
    assert "Too many tries" in in_another_process(PASSWORD)
    assert not is_signed_in(visitor)


def test_what_matters_asks_again_who_it_is(visitor, ada):
    log_in(visitor)
    response = visitor.get("/accounts/2fa/totp/activate/")
    assert response.url == "/accounts/reauthenticate/?next=%2Faccounts%2F2fa%2Ftotp%2Factivate%2F"
    assert visitor.get(response.url).status_code == 200
    assert visitor.post(response.url, {"password": "not this one"}).status_code == 422
    assert visitor.get("/accounts/2fa/totp/activate/").status_code == 302
    assert visitor.post(response.url, {"password": PASSWORD, "next": "/accounts/2fa/"}).url == "/accounts/2fa/"
    assert visitor.get("/accounts/2fa/totp/activate/").status_code == 200


def test_changing_the_e_mail_takes_a_code_from_the_new_one(visitor, ada):
    log_in(visitor)
    confirm_it_is_me(visitor)
    response = visitor.post("/accounts/email/", {"email": "ada@new.example.com", "action_add": ""})
    assert response.status_code == 302
    assert mail.outbox[-1].to == ["ada@new.example.com"]
    assert User.objects.get().email == "ada@example.com"
    visitor.post("/accounts/confirm-email/", {"code": code_in_mail()})
    assert User.objects.get().email == "ada@new.example.com"
    assert "ada@example.com" in [address for message in mail.outbox for address in message.to]
    assert noted("programs.email.changed").data == {"email": ["ada@example.com", "ada@new.example.com"]}


def test_changing_the_password_ends_other_sessions(visitor, ada):
    elsewhere = type(visitor)(headers={"host": "localhost"})
    log_in(elsewhere)
    log_in(visitor)
    new = "quiet lamp under stairs"
    response = visitor.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert response.url == "/accounts/2fa/"
    assert visitor.get("/programmes/").status_code == 200
    assert elsewhere.get("/programmes/").status_code == 302
    assert noted("programs.password.changed").actor == f"user:{ada.pk}"


PAGES = [
    "account_login",
    "account_signup",
    "account_reset_password",
    "account_inactive",
]
MANAGED = [
    "account_change_password",
    "account_email",
    "account_logout",
    "mfa_index",
    "mfa_activate_totp",
    "programs:programmes",
    "onboarding:new",
]


@pytest.mark.parametrize("name", PAGES)
def test_pages_of_the_entrance(visitor, name):
    response = visitor.get(reverse(name, urlconf="config.urls_public"))
    assert response.status_code == 200
    assert "<h1" in response.content.decode()
    assert "Content-Security-Policy" in response.headers


@pytest.mark.parametrize("name", MANAGED)
def test_pages_of_a_signed_in_person(visitor, ada, name):
    url = reverse(name, urlconf="config.urls_public")
    anonymous = visitor.get(url)
    assert anonymous.status_code == 302
    log_in(visitor)
    confirm_it_is_me(visitor)
    response = visitor.get(url)
    assert response.status_code == 200
    assert "<h1" in response.content.decode()


def test_the_start_leads_by_how_many_programmes_there_are(visitor, ada, programme, other_programme):
    assert "Know your regulars" in visitor.get("/").content.decode()
    log_in(visitor)
    assert visitor.get("/").url == "/start/"
    assert visitor.get("/start/").url == "/programmes/"
    assert "No programme yet" in visitor.get("/programmes/").content.decode()
    Membership.objects.create(user=ada, programme=programme, role="analyst")
    assert visitor.get("/start/").url == "/enter/harbour/"
    page = visitor.get("/programmes/").content.decode()
    assert "Harbour" in page
    assert "Analyst" in page
    assert "Meadow" not in page
    Membership.objects.create(user=ada, programme=other_programme, role="owner")
    assert visitor.get("/start/").url == "/programmes/"
