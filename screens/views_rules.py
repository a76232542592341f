"""Earning rules for staff: the list, the editor with its example sale, switching, ordering, deleting."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError, InvalidInput, PermissionRefused
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from loyalty.access import get_rule
from loyalty.actions import rules as actions
from loyalty.actions.rule_trial import try_rule
from loyalty.models import EarningRule
from loyalty.rule_words import sentence_of
from loyalty.tabs import loyalty_tabs
from screens import reports_rules
from screens.forms_rules import BasketForm, RuleForm, fitting_basket, initial_of
from screens.rule_starts import STARTS, Start, find_start, shape_of
from workspace.models import Business


@require_safe
@requires(Perm.PROGRAMME_VIEW)
def rules(request: StaffRequest) -> HttpResponse:
    may_edit = Perm.PROGRAMME_EDIT in request.membership.permissions
    context = {
        "rows": reports_rules.rule_rows(
            actor=request.actor, programme=request.programme, now=timezone.now(), may_edit=may_edit
        ),
        "may_edit": may_edit,
        "may_order": may_edit and request.actor.business_id is None,
        "tabs": loyalty_tabs(request, "loyalty:rules"),
    }
    return page(request, "screens/rules/rule_list.html", context)


@require_safe
@requires(Perm.PROGRAMME_EDIT)
def choose(request: StaffRequest) -> HttpResponse:
    """Starting points for a new rule. Joining is no business's own, so who is limited to one is not offered it."""
    starts = [start for start in STARTS if request.actor.business_id is None or "business" in _fields(start)]
    return page(request, "screens/rules/rule_choose.html", {"starts": starts})


@require_http_methods(["GET", "POST"])
@requires(Perm.PROGRAMME_EDIT)
def create(request: StaffRequest, start: str) -> HttpResponse:
    chosen = _start(request, start)
    form = _form(request, chosen)
    if request.method != "POST":
        return _form_page(request, form, chosen)
    if form.is_valid():
        try:
            rule = actions.create_rule(values=form.values(), actor=request.actor)
        except InvalidInput as error:
            form.refuse(error)
        else:
            messages.success(request, _("“%(name)s” holds from the next sale") % {"name": rule.name})
            return done(request, reverse("loyalty:rules"))
    return _form_page(request, form, chosen, status=422)


@require_http_methods(["GET", "POST"])
@requires(Perm.PROGRAMME_EDIT)
def change(request: StaffRequest, code: str) -> HttpResponse:
    rule = _own_rule(request, code)
    form = _form(request, rule)
    if request.method != "POST":
        return _form_page(request, form, rule)
    if form.is_valid():
        try:
            actions.change_rule(code=rule.code, values=form.values(), actor=request.actor)
        except InvalidInput as error:
            form.refuse(error)
        else:
            messages.success(request, _("Saved. It holds from the next sale."))
            return done(request, reverse("loyalty:rules"))
    return _form_page(request, form, rule, status=422)


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def preview_new(request: StaffRequest, start: str) -> HttpResponse:
    """The example sale under what is typed so far. Writes nothing."""
    return _preview(request, _start(request, start))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def preview(request: StaffRequest, code: str) -> HttpResponse:
    """The same for a rule that is there already."""
    return _preview(request, _own_rule(request, code))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def switch(request: StaffRequest, code: str) -> HttpResponse:
    rule = actions.switch_rule(code=code, is_active=request.POST.get("on") == "1", actor=request.actor)
    text = _("“%(name)s” is on") if rule.is_active else _("“%(name)s” is off")
    messages.success(request, text % {"name": rule.name})
    return done(request, reverse("loyalty:rules"))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def place(request: StaffRequest, code: str) -> HttpResponse:
    wanted = request.POST.get("place", "")
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) <= len(str(actions.MAX_RULES))):
        raise InvalidInput(_("Say which place in the order."), field="place")
    actions.place_rule(code=code, place=int(wanted), actor=request.actor)
    return done(request, reverse("loyalty:rules"))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def delete(request: StaffRequest, code: str) -> HttpResponse:
    actions.delete_rule(code=code, actor=request.actor)
    messages.success(request, _("Deleted. Points that it gave stay."))
    return done(request, reverse("loyalty:rules"))


# -- the editor -------------------------------------------------------------------------------------------------------


def _preview(request: StaffRequest, subject: Start | EarningRule) -> HttpResponse:
    form = _form(request, subject)
    form.is_valid()
    return _form_page(request, form, subject, status=200 if request.htmx or form.is_valid() else 422)


def _form_page(
    request: StaffRequest, form: RuleForm, subject: Start | EarningRule, *, status: int = 200
) -> HttpResponse:
    rule = subject if isinstance(subject, EarningRule) else None
    basket = _basket(request, form)
    context: dict[str, Any] = {
        "form": form,
        "rule": rule,
        "start": None if rule else subject,
        "sentence": sentence_of(rule, request.programme.currency) if rule else "",
        "is_in_use": rule is not None and rule.bonuses.exists(),
        "main": [form[name] for name in form.shape.main if name in form.fields],
        "more": [form[name] for name in form.shape.more if name in form.fields],
        "is_open": any(form[name].errors or form[name].value() for name in form.shape.more if name in form.fields),
        "categories": reports_rules.known_categories() if "categories" in form.fields else [],
        "basket": basket if form.shape.has_basket else None,
        "preview_url": _preview_url(subject),
        **(_tried(request, _typed(request, form, subject), basket, rule) if form.shape.has_basket else {}),
    }
    return page(request, "screens/rules/rule_form.html", context, partials={"rule-trial"}, status=status)


def _tried(request: StaffRequest, form: RuleForm, basket: BasketForm, rule: EarningRule | None) -> dict[str, Any]:
    """The example under the rule as typed, or why there is none yet."""
    if not form.is_valid():
        return {"card": None, "missing": _("Complete the rule to see what it gives.")}
    if not basket.is_valid():
        return {"card": None, "missing": _("Complete the example: it needs a day, a time and an amount.")}
    try:
        trial = try_rule(
            values=form.values(),
            sale=basket.sale(request.programme.zone),
            actor=request.actor,
            code=rule.code if rule else "",
        )
    except DomainError as error:
        return {"card": None, "missing": str(error.message)}
    return {"card": reports_rules.trial_card(trial), "missing": ""}


def _typed(request: StaffRequest, form: RuleForm, subject: Start | EarningRule) -> RuleForm:
    """The form as if what it shows at first had been typed: the example is explained at once."""
    if form.is_bound:
        return form
    shown = {name: ", ".join(form.initial[name] or ()) for name in ("categories", "products") if name in form.initial}
    if isinstance(subject, Start):
        shown = {}
    given = {name: value for name, value in {**form.initial, **shown}.items() if value not in (None, "")}
    return _form(request, subject, given)


def _preview_url(subject: Start | EarningRule) -> str:
    if isinstance(subject, EarningRule):
        return reverse("loyalty:rule-preview", args=[subject.code])
    return reverse("loyalty:rule-new-preview", args=[subject.slug])


def _form(request: StaffRequest, subject: Start | EarningRule, given: Any = None) -> RuleForm:
    rule = subject if isinstance(subject, EarningRule) else None
    if isinstance(subject, EarningRule):
        initial, shape = initial_of(subject), shape_of(subject)
    else:
        initial, shape = dict(subject.initial), subject.shape
    shops = Business.objects.active().visible_to(request.actor).order_by("name")
    if rule is not None and rule.business_id is not None:
        shops = shops | Business.objects.visible_to(request.actor).filter(pk=rule.business_id)
    data = given or (request.POST if request.method == "POST" else None)
    is_limited = request.actor.business_id is not None
    return RuleForm(data, shape=shape, businesses=shops, rule=rule, is_limited=is_limited, initial=initial)


def _basket(request: StaffRequest, form: RuleForm) -> BasketForm:
    """The example as typed; at first one that the rule meets, bound too, so that it is explained at once."""
    shops = Business.objects.active().visible_to(request.actor).order_by("name")
    chosen = form.rule.business if form.rule else None
    fitting = fitting_basket(
        form.initial, business=chosen or shops.first(), now=timezone.now().astimezone(request.programme.zone)
    )
    fitting["is_first"] |= form.shape.trigger == EarningRule.Trigger.JOIN
    data: Any = request.POST
    if request.method != "POST" or "try-day" not in request.POST:
        data = {f"try-{name}": value for name, value in fitting.items() if value is not False}
    return BasketForm(data, businesses=shops, currency=request.programme.currency)


def _start(request: StaffRequest, slug: str) -> Start:
    start = find_start(slug)
    if start is None:
        raise Http404
    if request.actor.business_id is not None and "business" not in _fields(start):
        raise PermissionRefused(_("Joining is for all businesses. Ask somebody who sees all of them."))
    return start


def _fields(start: Start) -> set[str]:
    return {*start.shape.main, *start.shape.more}


def _own_rule(request: StaffRequest, code: str) -> EarningRule:
    """A rule that this person may change. Raises UnknownRule and PermissionRefused."""
    rule = get_rule(request.actor, code)
    if request.actor.business_id is not None and rule.business_id != request.actor.business_id:
        raise PermissionRefused(_("This rule holds for all businesses. Ask somebody who sees all of them."))
    return rule
