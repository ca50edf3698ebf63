from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    name = "heldout.site.submissions"

    def ready(self) -> None:
        from heldout.site.catalog import documents, leaks
        from heldout.site.submissions import (
            leaked,
            reports,
            teams,  # noqa: F401 - connects its receiver
        )

        leaks.listen(leaked.refresh)
        documents.register_reports(reports.with_the_data)
