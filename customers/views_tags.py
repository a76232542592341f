"""Tags: on the profile of a customer, and the page where they are renamed, merged and deleted."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError, InvalidInput, NotFound
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.actions import tags as actions
from customers.forms_tags import MergeTagForm, TagForm, TagNamesForm
from customers.models import Customer, Tag
from customers.reports.tags import tags_of, tags_with_counts

PROFILE = "screens:profile"
LIST = "customers:tags"


def tag_card(request: StaffRequest, customer: Customer, *, error: str = "") -> dict[str, object]:
    """What `customers/_customer_tags.html` needs. Two queries for who may change tags, else one."""
    may_edit = Perm.CUSTOMERS_EDIT in request.membership.permissions
    return {
        "customer": customer,
        "customer_tags": tags_of([customer.pk]).get(customer.pk, ()),
        "all_tags": list(Tag.objects.in_use().values_list("name", flat=True)) if may_edit else [],
        "may_tag": may_edit,
        "tag_error": error,
    }


@require_POST
@requires(Perm.CUSTOMERS_EDIT)
def add(request: StaffRequest, code: str) -> HttpResponse:
    """Mark a customer; the card again, or back to the profile."""
    customer = _customer(request, code)
    form = TagNamesForm(request.POST)
    error = "" if form.is_valid() else str(form.errors["name"][0])
    if not error:
        try:
            actions.tag_customer(customer_id=customer.pk, names=form.names(), actor=request.actor, now=timezone.now())
        except InvalidInput as refused:
            error = str(refused.message)
    return _card(request, customer, error)


@require_POST
@requires(Perm.CUSTOMERS_EDIT)
def remove(request: StaffRequest, code: str) -> HttpResponse:
    customer = _customer(request, code)
    tag = actions.get_tag(request.POST.get("tag", "").replace("\x00", ""))
    actions.untag_customer(customer_id=customer.pk, tags=[tag], actor=request.actor, now=timezone.now())
    return _card(request, customer, "")


def _card(request: StaffRequest, customer: Customer, error: str) -> HttpResponse:
    if getattr(request, "htmx", None):
        context = tag_card(request, customer, error=error)
        return page(request, "customers/_customer_tags.html", context, status=422 if error else 200)
    if error:
        messages.error(request, error)
    return done(request, reverse(PROFILE, args=[customer.code]))


def _customer(request: StaffRequest, code: str) -> Customer:
    """Also of a page that was opened before its customer was merged. Raises NotFound."""
    customer = Customer.objects.visible_to(request.actor).behind(code)
    if customer is None:
        raise NotFound
    return customer


# -- the tags themselves ----------------------------------------------------------------------------------------------


@require_safe
@requires(Perm.CUSTOMERS_VIEW)
def tags(request: StaffRequest) -> HttpResponse:
    """Every tag with how many customers have it. Who is limited to one business reads no counts of all."""
    return _list(request, TagForm())


@require_POST
@requires(Perm.CUSTOMERS_EDIT)
def create(request: StaffRequest) -> HttpResponse:
    form = TagForm(request.POST)
    if form.is_valid():
        try:
            actions.create_tag(**form.cleaned_data, actor=request.actor, now=timezone.now())
        except DomainError as error:
            _refuse(form, error)
        else:
            return done(request, reverse(LIST))
    return _list(request, form, status=422)


def _list(request: StaffRequest, form: TagForm, *, status: int = 200) -> HttpResponse:
    sees_all = request.actor.business_id is None
    may_edit = Perm.CUSTOMERS_EDIT in request.membership.permissions
    context = {
        "rows": tags_with_counts() if sees_all else [{"tag": tag} for tag in Tag.objects.in_use()],
        "form": form,
        "sees_all": sees_all,
        "may_create": may_edit,
        "may_edit": may_edit and sees_all,
    }
    return page(request, "customers/tag_list.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.CUSTOMERS_EDIT)
def change(request: StaffRequest, code: str) -> HttpResponse:
    request.actor.check_sees_all()
    tag = actions.get_tag(code)
    form = TagForm(request.POST or None, tag=tag)
    if form.is_valid():
        try:
            actions.change_tag(code=code, **form.cleaned_data, actor=request.actor)
        except DomainError as error:
            _refuse(form, error)
        else:
            messages.success(request, _("Saved"))
            return done(request, reverse(LIST))
    return _form(request, tag, form, MergeTagForm(tag=tag), status=422 if form.errors else 200)


@require_POST
@requires(Perm.CUSTOMERS_EDIT)
def merge(request: StaffRequest, code: str) -> HttpResponse:
    request.actor.check_sees_all()
    tag = actions.get_tag(code)
    form = MergeTagForm(request.POST, tag=tag)
    if not form.is_valid():
        return _form(request, tag, TagForm(tag=tag), form, status=422)
    into = form.cleaned_data["into"]
    actions.merge_tags(code=code, into=into.code, actor=request.actor, now=timezone.now())
    messages.success(request, _("“%(tag)s” is “%(into)s” now") % {"tag": tag.name, "into": into.name})
    return done(request, reverse(LIST))


@require_POST
@requires(Perm.CUSTOMERS_EDIT)
def delete(request: StaffRequest, code: str) -> HttpResponse:
    actions.delete_tag(code=code, actor=request.actor, now=timezone.now())
    messages.success(request, _("The tag is deleted"))
    return done(request, reverse(LIST))


def _form(request: StaffRequest, tag: Tag, form: TagForm, merging: MergeTagForm, *, status: int) -> HttpResponse:
    count = next((one.customers for one in tags_with_counts() if one.tag == tag), None)
    context = {"tag": tag, "form": form, "merging": merging, "count": count}
    return page(request, "customers/tag_form.html", context, status=status)


def _refuse(form: TagForm, error: DomainError) -> None:
    """What the action refused, at the field where it is about."""
    field = str(getattr(error, "field", "") or error.data.get("field", ""))
    form.add_error(field if field in form.fields else None, str(error.message))
