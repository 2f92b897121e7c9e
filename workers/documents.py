"""The actor of the lane `documents`."""

from workers.lane import declare

LANE = declare("documents")
