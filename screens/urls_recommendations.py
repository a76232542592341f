"""Recommendations for staff, included at `/loyalty/recommendations/`."""

from django.urls import path

from screens import views_recommendations as views

app_name = "recommendations"
urlpatterns = [
    path("", views.rules, name="list"),
    path("other-businesses/", views.others, name="others"),
    path("other-businesses/set/", views.set_promotion, name="promotion-set"),
    path("other-businesses/learn/", views.learn, name="learn"),
    path("other-businesses/<slug:code>/delete/", views.delete_promotion, name="promotion-delete"),
    path("kind/<slug:rule>/", views.rule, name="rule"),
    path("kind/<slug:rule>/settings/", views.settings, name="settings"),
]
