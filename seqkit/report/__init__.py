"""Reports: what was measured, on a terminal, as JSON, Markdown and one HTML page."""
