"""A bucket of S3, or of a server that speaks like it: `s3://bucket/prefix`, how it is reached, and its errors in words.

Credentials, profiles, region and endpoint are found as every AWS tool finds them (AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_ENDPOINT_URL, the
files in ~/.aws, roles of machines): boto3 does that. The bytes go through obstore.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import S3Store

from atheria_pack.errors import PackError, UsageError

if TYPE_CHECKING:
    from obstore.store import S3Config, S3Credential

SCHEME = "s3://"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]+")
# A request moves some MiB at most, so one that lasts this long is stuck and is tried again.
_REQUEST_SECONDS = 120
_RETRIES = 5
_RETRY_SECONDS = 180


class BucketError(PackError):
    """A bucket does not answer, or refuses. The text has the address, what was to be done and the bucket's own words."""


@dataclass(frozen=True)
class Bucket:
    """An open bucket. `store` sees only what is below `prefix`; `client` is boto3's, for what obstore has no words for."""

    address: str
    name: str
    prefix: str
    store: S3Store
    client: Any


def is_bucket(address: str) -> bool:
    """Whether an address is one of a bucket."""
    return address.startswith(SCHEME)


def open_bucket(address: str) -> Bucket:
    """Open `s3://bucket/prefix`; nothing is asked of it yet. UsageError for another form of address."""
    import boto3  # takes a quarter of a second, and most mirrors are folders

    name, _, prefix = address.removeprefix(SCHEME).partition("/")
    prefix = prefix.strip("/")
    if not is_bucket(address) or not _NAME.fullmatch(name) or any(part in ("", ".", "..") for part in prefix.split("/") if prefix):
        raise UsageError(f"{address!r} is no address of a bucket; expected s3://BUCKET or s3://BUCKET/PREFIX")
    session = boto3.Session()
    client = session.client("s3", region_name=os.environ.get("AWS_REGION") or session.region_name or "us-east-1")
    config: S3Config = {"region": client.meta.region_name, "checksum_algorithm": "SHA256"}
    endpoint = client.meta.endpoint_url
    if not endpoint.endswith(".amazonaws.com"):
        config["endpoint"] = endpoint
    credentials = session.get_credentials()
    if credentials is None:
        config["skip_signature"] = True  # a bucket that everybody may read
    store = S3Store(
        name,
        prefix=prefix or None,
        config=config,
        client_options={"allow_http": endpoint.startswith("http://"), "timeout": timedelta(seconds=_REQUEST_SECONDS)},
        retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=_RETRY_SECONDS)},
        credential_provider=_provider(credentials) if credentials is not None else None,
    )
    return Bucket(f"{SCHEME}{name}/{prefix}".rstrip("/"), name, prefix, store, client)


def _provider(credentials: Any) -> Callable[[], S3Credential]:
    def provide() -> S3Credential:
        now = credentials.get_frozen_credentials()
        return {
            "access_key_id": now.access_key,
            "secret_access_key": now.secret_key,
            "token": now.token,
            # boto3 renews those of a role ahead of time, so it is enough to ask it again often
            "expires_at": datetime.now(timezone.utc) + timedelta(minutes=5),
        }

    return provide


@contextmanager
def explained(address: str, task: str, failure: type[PackError] = BucketError) -> Iterator[None]:
    """Errors of the store as a `failure`; FileNotFoundError and the answers to conditions (AlreadyExistsError, PreconditionError) pass."""
    try:
        yield
    except (AlreadyExistsError, PreconditionError):
        raise
    except (BaseError, FileNotFoundError, PermissionError) as error:
        said = str(error).partition("\n\nDebug source")[0]
        code = re.search(r"<Code>(\w+)</Code>", said)
        text = code.group(1) if code else said.splitlines()[0][:300]
        if isinstance(error, FileNotFoundError) and text != "NoSuchBucket":
            raise FileNotFoundError(f"{address}: {task}: there is none") from error
        raise failure(
            f"{address}: {task} failed after up to {_RETRIES} retries: {text}. Expected a bucket that answers and allows it; look at AWS_PROFILE "
            "or AWS_ACCESS_KEY_ID, AWS_REGION and AWS_ENDPOINT_URL, then run it again: it goes on where it stopped"
        ) from error
