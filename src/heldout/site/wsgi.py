"""What the web server calls."""

import os
import threading

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heldout.site.settings")
application = get_wsgi_application()
# A process that does not know its addresses yet must not be given requests: this takes a second.
assert get_resolver().url_patterns


def _warm_up() -> None:
    from heldout.site.common.drawing import warm_up

    warm_up()


threading.Thread(target=_warm_up, daemon=True).start()
