"""What is kept: patients, studies, readings, drafts and reports. Gives out frozen dataclasses, never rows."""
