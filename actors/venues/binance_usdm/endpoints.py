"""The private endpoints that are used, with what the venue counts each as."""

from __future__ import annotations

from enum import Enum

import msgspec


class Security(Enum):
    """What a request must carry."""

    NONE = "none"
    KEY = "key"
    SIGNED = "signed"


class Endpoint(msgspec.Struct, frozen=True):
    """`weight` counts for the address; `orders` says that it counts as a new order of the account, too."""

    method: str
    path: str
    weight: int
    security: Security = Security.SIGNED
    orders: bool = False


TIME = Endpoint("GET", "/fapi/v1/time", 1, Security.NONE)
EXCHANGE_INFO = Endpoint("GET", "/fapi/v1/exchangeInfo", 1, Security.NONE)

# The venue counts a placed order against the account alone; its address weight is 0.
PLACE = Endpoint("POST", "/fapi/v1/order", 0, orders=True)
PLACE_CONDITIONAL = Endpoint("POST", "/fapi/v1/algoOrder", 0, orders=True)
REPLACE = Endpoint("PUT", "/fapi/v1/order", 1, orders=True)
CANCEL = Endpoint("DELETE", "/fapi/v1/order", 1)
CANCEL_CONDITIONAL = Endpoint("DELETE", "/fapi/v1/algoOrder", 1)
COUNT_DOWN = Endpoint("POST", "/fapi/v1/countdownCancelAll", 10)

ORDER = Endpoint("GET", "/fapi/v1/order", 1)
CONDITIONAL = Endpoint("GET", "/fapi/v1/algoOrder", 1)
OPEN_ORDERS = Endpoint("GET", "/fapi/v1/openOrders", 1)
OPEN_CONDITIONALS = Endpoint("GET", "/fapi/v1/openAlgoOrders", 1)
ALL_SYMBOLS_WEIGHT = 40
TRADES = Endpoint("GET", "/fapi/v1/userTrades", 5)

BALANCE = Endpoint("GET", "/fapi/v3/balance", 5)
POSITIONS = Endpoint("GET", "/fapi/v3/positionRisk", 5)
INCOME = Endpoint("GET", "/fapi/v1/income", 30)
FEES = Endpoint("GET", "/fapi/v1/commissionRate", 20)
LEVERAGE = Endpoint("POST", "/fapi/v1/leverage", 1)
MARGIN_TYPE = Endpoint("POST", "/fapi/v1/marginType", 1)
POSITION_MODE = Endpoint("POST", "/fapi/v1/positionSide/dual", 1)

LISTEN_KEY_NEW = Endpoint("POST", "/fapi/v1/listenKey", 1, Security.KEY)
LISTEN_KEY_KEEP = Endpoint("PUT", "/fapi/v1/listenKey", 1, Security.KEY)
