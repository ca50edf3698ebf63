from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    name = "heldout.site.submissions"
