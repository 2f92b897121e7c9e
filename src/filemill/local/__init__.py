"""The whole stack on one machine: every server as a child process, its state and its secrets in one home folder."""
