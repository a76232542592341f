"""Where the log-in library looks for other places to log in with."""

from programs.google import GoogleProvider

provider_classes = [GoogleProvider]
