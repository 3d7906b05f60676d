"""Everything of the window around an eye tracker: its agent, consent, recording, calibration, quality, operator."""
