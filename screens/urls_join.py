"""How a business joins a programme, included at `/join/` of the public host."""

from django.urls import path

from screens import views_join as views

app_name = "join"
urlpatterns = [
    path("", views.enter_code, name="code"),
    path("requests/<slug:code>/", views.request_state, name="request"),
    path("requests/<slug:code>/withdraw/", views.withdraw, name="withdraw"),
    path("<str:code>/", views.ask, name="ask"),
]
