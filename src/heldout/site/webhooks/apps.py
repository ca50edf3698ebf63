from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "heldout.site.webhooks"
