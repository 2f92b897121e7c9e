"""Documents in, documents out: each external program and library in a file of its own."""
