from django.urls import path

from messaging import views, views_messages, views_texts

app_name = "messaging"
urlpatterns = [
    path("dev/messages/", views.dev_messages, name="dev-messages"),
    path("settings/texts/", views_texts.texts, name="texts"),
    path("settings/texts/save/", views_texts.texts_save, name="texts-save"),
    path("settings/texts/test/", views_texts.texts_test, name="texts-test"),
    path("settings/texts/unconfirmed/", views_messages.unconfirmed, name="unconfirmed"),
    path("settings/texts/unconfirmed/sent/", views_messages.unconfirmed_sent, name="unconfirmed-sent"),
    path("settings/texts/unconfirmed/again/", views_messages.unconfirmed_again, name="unconfirmed-again"),
    path("settings/texts/unconfirmed/give-up/", views_messages.unconfirmed_give_up, name="unconfirmed-give-up"),
    path("settings/texts/received/", views_messages.received, name="received"),
    path("settings/texts/received/<code:text_code>/stop/", views_messages.received_stop, name="received-stop"),
    path("settings/texts/received/<code:text_code>/keep/", views_messages.received_keep, name="received-keep"),
]
