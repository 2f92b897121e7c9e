"""How a caller asks for an answer that comes as soon as a job has ended."""

from typing import Annotated

from litestar.params import QueryParameter

LONGEST_SECONDS = 30

Wait = Annotated[
    int, QueryParameter(ge=0, le=LONGEST_SECONDS, description="Seconds to wait for the job's end before answering.")
]
"""The parameter `wait` of an address that tells how a job stands."""
