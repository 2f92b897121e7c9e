"""How Polars is told where the store is: an address, and the credentials as a value, never by the environment."""

from filemill.pipelines.run import StoreAccess


def address(access: StoreAccess, key: str) -> str:
    """An object of the bucket, as Polars names it."""
    return f"s3://{access.bucket}/{key}"


def options(access: StoreAccess) -> dict[str, str | int]:
    """What opens the store. Few tries: the runner has more patience, and lets others work meanwhile."""
    return {
        "aws_endpoint_url": access.url,
        "aws_access_key_id": access.key,
        "aws_secret_access_key": access.secret,
        "aws_region": access.region,
        "aws_allow_http": "true",
        "aws_virtual_hosted_style_request": "false",
        "max_retries": 3,
    }
