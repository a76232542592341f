"""A log line names the programme, the request and the route; never the path, which may hold a phone number."""

import io
import json
import logging

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import ResolverMatch
from django.utils.log import log_response

from core.logs import ContextFilter, request_id

PATH = "/api/v1/customers/points/+447911123456"
ROUTE = "api/v1/customers/points/<str:phone>"


@pytest.fixture
def lines():
    """lines() → what the product's own handler wrote since the test began."""
    handler = next(h for h in logging.getLogger().handlers if any(isinstance(f, ContextFilter) for f in h.filters))
    stream = io.StringIO()
    usual = handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    handler.setStream(usual)


@pytest.mark.parametrize(("match", "named"), [(ResolverMatch(print, (), {}, route=ROUTE), ROUTE), (None, "unmatched")])
def test_a_failure_that_django_logs_names_the_route(rf, lines, match, named):
    request = rf.get(f"{PATH}?n=5")
    request.resolver_match = match
    token = request_id.set("abcdefgh")
    try:
        raise ZeroDivisionError
    except ZeroDivisionError as error:
        response = HttpResponse(status=500)
        log_response(
            "%s: %s", "Internal Server Error", request.path, response=response, request=request, exception=error
        )
    finally:
        request_id.reset(token)
    (line,) = lines()
    assert line["message"] == f"Internal Server Error: {named}"
    assert (line["status_code"], line["schema"], line["request_id"]) == (500, "public", "abcdefgh")
    assert "447911123456" not in json.dumps(line)


def test_a_refusal_that_django_logs_names_the_route(db, lines):
    Client(enforce_csrf_checks=True).post("/accounts/login/", {}, headers={"host": "localhost"})
    refused = next(line for line in lines() if line["name"] == "django.security.csrf")
    assert refused["message"] == "Forbidden (CSRF cookie not set.): accounts/login/"
    assert "request" not in refused
