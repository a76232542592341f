"""Who calls the API: genuine, live credentials of this programme, and nothing else."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from core.api import NotAuthenticated, TooManyRequests
from core.errors import PermissionRefused
from core.permissions import ROLE_PERMISSIONS, SCOPE_PRESETS, Perm, Role
from programs import api_limits, api_tokens
from programs.actions.api_sessions import end_session
from programs.models import ApiSession, Membership, Programme
from workspace.actions.api_keys import ensure_named_key, new_secret, revoke_client, revoke_key, rotate_key
from workspace.api_auth import authenticate, hot_view
from workspace.models import ApiKey


def request_of(programme, **headers):
    request = RequestFactory().get("/api/v1/customers/", headers=headers)
    request.programme = programme
    return request


def refused(programme, **headers):
    with pytest.raises(NotAuthenticated) as caught:
        authenticate(request_of(programme, **headers))
    assert caught.value.status == 401
    return caught.value.code


def test_a_key_gives_its_client_as_caller(programme, business, make_key):
    issued = make_key("read", business=business, name="Till bridge")
    caller = authenticate(request_of(programme, x_api_key=issued.secret))
    assert caller.owner == f"api:{issued.client.code}"
    assert caller.actor.label == "Till bridge"
    assert caller.business_id == caller.actor.business_id == business.pk
    assert caller.permissions == SCOPE_PRESETS["read"]


def test_the_secret_is_not_stored(programme, make_key):
    issued = make_key()
    stored = ApiKey.objects.values().get(pk=issued.key.pk)
    assert issued.secret.split("_", 3)[3] not in str(stored)
    assert len(bytes(stored["digest"])) == 32


def test_a_key_costs_one_query_and_a_write_once_a_minute(programme, make_key):
    request = request_of(programme, x_api_key=make_key().secret)
    with CaptureQueriesContext(
        connection,
    ) as first:
        authenticate(request)
    with CaptureQueriesContext(connection) as second:
        authenticate(request)
    assert (len(first), len(second)) == (2, 1)
    used = ApiKey.objects.get().last_used_at
    assert timezone.now() - used < timedelta(minutes=1)
    ApiKey.objects.update(last_used_at=used - timedelta(seconds=61))
    authenticate(request)
    assert ApiKey.objects.get().last_used_at > used


def test_a_token_costs_one_query(programme, owner, make_tokens):
    request = request_of(programme, authorization=f"Bearer {make_tokens(owner).access}")
    with CaptureQueriesContext(connection) as queries:
        caller = authenticate(request)
    assert len(queries) == 1
    assert caller.owner == f"user:{owner.pk}"


@pytest.mark.parametrize("role", list(Role))
def test_a_token_has_the_permissions_of_the_role(programme, business, make_member, make_tokens, role):
    user = make_member("kit@example.com", role, business=business if role == Role.CASHIER else None)
    caller = authenticate(request_of(programme, authorization=f"Bearer {make_tokens(user).access}"))
    assert caller.permissions == ROLE_PERMISSIONS[role]
    assert caller.business_id == (business.pk if role == Role.CASHIER else None)


def test_a_key_of_another_programme_is_unknown_here(programme, other_programme, make_key):
    with tenant_context(other_programme):
        foreign = make_key()
    assert refused(programme, x_api_key=foreign.secret) == "invalid_key"
    with tenant_context(other_programme):
        assert authenticate(request_of(other_programme, x_api_key=foreign.secret))


def test_a_token_of_another_programme_is_refused_even_for_a_member_of_both(
    programme, other_programme, owner, make_tokens
):
    Membership.objects.create(user=owner, programme=other_programme, role=Role.OWNER)
    token = make_tokens(owner).access
    with tenant_context(other_programme):
        assert refused(other_programme, authorization=f"Bearer {token}") == "foreign_token"


@pytest.mark.parametrize(
    "key", ["", "x", "rg_live_", "rg_live_abcdefghij_short", "rg_test_abcdefghij_" + "a" * 43, "ä" * 60, "a" * 100_000]
)
def test_what_is_no_key_is_refused(programme, key):
    code = "not_authenticated" if not key else "invalid_key"
    assert refused(programme, x_api_key=key) == code


def test_the_right_prefix_with_another_secret_is_refused(programme, make_key):
    issued = make_key()
    forged = issued.secret[:-1] + ("A" if issued.secret[-1] != "A" else "B")
    assert refused(programme, x_api_key=forged) == "invalid_key"
    assert refused(programme, x_api_key=new_secret()) == "invalid_key"


def test_revoked_expired_and_rotated_keys(programme, make_key):
    now = timezone.now()
    revoked, expired, rotated = make_key(), make_key(), make_key()
    revoke_client(client=revoked.client, actor=SYSTEM, now=now)
    assert refused(programme, x_api_key=revoked.secret) == "key_revoked"
    ApiKey.objects.filter(pk=expired.key.pk).update(expires_at=now)
    assert refused(programme, x_api_key=expired.secret) == "key_expired"
    replaced = rotate_key(client=rotated.client, actor=SYSTEM, now=now, overlap_hours=1)
    old = authenticate(request_of(programme, x_api_key=rotated.secret))
    new = authenticate(request_of(programme, x_api_key=replaced.secret))
    assert old.owner == new.owner
    rotate_key(client=rotated.client, actor=SYSTEM, now=now, overlap_hours=0)
    assert refused(programme, x_api_key=rotated.secret) == "key_expired"


def test_a_key_cannot_take_over_a_stronger_client_by_rotating_it(api, make_key):
    strong, equal = make_key("admin"), make_key("keys:write")
    limited = api("keys:write", "customers:read")
    response = limited.post(f"/api/v1/api-keys/{strong.client.code}/rotate", {}, content_type="application/json")
    assert response.status_code == 403, response.content
    assert "secret" not in response.json()
    assert strong.client.keys.count() == 1
    assert strong.client.keys.get().expires_at is None
    response = limited.post(f"/api/v1/api-keys/{equal.client.code}/rotate", {}, content_type="application/json")
    assert response.status_code == 201


def test_the_key_of_a_deployment_that_starts_on_many_machines_at_once_is_one(in_threads):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    given = {"name": "Deployment", "secret": new_secret(), "scopes": ["read"], "actor": SYSTEM, "now": timezone.now()}
    clients = in_threads([lambda: ensure_named_key(**given)] * 4)
    assert {client.pk for client in clients} == {ApiKey.objects.get().client_id}


def test_revoking_one_key_leaves_the_other(programme, make_key):
    first = make_key()
    second = rotate_key(client=first.client, actor=SYSTEM, now=timezone.now())
    revoke_key(key=first.key, actor=SYSTEM, now=timezone.now())
    assert refused(programme, x_api_key=first.secret) == "key_revoked"
    assert authenticate(request_of(programme, x_api_key=second.secret))


def test_a_session_ends_at_once_when_revoked_removed_deactivated_or_with_a_new_password(
    programme, manager, make_tokens
):
    def bearer():
        return f"Bearer {make_tokens(manager).access}"

    pair = make_tokens(manager)
    end_session(session_id=pair.session.pk, now=timezone.now())
    assert refused(programme, authorization=f"Bearer {pair.access}") == "session_revoked"

    token = bearer()
    manager.set_password("another long battery")
    manager.save()
    assert refused(programme, authorization=token) == "session_revoked"

    token = bearer()
    type(manager).objects.filter(pk=manager.pk).update(is_active=False)
    assert refused(programme, authorization=token) == "session_revoked"
    type(manager).objects.filter(pk=manager.pk).update(is_active=True)

    assert authenticate(request_of(programme, authorization=token))
    Membership.objects.filter(user=manager).delete()
    assert refused(programme, authorization=token) == "session_revoked"


def test_expired_sessions_are_forgotten_when_a_new_one_begins(other_programme, owner, outsider, make_tokens):
    gone, foreign = make_tokens(owner).session, make_tokens(outsider, of=other_programme).session
    ApiSession.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    kept = make_tokens(owner).session
    assert set(ApiSession.objects.values_list("pk", flat=True)) == {kept.pk, foreign.pk}
    assert gone.pk != kept.pk


def test_a_changed_role_counts_from_the_next_request(programme, manager, make_tokens):
    request = request_of(programme, authorization=f"Bearer {make_tokens(manager).access}")
    assert Perm.CUSTOMERS_EDIT in authenticate(request).permissions
    Membership.objects.filter(user=manager).update(role=Role.ANALYST)
    assert Perm.CUSTOMERS_EDIT not in authenticate(request).permissions


def test_expired_and_forged_tokens(programme, owner, make_tokens):
    pair = make_tokens(owner)
    claims = api_tokens.decode(api_tokens.ACCESS, pair.access, schema=None)
    old = api_tokens.encode(api_tokens.ACCESS, claims, now=timezone.now() - timedelta(hours=1))
    assert refused(programme, authorization=f"Bearer {old}") == "token_expired"
    assert refused(programme, authorization=f"Bearer {pair.refresh}") == "invalid_token"
    assert refused(programme, authorization=f"Bearer {pair.access[:-2]}xx") == "invalid_token"
    unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + pair.access.split(".")[1] + "."
    assert refused(programme, authorization=f"Bearer {unsigned}") == "invalid_token"
    assert refused(programme, authorization="Bearer " + "a" * 5000) == "invalid_token"
    assert refused(programme, authorization="Basic YTpi") == "not_authenticated"


def test_a_key_and_a_token_together_are_refused(programme, owner, make_tokens, make_key):
    both = {"x_api_key": make_key().secret, "authorization": f"Bearer {make_tokens(owner).access}"}
    assert refused(programme, **both) == "not_authenticated"


def test_the_public_host_knows_no_caller(programme, make_key):
    assert refused(None, x_api_key=make_key().secret) == "programme_host_needed"


def test_a_lacking_scope_is_named(programme, make_key):
    caller = authenticate(request_of(programme, x_api_key=make_key("read").secret))
    with pytest.raises(PermissionRefused) as caught:
        caller.require(Perm.POINTS_WRITE)
    assert caught.value.data == {"scope": "points:write"}
    assert "points:write" in str(caught.value.message)


def test_a_hot_view_checks_method_caller_scope_and_limit(programme, make_key, settings):
    from django.http import HttpResponse

    settings.API_LIMITS = {**settings.API_LIMITS, "key": (2, 3600)}
    seen = []

    @hot_view(POST=Perm.POINTS_WRITE)
    def act(request, caller):
        seen.append(caller.owner)
        return HttpResponse("{}", content_type="application/json")

    def post(secret):
        request = RequestFactory().post("/api/v1/x", headers={"x-api-key": secret})
        request.programme = programme
        return act(request)

    issued = make_key("write")
    assert act(request_of(programme)).status_code == 405
    response = post(issued.secret)
    assert (response.headers["RateLimit-Limit"], response.headers["RateLimit-Remaining"]) == ("2", "1")
    post(issued.secret)
    with pytest.raises(TooManyRequests) as caught:
        post(issued.secret)
    assert 0 < caught.value.data["retry_after"] <= 3600
    with pytest.raises(PermissionRefused):
        post(make_key("read").secret)
    assert seen == [f"api:{issued.client.code}"] * 2


def test_two_processes_share_a_limit(programme, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "key": (100, 3600)}
    allowed = 0
    for _process in range(4):  # forgetting is what a new process starts with
        api_limits.forget()
        for _request in range(40):
            try:
                api_limits.count(api_limits.KEY, "somebody")
                allowed += 1
            except TooManyRequests:
                pass
    assert allowed == 100


def test_one_caller_does_not_use_up_anothers_limit(programme, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "key": (1, 3600)}
    api_limits.count(api_limits.KEY, "p_harbour:api:one")
    api_limits.count(api_limits.KEY, "p_meadow:api:one")
    with pytest.raises(TooManyRequests):
        api_limits.count(api_limits.KEY, "p_harbour:api:one")


def test_a_busy_key_costs_few_writes(programme, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "key": (5000, 3600)}
    api_limits.count(api_limits.KEY, "somebody else")
    with CaptureQueriesContext(connection) as queries:
        remaining = [api_limits.count(api_limits.KEY, "busy").remaining for _ in range(500)]
    assert len(queries) == 5
    assert remaining == list(range(4999, 4499, -1))
