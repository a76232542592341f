"""Settlement between businesses, included at `/loyalty/settlement/`."""

from django.urls import path

from screens import views_final
from screens import views_settlement as views

app_name = "settlement"
urlpatterns = [
    path("", views.settlement, name="list"),
    path("final/<slug:code>/", views_final.final, name="final"),
    path("final/<slug:code>/print/", views_final.final_print, name="final-print"),
    path("final/<slug:code>/statement.csv", views_final.final_file, name="final-file"),
    path("final/<slug:code>/statement.pdf", views_final.final_paper, name="final-paper"),
    path("final/<slug:code>/journal.csv", views_final.final_journal_file, name="final-journal"),
    path("<slug:month>/", views.month, name="month"),
    path("<slug:month>/close/", views.close, name="close"),
    path("<slug:month>/pairs.csv", views.month_file, name="pairs-file"),
    path("<slug:month>/journal.csv", views.journal_file, name="journal-file"),
    path("<slug:month>/<slug:party>/", views.statement, name="statement"),
    path("<slug:month>/<slug:party>/print/", views.statement_print, name="statement-print"),
    path("<slug:month>/<slug:party>/statement.csv", views.statement_file, name="statement-file"),
    path("<slug:month>/<slug:party>/statement.pdf", views.statement_paper, name="statement-paper"),
]
