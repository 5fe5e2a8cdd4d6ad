"""What the front end says when it says no: HTTP status, code and text, and the one table from canonical reasons."""

from __future__ import annotations

from http import HTTPStatus

from messages.reasons import Reason


class ApiError(Exception):
    """An answer that is a refusal. `retry_after` in seconds goes into the header of that name."""

    def __init__(
        self,
        code: int,
        text: str,
        status: int = HTTPStatus.BAD_REQUEST,
        *,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = int(status)
        self.retry_after = retry_after

    @property
    def body(self) -> dict[str, object]:
        """The JSON of the answer."""
        return {"code": self.code, "msg": self.text}


UNKNOWN_TEXT = "Unknown error, please check your request or try again later."
UNAVAILABLE_TEXT = "Service Unavailable."
THROTTLED_TEXT = (
    "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. "
    "Please try again."
)
TIMEOUT_TEXT = (
    "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
)
INTERNAL_TEXT = "Internal error; unable to process your request. Please try again."
BEHIND_TEXT = "Timestamp for this request is outside of the recvWindow."
AHEAD_TEXT = "Timestamp for this request was 1000ms ahead of the server's time."
LISTEN_KEY_TEXT = "This listenKey does not exist."
WRONG_ENDPOINT_TEXT = (
    "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
)
NO_MODE_CHANGE_TEXT = "No need to change position side."
NO_MARGIN_CHANGE_TEXT = "No need to change margin type."

REASONS: dict[Reason, tuple[int, str]] = {
    Reason.SYMBOL_UNKNOWN: (-1121, "Invalid symbol."),
    Reason.INTENT_MALFORMED: (-1013, "Invalid message."),
    Reason.INSUFFICIENT_BALANCE: (-2019, "Margin is insufficient."),
    Reason.DUPLICATE_CLIENT_ORDER_ID: (-4116, "ClientOrderId is duplicated."),
    Reason.TICK_SIZE: (-4014, "Price not increased by tick size."),
    Reason.LOT_SIZE: (-4023, "Qty not increased by step size."),
    Reason.MIN_QUANTITY: (-4004, "Quantity less than minimum quantity."),
    Reason.MAX_QUANTITY: (-4005, "Quantity greater than max quantity."),
    Reason.MIN_NOTIONAL: (
        -4164,
        "Order's notional must be no smaller than {min_notional} (unless you choose reduce only).",
    ),
    Reason.REDUCE_ONLY_WOULD_INCREASE: (-2022, "ReduceOnly Order is rejected."),
    Reason.POST_ONLY_WOULD_TAKE: (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected. "
        "The order will not be recorded in the order history",
    ),
    Reason.FILL_OR_KILL: (
        -5021,
        "Due to the order could not be filled immediately, the FOK order has been rejected. "
        "The order will not be recorded in the order history",
    ),
    Reason.STOP_WOULD_TRIGGER: (-2021, "Order would immediately trigger."),
    Reason.PRICE_BAND: (-4016, "Limit price can't be higher than the multiplier allows."),
    Reason.VENUE_MAX_ORDERS: (-2025, "Reach max open order limit."),
    Reason.UNKNOWN_ORDER: (-2011, "Unknown order sent."),
    Reason.NO_LIQUIDITY: (-2020, "Unable to fill."),
    Reason.LEVERAGE: (-4028, "Leverage is not valid."),
    Reason.POSITION_MODE: (-4061, "Order's position side does not match user's setting."),
    Reason.INSTRUMENT_CLOSED: (-4140, "Invalid symbol status for opening position."),
    Reason.SELF_TRADE: (-2010, "NEW_ORDER_REJECTED"),
    Reason.VENUE_REJECTED: (-2010, "NEW_ORDER_REJECTED"),
}
"""What a canonical reason reads like here; where the endpoint decides the words, its handler gives its own."""


def refused(reason: Reason, **facts: object) -> ApiError:
    """The answer for a canonical reason; `facts` fill its text."""
    if reason is Reason.VENUE_FAULT:
        return unavailable()
    code, text = REASONS.get(reason, (-2010, "NEW_ORDER_REJECTED"))
    return ApiError(code, text.format(**facts) if facts else text.replace(" {min_notional}", ""))


def unavailable() -> ApiError:
    """The exchange is closed: the request was certainly not carried out."""
    return ApiError(0, UNAVAILABLE_TEXT, HTTPStatus.SERVICE_UNAVAILABLE)


def missing(name: str) -> ApiError:
    """A parameter that must be there is not, or makes no sense."""
    return ApiError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def illegal(name: str, legal: str) -> ApiError:
    """A parameter has characters it must not have."""
    return ApiError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def not_required(name: str) -> ApiError:
    """A parameter was sent where it has no meaning."""
    return ApiError(-1106, f"Parameter '{name}' sent when not required.")


def invalid(name: str) -> ApiError:
    """A parameter's value is none of those that are known."""
    return ApiError(-1130, f"Data sent for parameter '{name}' is not valid.")
