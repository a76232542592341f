"""Loyalty → Recommendations: which rules there are, what they may do, how often each worked, and other businesses."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError, InvalidInput
from core.keyset import CURSOR
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from loyalty.actions import recommender_settings as actions
from loyalty.actions.co_visits import learn_soon
from loyalty.models import CoVisit
from loyalty.reports_recommendations import (
    AWAY,
    BACK,
    DAYS,
    LEFT_OUT,
    RUNNING,
    TOLD,
    learned_pairs,
    outcomes,
    promotions,
)
from loyalty.tabs import loyalty_tabs
from screens import reports_recommendations as report
from screens.forms_recommendations import PromotionForm, RuleForm
from workspace.models import Business

ROWS = 25
HOME, OTHERS = "recommendations:list", "recommendations:others"


def _may_decide(request: StaffRequest) -> bool:
    return Perm.PROGRAMME_EDIT in request.membership.permissions and request.actor.business_id is None


@require_safe
@requires(Perm.POINTS_VIEW)
def rules(request: StaffRequest) -> HttpResponse:
    found = outcomes(actor=request.actor, now=timezone.now())
    context = {
        "cards": [report.rule_card(one) for one in found],
        "days": DAYS,
        "tabs": loyalty_tabs(request, HOME),
        "has_others": Business.objects.active().count() > 1,
    }
    return page(request, "screens/recommendations/list.html", context)


@require_safe
@requires(Perm.POINTS_VIEW)
def rule(request: StaffRequest, rule: str) -> HttpResponse:
    """One rule: its settings, the curve of who came back, and who was told what."""
    return _rule_page(request, rule, _form(rule))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def settings(request: StaffRequest, rule: str) -> HttpResponse:
    """How a rule is used from now on."""
    request.actor.check_sees_all()
    form = _form(rule, request.POST)
    if form.is_valid():
        try:
            actions.change_rule(name=rule, values=form.values(), actor=request.actor)
        except InvalidInput as error:
            form.add_error(error.field or None, str(error.message))
    if not form.is_valid():
        return _rule_page(request, rule, form, status=422)
    messages.success(request, _("Saved. Who was told something before is told it for their days."))
    return done(request, reverse("recommendations:rule", args=[rule]))


def _form(rule: str, data: QueryDict | None = None) -> RuleForm:
    """Raises UnknownRecommender."""
    return RuleForm(data, rule=actions.find_recommender(rule), values=actions.rules_now()[rule])


def _rule_page(request: StaffRequest, rule: str, form: RuleForm, status: int = 200) -> HttpResponse:
    now, actor = timezone.now(), request.actor
    outcome = next(one for one in outcomes(actor=actor, now=now) if one.rule.name == rule)
    group, became = request.GET.get("group", ""), request.GET.get("outcome", "")
    rows = report.row_page(
        outcome.rule,
        group=group,
        outcome=became,
        actor=actor,
        programme=request.programme,
        cursor=request.GET.get(CURSOR, ""),
        size=ROWS,
        now=now,
    )
    context = {
        "card": report.rule_card(outcome),
        "chart": report.curve(outcome),
        "days": DAYS,
        "form": form if _may_decide(request) else None,
        "rows": rows.rows,
        **rows.links(request.GET),
        "group": group,
        "groups": [("", _("All")), (TOLD, _("Told")), (LEFT_OUT, _("Left out by chance"))],
        "outcome": became,
        "outcomes": [("", _("All")), (BACK, _("Came back")), (AWAY, _("Did not come")), (RUNNING, _("Have time left"))],
        "is_filtered": bool(group or became),
    }
    return page(request, "screens/recommendations/rule.html", context, status=status, partials={"rows"})


# -- other businesses -------------------------------------------------------------------------------------------------


@require_safe
@requires(Perm.POINTS_VIEW)
def others(request: StaffRequest) -> HttpResponse:
    return _others_page(request, PromotionForm(businesses=_businesses()))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def set_promotion(request: StaffRequest) -> HttpResponse:
    request.actor.check_sees_all()
    form = PromotionForm(request.POST, businesses=_businesses())
    if form.is_valid():
        try:
            actions.set_cross_promotion(**form.cleaned_data, actor=request.actor, now=timezone.now())
        except DomainError as error:
            form.add_error(getattr(error, "field", "") or None, str(error.message))
    if not form.is_valid():
        return _others_page(request, form, status=422)
    messages.success(request, _("Saved. It holds from now on."))
    return done(request, reverse(OTHERS))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def delete_promotion(request: StaffRequest, code: str) -> HttpResponse:
    actions.delete_cross_promotion(code=code, actor=request.actor)
    messages.success(request, _("Deleted. The figures decide again."))
    return done(request, reverse(OTHERS))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def learn(request: StaffRequest) -> HttpResponse:
    """Count anew before the night does."""
    learn_soon(actor=request.actor, now=timezone.now())
    messages.success(request, _("Counting. Look again in a minute."))
    return done(request, reverse(OTHERS))


def _businesses() -> list[Business]:
    return list(Business.objects.active().order_by("name"))


def _others_page(request: StaffRequest, form: PromotionForm, status: int = 200) -> HttpResponse:
    pairs = learned_pairs(actor=request.actor)
    newest = CoVisit.objects.order_by("-learned_at").values_list("learned_at", flat=True).first()
    context = {
        "pairs": pairs,
        "learned_at": newest,
        "parameters": actions.rules_now()["co_visits"].parameters,
        "promotions": promotions(actor=request.actor),
        "form": form if _may_decide(request) else None,
        "is_alone": Business.objects.active().count() < 2,
    }
    return page(request, "screens/recommendations/others.html", context, status=status)
