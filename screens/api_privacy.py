"""A person's rights by API: their data as a file, and forgetting them."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.permissions import Perm
from customers.api_customers import find_customer
from screens.actions.export import find_export, open_export, start_export
from screens.actions.privacy import erase_customer
from workspace.api_auth import ApiView
from workspace.api_work import JobOutput


class ErasedOutput(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="Of the customer, who is gone: only orders and points still carry it.")
    points = serializers.IntegerField(help_text="That were left, and are gone.")
    debt = serializers.IntegerField(help_text="Points that were owed; it stays in the ledger.")


class EraseView(ApiView):
    """Forgetting a person."""

    required = {"POST": Perm.CUSTOMERS_ERASE}

    @extend_schema(operation_id="customers_erase", tags=["Customers"], request=None, responses={200: ErasedOutput})
    def post(self, request: Request, customer_id: str) -> Response:
        """Take away everything that says who the customer was. It cannot be undone.

        Orders and the ledger stay, without a face; points that were left are taken out. A customer who is gone
        already: 404, also for a repeated call. While a file that names the person is imported: 409.
        """
        customer = find_customer(self, customer_id)
        erased = erase_customer(customer_id=customer.pk, actor=self.actor, now=timezone.now())
        return Response(ErasedOutput({"id": customer.code, "points": erased.points, "debt": erased.debt}).data)


class ExportView(ApiView):
    """A person's data."""

    required = {"POST": Perm.CUSTOMERS_EXPORT}

    @extend_schema(operation_id="customers_export", tags=["Customers"], request=None, responses={202: JobOutput})
    def post(self, request: Request, customer_id: str) -> Response:
        """Start to make a ZIP with everything about the customer. Asked for again within ten minutes: the same job.

        When the job is done, `customers/{id}/exports/{job}` gives the file, for a day.
        """
        self.actor.check_sees_all()
        job = start_export(customer=find_customer(self, customer_id), actor=self.actor, now=timezone.now())
        return Response(JobOutput(job).data, status=202)


class ExportFileView(ApiView):
    """The file with a person's data."""

    required = {"GET": Perm.CUSTOMERS_EXPORT}

    @extend_schema(
        operation_id="customers_export_file",
        tags=["Customers"],
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, customer_id: str, job_id: str) -> FileResponse:
        """The ZIP: `data.json` and `index.html`. 404 until its job is done, and a day later."""
        self.actor.check_sees_all()
        customer = find_customer(self, customer_id)
        job = find_export(customer=customer, code=job_id, side="staff")
        return export_response(open_export(job, now=timezone.now()), f"customer-{customer.code}.zip")


def export_response(file: Any, name: str) -> FileResponse:
    """The file as a download that nobody keeps a copy of on the way."""
    response = FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
    response.headers["Cache-Control"] = "private, no-store"
    return response
