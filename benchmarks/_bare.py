"""The baseline of the API: the same SQL in one cursor call behind Django's handler, without middleware or checks."""

from __future__ import annotations

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.base"

import django
from django.conf import settings

django.setup()  # with the product's settings, which its apps check
settings.MIDDLEWARE = []
settings.ROOT_URLCONF = "benchmarks._bare"

import msgspec  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402

from loyalty.ledger import _CALL  # noqa: E402
from programs.models import Programme  # noqa: E402

_decode = msgspec.json.Decoder(dict[str, str]).decode
_call = msgspec.json.encode(
    {"owner": "api:bench", "actor": "api:bench", "actor_label": "Bench", "source": "api", "zone": "Europe/London"}
).decode()


def add(request: HttpRequest) -> HttpResponse:
    if connection.schema_name == "public":
        connection.set_tenant(Programme.objects.get(slug="bench"))
    body = _decode(request.body)
    item = {
        "ordinal": 0,
        "kind": "earn",
        "endpoint": "points.add",
        "business": body["business_id"],
        "phone": body["customer_phone_number"],
        "amount": body["amount_spent"],
        "key": request.headers["Idempotency-Key"],
        "digest": "ab" * 32,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CALL, [msgspec.json.encode([item]).decode(), _call, timezone.now()])
        response = cursor.fetchone()[2]
    return HttpResponse(response, content_type="application/json")


urlpatterns = [path("api/v1/transactions/add-points", add)]
application = get_wsgi_application()
