"""The sandboxes of runs: warm child processes, networked or isolated, that anybody may kill at any moment."""
