"""The fields that a programme adds to its customers: list, adding, changing, order, archive."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError, NotFound
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.actions import attributes as actions
from customers.forms_attributes import DefinitionForm
from customers.models import AttributeDefinition


@require_safe
@requires(Perm.CUSTOMERS_VIEW)
def fields(request: StaffRequest) -> HttpResponse:
    """Those in use; with `?show=archived` the others."""
    is_archived = request.GET.get("show") == "archived"
    known = list(AttributeDefinition.objects.all())
    context = {
        "rows": [one for one in known if one.is_archived == is_archived],
        "is_archived": is_archived,
        "has_archived": any(one.is_archived for one in known),
        "may_edit": Perm.CUSTOMERS_EDIT in request.membership.permissions and request.actor.business_id is None,
    }
    return page(request, "customers/field_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.CUSTOMERS_EDIT)
def create(request: StaffRequest) -> HttpResponse:
    request.actor.check_sees_all()
    form = DefinitionForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data
        try:
            made = actions.create_attribute(
                values=form.values(), kind=given["kind"], key=given["key"], actor=request.actor, now=timezone.now()
            )
        except DomainError as error:
            _refuse(form, error)
        else:
            messages.success(request, _("“%(name)s” is a field of every customer now") % {"name": made.label})
            return done(request, reverse("customers:fields"))
    return page(request, "customers/field_form.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.CUSTOMERS_EDIT)
def change(request: StaffRequest, code: str) -> HttpResponse:
    request.actor.check_sees_all()
    definition = AttributeDefinition.objects.filter(code=code).first()
    if definition is None:
        raise NotFound
    form = DefinitionForm(request.POST or None, definition=definition)
    if form.is_valid():
        try:
            actions.change_attribute(code=code, values=form.values(), actor=request.actor)
        except DomainError as error:
            _refuse(form, error)
        else:
            messages.success(request, _("Saved"))
            return done(request, reverse("customers:fields"))
    context = {"form": form, "definition": definition}
    return page(request, "customers/field_form.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Perm.CUSTOMERS_EDIT)
def archive(request: StaffRequest, code: str) -> HttpResponse:
    found = actions.switch_attribute(code=code, is_archived=True, actor=request.actor)
    messages.success(request, _("“%(name)s” is archived. What was filled in is kept.") % {"name": found.label})
    return done(request, reverse("customers:fields"))


@require_POST
@requires(Perm.CUSTOMERS_EDIT)
def restore(request: StaffRequest, code: str) -> HttpResponse:
    found = actions.switch_attribute(code=code, is_archived=False, actor=request.actor)
    messages.success(request, _("“%(name)s” is back") % {"name": found.label})
    return done(request, reverse("customers:fields"))


@require_POST
@requires(Perm.CUSTOMERS_EDIT)
def place(request: StaffRequest, code: str) -> HttpResponse:
    """Move a field in the order of forms; `place` counts from 1."""
    wanted = request.POST.get("place", "")
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= 4:
        actions.place_attribute(code=code, place=int(wanted), actor=request.actor)
    return done(request, reverse("customers:fields"))


def _refuse(form: DefinitionForm, error: DomainError) -> None:
    """What the action refused, at the field where it is about."""
    field = str(getattr(error, "field", "") or error.data.get("field", ""))
    form.add_error(field if field in form.fields else None, str(error.message))
