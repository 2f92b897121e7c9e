"""Who gets a receipt at the data API, and of which jobs."""

import pytest

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/jobs"
BODY = {"file_name": "people.csv", "original_file_size_bytes": 10, "processing_steps": []}


async def test_only_a_completed_job_of_ones_own_has_a_receipt(member, stranger):
    job = (await member.client.post(JOBS, json=BODY)).json()["id"]

    mine = await member.client.get(f"{JOBS}/{job}/receipt")
    theirs = await stranger.client.get(f"{JOBS}/{job}/receipt")
    nobodys = await member.client.get(f"{JOBS}/00000000-0000-4000-8000-000000000000/receipt")

    assert (mine.status_code, theirs.status_code, nobodys.status_code) == (400, 403, 404)
    assert mine.json()["detail"] == "The job is PENDING; only a COMPLETED job has a receipt."
