"""The sign-up form sent twice at the same moment."""

from django.db import connection
from django.test import Client

from programs.models import User


def test_one_person_who_signs_up_twice_at_once_has_one_account(in_threads):
    values = {"name": "Ada", "email": "new@example.com", "password1": "correct horse battery"}

    def sign_up():
        browser = Client(headers={"host": "localhost"}, raise_request_exception=False)
        return browser.post("/accounts/signup/", values)

    answers = in_threads([sign_up, sign_up])
    # The slower one is told nothing, or to wait: one code was sent to the address a moment ago.
    first, second = sorted(answers, key=lambda answer: answer.status_code)
    assert first.headers["Location"] == "/accounts/confirm-email/"
    assert second.status_code in (302, 429)
    connection.set_schema_to_public()
    assert User.objects.filter(email="new@example.com").count() == 1
