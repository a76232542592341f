"""Acts of the API that send something: with an Idempotency-Key, a repeated call gets the first answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import JsonResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from core.errors import InvalidInput
from core.idempotency import MAX_KEY_LENGTH, IdempotencyKey, digest_of
from core.problems import MEDIA_TYPE
from workspace.actions.idempotency import Answer, answer_once
from workspace.api_auth import ApiCaller

HEADER = "Idempotency-Key"
KEY_PARAMETER = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
    location=OpenApiParameter.HEADER,
    description="Repeating the request with the same key returns the first answer and sends nothing.",
)


def once(
    request: Request,
    caller: ApiCaller,
    endpoint: str,
    meaning: object,
    act: Callable[[], Mapping[str, Any]],
    *,
    status: int,
) -> JsonResponse:
    """What `act` gives, or the first answer to this request's key; without a key it simply acts.

    `endpoint` names the act, `meaning` is what the caller asked of it (JSON-like). Raises what `act` raises when there
    is no key, InvalidInput for a key that cannot be one, IdempotencyKeyReused.
    """
    given = request.headers.get(HEADER, "").strip()
    if not given:
        return _response(Answer(status, act()))
    if len(given) > MAX_KEY_LENGTH or not given.isascii() or not given.isprintable():
        raise InvalidInput(_("A key is up to 255 printable characters."), field=HEADER)
    key = IdempotencyKey(caller.owner, endpoint, given, digest_of(meaning))
    return _response(answer_once(key, lambda: Answer(status, act()), now=timezone.now()))


def _response(answer: Answer) -> JsonResponse:
    response = JsonResponse(dict(answer.body), status=answer.status)
    if answer.status >= 400:
        response.headers["Content-Type"] = MEDIA_TYPE
    if answer.is_replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
