from __future__ import annotations

from django.urls import path

from heldout.site.planner import views

app_name = "planner"
urlpatterns = [
    path("planner/", views.known_model, name="model"),
    path("planner/formula/", views.formula, name="formula"),
    path("planner/trace/", views.trace, name="trace"),
    path("planner/numbers/", views.numbers, name="numbers"),
]
