"""API keys of the exchange's accounts: made once, kept in the home folder for their owner's eyes only."""

from __future__ import annotations

import secrets
import string
from pathlib import Path

import msgspec

from cluster.durable_files import write_atomically
from messages.errors import ConfigurationError

KEYS_FILE = "keys.json"
_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 64


class ApiKey(msgspec.Struct, frozen=True):
    """What a client signs with."""

    api_key: str
    secret: str

    @property
    def hint(self) -> str:
        """Enough of the key to tell it from others."""
        return f"{self.api_key[:4]}…{self.api_key[-4:]}"


def load_or_make(home: Path, accounts: list[str]) -> dict[str, ApiKey]:
    """The keys by account, from `keys.json` in the folder; those that are missing are made and added.

    Raises `ConfigurationError` for a file that can't be read.
    """
    path, keys = home / KEYS_FILE, read_keys(home)
    missing = [account for account in accounts if account not in keys]
    if missing:
        keys |= {account: ApiKey(_drawn(), _drawn()) for account in missing}
        write_secret(path, msgspec.json.format(msgspec.json.encode(keys), indent=2))
    return {account: keys[account] for account in accounts}


def read_keys(home: Path) -> dict[str, ApiKey]:
    """The keys made so far, by account. Raises `ConfigurationError` for a file that can't be read."""
    path = home / KEYS_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, ApiKey])
    except FileNotFoundError:
        return {}
    except msgspec.DecodeError as error:
        raise ConfigurationError(
            "these are no keys", field="exchange.home", value=str(path), remedy="remove the file"
        ) from error


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content, mode=0o600)


def token(path: Path) -> str:
    """The secret in this file, made when missing."""
    if not path.exists():
        write_secret(path, secrets.token_urlsafe(32).encode())
    return path.read_text().strip()


def _drawn() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
