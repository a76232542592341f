"""Pages that show many rooms at once, for staff."""

from __future__ import annotations

from django.urls import URLPattern, path

from screens import views_home, views_profile

app_name = "screens"
urlpatterns: list[URLPattern] = [
    path("", views_home.home, name="home"),
    path("customers/<slug:code>/", views_profile.profile, name="profile"),
]
