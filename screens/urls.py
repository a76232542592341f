"""Pages that show many rooms at once, for staff."""

from __future__ import annotations

from django.urls import URLPattern, path

from screens import views_consent, views_explanation, views_home, views_privacy, views_profile

app_name = "screens"
urlpatterns: list[URLPattern] = [
    path("", views_home.home, name="home"),
    path("customers/<slug:code>/", views_profile.profile, name="profile"),
    path("customers/<slug:code>/why/", views_explanation.explanation, name="why"),
    path("customers/<slug:code>/consent/", views_consent.consent, name="consent"),
    path("customers/<slug:code>/privacy/", views_privacy.privacy, name="privacy"),
    path("customers/<slug:code>/privacy/export/", views_privacy.export_start, name="privacy-export"),
    path("customers/<slug:code>/privacy/exports/<slug:job>/", views_privacy.export_file, name="privacy-file"),
    path("customers/<slug:code>/privacy/erase/", views_privacy.erase, name="privacy-erase"),
]
