"""What the web server calls."""

import os
import threading

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heldout.site.settings")
application = get_wsgi_application()
# A process that does not know its addresses yet must not be given requests: this takes a second.
assert get_resolver().url_patterns
# What draws charts takes seconds to start. One that has just come back has more urgent things to do.
WARM_UP_AFTER = 60.0


def warm_up_later() -> None:
    timer = threading.Timer(WARM_UP_AFTER, _warm_up)
    timer.daemon = True
    timer.start()


def _warm_up() -> None:
    from heldout.site.common.drawing import warm_up

    warm_up()
