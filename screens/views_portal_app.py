"""What makes the points page an app on a phone: its manifest and icons. No service worker: pages are never stored."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from core import brand
from core.codes import digest
from core.languages import offered
from core.permissions import customer_page
from core.requests import ProgrammeRequest
from programs.models import Programme
from screens.portal_icons import SIZES, draw_icon

CANVAS_DARK = "#0a0c11"  # --canvas of styles/tokens.css, while the app opens
SHORT_NAME = 12  # letters that a phone shows under an icon


@require_safe
@customer_page  # open: what the sign-in page shows anyway
@cache_control(public=True, max_age=3600)
def manifest(request: ProgrammeRequest) -> JsonResponse:
    """In the language of the page that links it: browsers fetch it without cookies.

    Source: W3C, "Web Application Manifest".
    """
    translation.activate(offered(request.GET.get("language", ""), settings.PORTAL_LANGUAGES) or get_language() or "en")
    programme = request.programme
    icons = [_icon(programme, size, "any") for size in SIZES] + [_icon(programme, 512, "maskable")]
    data = {
        "id": reverse("portal:points"),
        "name": _("Your points at %(name)s") % {"name": programme.name},
        "short_name": programme.name if len(programme.name) <= SHORT_NAME else programme.name.split()[0][:SHORT_NAME],
        "start_url": reverse("portal:points"),
        "scope": reverse("portal:points"),
        "display": "standalone",
        "lang": get_language(),
        "theme_color": brand.tokens(brand.parse(programme.colour), dark=True)["accent"],
        "background_color": CANVAS_DARK,
        "icons": icons,
        "shortcuts": [
            {"name": _("My code at the till"), "url": reverse("portal:till-code"), "icons": icons[1:2]},
        ],
    }
    return JsonResponse(data, content_type="application/manifest+json")


@require_safe
@customer_page  # open, as the logo is
@cache_control(public=True, max_age=86400)
def icon(request: ProgrammeRequest, size: int, kind: str) -> HttpResponse:
    if size not in SIZES or kind not in ("any", "maskable"):
        raise Http404
    return HttpResponse(draw_icon(request.programme, size, maskable=kind == "maskable"), content_type="image/png")


def icon_url(programme: Programme, size: int, kind: str = "any") -> str:
    """Another look has another address, so that phones and caches notice it."""
    look = digest(f"{programme.name}:{programme.colour}:{programme.logo}").hex()[:12]
    return f"{reverse('portal:icon', args=[size, kind])}?look={look}"


def _icon(programme: Programme, size: int, kind: str) -> dict[str, str]:
    return {
        "src": icon_url(programme, size, kind), "sizes": f"{size}x{size}", "type": "image/png", "purpose": kind,
    }  # fmt: skip
