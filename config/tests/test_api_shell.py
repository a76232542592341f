"""What holds for the whole API: problems, limits, CORS, documentation, health, and who may call each route."""

import io
import json
import re

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import path
from django.utils import timezone

from config import api_docs
from core.actor import SYSTEM
from core.openapi import api_routes
from core.permissions import API, MEMBER, OPEN, Perm
from programs.models import Programme
from workspace.actions.api_keys import new_secret, revoke_client
from workspace.models import ApiClient

ROUTES = [(route, pattern) for route, pattern in api_routes("config.urls_programme") if pattern.name != "unknown"]
OPEN_ROUTES = {
    "api-schema", "api-docs", "api-redoc", "api-problems", "auth-login", "auth-refresh", "auth-register-business",
    "auth-verify-email", "auth-join-code", "auth-join-request",
}  # fmt: skip
ORIGIN = "https://shop.example.com"


def client_on(host, **headers):
    return Client(headers={"host": host, **headers}, raise_request_exception=False)


@pytest.mark.parametrize(("route", "pattern"), ROUTES, ids=[route for route, _ in ROUTES])
def test_every_route_has_a_permission_for_each_of_its_methods(route, pattern):
    view = pattern.callback
    kind = getattr(view, "cls", view)
    if kind.access == OPEN:
        assert pattern.name in OPEN_ROUTES
        return
    assert kind.access == API
    if kind is not view:
        methods = {m.upper() for m in ("get", "post", "put", "patch", "delete") if hasattr(kind, m)}
        assert methods == set(kind.required)
    assert all(perm == MEMBER or isinstance(perm, Perm) for perm in kind.required.values())
    assert kind.required


@pytest.mark.parametrize(("route", "pattern"), [r for r in ROUTES if r[1].name not in OPEN_ROUTES], ids=str)
def test_every_other_route_refuses_callers_without_credentials_on_both_hosts(route, pattern, programme):
    url = "/" + re.sub(r"<[^>]+>", "abcdefghjkmn", route)
    kind = getattr(pattern.callback, "cls", pattern.callback)
    for host in ("harbour.localhost", "localhost"):
        for method in kind.required:
            response = getattr(client_on(host), method.lower())(url, content_type="application/json")
            assert response.status_code == 401, (host, method, url)
            assert response.headers["Content-Type"] == "application/problem+json"


def test_a_programmes_credentials_are_refused_by_the_other_programme(programme, other_programme, api, owner):
    for client in (api("admin"), api(user=owner)):
        assert client.get("/api/v1/auth/me").status_code == 200
        assert client.get("/api/v1/auth/me", headers={"host": "meadow.localhost"}).status_code == 401


def boom(request):
    raise RuntimeError("secret detail")


class BrokenUrls:
    urlpatterns = [path("api/v1/boom", boom)]
    handler500 = "core.error_views.server_error"


def test_an_unexpected_error_is_a_problem_that_tells_nothing(programme, settings):
    boom.access = OPEN
    settings.ROOT_URLCONF = BrokenUrls
    response = client_on("harbour.localhost").get("/api/v1/boom")
    assert response.status_code == 500
    assert response.json()["code"] == "internal_error"
    assert "secret" not in response.content.decode()


def test_unknown_programmes_and_routes_are_problems(programme):
    assert client_on("nobody.localhost").get("/api/v1/auth/me").json()["code"] == "unknown_programme"
    assert client_on("harbour.localhost").get("/api/nothing").json()["code"] == "not_found"
    assert client_on("localhost").get("/api/v1/nothing/at/all").json()["code"] == "not_found"
    strict = Client(headers={"host": "harbour.localhost"}, enforce_csrf_checks=True)
    assert strict.post("/api/v1/nothing", {}, "application/json").json()["code"] == "not_found"


def test_a_used_up_limit_says_when_to_come_back(api, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "key": (2, 3600)}
    client = api("read")
    assert client.get("/api/v1/customers/").headers["RateLimit-Remaining"] == "1"
    client.get("/api/v1/customers/")
    refused = client.get("/api/v1/customers/")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 0 < int(refused.headers["Retry-After"]) <= 3600


# -- CORS -------------------------------------------------------------------------------------------------------------


def preflight(host, origin):
    headers = {"origin": origin, "access-control-request-method": "GET", "access-control-request-headers": "x-api-key"}
    return client_on(host, **headers).options("/api/v1/customers/")


def test_no_origin_is_allowed_by_default(programme):
    assert "Access-Control-Allow-Origin" not in preflight("harbour.localhost", ORIGIN).headers


def test_a_listed_origin_is_allowed_in_its_programme_only(programme, other_programme):
    Programme.objects.filter(pk=programme.pk).update(cors_origins=[ORIGIN])
    from programs.middleware import forget_programmes

    forget_programmes()
    allowed = preflight("harbour.localhost", ORIGIN)
    assert allowed.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "x-api-key" in allowed.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in allowed.headers
    for host, origin in (
        ("meadow.localhost", ORIGIN),
        ("localhost", ORIGIN),
        ("harbour.localhost", "https://evil.example.com"),
        ("harbour.localhost", ORIGIN + ".evil.com"),
        ("harbour.localhost", "null"),
    ):
        assert "Access-Control-Allow-Origin" not in preflight(host, origin).headers, (host, origin)


def test_pages_never_answer_other_origins(programme):
    Programme.objects.filter(pk=programme.pk).update(cors_origins=[ORIGIN])
    response = client_on("harbour.localhost", origin=ORIGIN).get("/")
    assert "Access-Control-Allow-Origin" not in response.headers


# -- documentation ----------------------------------------------------------------------------------------------------


def test_the_committed_document_is_the_code():
    stored = (django_settings.BASE_DIR / "docs/api/openapi.yaml").read_text()
    out = io.StringIO()
    call_command("spectacular", "--urlconf", "config.urls_programme", "--validate", "--fail-on-warn", stdout=out)
    assert out.getvalue().strip() == stored.strip(), "run: manage.py spectacular --file docs/api/openapi.yaml"


def test_every_route_is_in_the_document():
    paths = api_docs.document()["paths"]
    for route, pattern in ROUTES:
        if not route.startswith("api/v1/"):
            continue
        url = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
        kind = getattr(pattern.callback, "cls", pattern.callback)
        own = {m for m in ("get", "post", "patch", "delete") if hasattr(kind, m)}
        wanted = {m.lower() for m in getattr(kind, "required", {})} or own or {"post"}
        assert wanted <= set(paths[url]), url


def test_each_code_is_listed_once_with_one_status():
    seen = {}
    for kind in api_docs.refusals():
        assert seen.setdefault(kind.code, kind.status) == kind.status, f"{kind.code} has two statuses"
    codes = [row["code"] for row in api_docs.codes()]
    assert len(codes) == len(set(codes)) > 40
    assert all(row["text"] for row in api_docs.codes())


@pytest.mark.parametrize("host", ["localhost", "harbour.localhost"])
@pytest.mark.parametrize("page", ["docs", "redoc", "docs/problems"])
def test_documentation_pages_load_local_files_only(host, page, programme):
    response = client_on(host).get(f"/api/{page}")
    assert response.status_code == 200
    html = response.content.decode()
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", html)
    assert not re.findall(r"<script(?![^>]*\bsrc=)", html)
    scripts = re.search(r"script-src ([^;]*)", response.headers["Content-Security-Policy"]).group(1)
    assert "unsafe" not in scripts


def test_the_document_is_served_and_cached(programme):
    client = client_on("harbour.localhost")
    first = client.get("/api/schema")
    assert json.loads(first.content)["openapi"].startswith("3.1")
    assert client.get("/api/schema", headers={"if-none-match": first.headers["ETag"]}).status_code == 304


# -- health -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "harbour.localhost", "10.0.0.7"])
def test_health_on_any_host(host, programme):
    client = client_on(host)
    assert client.get("/health/live").json() == {"status": "ok", "version": django_settings.VERSION}
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert set(ready.json()) == {"status", "database", "queue", "version"}
    assert client.get("/health").json()["database"] == "ok"


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_prints_a_key_that_works(programme):
    out = io.StringIO()
    call_command(
        "create_api_key", programme="harbour", name="Script", scopes=["read"], stdout=out, stderr=io.StringIO()
    )
    client = client_on("harbour.localhost", **{"x-api-key": out.getvalue().strip()})
    assert client.get("/api/v1/auth/me").json()["name"] == "Script"
    assert client.get("/api/v1/api-keys/").status_code == 403


def test_the_key_of_the_environment_works_and_repeating_changes_nothing(programme, monkeypatch):
    secret = new_secret()
    monkeypatch.setenv("REGULARS_API_KEY", secret)
    for _start in range(2):
        call_command("create_api_key", programme="harbour", from_environment=True, stdout=io.StringIO())
    connection.set_tenant(programme)
    assert ApiClient.objects.count() == 1
    assert client_on("harbour.localhost", **{"x-api-key": secret}).get("/api/v1/auth/me").status_code == 200
    revoke_client(client=ApiClient.objects.get(), actor=SYSTEM, now=timezone.now())
    with pytest.raises(CommandError, match="revoked"):
        call_command("create_api_key", programme="harbour", from_environment=True, stdout=io.StringIO())
    monkeypatch.setenv("REGULARS_API_KEY", "too-short")
    with pytest.raises(CommandError, match="not a key"):
        call_command("create_api_key", programme="harbour", from_environment=True, stdout=io.StringIO())
    monkeypatch.setenv("REGULARS_API_KEY_FILE", "/nowhere/key")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("create_api_key", programme="harbour", from_environment=True, stdout=io.StringIO())


def test_the_command_names_the_programmes_it_knows(programme):
    with pytest.raises(CommandError, match="harbour"):
        call_command("create_api_key", programme="nowhere", stdout=io.StringIO())
