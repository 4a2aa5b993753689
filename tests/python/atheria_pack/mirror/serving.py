"""Fixtures that serve channels: nginx, a web server with faults, a bucket."""

import logging
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from web import NGINX, FaultyServer, nginx


@pytest.fixture
def serve_by_nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], str]]:
    """Gives a function: a folder's address at an nginx of its own."""
    if not NGINX:
        pytest.skip("nginx is not installed; .ci/install has it")
    with ExitStack() as running:
        yield lambda folder: running.enter_context(nginx(folder, tmp_path_factory.mktemp("nginx")))


@pytest.fixture
def serve_with_faults() -> Iterator[Callable[..., FaultyServer]]:
    """Gives a function: a web server of a folder that fails as it is told."""
    with ExitStack() as running:
        yield lambda folder, **how: running.enter_context(FaultyServer(folder, **how))


@dataclass(frozen=True)
class Bucket:
    """An empty bucket. `environment`: what a program needs to find it; `client`: boto3's."""

    name: str
    endpoint: str
    environment: dict[str, str]
    client: Any

    @property
    def url(self) -> str:
        return f"s3://{self.name}"

    def keys(self) -> dict[str, int]:
        """The size of every object."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", ())}


@contextmanager
def moto_bucket() -> Iterator[Bucket]:
    """A bucket of moto's server on loopback; its environment variables are set."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        environment = {
            "AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_S3": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true",
        }  # fmt: skip
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            client = boto3.client("s3", endpoint_url=endpoint)
            name = f"mirror-{secrets.token_hex(4)}"  # moto keeps what a bucket held for as long as the process lives, whatever server it is asked by
            client.create_bucket(Bucket=name)
            yield Bucket(name, endpoint, environment, client)
        finally:
            server.stop()


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """A bucket of its own."""
    with moto_bucket() as found:
        yield found
