"""One request to the machine that was looked up, and no further."""

from __future__ import annotations

import asyncio
import ssl
from functools import cache

import httpx

from heldout.site.webhooks.addresses import Target

# For the whole of it: who answers a byte at a time is given up as well.
SECONDS = 10.0


def post(target: Target, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer; a redirect is not followed, and the answer's body not read.

    Raises:
        TimeoutError: There was no answer in time.
        httpx.HTTPError: There was none at all.
    """
    return asyncio.run(_post(target, body, {"Host": target.host_header, **headers}))


async def _post(target: Target, body: bytes, headers: dict[str, str]) -> int:
    # The certificate has to be the name's, though the connection goes to a number.
    extensions = {"sni_hostname": target.host}
    async with (
        asyncio.timeout(SECONDS),
        # No proxy of the environment: it would look the name up again.
        httpx.AsyncClient(verify=_certificates(), trust_env=False, timeout=SECONDS) as client,
        client.stream(
            "POST", target.url, content=body, headers=headers, extensions=extensions
        ) as answer,
    ):
        return answer.status_code


@cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()
