"""Every statement on jobs: a module per kind of row or question."""
