"""Which message types the desk has, and whether two messages are the same to the last digit."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import messages
from messages.base import Message, registered_types


def message_modules() -> list[ModuleType]:
    """Every module of `messages`, imported, in order of their names."""
    names = sorted(module.name for module in pkgutil.iter_modules(messages.__path__))
    return [importlib.import_module(f"{messages.__name__}.{name}") for name in names]


def desk_types() -> list[type[Message]]:
    """The registered types of `messages`, without those that tests and benchmarks add, by name."""
    message_modules()
    return [kind for _, kind in sorted(registered_types().items()) if is_of_the_desk(kind)]


def is_of_the_desk(kind: type[Message]) -> bool:
    """Whether a type is one that a desk's journal may hold."""
    return kind.__module__.startswith(f"{messages.__name__}.")


def subject(kind: type[Message]) -> str:
    """The module a type is declared in, without its package: `control`."""
    return kind.__module__.rpartition(".")[2]


def same(one: object, other: object) -> bool:
    """Equal, and written alike: `==` takes 1.0 for 1.00, 1 for 1.0 and 0 for -0, which a ledger must not."""
    return one == other and repr(one) == repr(other)
