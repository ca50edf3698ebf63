from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "heldout.site.accounts"
