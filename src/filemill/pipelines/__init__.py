"""A job's work as plain data: steps, expressions, formats, options, and the lines between worker and engine."""
