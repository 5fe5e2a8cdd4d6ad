"""The models that a strategy actor's settings name, opened by whoever builds the actor."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING

from messages.errors import DeskError

if TYPE_CHECKING:
    from actors.strategy.models import Model
    from actors.strategy.settings import StrategyActorSettings


def models_for(
    settings: StrategyActorSettings, unloaded: MutableMapping[str, DeskError] | None = None
) -> Mapping[str, tuple[Model, ...]]:
    """The models of each strategy by its id, in the order of its run directories; verified, loaded and warmed up.

    Raises `ModelLoadError` for a run that is not there or not sound; with `unloaded` it is put there instead, under
    the id of its strategy.
    """
    named = {each.id: each for each in settings.strategies if each.models}
    if not named:
        return {}
    from cluster.models.loading import ModelRun  # brings numpy, and the libraries of the models' families

    found: dict[str, tuple[Model, ...]] = {}
    for strategy, chosen in named.items():
        try:
            runs = [ModelRun.open(folder, allow_pickle=chosen.allow_pickle) for folder in chosen.models]
            found[strategy] = tuple(model for run in runs for model in run.models())
        except DeskError as error:
            if unloaded is None:
                raise
            unloaded[strategy] = error
    return found
