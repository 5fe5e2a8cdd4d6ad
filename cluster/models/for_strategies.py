"""The models that a strategy actor's settings name, opened by whoever builds the actor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.strategy.models import Model
    from actors.strategy.settings import StrategyActorSettings


def models_for(settings: StrategyActorSettings) -> Mapping[str, tuple[Model, ...]]:
    """The models of each strategy by its id, in the order of its run directories; verified, loaded and warmed up.

    Raises `ModelLoadError` for a run that is not there or not sound.
    """
    named = {each.id: each for each in settings.strategies if each.models}
    if not named:
        return {}
    from cluster.models.loading import ModelRun  # brings numpy, and the libraries of the models' families

    return {
        strategy: tuple(
            model
            for folder in chosen.models
            for model in ModelRun.open(folder, allow_pickle=chosen.allow_pickle).models()
        )
        for strategy, chosen in named.items()
    }
