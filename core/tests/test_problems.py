"""Problem details: one shape, stable codes, and no leak of what was not asked."""

import json

from rest_framework import serializers

from core.errors import DomainError, InvalidInput
from core.problems import MEDIA_TYPE, exception_handler, problem_response


class LineSerializer(serializers.Serializer):
    quantity = serializers.IntegerField()


class BasketSerializer(serializers.Serializer):
    name = serializers.CharField()
    lines = LineSerializer(many=True)


def body(response):
    return json.loads(response.content)


def test_a_refusal_has_the_shape_of_rfc_9457():
    class OutOfStock(DomainError):
        code = "out_of_stock"
        message = "None left."

    response = problem_response(OutOfStock(left=0))
    assert response.status_code == 409
    assert response.headers["Content-Type"] == MEDIA_TYPE
    assert body(response) == {
        "type": "/api/docs/problems#out_of_stock",
        "title": "Refused by a rule",
        "status": 409,
        "detail": "None left.",
        "code": "out_of_stock",
        "errors": [],
        "data": {"left": 0},
    }


def test_input_errors_name_their_field():
    response = problem_response(InvalidInput("Too long.", field="name"))
    assert response.status_code == 422
    assert body(response)["errors"] == [{"field": "name", "message": "Too long.", "code": "invalid"}]


def test_nested_serializer_errors_get_dotted_paths():
    serializer = BasketSerializer(data={"lines": [{"quantity": 1}, {"quantity": "many"}]})
    try:
        serializer.is_valid(raise_exception=True)
    except serializers.ValidationError as error:
        response = exception_handler(error, {})
    assert response.status_code == 422
    assert {(e["field"], e["code"]) for e in body(response)["errors"]} == {
        ("name", "required"),
        ("lines.1.quantity", "invalid"),
    }
