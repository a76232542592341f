"""Reports of points, included at `/loyalty/reports/`."""

from django.urls import path

from screens import views_reports as views

app_name = "reports"
urlpatterns = [
    path("", views.reports, name="points"),
    path("top.csv", views.top_file, name="top-file"),
    path("<slug:report>.csv", views.report_file, name="file"),
]
