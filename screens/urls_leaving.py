"""Businesses that leave the programme, included at `/settings/businesses/`."""

from django.urls import path

from screens import views_leaving as views

app_name = "leaving"
urlpatterns = [
    path("<slug:code>/leaving/", views.leaving_page, name="page"),
    path("<slug:code>/leaving/ask/", views.ask, name="ask"),
    path("<slug:code>/leaving/decide/", views.decide, name="decide"),
    path("<slug:code>/leaving/call-off/", views.call_off, name="call-off"),
]
