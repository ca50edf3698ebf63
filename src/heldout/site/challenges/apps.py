from django.apps import AppConfig


class ChallengesConfig(AppConfig):
    name = "heldout.site.challenges"
