"""From files to radiographs: reading, the grey pipeline, and what a draft may be written for."""
