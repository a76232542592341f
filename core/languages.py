"""In which language a page speaks.

Staff pages speak settings.LANGUAGES, the points page settings.PORTAL_LANGUAGES: a language may be whole for customers
and not there at all for staff. Nothing else activates a language, but what writes to a person (`translation.override`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

PORTAL_COOKIE = "points-language"  # what was chosen on the points page; staff have a cookie of their own


def offered(code: str, languages: Iterable[tuple[str, object]]) -> str:
    """`code` if it is among `languages`, or its language without the region (de-AT, de_CH: de), else ""."""
    known = {known for known, _name in languages}
    wanted = code.lower().replace("_", "-")
    return next((one for one in (wanted, wanted.partition("-")[0]) if one in known), "")


def staff_language(code: str = "") -> str:
    """`code` if staff pages and e-mails to staff speak it, else the deployment's."""
    return offered(code, settings.LANGUAGES) or settings.LANGUAGE_CODE


def portal_language(request: HttpRequest) -> str:
    """What a visitor of the points page reads: chosen before, asked for by the browser, or the programme's."""
    programme = getattr(request, "programme", None)
    return _first_offered(
        request.COOKIES.get(PORTAL_COOKIE, ""), *_asked_for(request), programme.language if programme else ""
    )


def language_for_customers(request: HttpRequest) -> str:
    """What a new programme speaks to its customers: what the browser of who makes it asks for, if customers have it."""
    return _first_offered(*_asked_for(request))


def _asked_for(request: HttpRequest) -> list[str]:
    """What the browser asks for, the best first."""
    header = parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    return [code for code, quality in header if quality > 0]


def _first_offered(*codes: str) -> str:
    languages = settings.PORTAL_LANGUAGES
    return next((found for code in codes if (found := offered(code, languages))), languages[0][0])


def language_of_request(request: HttpRequest) -> str:
    if request.path_info.startswith(settings.PORTAL_PATH):
        return portal_language(request)
    return translation.get_language_from_request(request)


class LanguageMiddleware:
    """Speaks the request's language until its answer is made, and no longer: a thread answers many people."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with translation.override(language_of_request(request)):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "")
        patch_vary_headers(response, ["Accept-Language"])
        return response
