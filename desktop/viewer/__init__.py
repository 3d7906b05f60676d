"""The image and what is drawn over it."""
