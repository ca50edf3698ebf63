from __future__ import annotations

from django.urls import path

from heldout.site.webhooks import views

app_name = "webhooks"
_own = "account/webhooks/<int:endpoint_id>/"
urlpatterns = [
    path("account/webhooks/", views.listing, name="list"),
    path(_own, views.detail, name="detail"),
    path(f"{_own}ping/", views.ping, name="ping"),
    path(f"{_own}switch/", views.switch, name="switch"),
    path(f"{_own}remove/", views.remove, name="remove"),
    path(f"{_own}deliveries/<str:delivery_id>/again/", views.send_again, name="send-again"),
]
