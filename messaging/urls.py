from django.urls import path

from messaging import views, views_texts

app_name = "messaging"
urlpatterns = [
    path("dev/messages/", views.dev_messages, name="dev-messages"),
    path("settings/texts/", views_texts.texts, name="texts"),
    path("settings/texts/save/", views_texts.texts_save, name="texts-save"),
    path("settings/texts/test/", views_texts.texts_test, name="texts-test"),
]
