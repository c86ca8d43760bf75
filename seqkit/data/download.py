"""Download over HTTP: resumable, capped, and patient only so far."""

import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import IO, Any, Literal
from urllib.parse import urlsplit

from seqkit.data.placing import CHUNK, cannot_write
from seqkit.errors import UserError

TRIES = 3
TIMEOUT_S = 30.0  # without a single byte
PAUSE_S = 1.0  # before the second try; doubled before each further one
SCHEMES = ("http", "https")

Report = Callable[[int, int | None], None]
"""Called with the bytes received so far and the bytes in all, where the server says."""


def download(url: str, part: Path, *, limit: int, report: Report) -> None:
    """Leave the whole content of `url` in `part`, going on from what `part` already holds.

    The content is not verified here: the server may have lied, and `part` may begin with something else.

    Args:
        limit: the most bytes to accept.

    Raises:
        UserError: not http(s), refused by the server, larger than `limit` (`part` is deleted), the disk refuses, or
            the connection failed or stalled three times (`part` is kept, so that the next call goes on from there).
    """
    if urlsplit(url).scheme not in SCHEMES:
        raise UserError(f"{url}: only http and https are downloaded")
    trouble: Exception | None = None
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE_S * 2 ** (attempt - 1))
        try:
            with _ask(url, _size(part)) as response:
                _receive(response, url, part, limit, report)
            return
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                if _total(error.headers.get("Content-Range")) == _size(part):
                    return
                part.unlink(missing_ok=True)
            elif error.code < 500 and error.code not in (408, 429):
                raise UserError(f"{url}: {_in_words(error)}") from error
            trouble = error
        except (OSError, http.client.HTTPException) as error:
            trouble = error
    kept = f"; {_size(part):,} bytes are kept, run it again to go on" if _size(part) else ""
    raise UserError(f"{url}: {_in_words(trouble)} ({TRIES} tries){kept}")


class _WebOnly(urllib.request.HTTPRedirectHandler):
    """Follow redirects to http and https alone."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in SCHEMES:
            fp.close()
            raise UserError(f"{req.full_url}: redirects to {newurl}; only http and https are downloaded")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _ask(url: str, have: int) -> http.client.HTTPResponse:
    headers = {"User-Agent": "seqkit", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    opener = urllib.request.build_opener(_WebOnly)
    return opener.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT_S)


def _receive(response: http.client.HTTPResponse, url: str, part: Path, limit: int, report: Report) -> None:
    """Append one answer to `part`, or start `part` afresh where the server sends the whole.

    Raises:
        HTTPException: the connection; worth another try.
        UserError: the disk or the size; not worth one.
    """
    done, total = _span(response, part)
    with closing(_saved(response, part, "ab" if done else "wb")) as sizes:
        for size in chain([0], sizes):
            done += size
            if max(done, total or 0) > limit:
                sizes.close()
                part.unlink(missing_ok=True)
                raise UserError(f"{url}: larger than the {limit:,} bytes it should be at most; not kept")
            report(done, total)
    if total is not None and done < total:
        raise http.client.HTTPException(f"the connection ended after {done:,} of {total:,} bytes")


def _span(response: http.client.HTTPResponse, part: Path) -> tuple[int, int | None]:
    """Where the answer begins, and the size of the whole where the server says it."""
    if response.status == http.client.PARTIAL_CONTENT:
        span = response.headers.get("Content-Range", "")
        if span.startswith(f"bytes {_size(part)}-"):
            return _size(part), _total(span)
        part.unlink(missing_ok=True)
        raise http.client.HTTPException(f"the server answers with another range, '{span}'")
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def _saved(response: http.client.HTTPResponse, part: Path, mode: Literal["ab", "wb"]) -> Generator[int]:
    """Write what arrives to `part`; yield the size of each piece."""
    try:
        with part.open(mode) as file:
            while chunk := _arrived(response):
                file.write(chunk)
                file.flush()
                yield len(chunk)
    except OSError as error:
        raise cannot_write(part, error) from error


def _arrived(response: http.client.HTTPResponse) -> bytes:
    """The next piece; `read1` returns what there is, so that progress is seen and a stall is felt."""
    try:
        return response.read1(CHUNK)
    except OSError as error:
        raise http.client.HTTPException(_in_words(error)) from error


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _total(span: str | None) -> int | None:
    """The size of the whole in a Content-Range header: `bytes 0-9/100` or `bytes */100`."""
    found = re.fullmatch(r"bytes .*/(\d+)", span or "")
    return int(found[1]) if found else None


def _in_words(trouble: Exception | None) -> str:
    if isinstance(trouble, urllib.error.HTTPError):
        return f"the server answers {trouble.code} {trouble.reason}"
    reason = trouble.reason if isinstance(trouble, urllib.error.URLError) else trouble
    if isinstance(reason, TimeoutError):
        return f"nothing received for {TIMEOUT_S:g} s"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return str(reason) or type(reason).__name__
