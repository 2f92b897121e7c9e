"""`make attack`: programs that try to hurt other callers of a running `serve`, each bounded in time, on loopback only.

An attack is a module here with `def attack(target: Target) -> str`. The function does its worst in thirty seconds or
less, raises AssertionError with a sentence where somebody else was hurt, cleans up what it holds open, and returns one
line of figures. Its name stands in `__main__.ATTACKS`. The rules themselves are held by the fast tests of their rooms;
an attack is the look from outside, on the whole stack as `filemill serve` starts it.
"""
