from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CommonConfig(AppConfig):
    name = "heldout.site.common"

    def ready(self) -> None:
        from heldout.site.common import tracing

        tracing.start()
        autodiscover_modules("permissions")
        autodiscover_modules("tasks")
