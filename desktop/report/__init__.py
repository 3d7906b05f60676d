"""The report editor beside the image."""
