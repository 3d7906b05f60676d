"""Alembic migrations; run by db.schema, needs no alembic.ini."""
