"""Keeping views of the customer list: one's own, and those that everybody sees."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import InvalidInput, NotFound, PermissionRefused
from customers.models import SavedView
from customers.texts import clean_line
from workspace.actions import audit

MAX_VIEWS = 20  # of a person, and as many shared ones
MAX_QUERY = 2000


def views_of(actor: Actor) -> QuerySet[SavedView]:
    """Shared ones first, then one's own, each by age; of who is no person, such as a key, shared ones only."""
    mine = Q(user_id__isnull=True) | Q(user_id=actor.user_id)
    return SavedView.objects.filter(mine).order_by("-user_id", "pk")


def get_view(code: str, actor: Actor) -> SavedView:
    """Raises NotFound, also for another person's."""
    found = views_of(actor).filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


def save_view(
    *, name: str, query: str, is_shared: bool, is_default: bool, may_share: bool, actor: Actor, now: datetime
) -> SavedView:
    """Keep a query under a name; a view of that name gets the new query. Raises InvalidInput, PermissionRefused."""
    name = _clean_name(name)
    if len(query) > MAX_QUERY:
        raise InvalidInput(_("These are too many filters to keep."), field="name")
    if not is_shared and actor.user_id is None:
        raise InvalidInput(_("Only a person has views of their own. Share this one."), field="is_shared")
    _check_sharing(is_shared, may_share=may_share, actor=actor)
    owner = None if is_shared else actor.user_id
    with transaction.atomic():
        known = list(SavedView.objects.select_for_update().filter(user_id=owner))
        view = next((one for one in known if one.name.lower() == name.lower()), None)
        if view is None and len(known) >= MAX_VIEWS:
            raise InvalidInput(_("There are 20 views. Delete one that nobody needs."), field="name")
        view = view or SavedView(user_id=owner, created_by=actor.label[:160], created_at=now)
        view.name, view.query = name, query
        view.save()
        _set_default(view, is_default=is_default)
        _record(actor, "saved", view)
    return view


def change_view(*, code: str, name: str, is_default: bool, may_share: bool, actor: Actor) -> SavedView:
    """Rename a view, or let the list open with it. Raises NotFound, InvalidInput, PermissionRefused."""
    name = _clean_name(name)
    with transaction.atomic():
        view = _locked(code, may_share=may_share, actor=actor)
        others = SavedView.objects.filter(user_id=view.user_id).exclude(pk=view.pk)
        if others.filter(name__iexact=name).exists():
            raise InvalidInput(_("Another view has this name."), field="name")
        view.name = name
        view.save(update_fields=["name"])
        _set_default(view, is_default=is_default)
        _record(actor, "changed", view)
    return view


def delete_view(*, code: str, may_share: bool, actor: Actor) -> None:
    with transaction.atomic():
        view = _locked(code, may_share=may_share, actor=actor)
        _record(actor, "deleted", view)
        view.delete()


def _locked(code: str, *, may_share: bool, actor: Actor) -> SavedView:
    view = views_of(actor).select_for_update().filter(code=code).first()
    if view is None:
        raise NotFound()
    _check_sharing(view.user_id is None, may_share=may_share, actor=actor)
    return view


def _check_sharing(is_shared: bool, *, may_share: bool, actor: Actor) -> None:  # noqa: FBT001
    """What everybody sees is changed by who changes customers and sees all businesses."""
    if is_shared and not may_share:
        raise PermissionRefused(_("Ask somebody who may change customers to share this view."))
    if is_shared:
        actor.check_sees_all()


def _set_default(view: SavedView, *, is_default: bool) -> None:
    if is_default:
        SavedView.objects.filter(user_id=view.user_id, is_default=True).exclude(pk=view.pk).update(is_default=False)
    SavedView.objects.filter(pk=view.pk).update(is_default=is_default)
    view.is_default = is_default


def _clean_name(text: str) -> str:
    name = clean_line(text, 40, field="name")
    if not name:
        raise InvalidInput(_("Give the view a name."), field="name")
    return name


def _record(actor: Actor, act: str, view: SavedView) -> None:
    data = {"name": view.name, "shared": view.user_id is None}
    audit.record(actor, f"customers.view.{act}", subject=f"view:{view.code}", data=data)
