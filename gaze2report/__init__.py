"""Image, gaze and report: the science of the workstation, without Qt and without the database."""

__version__ = "0.1.0"
