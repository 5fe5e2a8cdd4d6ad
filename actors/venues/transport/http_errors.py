"""How an HTTP exchange can fail to end in an answer. What matters is told by the family: was anything written?

Names are the field's (httpx, httpcore). No library's own are used: an HTTP client with its command line and colours
would be loaded again at every start of a process, and takes longer than all else that a recovery does.
"""

from __future__ import annotations


class HttpError(Exception):
    """There is no answer, and part of the request may have reached the server."""


class NothingWritten(HttpError):
    """There is no answer, for nothing was written."""


class ConnectError(NothingWritten):
    """The connection could not be made."""


class ConnectTimeout(NothingWritten):
    """The connection was not made in time."""


class PoolTimeout(NothingWritten):
    """No connection became free in time."""


class StartTimeout(NothingWritten):
    """When it could have been written it was too late for it."""


class WriteTimeout(HttpError):
    """The request was not written in time."""


class ReadTimeout(HttpError):
    """No whole answer came in time."""


class ReadError(HttpError):
    """The connection broke."""


class RemoteProtocolError(HttpError):
    """What came is no answer of HTTP/1.x, or too large."""


class LocalProtocolError(HttpError):
    """The request is none that may be written."""


class DecodingError(HttpError):
    """The answer's body is not packed as its header says."""
