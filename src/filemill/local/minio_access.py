"""Who may do what in a MinIO: the service's key and the sandbox's, each with its policy, made by the administrator."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException
from minio.minioadmin import MinioAdmin
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

REGION = "us-east-1"
AGAIN = wait_fixed(0.2)
KEPT_FREE_PERCENT, KEPT_FREE_BYTES = 5, 2 * 2**30
"""The quota of a bucket leaves so much of the store's disk to others: the larger of both."""

_BUCKET_ACTIONS = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
_OBJECT_ACTIONS = (
    *("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
    *("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
)
_SANDBOX_OUTPUT_ACTIONS = ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")

_NO_ADMINISTRATION = {"Effect": "Deny", "Action": ["admin:*"]}
"""Without this MinIO lets every user make itself further keys, which would outlive a changed secret."""

_NO_KEYS_OF_ITS_OWN = {
    "Effect": "Deny",
    "Action": [f"admin:{each}ServiceAccount" for each in ("Create", "Update", "Remove")]
    + ["admin:ListServiceAccounts"],
}
_METRICS = {"Effect": "Allow", "Action": ["admin:Prometheus"]}
"""How the service learns how much of the store's disk is free. What is allowed to nobody is refused."""

_NO_COPIES = {
    "Effect": "Deny",
    "Action": ["s3:PutObject"],
    "Resource": ["arn:aws:s3:::*"],
    "Condition": {"Null": {"s3:x-amz-copy-source": "false"}},
}
"""A signed address to upload to takes any header that was not signed: with this one it would copy somebody else's
object instead, which the key that signed it may read. We never copy."""


class Key(msgspec.Struct, frozen=True):
    """One key: its name (3 to 20 characters, MinIO's rule) and its secret."""

    name: str
    secret: str


class _Drive(msgspec.Struct):
    totalspace: int = 0


class _Server(msgspec.Struct):
    drives: list[_Drive] = []


class _Info(msgspec.Struct):
    servers: list[_Server] = []


class Administrator:
    """The key that may do everything, at the MinIO behind `url`."""

    def __init__(self, url: str, root: Key) -> None:
        address = urlsplit(url)
        self._admin = MinioAdmin(
            endpoint=address.netloc,
            credentials=StaticProvider(root.name, root.secret),
            secure=address.scheme == "https",
            region=REGION,
        )

    def let_in(self, key: Key, policy: dict[str, Any]) -> None:
        """Makes a key with this policy; where it is there already, gives it this secret and this policy.

        Raises minio.error.MinioException, MinioAdminException or urllib3's HTTPError.
        """
        # A server that was killed may, in its first moments, reload what it had and not see what was just added.
        for attempt in Retrying(
            retry=retry_if_exception(_is_not_seen_yet), stop=stop_after_delay(10), wait=AGAIN, reraise=True
        ):
            with attempt:
                self._let_in(key, f"{key.name}-policy", policy)

    def limit(self, bucket: str, most_bytes: int) -> int:
        """Gives a bucket a quota, 0 for all of the disk but what is kept free -> the quota in bytes.

        MinIO compares each upload, and each part, with what its scanner has counted some time ago: a brake, no wall.
        Raises minio.error.MinioException, MinioAdminException or urllib3's HTTPError.
        """
        quota = most_bytes or _all_but_the_rest(self._disk_bytes())
        self._admin.bucket_quota_set(bucket, quota)
        return quota

    def _disk_bytes(self) -> int:
        told = msgspec.json.decode(self._admin.info(), type=_Info)
        return sum(drive.totalspace for server in told.servers for drive in server.drives)

    def _let_in(self, key: Key, policy_name: str, policy: dict[str, Any]) -> None:
        self._admin.policy_add(policy_name, policy=policy)
        self._admin.user_add(key.name, key.secret)
        try:
            self._admin.attach_policy([policy_name], user=key.name)
        except MinioAdminException as error:
            if "XMinioAdminPolicyChangeAlreadyApplied" not in str(error):
                raise


def _all_but_the_rest(total: int) -> int:
    return max(total - max(total * KEPT_FREE_PERCENT // 100, KEPT_FREE_BYTES), KEPT_FREE_BYTES)


def _is_not_seen_yet(error: BaseException) -> bool:
    return isinstance(error, MinioAdminException) and any(
        code in str(error) for code in ("XMinioAdminNoSuchPolicy", "XMinioAdminNoSuchUser")
    )


def service_policy(buckets: Sequence[str]) -> dict[str, Any]:
    """What the service's own key may do: everything with the objects of these buckets, nothing else."""
    return _policy(
        (_BUCKET_ACTIONS, [f"arn:aws:s3:::{bucket}" for bucket in buckets]),
        (_OBJECT_ACTIONS, [f"arn:aws:s3:::{bucket}/*" for bucket in buckets]),
        more=(_METRICS, _NO_KEYS_OF_ITS_OWN),
    )


def sandbox_policy(buckets: Sequence[str]) -> dict[str, Any]:
    """What the sandbox's key may do: read inputs, write outputs."""
    return _policy(
        (("s3:GetObject",), [f"arn:aws:s3:::{bucket}/input/*" for bucket in buckets]),
        (_SANDBOX_OUTPUT_ACTIONS, [f"arn:aws:s3:::{bucket}/output/*" for bucket in buckets]),
        more=(_NO_ADMINISTRATION,),
    )


def _policy(*statements: tuple[Sequence[str], list[str]], more: Sequence[dict[str, Any]]) -> dict[str, Any]:
    allowed = [{"Effect": "Allow", "Action": list(actions), "Resource": what} for actions, what in statements]
    return {"Version": "2012-10-17", "Statement": [*allowed, *more, _NO_COPIES]}
