"""Small panels around the two main views."""
