"""Pages that show many rooms at once: home, till, customer profile, points page. They call the rooms' doors.

Owns no models.
"""
