"""Generated requests against the document: no 5xx, and every answer as described. In process, a short real run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks

from config.api_docs import document
from core.actor import SYSTEM
from customers.models import Customer, CustomerFacts, Event, Order, Product
from workspace.actions.api_keys import create_client
from workspace.models import Business

EXAMPLES = 4  # for each operation; about 20 s in all
# These make programmes, mail people or end the caller's own access.
LEFT_OUT = "auth_register_business|auth_login|auth_logout|auth_verify_email"


@pytest.fixture(autouse=True)
def _keep_the_connection():
    """As Django's test client does: the test's transaction outlives each request."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def caller(programme):
    """A key, and one row of each kind so that addresses with ids are sometimes right."""
    now = datetime(2026, 6, 1, tzinfo=UTC)
    business = Business.objects.create(name="Quayside")
    customer = Customer.objects.create(first_name="Ada")
    CustomerFacts.objects.create(customer=customer)
    Product.objects.create(sku="MUG", title="Mug", price=4)
    Order.objects.create(business=business, customer=customer, source="api", reference="1", placed_at=now, total=8)
    Event.objects.create(name="customers.order.placed", customer=customer, business_id=business.pk, occurred_at=now)
    return create_client(name="Fuzz", scopes=["admin"], business=None, actor=SYSTEM, now=datetime.now(UTC)).secret


def schema():
    loaded = schemathesis.openapi.from_dict(document())
    loaded.app = get_wsgi_application()
    return loaded.exclude(operation_id_regex=LEFT_OUT)


CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
OPERATIONS = [result.ok() for result in schema().get_all_operations()]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_answers_are_as_described(operation, caller):
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def fuzz(case):
        headers = {"Host": "harbour.localhost", "X-API-Key": caller}
        case.call_and_validate(headers=headers, checks=CHECKS)

    fuzz()
