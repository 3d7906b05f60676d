"""Logging in, the lock, and the first account."""
