"""What the tests of the settings share: the smallest valid settings and ways to load or refuse them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from config import ConfigurationError, LoadedConfig, load_config

SMALLEST = """\
venues:
  paper: {kind: paper, starting_balances: {USDT: 1000}}
symbols:
  BTC-USDT: {venue: paper, listing: BTCUSDT, tick: 0.10, lot: 0.001}
strategies:
  ema: {kind: ema_cross, order: {notional: 100}}
"""

Write = Callable[..., Path]
Load = Callable[..., LoadedConfig]
Refuse = Callable[..., ConfigurationError]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the smallest valid settings and more lines into a file; gives its path."""

    def write_file(more: str = "", *, start: str = SMALLEST, name: str = "desk.yaml") -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(start + more, encoding="utf-8")
        return file

    return write_file


@pytest.fixture
def load(write: Write) -> Load:
    """Loads the smallest valid settings with more lines, variables and flags."""

    def load_text(
        more: str = "", environ: Mapping[str, str] | None = None, flags: object = (), start: str = SMALLEST
    ) -> LoadedConfig:
        return load_config(write(more, start=start), environ=environ or {}, overrides=flags)  # type: ignore[arg-type]

    return load_text


@pytest.fixture
def refuse(load: Load) -> Refuse:
    """Like `load`, for settings that must be refused; gives the error."""

    def refused(*arguments: object, **named: object) -> ConfigurationError:
        with pytest.raises(ConfigurationError) as caught:
            load(*arguments, **named)
        return caught.value

    return refused
