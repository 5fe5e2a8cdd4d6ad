"""The exchange log: an append-only file of JSON lines, one per event about an account.

It is the exchange's own record of what it did, and what it is rebuilt from. One object per line; `type` tells what:

| type       | what happened                               | further fields                                          |
|------------|---------------------------------------------|---------------------------------------------------------|
| `order`    | an order was taken or changed               | `record`: the order as it is now (see `OrderRecord`)    |
| `trade`    | an order traded; its new record is with it  | `trade` (see `Trade`), `record`                         |
| `refused`  | an order, change or cancel was refused      | `account`, `client_order_id`, `listing`, `what`,        |
|            |                                             | `reason`, `detail`                                      |
| `payment`  | funding, deposit, liquidation fee, insurance| `payment` (see `Payment`)                               |
| `liquidation` | a position is being closed by force      | `account`, `listing`, `leg`, `quantity`, `mark`         |
| `setting`  | leverage, margin or position mode, dead man | `account`, `listing`, `name`, `value`                   |
| `status`   | rules or maintenance changed                | `rules` (see `Rules`) or null, `maintenance`            |
| `opened`   | the exchange began or came back             | `clean`: whether it had been closed in order            |

Every line has `time` (ns UTC). Decimals are strings. All lines of one call are written by one write, so that an
exchange that is killed has written all of them or none; a torn last line is cut off when the log is opened again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from cluster.exchange.api import Leg, OrderRecord, Payment, Rules, Trade
from messages.errors import StoreUnavailableError

LOG_NAME = "exchange.log"


class Journal:
    """Collects lines and writes them; without a path it only forgets them."""

    def __init__(self, path: Path | None = None) -> None:
        """Opens the log for appending, cutting off a torn last line. Raises `StoreUnavailableError`."""
        self._lines: list[bytes] = []
        self._encoder = msgspec.json.Encoder(decimal_format="string")
        self._file: BinaryIO | None = None
        self.offset = 0
        if path is not None:
            self.offset = whole_length(path)
            try:
                self._file = path.open("ab", buffering=0)
                os.truncate(path, self.offset)
            except OSError as error:
                raise _unavailable(path, error) from error

    def order(self, record: OrderRecord, trade: Trade | None, time: int) -> None:
        """An order was taken or changed."""
        if trade is None:
            self._add({"type": "order", "time": time, "record": record})
        else:
            self._add({"type": "trade", "time": time, "trade": trade, "record": record})

    def refused(
        self, account: str, listing: str, client_order_id: str, what: str, reason: str, detail: str, time: int
    ) -> None:
        """The exchange said no."""
        self._add(
            {
                "type": "refused",
                "time": time,
                "account": account,
                "listing": listing,
                "client_order_id": client_order_id,
                "what": what,
                "reason": reason,
                "detail": detail,
            }
        )

    def payment(self, payment: Payment) -> None:
        """A balance changed without a trade."""
        self._add({"type": "payment", "time": payment.time, "payment": payment})

    def liquidation(
        self, account: str, listing: str, leg: Leg, quantity: object, mark: object, time: int
    ) -> None:
        """A position is closed by force."""
        self._add(
            {
                "type": "liquidation",
                "time": time,
                "account": account,
                "listing": listing,
                "leg": leg,
                "quantity": quantity,
                "mark": mark,
            }
        )

    def setting(self, account: str, listing: str, name: str, value: int | bool | None, time: int) -> None:
        """An account changed a setting of its own."""
        self._add(
            {
                "type": "setting",
                "time": time,
                "account": account,
                "listing": listing,
                "name": name,
                "value": value,
            }
        )

    def status(self, rules: Rules | None, maintenance: bool, time: int) -> None:
        """Rules or maintenance changed."""
        self._add({"type": "status", "time": time, "rules": rules, "maintenance": maintenance})

    def opened(self, clean: bool, time: int) -> None:
        """The exchange began or came back."""
        self._add({"type": "opened", "time": time, "clean": clean})

    def flush(self) -> None:
        """Write what has been collected, by one write. Raises `StoreUnavailableError`."""
        if not self._lines:
            return
        data = b"".join(self._lines)
        self._lines.clear()
        if self._file is not None:
            try:
                written = self._file.write(data)
                while written < len(data):
                    written += self._file.write(data[written:])
            except OSError as error:
                raise _unavailable(Path(self._file.name), error) from error
            self.offset += len(data)

    def close(self) -> None:
        """Write the rest and let go of the file."""
        self.flush()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _add(self, line: dict[str, Any]) -> None:
        if self._file is not None:
            self._lines.append(self._encoder.encode(line) + b"\n")


def whole_length(path: Path) -> int:
    """How many bytes of the log are whole lines; 0 when there is none."""
    if not path.exists():
        return 0
    data = path.read_bytes()
    return data.rfind(b"\n") + 1


def _unavailable(path: Path, error: OSError) -> StoreUnavailableError:
    return StoreUnavailableError(
        f"the exchange's log can't be written: {error.strerror}",
        field="exchange.folder",
        value=str(path),
        remedy="give a folder that can be written and has room",
    )
