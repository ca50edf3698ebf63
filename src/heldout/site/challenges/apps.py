from django.apps import AppConfig


class ChallengesConfig(AppConfig):
    name = "heldout.site.challenges"

    def ready(self) -> None:
        from heldout.site.catalog import grants, suppliers
        from heldout.site.challenges.documents import ChallengeDocuments
        from heldout.site.challenges.grants import ChallengeData

        grants.register(ChallengeData())
        suppliers.register(ChallengeDocuments())
