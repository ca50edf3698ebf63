from __future__ import annotations

from django.urls import path

from heldout.site.accounts import views

app_name = "accounts"
urlpatterns = [
    path("account/", views.account, name="account"),
    path("account/tokens/<int:token_id>/revoke/", views.revoke_token, name="revoke-token"),
    path("accounts/link/<str:secret>/", views.sign_in_link, name="link"),
]
