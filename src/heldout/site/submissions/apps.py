from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    name = "heldout.site.submissions"

    def ready(self) -> None:
        from heldout.site.submissions import teams  # noqa: F401 - connects its receiver
