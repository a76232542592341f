"""A body that is too large is refused by its announced length, before any of it is received."""

import io

import pytest
from django.test import Client

from customers.actions.imports import MAX_BODY_BYTES


class Unread(io.BytesIO):
    """A body that nobody may read."""

    def read(self, *args):
        raise AssertionError("The body was received.")

    readline = read


def send(client: Client, path, size, **headers):
    extra = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(size), "CONTENT_TYPE": "multipart/form-data; boundary=x"}
    return client.generic("POST", path, headers=headers, **extra)


@pytest.fixture
def strict(owner, client_of):
    return client_of(owner, enforce_csrf_checks=True)


@pytest.mark.parametrize(
    ("path", "size"),
    [("/settings/", 3_000_000), ("/customers/imports/upload/", MAX_BODY_BYTES + 1), ("/logout/", 10**12)],
)
def test_pages_refuse_at_once(strict, path, size):
    strict.cookies["csrftoken"] = "a" * 32
    response = send(strict, path, size)
    assert response.status_code == 413
    assert "too large" in response.content.decode()


def test_the_api_refuses_at_once(api):
    for path, size in (("/api/v1/customers/", 3_000_000), ("/api/v1/imports/", MAX_BODY_BYTES + 1)):
        response = send(api("write"), path, size)
        assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_who_may_not_upload_sends_nothing(client_of, analyst):
    """An import's file is large: whoever lacks the permission is refused before it arrives."""
    for person, status in ((analyst, 403), (None, 302)):
        browser = client_of(person, enforce_csrf_checks=True)
        browser.cookies["csrftoken"] = "a" * 32
        assert send(browser, "/customers/imports/upload/", 400_000_000).status_code == status


@pytest.mark.parametrize("length", ["", "-1", "1e9", "²"])
def test_an_odd_length_harms_nobody(client_of, owner, length):
    response = client_of(owner).post("/settings/", {}, headers={}, CONTENT_LENGTH=length)
    assert response.status_code in (400, 422)
