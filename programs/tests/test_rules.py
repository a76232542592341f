"""What a person may type as an origin."""

import pytest

from programs.rules import clean_origin


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://shop.example.com", "https://shop.example.com"),
        (" HTTPS://Shop.Example.com/ ", "https://shop.example.com"),
        ("https://shop.example.com:443", "https://shop.example.com"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://192.0.2.7:80", "http://192.0.2.7"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(typed, origin):
    assert clean_origin(typed) == origin


@pytest.mark.parametrize(
    "typed",
    [
        "", "*", "null", "shop.example.com", "https://", "https://*.example.com", "https://shop.example.com/cart",
        "https://user@shop.example.com", "https://shop.example.com?x", "https://shop.example.com:0",
        "https://shop.example.com:65536", "https://-shop.example.com", "https://shop..example.com", "ftp://shop.example.com",
        "https://shop.example.com\nhttps://evil.example.com", "https://" + "a." * 120 + "com", "https://x:²",
    ],
)  # fmt: skip
def test_anything_else_is_none(typed):
    assert clean_origin(typed) == ""
