"""In doubt: what became of a commit that was refused or not answered, told by where the store stands."""

from __future__ import annotations

from cluster.store.port import Section, Where
from messages.base import Address
from messages.errors import FencedError, InDoubtError, StoreLostError


def has_happened(section: Section, where: Where) -> bool:
    """Whether the store has this step; False: it was never written and may be sent again.

    Raises `FencedError` under a newer epoch, `StoreLostError` when acknowledged history is gone (an older epoch, an
    earlier step, another generation), `InDoubtError` when the store is ahead.
    """
    step = section.position.step
    check_standing(section.address, where, section.epoch, section.generation, step - 1)
    if where.step > step:
        raise disagreement(section.address, step - 1, where)
    return where.step == step


def check_standing(address: Address, where: Where, epoch: int, generation: str, step: int) -> None:
    """See that the store knows of this incarnation and of `step`, its last commit; raises as `has_happened` does."""
    if where.epoch > epoch:
        raise FencedError(
            "a newer incarnation has claimed this actor",
            field=address,
            value=f"epoch {where.epoch} over {epoch}",
            remedy="none needed: this process stops",
        )
    if where.epoch < epoch or where.step < step or where.generation != generation:
        raise StoreLostError(
            "the store has lost acknowledged history",
            field=address,
            value=f"epoch {where.epoch}, step {where.step}, generation {where.generation} where epoch "
            f"{epoch}, step {step}, generation {generation} was acknowledged",
            remedy="the desk starts over from what is stored and reconciles with its venues",
        )


def disagreement(address: Address, step: int, where: Where) -> InDoubtError:
    """The error of a store that refuses, or is ahead of, the only incarnation that may commit."""
    return InDoubtError(
        "the store and the only incarnation that may commit disagree",
        field=address,
        value=f"stored step {where.step}, last committed {step}",
        remedy="stop; the supervisor starts the actor again from what is stored",
    )
