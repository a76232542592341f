from django.urls import path

from segments import api_building, api_people, api_segments

urlpatterns = [
    path("segments/", api_segments.SegmentsView.as_view(), name="segments"),
    path("segments/preview", api_building.SegmentPreviewView.as_view(), name="segments-preview"),
    path("segments/from-text", api_building.SegmentTextView.as_view(), name="segments-from-text"),
    path("segments/fields", api_building.SegmentFieldsView.as_view(), name="segments-fields"),
    path("segments/choices", api_building.SegmentChoicesView.as_view(), name="segments-choices"),
    path("segments/schema", api_building.SegmentSchemaView.as_view(), name="segments-schema"),
    path("segments/<code:segment_id>", api_segments.SegmentView.as_view(), name="segment"),
    path("segments/<code:segment_id>/restore", api_segments.SegmentRestoreView.as_view(), name="segment-restore"),
    path("segments/<code:segment_id>/duplicate", api_segments.SegmentDuplicateView.as_view(), name="segment-duplicate"),
    path("segments/<code:segment_id>/evaluate", api_segments.SegmentEvaluateView.as_view(), name="segment-evaluate"),
    path("segments/<code:segment_id>/members", api_people.SegmentMembersView.as_view(), name="segment-members"),
    path(
        "segments/<code:segment_id>/members/<code:customer_id>",
        api_people.SegmentMemberView.as_view(),
        name="segment-member",
    ),
    path("segments/<code:segment_id>/history", api_people.SegmentHistoryView.as_view(), name="segment-history"),
    path("segments/<code:segment_id>/days", api_people.SegmentDaysView.as_view(), name="segment-days"),
    path("segments/<code:segment_id>/why/<code:customer_id>", api_people.SegmentWhyView.as_view(), name="segment-why"),
]
