"""Studies in which readers' gaze is collected: their protocol, and how far each reader is."""
