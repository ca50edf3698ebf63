from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "heldout.site.catalog"
