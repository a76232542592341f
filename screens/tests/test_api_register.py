"""Signing up and logging in through the API."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client

from core.permissions import Role
from programs.models import ApiSession, Membership, PlatformAuditEntry, Programme, User

REGISTER = {
    "name": "Corner",
    "contact_person": "Ida Berg",
    "email": "ida@example.com",
    "password": "correct horse battery",
    "subdomain": "corner",
    "currency": "GBP",
    "country": "GB",
    "loyalty_rate": "1.5",
}
PASSWORD = "correct horse battery"


def post(host, path, body, **headers):
    client = Client(headers={"host": host, **headers}, raise_request_exception=False)
    return client.post(f"/api/v1/auth/{path}", body, content_type="application/json")


def register(**changes):
    return post("localhost", "register-business", {**REGISTER, **changes})


def refused(response, status, code):
    assert response.status_code == status, response.content
    assert code in {response.json()["code"], *(error["code"] for error in response.json()["errors"])}, response.json()


@pytest.fixture
def verified(owner):
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    return owner


def login(host="harbour.localhost", **changes):
    return post(host, "login", {"email": "maya@example.com", "password": PASSWORD, **changes})


def test_registering_gives_a_programme_a_business_and_tokens_that_work(db):
    response = register()
    assert response.status_code == 201, response.content
    body = response.json()
    assert body["programme"]["host"] == "corner.localhost"
    assert body["email_verified"] is False
    access = body["tokens"]["access"]
    client = Client(headers={"host": "corner.localhost", "authorization": f"Bearer {access}"})
    me = client.get("/api/v1/auth/me").json()
    assert (me["email"], me["role"], me["programmes"]) == (
        "ida@example.com",
        "owner",
        [{"name": "Corner", "subdomain": "corner", "role": "owner"}],
    )
    listed = client.get("/api/v1/businesses/").json()["data"]
    rate = client.get(f"/api/v1/businesses/{body['business']['id']}/loyalty-rules").json()
    assert rate == {"business_id": body["business"]["id"], "points_per_unit": "1.5", "rounding": "down"}
    assert [(one["id"], one["contact_person"]) for one in listed] == [(body["business"]["id"], "Ida Berg")]
    assert (
        Client(headers={"host": "harbour.localhost", "authorization": f"Bearer {access}"})
        .get("/api/v1/auth/me")
        .status_code
        == 401
    )


def test_registering_is_in_the_platforms_audit_log(db):
    register()
    entries = PlatformAuditEntry.objects.exclude(actor="system:system").order_by("pk")
    noted = entries.values_list("action", "actor_label", "ip")
    assert list(noted) == [
        ("programs.person.signed_up", "Ida Berg", "127.0.0.1"),
        ("programs.programme.created", "Ida Berg", "127.0.0.1"),
    ]


def test_an_address_must_be_proven_before_the_next_log_in(db, run_queue):
    register()
    assert not mail.outbox  # a slow mail server holds nobody
    run_queue()
    code = re.search(r"\b\d{6}\b", mail.outbox[0].body).group()
    given = {"email": "ida@example.com", "password": PASSWORD}
    refused(post("localhost", "verify-email", {"email": "ida@example.com", "code": "000000"}), 422, "wrong_code")
    refused(post("corner.localhost", "login", given), 403, "email_not_verified")
    run_queue()
    first, code = code, re.search(r"\b\d{6}\b", mail.outbox[1].body).group()
    if first != code:  # one in a million is the same
        refused(post("localhost", "verify-email", {"email": "ida@example.com", "code": first}), 422, "wrong_code")
    refused(post("localhost", "verify-email", {"email": "nobody@example.com", "code": code}), 422, "wrong_code")
    assert post("localhost", "verify-email", {"email": "ida@example.com", "code": code}).status_code == 204
    assert post("corner.localhost", "login", given).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"subdomain": "www"}, 422, "subdomain_invalid"),
        ({"subdomain": "harbour"}, 422, "subdomain_taken"),
        ({"password": "short"}, 422, "weak_password"),
        ({"email": "nobody"}, 422, "invalid"),
        ({"currency": "pounds"}, 422, "unknown_currency"),
        ({"currency": "XXX"}, 422, "unknown_currency"),
        ({"country": "ZZ"}, 422, "unknown_country"),
        ({"time_zone": "Mars/Olympus"}, 422, "unknown_time_zone"),
        ({"time_zone": "EST"}, 422, "unknown_time_zone"),
        ({"loyalty_rate": "-1"}, 422, "min_value"),
        ({"loyalty_rate": "NaN"}, 422, "invalid"),
        ({"referrer": "x"}, 422, "unknown_field"),
    ],
)
def test_bad_registrations_write_nothing(db, changes, status, code):
    before = (User.objects.count(), Programme.objects.count())
    refused(register(**changes), status, code)
    assert (User.objects.count(), Programme.objects.count()) == before


def test_the_time_zone_is_the_countrys_unless_another_is_sent(db):
    assert register(country="NZ", currency="NZD").json()["programme"]["time_zone"] == "Pacific/Auckland"
    sent = register(country="NZ", currency="NZD", subdomain="chatham", time_zone="Pacific/Chatham")
    assert sent.json()["programme"]["time_zone"] == "Pacific/Chatham"


def test_an_existing_person_registers_with_their_own_password(verified):
    connection.set_schema_to_public()
    refused(register(email="Maya@example.com", password="another long battery"), 401, "wrong_credentials")
    assert not Programme.objects.filter(slug="corner").exists()
    body = register(email="Maya@example.com").json()
    assert body["email_verified"] is True
    assert User.objects.filter(email__iexact="maya@example.com").count() == 1


def test_two_registrations_of_one_new_person_at_once_are_one_person_with_two_programmes(in_threads):
    answers = in_threads([lambda: register(subdomain="corner"), lambda: register(subdomain="corner-two")])
    assert [answer.status_code for answer in answers] == [201, 201], [answer.content for answer in answers]
    connection.set_schema_to_public()
    assert Membership.objects.filter(user=User.objects.get(email="ida@example.com")).count() == 2


def test_registering_is_for_the_public_host(programme):
    refused(post("harbour.localhost", "register-business", REGISTER), 404, "public_host_needed")


def test_logging_in_on_both_hosts(verified):
    assert login().json()["programme"] == "harbour"
    connection.set_schema_to_public()
    assert login("localhost", programme="harbour").json()["programme"] == "harbour"


def test_the_same_answer_for_every_wrong_log_in(verified, outsider, other_programme):
    connection.set_schema_to_public()
    answers = [
        login(password="wrong password"),
        login(email="nobody@example.com"),
        login("meadow.localhost"),
        login("localhost", programme="nowhere"),
        login("localhost"),
        login(email="omar@example.com"),
    ]
    bodies = {(answer.status_code, answer.content) for answer in answers}
    assert len(bodies) == 1
    refused(answers[0], 401, "wrong_credentials")


def test_log_in_is_limited_for_each_address(verified, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "login-email": (2, 10**9)}
    for _try in range(2):
        refused(login(password="wrong"), 401, "wrong_credentials")
    locked = login()
    refused(locked, 429, "too_many_requests")
    assert "Retry-After" in locked.headers


def test_a_second_factor_is_asked_for_after_the_password_only(verified):
    secret = generate_totp_secret()
    TOTP.activate(verified, secret)
    refused(login(password="wrong"), 401, "wrong_credentials")
    refused(login(), 401, "mfa_required")
    refused(login(code="000000"), 401, "mfa_wrong")
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    assert login(code=code).status_code == 200
    refused(login(code=code), 401, "mfa_wrong")
    cache.clear()  # what another process, or the public host, does not know
    refused(login(code=code), 401, "mfa_wrong")


def test_refreshing_rotates_and_reuse_ends_the_session(verified):
    first = login().json()
    second = post("harbour.localhost", "refresh", {"refresh": first["refresh"]}).json()
    assert second["refresh"] != first["refresh"]
    refused(post("harbour.localhost", "refresh", {"refresh": first["refresh"]}), 401, "session_revoked")
    for token in (first["access"], second["access"]):
        answer = Client(headers={"host": "harbour.localhost", "authorization": f"Bearer {token}"}).get(
            "/api/v1/auth/me"
        )
        assert answer.json()["code"] == "session_revoked"
    refused(post("harbour.localhost", "refresh", {"refresh": second["refresh"]}), 401, "session_revoked")
    assert ApiSession.objects.get().revoked_at is not None
    assert PlatformAuditEntry.objects.filter(action="programs.api_session.refresh_reused").count() == 1


def test_refresh_tokens_of_other_programmes_kinds_and_people_are_refused(verified, other_programme):
    tokens = login().json()
    refused(post("meadow.localhost", "refresh", {"refresh": tokens["refresh"]}), 401, "foreign_token")
    refused(post("harbour.localhost", "refresh", {"refresh": tokens["access"]}), 401, "invalid_token")
    Membership.objects.filter(user=verified).delete()
    refused(post("harbour.localhost", "refresh", {"refresh": tokens["refresh"]}), 401, "session_revoked")


def test_logging_out_ends_access_and_refresh(verified):
    tokens = login().json()
    bearer = {"authorization": f"Bearer {tokens['access']}"}
    assert post("harbour.localhost", "logout", {}, **bearer).status_code == 204
    refused(post("harbour.localhost", "logout", {}, **bearer), 401, "session_revoked")
    refused(post("harbour.localhost", "refresh", {"refresh": tokens["refresh"]}), 401, "session_revoked")


def test_keys_are_managed_by_those_who_may_and_never_beyond_what_they_have(api, owner, manager, business):
    boss = api(user=owner)
    made = boss.post(
        "/api/v1/api-keys/", {"name": "Shop", "scopes": ["write"], "business_id": business.code}, "application/json"
    )
    assert made.status_code == 201
    body = made.json()
    caller = Client(headers={"host": "harbour.localhost", "x-api-key": body["secret"]})
    assert caller.get("/api/v1/auth/me").json()["business"]["id"] == business.code
    assert "secret" not in boss.get(f"/api/v1/api-keys/{body['id']}").json()
    rotated = boss.post(f"/api/v1/api-keys/{body['id']}/rotate", {"overlap_hours": 0}, "application/json").json()
    refused(caller.get("/api/v1/auth/me"), 401, "key_expired")
    assert boss.delete(f"/api/v1/api-keys/{body['id']}").status_code == 204
    revoked = Client(headers={"host": "harbour.localhost", "x-api-key": rotated["secret"]})
    refused(revoked.get("/api/v1/auth/me"), 401, "key_revoked")

    refused(api(user=manager).get("/api/v1/api-keys/"), 403, "permission_denied")
    refused(api("write").get("/api/v1/api-keys/"), 403, "permission_denied")
    few = api("keys:write")
    refused(
        few.post("/api/v1/api-keys/", {"name": "More", "scopes": ["admin"]}, "application/json"),
        403,
        "permission_denied",
    )
    limited = api("admin", business=business)
    refused(
        limited.post("/api/v1/api-keys/", {"name": "All", "scopes": ["read"]}, "application/json"),
        403,
        "permission_denied",
    )
    for scopes, code in ((["fly"], "unknown_scope"), ([], "min_length"), ("read", "not_a_list")):
        refused(boss.post("/api/v1/api-keys/", {"name": "X", "scopes": scopes}, "application/json"), 422, code)


def test_the_earning_rate_of_a_business(api, business, other_business):
    url = f"/api/v1/businesses/{business.code}/loyalty-rules"
    client = api("admin")
    assert client.get(url).json()["points_per_unit"] == "1"
    body = {"points_per_unit": "2.25", "rounding": "nearest"}
    assert client.post(url, body, "application/json").json() == {"business_id": business.code, **body}
    for rate in ("-1", "NaN", "10001", "1.00001", "1e30"):
        assert client.post(url, {"points_per_unit": rate}, "application/json").status_code == 422, rate
    assert client.get(url).json()["points_per_unit"] == "2.25"
    foreign = f"/api/v1/businesses/{other_business.code}/loyalty-rules"
    refused(api("admin", business=business).post(foreign, body, "application/json"), 404, "not_found")
    refused(api("write").post(url, body, "application/json"), 403, "permission_denied")


def test_members_settings_jobs_and_audit(api, owner, manager, cashier, business):
    boss = api(user=owner)
    members = boss.get("/api/v1/members/").json()["data"]
    assert [(row["email"], row["role"], row["business_id"]) for row in members] == [
        ("maya@example.com", Role.OWNER, None),
        ("jonas@example.com", Role.MANAGER, None),
        ("sam@example.com", Role.CASHIER, business.code),
    ]
    assert boss.get("/api/v1/settings/").json()["currency"] == "GBP"
    assert boss.get("/api/v1/jobs/").json() == {"data": [], "next_cursor": None}
    refused(boss.get("/api/v1/jobs/zzzzzzzzzzzz"), 404, "not_found")
    assert boss.get("/api/v1/audit/").status_code == 200
