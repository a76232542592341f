"""The shell behind the real middleware: theme, policy, colours, and pages that are not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.test import Client, RequestFactory

from core import brand
from core.error_views import bad_request
from programs.models import Programme, User


def test_page_is_rendered_in_the_theme_of_the_cookie(client_of: Callable[..., Client], owner: User) -> None:
    client = client_of(owner)
    client.cookies["theme"] = "light"
    assert b'data-theme="light"' in client.get("/components/").content


def test_policy_allows_no_inline_code_and_scripts_carry_its_nonce(
    client_of: Callable[..., Client], owner: User
) -> None:
    response = client_of(owner).get("/components/")
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    nonce = policy.split("'nonce-")[1].split("'")[0]
    assert f'nonce="{nonce}" src="/static/js/app.js"' in response.content.decode()


def test_sheet_shows_the_persons_programme_and_role(client_of: Callable[..., Client], owner: User) -> None:
    html = client_of(owner).get("/components/").content.decode()
    assert "Harbour" in html
    assert "Owner" in html


def test_each_host_serves_its_own_colour(
    client_of: Callable[..., Client], programme: Programme, other_programme: Programme
) -> None:
    for one, colour in ((programme, "#aa0000"), (other_programme, "#00aa00")):
        Programme.objects.filter(pk=one.pk).update(colour=colour)
        fill = brand.tokens(brand.parse(colour), dark=True)["accent"]
        assert f"--accent:{fill};" in client_of(None, on=one).get("/brand.css").content.decode()


def test_unknown_page_is_404_in_our_words(client_of: Callable[..., Client], owner: User) -> None:
    response = client_of(owner).get("/no-such-page/")
    assert response.status_code == 404
    assert b"This page is not here" in response.content


def test_unknown_customer_is_404_in_the_same_words(client_of: Callable[..., Client], owner: User) -> None:
    response = client_of(owner).get("/customers/nobody/")
    assert response.status_code == 404
    assert b"This page is not here" in response.content


@pytest.mark.django_db
def test_page_says_the_language_that_it_is_written_in(settings: Any) -> None:
    public = Client(headers={"host": "localhost", "accept-language": "de-DE,de;q=0.9"})
    assert '<html lang="en"' in public.get("/accounts/login/").content.decode()
    for code, _name in settings.LANGUAGES[1:]:
        assert (settings.LOCALE_PATHS[0] / code / "LC_MESSAGES/django.mo").exists()


@pytest.mark.django_db
def test_unknown_programme_is_404_in_our_words() -> None:
    response = Client(headers={"host": "nobody.localhost"}).get("/")
    assert response.status_code == 404
    assert b"No programme has this address" in response.content


def test_request_that_is_not_understood_is_400_in_our_words() -> None:
    response = bad_request(RequestFactory().get("/"), SuspiciousOperation())
    assert response.status_code == 400
    assert "That request was not understood" in response.content.decode()


@pytest.mark.django_db
def test_address_of_a_form_opened_as_a_page_is_405_in_our_words(client_of: Callable[..., Client], owner: User) -> None:
    response = client_of(owner).get("/settings/team/invitations/")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "There is no page at this address" in response.content.decode()


@pytest.mark.django_db
def test_method_that_the_api_does_not_know_is_a_problem_still(client_of: Callable[..., Client], owner: User) -> None:
    response = client_of(owner).delete("/api/v1/me")
    assert response["Content-Type"] == "application/problem+json"
