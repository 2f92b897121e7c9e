"""The one noun: jobs, their steps, their queue, the runner and the cage, and what sweeps up after them."""
