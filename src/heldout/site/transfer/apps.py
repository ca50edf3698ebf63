from django.apps import AppConfig


class TransferConfig(AppConfig):
    name = "heldout.site.transfer"
