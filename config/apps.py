import os

from django.apps import AppConfig


class ConfigAppConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401 (registers them)
        from config.supervisor import orphans

        if os.environ.get(orphans.MARK):
            from config.database import VAR_DIR
            from config.supervisor import heartbeat

            heartbeat.connect(VAR_DIR / "run")
