"""Notes about a customer: writing, changing, pinning, deleting. The audit log says that it was done, not the words."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import InvalidInput, NotFound, PermissionRefused
from core.texts import can_be_kept
from customers.models import Customer, Note
from workspace.actions import audit

MAX_LENGTH = 2000
MAX_NOTES = 500  # of one customer


def write_note(*, customer_id: int, text: str, is_pinned: bool = False, actor: Actor, now: datetime) -> Note:
    """Raises InvalidInput, and NotFound for a customer who is erased or part of another."""
    text = _clean(text)
    with transaction.atomic():
        customer = Customer.objects.select_for_update().known().filter(pk=customer_id).first()
        if customer is None:
            raise NotFound()
        if customer.notes.count() >= MAX_NOTES:
            raise InvalidInput(_("There are 500 notes. Delete some that nobody needs."), field="text")
        note = Note.objects.create(
            customer=customer,
            business_id=actor.business_id,
            text=text,
            author=actor.reference,
            author_label=actor.label[:160],
            is_pinned=is_pinned,
            created_at=now,
        )
        audit.record(actor, "customers.note.written", subject=f"customer:{customer.code}")
    return note


def change_note(*, note: Note, text: str, actor: Actor, now: datetime) -> Note:
    """One's own words alone. Raises InvalidInput, PermissionRefused, NotFound."""
    text = _clean(text)
    with transaction.atomic():
        note = _locked(note)
        if note.author != actor.reference:
            raise PermissionRefused(_("Only who wrote a note can change its words."))
        if note.text != text:
            note.text, note.edited_at = text, now
            note.save(update_fields=["text", "edited_at"])
            audit.record(actor, "customers.note.changed", subject=f"customer:{note.customer.code}")
    return note


def pin_note(*, note: Note, is_pinned: bool, actor: Actor) -> Note:
    """Keep a note on top, or no longer. Safe to repeat. Raises NotFound."""
    with transaction.atomic():
        note = _locked(note)
        if note.is_pinned != is_pinned:
            note.is_pinned = is_pinned
            note.save(update_fields=["is_pinned"])
            if is_pinned:
                audit.record(actor, "customers.note.pinned", subject=f"customer:{note.customer.code}")
            else:
                audit.record(actor, "customers.note.unpinned", subject=f"customer:{note.customer.code}")
    return note


def delete_note(*, note: Note, actor: Actor, is_any: bool = False) -> None:
    """One's own; anybody's for who may erase customers (`is_any`). Raises PermissionRefused, NotFound."""
    with transaction.atomic():
        note = _locked(note)
        if note.author != actor.reference and not is_any:
            raise PermissionRefused(_("Who wrote a note deletes it, or an owner or a manager."))
        audit.record(actor, "customers.note.deleted", subject=f"customer:{note.customer.code}")
        note.delete()


def _locked(note: Note) -> Note:
    found = Note.objects.select_for_update(of=("self",)).select_related("customer").filter(pk=note.pk).first()
    if found is None:
        raise NotFound()
    return found


def _clean(text: str) -> str:
    """With its lines, without what cannot be kept."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise InvalidInput(_("Write a word or two."), field="text")
    if len(text) > MAX_LENGTH:
        raise InvalidInput(_("A note has up to 2,000 characters."), field="text")
    if not can_be_kept(text.replace("\n", "").replace("\t", "")):
        raise InvalidInput(_("This text has characters that cannot be kept."), field="text")
    return text
