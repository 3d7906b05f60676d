"""The reading workstation; the only package that knows Qt."""
