"""Loyalty → Affiliates: who sends customers, what each brought, what they get, and who is to be looked at."""

from __future__ import annotations

import io

import segno
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import InvalidInput
from core.keyset import CURSOR
from core.page import done, page
from core.permissions import Perm, requires
from core.presentation import format_money
from core.requests import StaffRequest
from loyalty.access_affiliates import get_affiliate
from loyalty.actions import affiliates as actions
from loyalty.actions.affiliate_customers import decide_customer
from loyalty.errors import ReferralOver
from loyalty.models import Affiliate, AffiliatePayout
from loyalty.reports_affiliates import WINDOW, days_of, money_of, months_of, oldest_hold, overview
from loyalty.tabs import loyalty_tabs
from screens import reports_affiliates as report
from screens.csv_files import csv_file
from screens.forms_affiliates import AffiliateForm, AffiliateSettingsForm
from screens.reports_portal_affiliates import months_shown, rule_text

LINES = 15
PAYOUTS = 12


@require_safe
@requires(Perm.POINTS_VIEW)
def affiliates(request: StaffRequest) -> HttpResponse:
    return _list_page(request)


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def settings(request: StaffRequest) -> HttpResponse:
    """What holds for all of them."""
    request.actor.check_sees_all()
    form = AffiliateSettingsForm(request.POST)
    if form.is_valid():
        try:
            actions.change_affiliate_settings(**form.cleaned_data, actor=request.actor)
        except InvalidInput as error:
            form.add_error(error.field or None, str(error.message))
    if not form.is_valid():
        return _list_page(request, form=form, status=422)
    messages.success(request, _("Saved."))
    return done(request, reverse("affiliates:list"))


@require_http_methods(["GET", "POST"])
@requires(Perm.PROGRAMME_EDIT)
def create(request: StaffRequest) -> HttpResponse:
    request.actor.check_sees_all()
    if request.method != "POST":
        values = actions.AffiliateValues(name="")
        return _form_page(request, AffiliateForm.of(values))
    return _save(request, AffiliateForm(request.POST), None)


@require_http_methods(["GET", "POST"])
@requires(Perm.PROGRAMME_EDIT)
def change(request: StaffRequest, code: str) -> HttpResponse:
    """From now on: sales keep the rule of their day."""
    request.actor.check_sees_all()
    affiliate = get_affiliate(code)
    if request.method != "POST":
        return _form_page(request, AffiliateForm.of(actions.values_of(affiliate)), affiliate)
    return _save(request, AffiliateForm(request.POST), affiliate)


@require_safe
@requires(Perm.POINTS_VIEW)
def detail(request: StaffRequest, code: str) -> HttpResponse:
    """What one brought, what is owed, and every line of it."""
    affiliate, now, actor, programme = get_affiliate(code), timezone.now(), request.actor, request.programme
    sees_all = actor.business_id is None
    may_edit = Perm.PROGRAMME_EDIT in request.membership.permissions and sees_all
    lines = report.line_page(
        affiliate, actor=actor, programme=programme, cursor=request.GET.get(CURSOR, ""), size=LINES, now=now
    )
    payouts = AffiliatePayout.objects.filter(affiliate=affiliate).select_related("affiliate").order_by("-pk")
    context = {
        "affiliate": affiliate,
        "tone": report.TONES[affiliate.state],
        "rule": rule_text(affiliate, programme.currency),
        "money": money_of(affiliate, actor=actor, now=now),
        "next_hold": oldest_hold(affiliate, now=now) if sees_all else None,
        "chart": report.chart_of(days_of(affiliate, actor=actor, zone=programme.zone, now=now)),
        "months": months_shown(months_of(affiliate, actor=actor, zone=programme.zone, now=now), programme.currency),
        "waiting": report.review_rows(actor=actor, programme=programme, now=now, affiliate=affiliate),
        "lines": lines.rows,
        **lines.links(request.GET),
        "payouts": report.payout_rows(payouts[:PAYOUTS], programme) if sees_all else [],
        "sees_all": sees_all,
        "link": actions.tracked_link(affiliate),
        "report_link": actions.report_link(affiliate) if may_edit else "",
        "end_fields": [("state", Affiliate.State.ENDED.value)],
        "may_edit": may_edit,
        "may_decide": Perm.POINTS_ADJUST in request.membership.permissions,
        "tabs": loyalty_tabs(request, "affiliates:list"),
    }
    return page(request, "screens/affiliates/affiliate.html", context, partials={"line-list"})


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def switch(request: StaffRequest, code: str) -> HttpResponse:
    """Active, paused or ended."""
    affiliate = actions.switch_affiliate(code=code, state=request.POST.get("state", ""), actor=request.actor)
    said = {
        "active": _("%(name)s brings customers again."),
        "paused": _("%(name)s is paused: nobody new, and those who came go on earning."),
        "ended": _("%(name)s has ended: no sale earns any more. What was earned stays."),
    }
    messages.success(request, said[affiliate.state] % {"name": affiliate.name})
    return done(request, reverse("affiliates:detail", args=[affiliate.code]))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def renew_link(request: StaffRequest, code: str) -> HttpResponse:
    """Another link of the private report; the old one opens nothing any more."""
    affiliate = actions.renew_report_link(code=code, actor=request.actor)
    messages.success(request, _("There is a new link. The old one opens nothing any more."))
    return done(request, reverse("affiliates:detail", args=[affiliate.code]))


@require_POST
@requires(Perm.POINTS_ADJUST)
def decide(request: StaffRequest, code: str) -> HttpResponse:
    """Yes or no to somebody who looked odd."""
    said = {"yes": _("They count, with what they bought."), "no": _("They do not count. Nothing is earned by them.")}
    answer = request.POST.get("counts", "")
    if answer not in said:
        raise InvalidInput(_("Say whether they count."), field="counts")
    try:
        came = decide_customer(code=code, counts=answer == "yes", actor=request.actor, now=timezone.now())
        messages.success(request, said[answer])
        return done(request, reverse("affiliates:detail", args=[came.affiliate.code]))
    except ReferralOver as error:
        messages.error(request, str(error.message))
        return done(request, reverse("affiliates:list"))


@require_safe
@requires(Perm.POINTS_VIEW)
def picture(request: StaffRequest, code: str) -> HttpResponse:
    """The link as a QR code, to print."""
    affiliate = get_affiliate(code)
    made = segno.make(actions.tracked_link(affiliate), micro=False, error="m")
    written = io.BytesIO()
    made.save(written, kind="svg", scale=8, border=4, dark="#000", light="#fff")
    response = HttpResponse(written.getvalue(), content_type="image/svg+xml")
    response["Content-Disposition"] = f'attachment; filename="link-{affiliate.link_code.lower()}.svg"'
    return response


@require_safe
@requires(Perm.POINTS_VIEW)
def lines_file(request: StaffRequest, code: str) -> HttpResponse:
    """Every line of commission as CSV."""
    affiliate, programme = get_affiliate(code), request.programme
    lines = report.with_names(affiliate, request.actor)
    head, rows = report.line_cells(lines, zone=programme.zone, currency=programme.currency)
    return csv_file(f"commissions-{programme.slug}-{affiliate.link_code.lower()}", head, rows)


def _save(request: StaffRequest, form: AffiliateForm, affiliate: Affiliate | None) -> HttpResponse:
    if form.is_valid():
        try:
            if affiliate is None:
                saved = actions.create_affiliate(values=form.values(), actor=request.actor)
                text = _("%(name)s can bring customers from now on.")
            else:
                saved = actions.change_affiliate(code=affiliate.code, values=form.values(), actor=request.actor)
                text = _("%(name)s is saved. Sales keep the rule of their day.")
            messages.success(request, text % {"name": saved.name})
            return done(request, reverse("affiliates:detail", args=[saved.code]))
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
    return _form_page(request, form, affiliate, status=422)


def _form_page(
    request: StaffRequest, form: AffiliateForm, affiliate: Affiliate | None = None, status: int = 200
) -> HttpResponse:
    context = {"form": form, "affiliate": affiliate}
    return page(request, "screens/affiliates/affiliate_form.html", context, status=status)


def _list_page(request: StaffRequest, form: AffiliateSettingsForm | None = None, status: int = 200) -> HttpResponse:
    now, actor, programme = timezone.now(), request.actor, request.programme
    rows = overview(actor=actor, now=now, zone=programme.zone)
    may_edit = Perm.PROGRAMME_EDIT in request.membership.permissions and actor.business_id is None
    current = actions.affiliate_settings()
    shown = {"website": current.website, "daily_review": current.daily_review}
    owed = sum(row.money.balance for row in rows)
    context = {
        "rows": [
            {
                "row": row,
                "tone": report.TONES[row.affiliate.state],
                "rule": rule_text(row.affiliate, programme.currency),
            }
            for row in rows
        ],
        "clicks": sum(row.clicks for row in rows),
        "customers": sum(row.customers for row in rows),
        "sales": sum(row.sales for row in rows),
        "owed": format_money(owed, programme.currency),
        "payable": format_money(sum(row.money.payable for row in rows), programme.currency),
        "days": WINDOW,
        "waiting": report.review_rows(actor=actor, programme=programme, now=now),
        "form": (form or AffiliateSettingsForm(initial=shown)) if may_edit else None,
        "sees_all": actor.business_id is None,
        "may_edit": may_edit,
        "may_decide": Perm.POINTS_ADJUST in request.membership.permissions,
        "tabs": loyalty_tabs(request, "affiliates:list"),
    }
    return page(request, "screens/affiliates/affiliate_list.html", context, status=status)
