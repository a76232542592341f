"""The home page: how the shop is doing, who its customers are, what happened last."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.keyset import with_query
from core.page import page
from core.permissions import Perm, member_only
from core.requests import StaffRequest
from customers.views import is_part
from intelligence.reports import rfm_overview
from intelligence.reports_archetypes import archetype_rows
from screens.onboarding import checklist
from screens.reports_attention import attention
from screens.reports_businesses import business_cards
from screens.reports_home import DEFAULT_DAYS, PERIODS, activity, home_figures
from workspace.models import Business

ACTIVITY = "home-activity"


@require_safe
@member_only  # everybody has a home: cashiers' is the till
def home(request: StaffRequest) -> HttpResponse:
    if Perm.HOME_VIEW not in request.membership.permissions:
        return HttpResponseRedirect(reverse("till:find"))
    now = timezone.now()
    businesses = list(Business.objects.active().visible_to(request.actor))
    chosen = next((business for business in businesses if business.code == request.GET.get("business")), None)
    business_id = chosen.pk if chosen else request.actor.business_id
    context: dict[str, object] = {
        "activity": activity(programme=request.programme, actor=request.actor, business_id=business_id, now=now)
    }
    if not is_part(request, ACTIVITY):
        context |= _figures(request, business_id, now)
        context |= {"businesses": [("", _("All shops")), *((business.code, business.name) for business in businesses)]}
        permissions = request.membership.permissions
        can_add = Perm.POINTS_WRITE in permissions
        context |= {"cards": business_cards(actor=request.actor, programme=request.programme, can_add=can_add, now=now)}
        context["attention"] = attention(
            programme=request.programme, actor=request.actor, permissions=permissions, now=now
        )
        context |= {"business": chosen.code if chosen else "", "has_choice": len(businesses) > 1}
    return page(request, "screens/home.html", context, partials={ACTIVITY})


def _figures(request: StaffRequest, business_id: int | None, now: datetime) -> dict[str, object]:
    asked = request.GET.get("days", "")
    days = int(asked) if asked in map(str, PERIODS) else DEFAULT_DAYS
    figures = home_figures(
        programme=request.programme, actor=request.actor, business_id=business_id, days=days, now=now
    )
    steps = None
    if not request.programme.is_demo:
        steps = checklist(programme=request.programme, permissions=request.membership.permissions)
    sees_archetypes = business_id is None and Perm.INTELLIGENCE_VIEW in request.membership.permissions
    archetypes = archetype_rows() if sees_archetypes else []
    overview = None if archetypes else rfm_overview(business_id=business_id, now=now)
    groups = [row for row in overview.groups if row.customers] if overview else []
    return {
        "figures": figures,
        "greeting": greeting(request.user.get_short_name(), now.astimezone(request.programme.zone)),
        "today": date_format(now.astimezone(request.programme.zone), "l j F"),
        "days": days,
        "ranges": [
            {
                "label": _("%(days)s days") % {"days": period},
                "url": with_query(request.GET, days=str(period)),
                "current": period == days,
            }
            for period in PERIODS
        ],
        "archetypes": archetypes,
        "archetype_parts": [(row.archetype.name, row.spent_share, row.tone) for row in archetypes],
        "groups": groups,
        "has_groups_before": any(row.before is not None for row in groups),
        "group_parts": [(str(row.group.name), row.spent_share, row.group.tone) for row in groups],
        "checklist": steps if steps and not steps.is_done else None,
        "demo": request.programme.onboarding.get("demo", {"source": ""}) if request.programme.is_demo else None,
    }


def greeting(name: str, local: datetime) -> str:
    if local.hour < 12:
        return _("Good morning, %(name)s") % {"name": name}
    if local.hour < 18:
        return _("Good afternoon, %(name)s") % {"name": name}
    return _("Good evening, %(name)s") % {"name": name}
