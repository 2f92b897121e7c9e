"""One file for each step, and what several of them share: a table in, a table out."""
