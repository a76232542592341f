"""Stamp cards for staff: the list with what they come to, the editor, archiving, and the stamps of one member."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from core.errors import DomainError, InvalidInput, NotFound
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.models import Customer
from loyalty.access_stamps import get_card, get_stamp_reward, may_change, visible_cards
from loyalty.actions import stamp_cards as actions
from loyalty.actions import stamps
from loyalty.actions.stamp_cards import CardValues
from loyalty.models import StampCard
from loyalty.reports_stamps import MemberCard, card_figures, stamp_history, stamps_of_member
from loyalty.stamp_words import terms_of
from loyalty.tabs import loyalty_tabs
from screens.forms_stamps import CardForm, CardPreviewForm, GiveStampsForm
from workspace.models import Business


@require_safe
@requires(Perm.PROGRAMME_VIEW)
def cards(request: StaffRequest) -> HttpResponse:
    """The cards that are offered; with `?show=archived` the others."""
    is_archived, now = request.GET.get("show") == "archived", timezone.now()
    may_edit = Perm.PROGRAMME_EDIT in request.membership.permissions
    rows = [
        {
            "figures": one,
            "terms": terms_of(one.card, request.programme.currency),
            "may_edit": may_edit and may_change(request.actor, one.card),
        }
        for one in card_figures(request.actor, now=now, is_active=not is_archived)
    ]
    context = {
        "rows": rows,
        "is_archived": is_archived,
        "has_archived": visible_cards(request.actor).filter(is_active=False).exists(),
        "may_edit": may_edit,
        "may_order": may_edit and request.actor.business_id is None and not is_archived,
        "tabs": loyalty_tabs(request, "stamps:list"),
    }
    return page(request, "screens/stamps/card_list.html", context)


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def start(request: StaffRequest) -> HttpResponse:
    """The card that most shops begin with, in one click."""
    values = CardValues(
        name=_("Coffee card"), gives=_("A free coffee"), stamps=9, business_id=request.actor.business_id
    )
    card = actions.create_card(values=values, actor=request.actor, now=timezone.now())
    messages.success(request, _("Members collect from the next sale on. Change what you like until somebody does."))
    return done(request, reverse("stamps:card", args=[card.code]))


@require_http_methods(["GET", "POST"])
@requires(Perm.PROGRAMME_EDIT)
def create(request: StaffRequest) -> HttpResponse:
    """A new card, empty or with what `?from=` another one has."""
    model = get_card(request.actor, request.GET["from"]) if request.GET.get("from") else None
    form = _form(request, model)
    if request.method != "POST":
        return _form_page(request, form)
    if form.is_valid():
        try:
            card = actions.create_card(values=form.values(), actor=request.actor, now=timezone.now())
        except InvalidInput as error:
            _refuse(form, error)
        else:
            messages.success(request, _("Members collect on “%(name)s” from the next sale on.") % {"name": card.name})
            return done(request, reverse("stamps:list"))
    return _form_page(request, form, status=422)


@require_http_methods(["GET", "POST"])
@requires(Perm.PROGRAMME_EDIT)
def change(request: StaffRequest, code: str) -> HttpResponse:
    card = get_card(request.actor, code)
    form = _form(request, card, is_fixed=actions.is_collected(card))
    if request.method != "POST":
        return _form_page(request, form, card)
    if form.is_valid():
        try:
            actions.change_card(code=card.code, values=form.values(), actor=request.actor)
        except InvalidInput as error:
            _refuse(form, error)
        else:
            messages.success(request, _("“%(name)s” is saved") % {"name": form.cleaned_data["name"]})
            return done(request, reverse("stamps:list"))
    return _form_page(request, form, card, status=422)


@require_GET
@requires(Perm.PROGRAMME_VIEW)
def preview(request: StaffRequest) -> HttpResponse:
    """How members will see what is typed so far. Writes nothing."""
    form = CardPreviewForm(request.GET)
    form.is_valid()
    return page(request, "screens/stamps/_preview.html", {"one": _preview(form.cleaned_data)})


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def archive(request: StaffRequest, code: str) -> HttpResponse:
    card = actions.switch_card(code=code, is_active=False, actor=request.actor)
    messages.success(request, _("“%(name)s” is archived. Full cards can still be used.") % {"name": card.name})
    return done(request, reverse("stamps:list"))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def restore(request: StaffRequest, code: str) -> HttpResponse:
    card = actions.switch_card(code=code, is_active=True, actor=request.actor)
    messages.success(request, _("Members collect on “%(name)s” again.") % {"name": card.name})
    return done(request, reverse("stamps:list"))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def delete(request: StaffRequest, code: str) -> HttpResponse:
    actions.delete_card(code=code, actor=request.actor)
    messages.success(request, _("The card is deleted."))
    return done(request, reverse("stamps:list"))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def place(request: StaffRequest, code: str) -> HttpResponse:
    """Move a card in the order of members; `place` counts from 1."""
    wanted = request.POST.get("place", "")
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= 4:
        actions.place_card(code=code, place=int(wanted), actor=request.actor)
    return done(request, reverse("stamps:list"))


# -- one member -------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@requires(Perm.POINTS_ADJUST)
def member(request: StaffRequest, code: str) -> HttpResponse:
    """A member's stamps: cards, full ones, history, and stamps by hand."""
    customer = _customer(request, code)
    chosen = visible_cards(request.actor).filter(is_active=True)
    form = GiveStampsForm(*([request.POST] if request.method == "POST" else []), cards=chosen)
    if request.method != "POST":
        return _member_page(request, customer, form)
    if form.is_valid():
        given = form.cleaned_data
        try:
            stamps.give_stamps(
                card=given["card"].code,
                customer_id=customer.pk,
                stamps=given["stamps"],
                reason=given["reason"],
                key=given["key"],
                actor=request.actor,
                now=timezone.now(),
            )
        except DomainError as error:
            field = error.field if isinstance(error, InvalidInput) else ""
            form.add_error(field if field in form.fields else None, str(error.message))
        else:
            messages.success(request, _("The stamps are saved."))
            return done(request, reverse("stamps:member", args=[customer.code]))
    return _member_page(request, customer, form, status=422)


@require_POST
@requires(Perm.POINTS_ADJUST)
def use(request: StaffRequest, code: str, reward: str) -> HttpResponse:
    """Mark a full card of a member as used."""
    customer, found = _customer(request, code), get_stamp_reward(request.actor, reward)
    stamps.use_reward(
        reward=found.code,
        key=request.POST.get("key", "")[:64] or f"use:{found.code}",
        actor=request.actor,
        now=timezone.now(),
    )
    messages.success(request, _("“%(gives)s” is marked as used.") % {"gives": found.gives})
    return done(request, reverse("stamps:member", args=[customer.code]))


def _customer(request: StaffRequest, code: str) -> Customer:
    people = Customer.objects.visible_to(request.actor).known()
    customer = people.filter(code=code).first()
    if customer is None:
        raise NotFound()
    return customer


def _member_page(request: StaffRequest, customer: Customer, form: GiveStampsForm, status: int = 200) -> HttpResponse:
    context = {
        "customer": customer,
        "name": customer.name or _("No name yet"),
        "stamps": stamps_of_member(
            customer.pk, now=timezone.now(), business_id=request.actor.business_id, with_closed=True
        ),
        "movements": stamp_history(customer.pk, actor=request.actor),
        "form": form,
    }
    return page(request, "screens/stamps/member.html", context, status=status)


# -- what they share --------------------------------------------------------------------------------------------------


def _form(request: StaffRequest, card: StampCard | None, *, is_fixed: bool = False) -> CardForm:
    return CardForm(
        *([request.POST] if request.method == "POST" else []),
        businesses=Business.objects.active().visible_to(request.actor).order_by("name"),
        sees_all=request.actor.business_id is None,
        card=card,
        is_fixed=is_fixed,
    )


def _form_page(request: StaffRequest, form: CardForm, card: StampCard | None = None, status: int = 200) -> HttpResponse:
    typed = {name: form[name].value() for name in ("name", "gives", "stamps", "icon") if name in form.fields}
    if card is not None:
        typed.setdefault("stamps", card.stamps)
    shown = CardPreviewForm({name: value for name, value in typed.items() if value})
    shown.is_valid()
    context = {
        "form": form,
        "card": card,
        "is_fixed": "stamps" not in form.fields,
        "terms": terms_of(card, request.programme.currency) if card is not None else [],
        "one": _preview(shown.cleaned_data),
    }
    return page(request, "screens/stamps/card_form.html", context, status=status)


def _preview(typed: dict[str, Any]) -> MemberCard:
    """The card as a member sees it who is on the way."""
    size = typed.get("stamps") or 9
    card = StampCard(
        code="preview",
        name=typed.get("name") or _("Coffee card"),
        gives=typed.get("gives") or _("A free coffee"),
        stamps=size,
        icon=typed.get("icon") or "coffee",
    )
    return MemberCard(card=card, on_card=max(size - 3, 1), completed=0, is_open=True)


def _refuse(form: CardForm, error: InvalidInput) -> None:
    place = CardForm.PLACES.get(error.field, error.field)
    form.add_error(place if place in form.fields else None, str(error.message))
