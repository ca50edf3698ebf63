from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    name = "heldout.site.submissions"

    def ready(self) -> None:
        from heldout.site.catalog import leaks
        from heldout.site.submissions import (
            leaked,
            teams,  # noqa: F401 - connects its receiver
        )

        leaks.listen(leaked.refresh)
