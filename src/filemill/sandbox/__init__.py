"""Behind which walls a run works: warm child processes, isolated from the network or not, that can be killed."""
