"""The actor of the lane `tables`."""

from workers.lane import declare

LANE = declare("tables")
