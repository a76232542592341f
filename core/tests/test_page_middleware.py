"""What pages need and acts of the API pass by."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from programs.models import User


@pytest.mark.parametrize("path", ["/", "/api/docs"])
def test_pages_have_a_policy_also_those_that_document_the_api(
    client_of: Callable[..., Client], owner: User, path: str
) -> None:
    answer = client_of(owner).get(path)
    assert answer.status_code == 200
    assert "default-src" in answer.headers["Content-Security-Policy"]


def test_who_is_logged_in_to_pages_proves_nothing_to_the_api(client_of: Callable[..., Client], owner: User) -> None:
    client = client_of(owner)
    assert client.get("/").status_code == 200
    answer = client.get("/api/v1/customers/")
    assert answer.status_code == 401
    assert not answer.cookies
    assert not hasattr(answer.wsgi_request, "session")
