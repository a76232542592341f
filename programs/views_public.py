"""Pages of the public host: what this is, a person's programmes, and the way into one."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.page import page
from core.permissions import open_to_all, signed_in
from core.requests import PublicRequest
from programs import rules
from programs.actions import handover
from programs.admin_sites import platform_site
from programs.hosts import programme_url
from programs.models import JoinRequest, Membership, Programme


@require_safe
@open_to_all  # says what the product is
def welcome(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("programs:start")
    return page(request, "programs/welcome.html")


@require_safe
@open_to_all  # the log-in page itself is elsewhere; this is the address that every host has
def login(request: HttpRequest) -> HttpResponse:
    query = urlencode({"next": rules.safe_path(request.GET["next"])}) if "next" in request.GET else ""
    return HttpResponseRedirect(f"{reverse('account_login')}?{query}" if query else reverse("account_login"))


@require_safe
@signed_in
def start(request: PublicRequest) -> HttpResponse:
    """After log-in: into the only programme, to the list of several, or to making the first."""
    slugs = list(Membership.objects.live().filter(user=request.user).values_list("programme__slug", flat=True)[:2])
    if len(slugs) == 1:
        return redirect("programs:enter", slugs[0])
    return redirect("programs:programmes")


@require_safe
@signed_in
def programmes(request: PublicRequest) -> HttpResponse:
    memberships = Membership.objects.live().filter(user=request.user).select_related("programme")
    requests = JoinRequest.objects.filter(user=request.user).exclude(state=JoinRequest.State.WITHDRAWN)
    context = {
        "memberships": memberships.order_by("programme__name"),
        "requests": requests.exclude(state=JoinRequest.State.APPROVED).select_related("programme").order_by("-pk")[:20],
        "records_url": reverse("platform:index") if platform_site.has_permission(request) else "",
    }
    return page(request, "programs/programme_list.html", context)


@never_cache
@require_safe
@signed_in
def enter(request: PublicRequest, slug: str) -> HttpResponse:
    """Hand the person over to a programme's host; the code is bound to the `state` that the host's browser holds.

    Without a state (a link from the list of programmes) the programme's own log-in is asked to start, which sets one.
    """
    programme = get_object_or_404(Programme, slug=slug, is_active=True)
    next_path = rules.safe_path(request.GET.get("next", "/"))
    state = request.GET.get("state", "")
    if not state:
        return HttpResponseRedirect(programme_url(programme, f"/login/?{urlencode({'next': next_path})}"))
    try:
        code = handover.issue_code(
            user=request.user,
            programme=programme,
            state=state,
            next_path=next_path,
            session_key=request.session.session_key or "",
            now=timezone.now(),
        )
    except handover.NotAMember:  # has a page of its own: which account is this, and where to go instead
        return render(request, "programs/not_a_member.html", {"wanted": programme}, status=403)
    return HttpResponseRedirect(programme_url(programme, f"/enter/?{urlencode({'code': code})}"))
