"""Counts requests and, when scraped, jobs; in the text format of Prometheus at /metrics."""

from functools import lru_cache

from litestar import Response, get
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from filemill.errors import DatabaseAway
from filemill.jobs.rows import jobs
from filemill.web.caller import ANYONE

_MEDIA_TYPE = CONTENT_TYPE_LATEST.partition("; charset")[0]  # Litestar adds the charset itself
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_LABELS = ("method", "path", "status")

_registry = CollectorRegistry()
ProcessCollector(registry=_registry)
_requests = Counter("filemill_requests", "Requests answered, by route.", _LABELS, registry=_registry)
_seconds = Histogram(
    "filemill_request_seconds",
    "Seconds from a request's arrival to the end of its answer, by route.",
    ("method", "path"),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30),
    registry=_registry,
)


# Labels are few: a route's template, never its path; known methods only.
@lru_cache(4096)
def _children(method: str, template: str, status: int) -> tuple[Counter, Histogram]:
    return _requests.labels(method, template, str(status)), _seconds.labels(method, template)


def count_request(method: str, template: str, status: int, seconds: float) -> None:
    """Counts one request by the template of its route."""
    counter, histogram = _children(method if method in _METHODS else "other", template, status)
    counter.inc()
    histogram.observe(seconds)


@get("/metrics", opt=ANYONE, include_in_schema=False)
async def metrics() -> Response[bytes]:
    """The requests of this process, and all jobs by lane and status."""
    return Response(generate_latest(_registry) + generate_latest(await _jobs()), media_type=_MEDIA_TYPE)


async def _jobs() -> CollectorRegistry:
    registry = CollectorRegistry()
    reached = Gauge("filemill_database_up", "Whether PostgreSQL answered this scrape.", registry=registry)
    try:
        counts = await jobs.count_by_status()
    except DatabaseAway:
        return registry
    reached.set(1)
    gauge = Gauge("filemill_jobs", "Jobs by lane and status.", ("lane", "status"), registry=registry)
    for lane, status, count in counts:
        gauge.labels(lane, status).set(count)
    return registry
