"""The nine steps of data-jobs against any address that a filemill answers at, the store behind the same address."""

from urllib.parse import urlsplit

import httpx

TABLE = b"name,city,age\nAlice,New York,30\nBob,London,25\nCharlie,New York,35\n"
FOUND = b"name,city,age\nAlice,New York,30\nCharlie,New York,35\n"
PASSWORD = "devpassword"
ENDED = {"COMPLETED", "FAILED", "CANCELLED"}


def nine_steps(url: str, email: str) -> dict[str, object]:
    """Walks them, checking each answer -> the job at its end."""
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60) as api:
        made = api.post("/auth/register", json={"email": email, "password": PASSWORD})
        assert made.status_code == 201, made.text

        entered = api.post("/auth/login", data={"username": email, "password": PASSWORD})
        assert entered.status_code == 200, entered.text
        api.headers["Authorization"] = f"Bearer {entered.json()['access_token']}"

        steps = [{"type": "filter", "params": {"column": "city", "operator": "eq", "value": "New York"}}]
        begun = api.post(
            "/jobs",
            json={"file_name": "sample.csv", "original_file_size_bytes": 10_240, "processing_steps": steps},
        )
        assert begun.status_code == 201, begun.text
        job = f"/jobs/{begun.json()['id']}"

        upload_url = api.post(f"{job}/upload-url", json={}).json()["upload_url"]
        assert urlsplit(upload_url).netloc == urlsplit(url).netloc, "one address for everything"
        put = httpx.put(upload_url, content=TABLE, headers={"Content-Type": "text/csv"})
        assert put.status_code == 200, put.text

        key = urlsplit(upload_url).path.removeprefix("/filemill/")
        marked = api.post(f"{job}/mark-uploaded", json={"object_key": key})
        assert marked.status_code == 200, marked.text

        ended = api.get(job, params={"wait": 30}).json()
        assert ended["status"] == "COMPLETED", ended

        download_url = api.post(f"{job}/download-url", json={}).json()["download_url"]
        got = httpx.get(download_url)
        assert got.status_code == 200, got.text
        assert got.content == FOUND
        assert "attachment" in got.headers["Content-Disposition"]
        return ended
