from django.urls import path

from screens import views_onboarding as views

app_name = "onboarding"
urlpatterns = [
    path("programmes/new/", views.programme_new, name="new"),
    path("programmes/new/example/", views.rate_example, name="rate-example"),
]
