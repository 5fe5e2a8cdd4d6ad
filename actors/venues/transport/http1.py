"""HTTP/1.1 on the wire, as far as a client of JSON services needs it: a request written, an answer parsed.

Pure, so that every way in which an answer can be cut into pieces is a test. Apart from `lean`, which owns the sockets.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from actors.venues.transport.http_errors import DecodingError, LocalProtocolError, RemoteProtocolError
from messages.errors import ConfigurationError

_LARGEST_HEAD = 64 * 1024
_LARGEST_BODY = 64 * 1024 * 1024
_LONGEST_CHUNK_LINE = 1024
_BODILESS = frozenset({204, 304})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose requests tell the length of their body also when there is none."""
_PORTS = {"http": 80, "https": 443}
_PACKINGS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
"""By content coding: the window that zlib wants to hear of."""


class Origin(NamedTuple):
    """A server: `scheme` is `http` or `https`; `host` a name or address, without the brackets of IPv6."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port as the header `Host` tells them: a scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def origin_of(url: str) -> Origin:
    """The server of an URL. Raises `ConfigurationError` for one that names none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in _PORTS:
        raise ConfigurationError(
            "the URL names no server",
            field="url",
            value=url,
            remedy="give one like https://host or http://host:80",
        )
    return Origin(parts.scheme, host, port or _PORTS[parts.scheme])


class Request(msgspec.Struct, frozen=True):
    """What is asked of a server. `target` is path and query, percent-encoded, and sent as it is."""

    method: str
    origin: Origin
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


def encoded_request(request: Request) -> bytes:
    """The bytes of a request.

    Raises `LocalProtocolError` for a line that would break out of itself or is not plain ASCII.
    """
    lines = [f"{request.method} {request.target} HTTP/1.1", f"host: {request.origin.authority}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if request.body or request.method in _WITH_BODY:
        lines.append(f"content-length: {len(request.body)}")
    if any("\r" in line or "\n" in line for line in lines):
        raise LocalProtocolError("a line of the request contains a line break")
    try:
        head = "\r\n".join(lines).encode("ascii")
    except UnicodeEncodeError as error:
        raise LocalProtocolError("a line of the request is not plain ASCII") from error
    return head + b"\r\n\r\n" + request.body


class AnswerParser:
    """One answer, fed in pieces. `feed` says when it is whole; then `status`, `headers`, `body`, `keep_alive` hold.

    Raises `RemoteProtocolError` for what is no HTTP/1.x or too large.
    """

    def __init__(self, method: str) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.keep_alive = False
        self.begun = False
        self._method = method
        self._buffer = bytearray()
        self._pieces: list[bytes] = []
        self._size = 0
        self._wanted = 0
        self._done = False
        self._step: Callable[[], bool] = self._head

    def feed(self, data: bytes) -> bool:
        """Take more bytes; whether the answer is whole. What follows a whole answer makes it unfit for keeping."""
        self.begun = True
        self._buffer += data
        while not self._done and self._step():
            pass
        if self._done and self._buffer:
            self.keep_alive = False
        return self._done

    def end(self) -> bool:
        """The connection ended; whether that makes the answer whole."""
        if self._step == self._until_end and not self._done:
            self._finish()
        return self._done

    def _head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            _bounded(len(self._buffer), _LARGEST_HEAD, "head")
            return False
        lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        self.status, modern = _status_line(lines[0])
        self.headers = [_header(line) for line in lines[1:]]
        if 100 <= self.status < 200:
            return True  # an interim answer: the real one follows
        told = {name.lower(): value for name, value in self.headers}
        connection = told.get(b"connection", b"").lower()
        self.keep_alive = b"close" not in connection and (modern or b"keep-alive" in connection)
        self._begin_body(told)
        return True

    def _begin_body(self, told: dict[bytes, bytes]) -> None:
        if self._method == "HEAD" or self.status in _BODILESS:
            self._finish()
        elif b"chunked" in told.get(b"transfer-encoding", b"").lower():
            self._step = self._chunk_line
        elif b"content-length" in told:
            self._wanted = _number(told[b"content-length"], 10)
            _bounded(self._wanted, _LARGEST_BODY, "body")
            self._step = self._sized
        else:
            self.keep_alive = False
            self._step = self._until_end

    def _sized(self) -> bool:
        if len(self._buffer) < self._wanted:
            return False
        self._take(self._wanted)
        self._finish()
        return True

    def _until_end(self) -> bool:
        self._take(len(self._buffer))
        return False

    def _chunk_line(self) -> bool:
        line = self._line()
        if line is None:
            return False
        self._wanted = _number(line.split(b";")[0].strip(), 16)
        self._step = self._chunk if self._wanted else self._trailer
        return True

    def _chunk(self) -> bool:
        if len(self._buffer) < self._wanted + 2:
            return False
        self._take(self._wanted)
        if self._buffer[:2] != b"\r\n":
            raise RemoteProtocolError("a chunk of the answer does not end where it said")
        del self._buffer[:2]
        self._step = self._chunk_line
        return True

    def _trailer(self) -> bool:
        line = self._line()
        if line is None:
            return False
        if not line:
            self._finish()
        return True

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            _bounded(len(self._buffer), _LONGEST_CHUNK_LINE, "chunk header")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _take(self, size: int) -> None:
        self._size += size
        _bounded(self._size, _LARGEST_BODY, "body")
        self._pieces.append(bytes(self._buffer[:size]))
        del self._buffer[:size]

    def _finish(self) -> None:
        self.body = b"".join(self._pieces)
        self._done = True


def unpacked(body: bytes, coding: str) -> bytes:
    """The body behind a content coding (`gzip`, `deflate`, none).

    Raises `DecodingError` for another coding, and for a body that is not packed so, is cut, or is too large.
    """
    name = coding.strip().lower()
    if not body or name in ("", "identity"):
        return body
    if name not in _PACKINGS:
        raise DecodingError(f"the answer is packed in an unknown way: {name}")
    packing = zlib.decompressobj(_PACKINGS[name])
    try:
        plain = packing.decompress(body, _LARGEST_BODY)
    except zlib.error as error:
        raise DecodingError(f"the answer is not packed as it says: {error}") from error
    if not packing.eof:
        raise DecodingError("the packed answer is cut or too large")
    return plain


def _status_line(line: bytes) -> tuple[int, bool]:
    parts = line.split(b" ", 2)
    if len(parts) < 2 or parts[0] not in (b"HTTP/1.1", b"HTTP/1.0") or len(parts[1]) != 3:
        raise RemoteProtocolError("the answer is no HTTP/1.x")
    return _number(parts[1], 10), parts[0] == b"HTTP/1.1"


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not name or name != name.strip():
        raise RemoteProtocolError("a header of the answer can't be read")
    return name, value.strip()


def _number(text: bytes, base: int) -> int:
    digits = b"0123456789abcdefABCDEF" if base == 16 else b"0123456789"
    if not text or len(text) > 16 or text.strip(digits):
        raise RemoteProtocolError("a length in the answer is no number")
    return int(text, base)


def _bounded(size: int, most: int, what: str) -> None:
    if size > most:
        raise RemoteProtocolError(f"the {what} of the answer is larger than {most} bytes")
