"""The team and its invitations by API."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.actor import SYSTEM
from core.permissions import Role
from programs import api_limits
from programs.models import ApiSession, DueWork, Invitation, Membership, Programme
from workspace.actions.api_keys import create_client
from workspace.actions.idempotency import PRUNE, prune_answers
from workspace.models import AuditEntry, IdempotencyRecord, Job
from workspace.tests.test_api_programme import patch, refused

INVITATIONS = "/api/v1/invitations/"


def of(user):
    return f"/api/v1/members/{Membership.objects.get(user=user).code}"


# -- members ----------------------------------------------------------------------------------------------------------


def test_a_member_is_changed_limited_and_removed(api, owner, marketer, business, make_tokens):
    boss, session = api(user=owner), make_tokens(marketer).session
    changed = patch(boss, of(marketer), role="analyst", business_id=business.code).json()
    assert (changed["role"], changed["business_id"]) == ("analyst", business.code)
    assert patch(boss, of(marketer), role="marketer").json()["business_id"] == business.code, "what is not said stays"
    assert patch(boss, of(marketer), business_id=None).json() == boss.get(of(marketer)).json()
    assert boss.get(of(marketer)).json()["business_id"] is None
    path = of(marketer)
    assert boss.delete(path).status_code == 204
    assert boss.delete(path).status_code == 404
    assert not Membership.objects.filter(user=marketer).exists()
    assert ApiSession.objects.get(pk=session.pk).revoked_at is not None
    assert AuditEntry.objects.filter(action="workspace.member.removed").exists()


def test_refusals_of_the_team(api, owner, manager, marketer, cashier, business):
    boss, second = api(user=owner), api(user=manager)
    refused(patch(boss, of(owner), role="manager"), 409, "last_owner")
    refused(boss.delete(of(owner)), 409, "last_owner")
    without = patch(boss, of(marketer), role="cashier")
    refused(without, 422, "business_needed")
    assert [error["field"] for error in without.json()["errors"]] == ["business_id"], "as the body calls it"
    refused(patch(boss, of(cashier), role="owner"), 422, "owner_not_limited")
    refused(patch(boss, of(marketer), role="king"), 422, "invalid_choice")
    refused(patch(boss, of(marketer), business_id="zzzzzzzzzzzz"), 404, "unknown_business")
    refused(patch(boss, of(marketer), salary=1), 422, "unknown_field")
    refused(patch(second, of(marketer), role="owner"), 403, "owners_only")
    refused(second.delete(of(owner)), 403, "owners_only")
    refused(patch(api(user=marketer), of(cashier), role="analyst"), 403, "permission_denied")
    assert Membership.objects.get(user=marketer).role == Role.MARKETER


def test_a_key_gives_no_more_than_it_has(api, owner, marketer):
    weak, strong = api("team:write", "customers:read"), api("admin")
    refused(patch(weak, of(marketer), role="manager"), 403, "permission_denied")
    refused(patch(strong, of(marketer), role="owner"), 403, "owners_only")
    refused(strong.delete(of(owner)), 403, "owners_only")
    assert patch(strong, of(marketer), role="manager").json()["role"] == "manager"
    refused(patch(api("write"), of(marketer), role="analyst"), 403, "permission_denied")


def test_callers_of_one_business_reach_its_people_only(api, marketer, cashier, business, other_business):
    limited = api("admin", business=business)
    assert limited.get(of(marketer)).status_code == 404
    assert limited.delete(of(marketer)).status_code == 404
    refused(patch(limited, of(cashier), business_id=other_business.code), 404, "unknown_business")
    refused(patch(limited, of(cashier), role="analyst", business_id=None), 403, "permission_denied")
    assert patch(limited, of(cashier), role="analyst").json()["business_id"] == business.code


def test_people_of_another_programme_are_not_there(api, outsider):
    assert api("admin").delete(of(outsider)).status_code == 404
    assert Membership.objects.filter(user=outsider).exists()


# -- invitations ------------------------------------------------------------------------------------------------------


def invite(client, *, key="", **body):
    given = {"email": "ann@example.com", "role": "analyst", **body}
    return client.post(
        INVITATIONS, given, content_type="application/json", headers={"idempotency-key": key} if key else {}
    )


def test_somebody_is_invited_seen_renewed_and_withdrawn(api, owner, business, run_queue):
    boss = api(user=owner)
    made = invite(boss, email="Ann@Example.com", role="cashier", business_id=business.code)
    assert made.status_code == 201
    body = made.json()
    assert (body["email"], body["role"], body["business_id"]) == ("ann@example.com", "cashier", business.code)
    assert body["invited_by"] == "Maya"
    run_queue()
    assert [message.to for message in mail.outbox] == [["ann@example.com"]]
    assert boss.get(INVITATIONS).json()["data"] == [body]
    one = f"{INVITATIONS}{body['id']}"
    assert boss.get(one).json() == body
    renewed = boss.post(f"{one}/renew")
    assert renewed.status_code == 200
    assert renewed.json()["expires_at"] > body["expires_at"]
    run_queue()
    links = [next(word for word in message.body.split() if "/invitations/" in word) for message in mail.outbox]
    assert len(set(links)) == 2
    assert boss.delete(one).status_code == 204
    assert boss.delete(one).status_code == boss.get(one).status_code == boss.post(f"{one}/renew").status_code == 404
    assert boss.get(INVITATIONS).json()["data"] == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": "ann@"}, 422, "invalid"),
        ({"email": "jonas@example.com"}, 422, "already_member"),
        ({"role": "king"}, 422, "invalid_choice"),
        ({"role": "cashier"}, 422, "business_needed"),
        ({"business_id": "zzzzzzzzzzzz"}, 404, "unknown_business"),
        ({"salary": 1}, 422, "unknown_field"),
    ],
)
def test_bad_invitations_write_nothing(api, owner, manager, body, status, code):
    refused(invite(api(user=owner), **body), status, code)
    assert not Invitation.objects.exists()
    assert not Job.objects.exists()


def test_who_may_invite_whom(api, manager, marketer, business, other_business):
    refused(invite(api(user=manager), role="owner"), 403, "owners_only")
    refused(invite(api(user=marketer)), 403, "permission_denied")
    refused(invite(api("write")), 403, "permission_denied")
    refused(invite(api("team:write", "customers:read"), role="manager"), 403, "permission_denied")
    refused(invite(api("admin"), role="owner"), 403, "owners_only")
    limited = api("admin", business=business)
    refused(invite(limited), 403, "permission_denied")
    refused(invite(limited, business_id=other_business.code), 404, "unknown_business")
    assert not Invitation.objects.exists()
    assert invite(limited, business_id=business.code).status_code == 201
    assert invite(api("admin"), email="ben@example.com").json()["invited_by"] is None
    assert [one["email"] for one in limited.get(INVITATIONS).json()["data"]] == ["ann@example.com"]


def test_invitations_of_another_programme_are_not_there(api, foreign):
    boss, path = api("admin"), f"{INVITATIONS}{foreign['invitation']}"
    assert boss.get(INVITATIONS).json()["data"] == []
    assert [boss.get(path).status_code, boss.delete(path).status_code, boss.post(f"{path}/renew").status_code] == [
        404
    ] * 3
    assert Invitation.objects.get(code=foreign["invitation"]).revoked_at is None


def test_a_programme_mails_so_many_invitations_a_day(api, owner, settings, run_queue):
    settings.API_LIMITS = {**settings.API_LIMITS, "invitation": (2, 10**9)}
    boss = api(user=owner)
    made = invite(boss, key="one").json()
    assert boss.post(f"{INVITATIONS}{made['id']}/renew").status_code == 200
    again = invite(boss, key="two", email="ben@example.com")
    refused(again, 429, "too_many_requests")
    assert int(again.headers["Retry-After"]) > 0
    run_queue()
    assert len(mail.outbox) == 2
    settings.API_LIMITS = {**settings.API_LIMITS, "invitation": (3, 10**9)}
    api_limits.forget()
    assert invite(boss, key="two", email="ben@example.com").status_code == 201, "a limit is no answer to keep"


# -- repeated requests ------------------------------------------------------------------------------------------------


def test_a_repeated_key_sends_nothing_and_gets_the_first_answer(api, owner, run_queue):
    boss = api(user=owner)
    first, again = invite(boss, key="a-1"), invite(boss, key="a-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    run_queue()
    assert (Invitation.objects.count(), len(mail.outbox)) == (1, 1)
    refused(invite(boss, key="a-1", role="marketer"), 422, "idempotency_key_reused")
    renew = {"path": f"{INVITATIONS}{first.json()['id']}/renew", "headers": {"idempotency-key": "a-1"}}
    assert boss.post(**renew).json() == boss.post(**renew).json(), "the same key serves another act"
    run_queue()
    assert len(mail.outbox) == 2
    assert invite(boss, key="a-2").json()["id"] != first.json()["id"]


def test_a_repeated_refusal_stays_one(api, owner, manager):
    boss = api(user=owner)
    refused(invite(boss, key="r", email=manager.email), 422, "already_member")
    Membership.objects.filter(user=manager).delete()
    again = invite(boss, key="r", email=manager.email)
    refused(again, 422, "already_member")
    assert again.headers["Content-Type"] == "application/problem+json"
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("key", ["k" * 256, "schlüssel", "a\x7fb"])
def test_a_key_that_cannot_be_one_is_refused(api, owner, key):
    refused(invite(api(user=owner), key=key), 422, "invalid")
    assert not Invitation.objects.exists()


def test_one_key_sent_by_many_at_once_invites_once(in_threads):
    programme = Programme.objects.get(slug="harbour")
    connection.set_tenant(programme)
    issued = create_client(name="HR", scopes=["admin"], business=None, actor=SYSTEM, now=timezone.now())
    headers = {"host": "harbour.localhost", "x-api-key": issued.secret}
    answers = in_threads([lambda: invite(Client(headers=headers), key="same")] * 4)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Invitation.objects.count() == 1


def test_answers_are_forgotten_after_a_month(api, owner, programme):
    invite(api(user=owner), key="old")
    now, kept = timezone.now(), IdempotencyRecord.objects.get()
    assert prune_answers(now=now) == kept.created_at + timedelta(days=30)
    assert DueWork.objects.filter(kind=PRUNE, programme=programme, next_due_at__lte=now + timedelta(days=30)).exists()
    assert prune_answers(now=now + timedelta(days=31)) is None
    assert not IdempotencyRecord.objects.exists()
