from django.urls import path

from messaging import views

app_name = "messaging"
urlpatterns = [path("dev/messages/", views.dev_messages, name="dev-messages")]
