from django.apps import AppConfig


class PlannerConfig(AppConfig):
    name = "heldout.site.planner"
