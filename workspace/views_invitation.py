"""Accepting an invitation, on the public host: the link, the right person, one button."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_tenants.utils import tenant_context

from core.page import done, page
from core.permissions import open_to_all
from core.requests import client_ip
from programs.actions.people import has_verified
from workspace.actions import team
from workspace.models import Business


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@open_to_all  # the link's token is the proof; accepting needs a signed-in person with the invited e-mail
def accept(request: HttpRequest, token: str) -> HttpResponse:
    now = timezone.now()
    try:
        if request.method == "POST" and request.user.is_authenticated:
            membership = team.accept_invitation(token=token, user=request.user, ip=client_ip(request) or None, now=now)
            return done(request, reverse("programs:enter", args=[membership.programme.slug]))
        invitation = team.find_invitation(token=token, now=now)
    except (team.InvitationGone, team.WrongEmail) as refused:
        return render(request, "workspace/invitation_gone.html", {"error": refused}, status=refused.status)
    business = ""
    if invitation.business_id is not None:
        with tenant_context(invitation.programme):
            business = Business.objects.filter(pk=invitation.business_id).values_list("name", flat=True).first() or ""
    here = urlencode({"next": request.path})
    context = {
        "invitation": invitation,
        "business": business,
        "is_mine": request.user.is_authenticated and has_verified(user=request.user, email=invitation.email),
        "signup_url": f"{reverse('account_signup')}?{here}&{urlencode({'email': invitation.email})}",
        "login_url": f"{reverse('account_login')}?{here}",
    }
    return page(request, "workspace/invitation.html", context)
