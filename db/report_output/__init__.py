"""A report on its way out of the workspace: PDF, plain text, DICOM SR, encapsulated PDF, FHIR."""
