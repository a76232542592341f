"""Erasing a person: answers of the API, jobs and failed tasks that name them."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django_q.models import Failure

from core.tenancy import active_schema
from workspace.models import IdempotencyRecord, Job

# An answer that is gone: the key stays taken, and a repetition is told that it does not fit any more.
NO_DIGEST = bytes(32)


def forget_in_workspace(*, words: Collection[str], labels: Collection[str]) -> None:
    """Empty what holds one of `words` (numbers, addresses, ids that are nobody else's); blank `labels` of starters.

    In the caller's transaction.
    """
    records = IdempotencyRecord.objects.annotate(text=Cast("body", TextField())).filter(_holds("text", words))
    records.update(body={}, request_digest=NO_DIGEST)
    jobs = Job.objects.annotate(
        param_text=Cast("params", TextField()), result_text=Cast("result", TextField()),
        warning_text=Cast("warnings", TextField()),
    )  # fmt: skip
    jobs.filter(_holds("param_text", words)).update(params={})
    jobs.filter(_holds("result_text", words)).update(result={})
    jobs.filter(_holds("warning_text", words)).update(warnings=[])
    jobs.filter(_holds("message", words)).update(message="")
    jobs.filter(_holds("error", words)).update(error="")
    Job.objects.filter(created_by__in=labels).update(created_by="")
    _forget_failures(words)


def _holds(field: str, words: Collection[str]) -> Q:
    """One of the words, or nothing at all: an empty list matches no row."""
    found = Q(pk__in=[])
    for word in words:
        found |= Q(**{f"{field}__icontains": word})
    return found


def _forget_failures(words: Collection[str]) -> None:
    """The queue keeps the tracebacks of failed tasks for a month; the text of an error may hold a value of a row."""
    for failure in Failure.objects.all():
        text = str(failure.result).lower()
        is_ours = active_schema() in str(failure.args)
        if is_ours and any(word.lower() in text for word in words):
            failure.delete()
