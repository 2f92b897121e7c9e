"""What is to be done, as plain data: steps, expressions, formats, options, and the lines between worker and engine."""
