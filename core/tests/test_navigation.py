"""The navigation follows the role, and never shows a dead link."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import include, path

from core import navigation
from core.context_processors import shell
from core.hosts import public_url
from core.permissions import MEMBER, Role, permissions_of
from programs.routes import all_routes


def _view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def _app(name: str, **urls: str) -> Any:
    return include(([path(route, _view, name=key) for key, route in urls.items()], name))


class Urls:
    """Home, till and customers exist; orders and the rest do not."""

    urlpatterns = (
        path("", _app("screens", home="")),
        path("till/", _app("till", find="")),
        path("customers/", _app("customers", list="", products="products/")),
        path("settings/", _app("workspace", settings="")),
    )


def build(role: str, at: str = "/") -> navigation.Navigation:
    return navigation.build(permissions=permissions_of(role), path=at, urlconf=Urls)


def labels(role: str) -> list[str]:
    return [str(item.label) for item in build(role).everything]


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.OWNER, ["Home", "Till", "Customers", "Products", "Settings"]),
        (Role.ANALYST, ["Home", "Customers", "Products"]),
        (Role.CASHIER, ["Till"]),
    ],
)
def test_role_sees_its_pages_that_exist(role: str, seen: list[str]) -> None:
    assert labels(role) == seen


REAL = {route.name: route for route in all_routes() if route.host == "programme"}


@pytest.mark.parametrize("item", [*navigation.ITEMS, *navigation.DEEPER], ids=lambda item: item.url_name)
def test_every_item_leads_to_a_page_that_who_sees_it_may_open(item: navigation.NavItem) -> None:
    assert REAL[item.url_name].access in {item.perm, MEMBER}


def test_search_and_log_out_lead_to_pages_too() -> None:
    name, perm = navigation.SEARCH
    assert REAL[name].access == perm
    assert any(name in REAL for name in navigation.LOGOUT)


@pytest.mark.parametrize("role", Role)
def test_every_role_sees_all_pages_that_it_may_open(role: Role) -> None:
    may = permissions_of(role)
    seen = navigation.build(permissions=may, path="/", urlconf="config.urls_programme")
    expected = [item.label for item in navigation.ITEMS if item.perm is None or item.perm in may]
    assert sorted(str(link.label) for link in seen.everything) == sorted(map(str, expected))


def test_palette_names_the_pages_behind_the_sections_that_the_role_may_open() -> None:
    def behind(role: Role) -> list[str]:
        nav = navigation.build(permissions=permissions_of(role), path="/", urlconf="config.urls_programme")
        return [str(item.label) for item in nav.palette if item not in nav.everything]

    assert behind(Role.OWNER) == [str(item.label) for item in navigation.DEEPER]
    assert behind(Role.ANALYST) == [
        "Insights", "RFM groups", "Runs of archetypes", "Features of customers", "How well we forecast",
        "Likely to buy", "Refunds", "Tags", "Fields of customers", "Events", "Transactions", "Earning rules", "Tiers",
        "Referrals", "Affiliates",
        "Recommendations", "Stamp cards", "Reports", "Settlement", "Businesses",
    ]  # fmt: skip
    assert behind(Role.CASHIER) == []


def test_home_link_leads_where_the_role_lands() -> None:
    assert build(Role.OWNER).home_url == "/"
    assert build(Role.CASHIER).home_url == "/till/"


@pytest.mark.parametrize(
    ("at", "current"),
    [
        ("/", "Home"),
        ("/till/", "Till"),
        ("/customers/", "Customers"),
        ("/customers/42/", "Customers"),
        ("/customers/products/9/", "Products"),
        ("/elsewhere/", None),
    ],
)
def test_exactly_the_deepest_matching_page_is_current(at: str, current: str | None) -> None:
    nav = build(Role.OWNER, at)
    assert [str(item.label) for item in nav.everything if item.current] == ([current] if current else [])


def test_a_role_with_one_section_sees_where_it_is() -> None:
    assert [str(item.label) for item in build(Role.CASHIER, "/till/sale/").everything if item.current] == ["Till"]


def test_tab_bar_and_its_menu_hold_every_page_once() -> None:
    nav = build(Role.OWNER)
    assert [str(item.label) for item in nav.tabs] == ["Home", "Till", "Customers"]
    assert [str(item.label) for item in nav.more] == ["Products", "Settings"]


def test_customer_search_is_offered_only_to_who_may_search() -> None:
    assert build(Role.OWNER).search_url == "/customers/"
    assert build(Role.CASHIER).search_url == ""


@pytest.mark.parametrize(("cookie", "theme"), [("light", "light"), ("system", "system"), ("purple", ""), ("", "")])
def test_theme_is_one_of_three_words(cookie: str, theme: str) -> None:
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = cookie
    assert shell(request)["theme"] == theme


def test_shell_of_a_request_without_person_or_programme() -> None:
    context = shell(RequestFactory().get("/"))
    assert context["programme"] is None
    assert context["membership"] is None
    assert context["navigation"].tabs == []


def test_shell_uses_the_membership_of_this_request() -> None:
    request = RequestFactory().get("/")
    request.urlconf = Urls
    request.membership = SimpleNamespace(permissions=permissions_of(Role.CASHIER))
    assert [str(item.label) for item in shell(request)["navigation"].everything] == ["Till"]


@pytest.mark.parametrize(
    ("scheme", "port", "url"),
    [
        ("http", 8000, "http://example.test:8000/programmes/"),
        ("http", 80, "http://example.test/programmes/"),
        ("https", 443, "https://example.test/programmes/"),
    ],
)
def test_public_url_leaves_the_usual_port_out(settings: Any, scheme: str, port: int, url: str) -> None:
    settings.PUBLIC_SCHEME, settings.PUBLIC_PORT, settings.PUBLIC_HOST = scheme, port, "example.test"
    assert public_url("/programmes/") == url
