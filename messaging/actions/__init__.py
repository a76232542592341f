"""Every write of messaging. `queue_message` is the door for other apps."""

from messaging.actions.outbox import queue_message

__all__ = ["queue_message"]
