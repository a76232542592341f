from django.apps import AppConfig


class ProgramsConfig(AppConfig):
    name = "programs"

    def ready(self) -> None:
        from programs import account_audit, cors

        account_audit.connect()
        cors.connect()
