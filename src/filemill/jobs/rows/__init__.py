"""Every SQL statement on jobs, a module for each kind of row or question."""
