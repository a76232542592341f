"""The component sheet as a real page of one origin, under the production policy; and a job's progress."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.template.loader import render_to_string
from django.test import RequestFactory
from playwright.sync_api import Browser, Page, Route

from core.component_sheet import component_sheet
from core.css import ROOT
from core.permissions import permissions_of

ORIGIN = "http://sheet.localhost"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'self'"
)
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


def sheet(theme: str = "dark") -> str:
    request = RequestFactory().get("/components/", {"theme": theme})
    request.programme = SimpleNamespace(pk=3, name="Harbour & Pine", currency="GBP", logo="")
    request.user = SimpleNamespace(pk=5, is_authenticated=True, get_full_name="Maya Okafor")
    request.membership = SimpleNamespace(permissions=permissions_of("owner"), get_role_display="Owner")
    return component_sheet(request).content.decode()


def open_sheet(chromium: Browser, *, theme: str, width: int) -> tuple[Page, list[str]]:
    """The sheet as a real page of one origin, with the production policy, and what the console said."""
    html = sheet(theme)
    complaints: list[str] = []

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN).split("?")[0]
        if path == "/components/" and not route.request.headers.get("hx-request"):
            route.fulfill(body=html, content_type="text/html", headers={"Content-Security-Policy": POLICY})
        elif path.startswith("/static/"):
            file = ROOT / "static" / path.removeprefix("/static/")
            route.fulfill(body=file.read_bytes(), content_type=KINDS[file.suffix])
        else:
            route.fulfill(status=204)

    page = chromium.new_page(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("**/*", answer)
    page.goto(f"{ORIGIN}/components/")
    page.evaluate("document.fonts.ready")
    return page, complaints


def progress(**values: Any) -> str:
    return render_to_string(
        "components/_job_progress.html", {"id": "job-7", "url": "/jobs/7/", "title": "Import", **values}
    )
