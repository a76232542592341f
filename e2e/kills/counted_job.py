"""A job of five resumable steps. Each step leaves one row; a lost step leaves none, a doubled one two."""

from __future__ import annotations

import time

from django.db import connection, transaction

from workspace.actions.jobs import JobRun
from workspace.jobs import job_kind
from workspace.models import Job

KIND = "kills.counted"
STEPS = 5
TABLE = "kills_steps"  # no unique constraint: the database must not hide a double


@job_kind(KIND, title="Counted steps", max_attempts=50)
def run(job_run: JobRun) -> dict[str, object]:
    for step in range(STEPS):
        with transaction.atomic():
            Job.objects.select_for_update().get(pk=job_run.job.pk)
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM {TABLE} WHERE job = %s AND step = %s", [job_run.job.pk, step])
                if cursor.fetchone()[0] == 0:
                    cursor.execute(f"INSERT INTO {TABLE} (job, step) VALUES (%s, %s)", [job_run.job.pk, step])
        job_run.report(step + 1, STEPS, force=True)
        time.sleep(0.25)
    return {"steps": STEPS}
