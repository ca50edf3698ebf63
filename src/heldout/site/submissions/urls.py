from __future__ import annotations

from django.urls import path

from heldout.site.submissions import (
    activity_views,
    comparison,
    errors,
    organising,
    submitting,
    views,
)

app_name = "submissions"
_organise = "challenges/<slug:slug>/organise/"
urlpatterns = [
    path("challenges/<slug:slug>/leaderboard/", views.leaderboard, name="leaderboard"),
    path(
        "challenges/<slug:slug>/leaderboard/ranks/",
        views.chart,
        {"which": "drawing"},
        name="ranks-chart",
    ),
    path(
        "challenges/<slug:slug>/leaderboard/lead/",
        views.chart,
        {"which": "lead"},
        name="lead-chart",
    ),
    path("challenges/<slug:slug>/compare/", comparison.compare, name="compare"),
    path("challenges/<slug:slug>/submit/", submitting.submit, name="submit"),
    path("challenges/<slug:slug>/submissions/", views.mine, name="mine"),
    path(f"{_organise}submissions/", views.everybodys, name="everybodys"),
    path(f"{_organise}statistics/", activity_views.page, name="activity"),
    path(f"{_organise}statistics/<slug:table>.csv", activity_views.table, name="activity-table"),
    path(f"{_organise}scoring/", organising.scoring, name="scoring"),
    path(f"{_organise}scoring/again/", organising.rescore_failed, name="rescore-failed"),
    path(f"{_organise}alerts/", organising.show_alerts, name="alerts"),
    path(f"{_organise}alerts/<int:number>/", organising.answer_alert, name="alert"),
    path(f"{_organise}rejudging/", organising.rejudgings, name="rejudgings"),
    path(f"{_organise}rejudging/<int:number>/", organising.show_rejudging, name="rejudging"),
    path(
        f"{_organise}rejudging/<int:number>/apply/",
        organising.apply_rejudging,
        name="apply-rejudging",
    ),
    path(
        f"{_organise}rejudging/<int:number>/cancel/",
        organising.cancel_rejudging,
        name="cancel-rejudging",
    ),
    path(f"{_organise}scoring/<slug:key>/pause/", organising.pause, name="pause"),
    path(f"{_organise}scoring/<slug:key>/resume/", organising.resume, name="resume"),
    path("submissions/<str:submission_id>/", views.detail, name="detail"),
    path("submissions/<str:submission_id>/report.html", views.report, name="report"),
    path("submissions/<str:submission_id>/errors/", errors.errors, name="errors"),
    path("submissions/<str:submission_id>/withdraw/", views.withdraw, name="withdraw"),
    path("submissions/<str:submission_id>/choose/", views.choose, name="choose"),
    path("submissions/<str:submission_id>/rescore/", views.rescore, name="rescore"),
]
