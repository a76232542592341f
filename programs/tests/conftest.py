"""A person with an account, and a browser on the public host."""

import pytest
from django.core.cache import cache
from django.test import Client

from programs.actions.people import create_person
from programs.tests.log_in import PASSWORD


@pytest.fixture
def fresh_limits(db):
    cache.clear()


@pytest.fixture
def visitor(fresh_limits, run_queue):
    """A browser on the public host, beside a worker that is never late."""

    class Browser(Client):
        def request(self, **request):
            response = super().request(**request)
            run_queue()
            return response

    return Browser(headers={"host": "localhost"})


@pytest.fixture
def ada(db):
    return create_person(email="ada@example.com", password=PASSWORD, name="Ada Byron", is_verified=True)
