"""What every page with a run has: its button, its progress bar and, where it can be stopped, that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from core.page import done, page
from core.permissions import Perm
from core.requests import StaffRequest
from intelligence.actions.requests import stop_run
from workspace.models import Job


@dataclass(frozen=True, slots=True)
class RunPage:
    """`kind` is that of the job, `template` draws its bar. In a state of `over` the page itself says how it ended."""

    kind: str
    url_name: str
    template: str
    over: Collection[str] = (Job.State.DONE,)

    def newest(self) -> Job | None:
        return Job.objects.filter(kind=self.kind).order_by("-id").first()

    def started(self, request: StaffRequest, job: Job) -> HttpResponse:
        """The bar for htmx, otherwise the page, which has it."""
        return self._bar(request, job) if getattr(request, "htmx", None) else done(request, reverse(self.url_name))

    def progress(self, request: StaffRequest) -> HttpResponse:
        """The bar again; once the run has ended, the whole page, because every figure on it is new.

        Raises PermissionRefused for people limited to one business.
        """
        request.actor.check_sees_all()
        job = self.newest()
        if job is None or job.state in self.over:
            response = HttpResponse(status=204)
            response["HX-Redirect"] = reverse(self.url_name)
            return response
        return self._bar(request, job)

    def stopped(self, request: StaffRequest) -> HttpResponse:
        """Asks the run to stop, and shows it. Raises PermissionRefused."""
        stop_run(self.kind, actor=request.actor, now=timezone.now())
        return self.progress(request) if getattr(request, "htmx", None) else done(request, reverse(self.url_name))

    def _bar(self, request: StaffRequest, job: Job) -> HttpResponse:
        can_run = Perm.INTELLIGENCE_RUN in request.membership.permissions
        return page(request, self.template, {"job": job, "can_run": can_run})
