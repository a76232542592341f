from django.apps import AppConfig


class ProgramsConfig(AppConfig):
    name = "programs"

    def ready(self) -> None:
        from allauth.account.signals import user_logged_in

        from programs import account_audit, cors
        from programs.adapter_social import join_after_log_in

        account_audit.connect()
        user_logged_in.connect(join_after_log_in, dispatch_uid="join_after_log_in")
        cors.connect()
