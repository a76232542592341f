"""Notes about a customer over HTTP."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body
from core.errors import NotFound
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from customers.actions import notes as actions
from customers.api_customers import find_customer
from customers.models import Note
from workspace.api_auth import ApiView

TAG = "Customers"


@extend_schema_serializer(component_name="Note")
class NoteOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    text = serializers.CharField()
    author = serializers.CharField(source="author_label")
    is_pinned = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)


class NoteInput(StrictSerializer):
    text = CleanCharField(max_length=actions.MAX_LENGTH)
    is_pinned = serializers.BooleanField(required=False)


class NotesView(ApiView):
    """What the team wrote down about a customer."""

    required = {"GET": Perm.CUSTOMERS_VIEW, "POST": Perm.CUSTOMERS_EDIT}

    @extend_schema(
        operation_id="customers_notes_list",
        tags=[TAG],
        parameters=page_parameters("created", default="-created"),
        responses={200: page_of(NoteOutput)},
    )
    def get(self, request: Request, customer_id: str) -> Response:
        found = Note.objects.visible_to(self.actor).filter(customer=find_customer(self, customer_id))
        page = cursor_page(request, found, orders={"created": Order(["created_at", "id"])}, default="-created")
        return page_response(page, NoteOutput)

    @extend_schema(operation_id="customers_notes_create", tags=[TAG], request=NoteInput, responses={201: NoteOutput})
    def post(self, request: Request, customer_id: str) -> Response:
        """Write a note. It is part of what the customer gets when they ask for their data."""
        given, customer = read_body(request, NoteInput), find_customer(self, customer_id)
        made = actions.write_note(customer_id=customer.pk, **given, actor=self.actor, now=timezone.now())
        return Response(NoteOutput(made).data, status=201)


class NoteView(ApiView):
    """One note."""

    required = {"PATCH": Perm.CUSTOMERS_EDIT, "DELETE": Perm.CUSTOMERS_EDIT}

    @extend_schema(operation_id="customers_notes_change", tags=[TAG], request=NoteInput, responses={200: NoteOutput})
    def patch(self, request: Request, customer_id: str, note_id: str) -> Response:
        """Change the words, which who wrote them may, or pin the note."""
        given, note = read_body(request, NoteInput, partial=True), self._find(customer_id, note_id)
        with transaction.atomic():  # all of it or nothing
            if "text" in given:
                note = actions.change_note(note=note, text=given["text"], actor=self.actor, now=timezone.now())
            if "is_pinned" in given:
                note = actions.pin_note(note=note, is_pinned=given["is_pinned"], actor=self.actor)
        return Response(NoteOutput(note).data)

    @extend_schema(operation_id="customers_notes_delete", tags=[TAG], responses={204: None})
    def delete(self, request: Request, customer_id: str, note_id: str) -> Response:
        """Delete a note of one's own; anybody's with `customers:erase`."""
        note = self._find(customer_id, note_id)
        is_any = Perm.CUSTOMERS_ERASE in self.caller.permissions
        actions.delete_note(note=note, actor=self.actor, is_any=is_any)
        return Response(status=204)

    def _find(self, customer_id: str, note_id: str) -> Note:
        found = Note.objects.visible_to(self.actor).filter(customer=find_customer(self, customer_id), code=note_id)
        note = found.first()
        if note is None:
            raise NotFound()
        return note
