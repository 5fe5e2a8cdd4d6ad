"""The one error tree of the desk.

Every error says what is wrong, where (`field`), with which value, and what to do about it (`remedy`),
and carries a stable `reason_code` that journals, logs and alerts share.
"""

from __future__ import annotations

from typing import ClassVar


class DeskError(Exception):
    """The root of all errors the desk raises on purpose.

    `field` is the dotted path or name of what is wrong, `value` what was found there, `remedy` what to do.
    """

    reason_code: ClassVar[str] = "desk_error"

    def __init__(
        self, message: str, *, field: str | None = None, value: object = None, remedy: str | None = None
    ) -> None:
        self.message = message
        self.field = field
        self.value = value
        self.remedy = remedy
        super().__init__(message)

    def __str__(self) -> str:
        place = f"{self.field}: " if self.field else ""
        found = f" (found {self.value!r})" if self.value is not None else ""
        advice = f" — {self.remedy}" if self.remedy else ""
        return f"{place}{self.message}{found}{advice}"


class ConfigurationError(DeskError):
    """Settings that are missing, unknown, of the wrong type or in contradiction."""

    reason_code = "configuration_error"


class CodecError(DeskError):
    """Bytes that are not a message of this desk, or a message that can't be written."""

    reason_code = "codec_error"


class UnknownMessageTypeError(CodecError):
    """The message names a type that no module has registered."""

    reason_code = "unknown_message_type"


class MessageFieldError(CodecError):
    """A field is missing, unknown or of the wrong type."""

    reason_code = "message_field"


class SchemaVersionError(CodecError):
    """The message was written by newer code than this."""

    reason_code = "schema_version"


class OversizeMessageError(CodecError):
    """The encoded message is larger than a mailbox accepts."""

    reason_code = "message_oversize"


class ModelLoadError(DeskError):
    """A model or its manifest can't be loaded."""

    reason_code = "model_load_error"


class BrokerError(DeskError):
    """A venue refused something or could not be talked to."""

    reason_code = "broker_error"


class OrderRejectedError(BrokerError):
    """The venue refused an order."""

    reason_code = "order_rejected"


class VenueConnectionError(BrokerError):
    """The venue could not be reached or stopped answering."""

    reason_code = "venue_connection"


class InsufficientFundsError(BrokerError):
    """The account can't carry the order."""

    reason_code = "insufficient_funds"


class DataProviderError(DeskError):
    """Market data is missing, unreadable or in the wrong form."""

    reason_code = "data_provider"


class StaleDataError(DataProviderError):
    """Market data is too old to decide on."""

    reason_code = "stale_data"


class GatingError(DeskError):
    """A gate of the decision pipeline could not be evaluated."""

    reason_code = "gating_error"


class SizingError(DeskError):
    """A position size could not be computed."""

    reason_code = "sizing_error"


class RiskLimitError(DeskError):
    """A risk limit could not be evaluated or was broken by a fact."""

    reason_code = "risk_limit"


class KillSwitchTriggeredError(DeskError):
    """The desk is halted."""

    reason_code = "kill_switch"


class StoreError(DeskError):
    """The store of mailboxes and journals refused or could not be reached."""

    reason_code = "store_error"


class StoreUnavailableError(StoreError):
    """The store did not answer; whether it carried the request out is unknown."""

    reason_code = "store_unavailable"


class FencedError(StoreError):
    """A newer incarnation has claimed the actor; this one must stop."""

    reason_code = "fenced"


class InDoubtError(StoreError):
    """It can't be known whether a commit happened."""

    reason_code = "in_doubt"


class StoreLostError(StoreError):
    """The store has lost history it had acknowledged, or is another store than before."""

    reason_code = "store_lost"


class JournalCorruptError(StoreError):
    """A journal record or snapshot fails its checksum or can't be decoded."""

    reason_code = "journal_corrupt"


class DeskLockedError(StoreError):
    """Another desk of the same name is running."""

    reason_code = "desk_locked"


class ReconciliationError(DeskError):
    """The desk's records and the venue's disagree."""

    reason_code = "reconciliation_error"


class IllegalTransitionError(DeskError):
    """A state machine was asked for a transition its table does not have."""

    reason_code = "illegal_transition"


class InvariantError(DeskError):
    """Something that must always hold does not; the actor stops rather than go on."""

    reason_code = "invariant_broken"


def family(root: type[DeskError] = DeskError) -> dict[str, type[DeskError]]:
    """`root` and the error classes below it, by reason code, for the table in the docs and the tests.

    A class without a code of its own is a refinement of its parent, which stands for both.
    """
    found = {root.reason_code: root}
    for child in root.__subclasses__():
        for code, member in family(child).items():
            found.setdefault(code, member)
    return found
