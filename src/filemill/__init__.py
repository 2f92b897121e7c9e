"""filemill: files go in, finished files come out.

A job is named inputs + a typed pipeline of steps -> named outputs. `apis` turn their own HTTP into jobs and back;
`jobs` keeps the rules of jobs; `runs` takes a job through; `engines` turn files into files, in a `sandbox` that can be
killed; `storage` says where bytes live; `accounts` says who is asking; `workers` are the processes that claim jobs.
The row in PostgreSQL is the truth, a message in Redis only a wakeup.
"""

__version__ = "0.1.0"
