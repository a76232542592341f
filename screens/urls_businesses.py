"""One business and its card, included at `/businesses/`."""

from django.urls import path

from screens import views_businesses as views

app_name = "businesses"
urlpatterns = [
    path("<slug:code>/", views.business, name="detail"),
    path("<slug:code>/add/", views.add, name="add"),
]
