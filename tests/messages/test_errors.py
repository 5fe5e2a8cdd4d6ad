"""The one error tree: who is whose kind, which code each carries, and what it tells the reader."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from messages import errors
from messages.errors import ConfigurationError, DeskError, family

pytestmark = pytest.mark.unit

PARENTS = {
    "ConfigurationError": "DeskError",
    "CodecError": "DeskError",
    "UnknownMessageTypeError": "CodecError",
    "MessageFieldError": "CodecError",
    "SchemaVersionError": "CodecError",
    "OversizeMessageError": "CodecError",
    "ModelLoadError": "DeskError",
    "BrokerError": "DeskError",
    "OrderRejectedError": "BrokerError",
    "VenueConnectionError": "BrokerError",
    "InsufficientFundsError": "BrokerError",
    "DataProviderError": "DeskError",
    "StaleDataError": "DataProviderError",
    "GatingError": "DeskError",
    "SizingError": "DeskError",
    "RiskLimitError": "DeskError",
    "KillSwitchTriggeredError": "DeskError",
    "StoreError": "DeskError",
    "StoreUnavailableError": "StoreError",
    "FencedError": "StoreError",
    "InDoubtError": "StoreError",
    "StoreLostError": "StoreError",
    "JournalCorruptError": "StoreError",
    "DeskLockedError": "StoreError",
    "ReconciliationError": "DeskError",
    "IllegalTransitionError": "DeskError",
    "InvariantError": "DeskError",
}


def descendants(root: type[DeskError]) -> Iterator[type[DeskError]]:
    """Every class below `root`, without those that tests declare."""
    for child in root.__subclasses__():
        if not child.__module__.startswith("tests."):
            yield child
        yield from descendants(child)


@pytest.mark.parametrize(("name", "parent"), PARENTS.items())
def test_an_error_is_of_its_kind(name: str, parent: str) -> None:
    assert getattr(errors, name).__bases__ == (getattr(errors, parent),)


def test_the_tree_has_no_other_errors() -> None:
    declared = {child.__name__ for child in descendants(DeskError) if child.__module__ == errors.__name__}
    assert declared == set(PARENTS)


def test_every_error_has_a_reason_code_of_its_own() -> None:
    declared: list[type[DeskError]] = [getattr(errors, name) for name in PARENTS]
    codes = {child.reason_code for child in declared}
    assert len(codes - {DeskError.reason_code}) == len(declared)
    assert all("reason_code" in vars(child) for child in declared)


def test_the_family_lists_every_error_by_its_code() -> None:
    assert {errors.DeskError, *(getattr(errors, name) for name in PARENTS)} <= set(family().values())
    assert all(code == member.reason_code for code, member in family().items())
    assert set(family(errors.DataProviderError)) >= {"data_provider", "stale_data"}


def test_a_refinement_without_a_code_of_its_own_does_not_take_its_parents_place() -> None:
    class SharperError(errors.OrderRejectedError):
        """The same, said more precisely somewhere else."""

    assert SharperError.reason_code == "order_rejected"
    assert family()["order_rejected"] is errors.OrderRejectedError


@pytest.mark.parametrize("name", PARENTS)
def test_an_error_says_where_what_was_found_and_what_to_do(name: str) -> None:
    error = getattr(errors, name)("is wrong", field="risk.limit", value="5", remedy="write 5%")
    assert str(error) == "risk.limit: is wrong (found '5') — write 5%"
    assert (error.field, error.value, error.remedy) == ("risk.limit", "5", "write 5%")


@pytest.mark.parametrize(
    ("details", "text"),
    [
        ({}, "is wrong"),
        ({"field": "a.b"}, "a.b: is wrong"),
        ({"value": 0}, "is wrong (found 0)"),
        ({"value": ""}, "is wrong (found '')"),
        ({"remedy": "fix it"}, "is wrong — fix it"),
        ({"field": "a", "remedy": "fix it"}, "a: is wrong — fix it"),
    ],
)
def test_what_an_error_does_not_know_it_leaves_out(details: dict[str, object], text: str) -> None:
    assert str(ConfigurationError("is wrong", **details)) == text  # type: ignore[arg-type]
