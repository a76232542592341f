"""Reads are planned for what they ask for; writes repeat prepared statements."""

from collections.abc import Callable

from django.db import connection
from django.test import Client

from programs.models import User


def test_a_read_prepares_nothing_and_the_next_write_does_again(client_of: Callable[..., Client], owner: User) -> None:
    browser = client_of(owner)

    def prepared() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_prepared_statements")
            return int(cursor.fetchone()[0])

    browser.post("/customers/nobody/archive/")
    before = prepared()
    for _time in range(10):
        browser.get("/customers/?new=7")
    assert connection.connection.prepare_threshold is None
    assert prepared() == before
    browser.post("/customers/nobody/archive/")
    assert connection.connection.prepare_threshold == connection.settings_dict["OPTIONS"]["prepare_threshold"]
