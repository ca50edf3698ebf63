from __future__ import annotations

from django.urls import path

from heldout.site.submissions import views

app_name = "submissions"
urlpatterns = [
    path("challenges/<slug:slug>/leaderboard/", views.leaderboard, name="leaderboard"),
    path("challenges/<slug:slug>/submit/", views.submit, name="submit"),
    path("challenges/<slug:slug>/submissions/", views.mine, name="mine"),
    path("challenges/<slug:slug>/organise/submissions/", views.everybodys, name="everybodys"),
    path("submissions/<str:submission_id>/", views.detail, name="detail"),
    path("submissions/<str:submission_id>/withdraw/", views.withdraw, name="withdraw"),
    path("submissions/<str:submission_id>/rescore/", views.rescore, name="rescore"),
]
