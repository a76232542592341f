from datetime import timedelta

from django.apps import AppConfig


class KillsConfig(AppConfig):
    name = "e2e.kills"
    label = "kills"

    def ready(self) -> None:
        from config.supervisor import supervisor, watchdog
        from core import jobs as queue
        from e2e.kills import counted_job  # noqa: F401
        from workspace.actions import jobs

        jobs.LEASE = timedelta(seconds=6)
        queue.LONGEST_RETRY_SECONDS = 1
        watchdog.SILENCE_LIMIT_SECONDS = 110
        watchdog.WAITING_LIMIT_SECONDS = 25
        supervisor.WATCHDOG_LOOK_SECONDS = 1.0
        supervisor.POSTGRES_LOOK_SECONDS = 0.5
