"""Pages of segments, included at `/segments/`."""

from __future__ import annotations

from django.urls import path

import core.api  # noqa: F401 (the converter `code`)
from segments import views, views_builder, views_matching, views_people

app_name = "segments"
urlpatterns = [
    path("", views.listed, name="list"),
    path("new/", views_builder.create, name="create"),
    path("preview/", views_matching.preview, name="preview"),
    path("find/", views_matching.find, name="find"),
    path("why/<code:code>/", views_matching.explain, name="why"),
    path("choices/", views_matching.offered, name="choices"),
    path("<code:code>/", views_builder.segment, name="segment"),
    path("<code:code>/duplicate/", views.duplicate, name="duplicate"),
    path("<code:code>/archive/", views.archive, name="archive"),
    path("<code:code>/restore/", views.restore, name="restore"),
    path("<code:code>/people/", views_people.people, name="people"),
    path("<code:code>/people/choose/", views_people.choose, name="choose"),
    path("<code:code>/history/", views_people.history, name="history"),
]
