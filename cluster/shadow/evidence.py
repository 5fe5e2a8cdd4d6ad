"""The evidence that a shadow run is for the models it used: what `raydesk models promote` asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from actors.strategy.pipeline.learning import returns
from actors.strategy.pipeline.memory import PipelineMemory
from cluster.models.evidence import ShadowEvidence
from cluster.models.loading import run_folder
from cluster.models.manifest import fingerprint_of
from cluster.replaying.recorded import Recorded
from cluster.shadow.reading import ACTORS
from messages.decisions import DecisionMade, IntentRaised
from messages.errors import ConfigurationError
from messages.learning import (
    FillLearned,
    LearningBegan,
    PlanAdopted,
    PredictionsKept,
    PredictionsMade,
    ReturnsRealised,
    RewardBooked,
)

_LEARNED = (PredictionsMade, PredictionsKept, ReturnsRealised, PlanAdopted, FillLearned, RewardBooked)


def evidence_of(recorded: Recorded, strategy: str, run: Path) -> ShadowEvidence:
    """What a strategy in shadow has shown of the models in `run`.

    Raises `ConfigurationError` when the strategy was not in shadow, sent an order, did not use this run, or predicted
    nothing; `ModelLoadError` when there is no such run.
    """
    chosen = _settings(recorded, strategy)
    folder = run_folder(run)
    used = {Path(each).expanduser().resolve() for each in chosen.get("models", ())}
    if not used & {folder, folder.parent, run.expanduser().resolve()}:
        raise _unfit("did not use these models", strategy, str(run), "name the run that its settings name")
    times: list[int] = []
    decisions = pairs = 0
    for address, actor in recorded.actors.items():
        if not address.startswith(ACTORS):
            continue
        memory: PipelineMemory | None = None
        for record in actor.records():
            for event in record.events:
                if isinstance(event, IntentRaised) and event.intent.strategy == strategy:
                    raise _unfit("has sent orders", strategy, event.intent_id, "set shadow: true")
                if getattr(event, "strategy", None) != strategy:
                    continue
                if isinstance(event, LearningBegan):
                    memory = PipelineMemory.begun(event, memory)
                elif isinstance(event, _LEARNED) and memory is not None:
                    memory.apply(event)
                decisions += isinstance(event, DecisionMade)
                if isinstance(event, PredictionsMade):
                    times.append(event.time)
        pairs += 0 if memory is None else _pairs(memory)
    if not times:
        raise _unfit("has predicted nothing", strategy, None, "let it run on models, and longer")
    return ShadowEvidence(
        manifest_sha256=fingerprint_of(folder),
        desk=recorded.header.desk,
        config_hash=recorded.header.config_hash,
        started=min(times),
        ended=max(times),
        decisions=decisions,
        predictions=len(times),
        pairs=pairs,
    )


def _settings(recorded: Recorded, strategy: str) -> dict[str, Any]:
    strategies: dict[str, dict[str, Any]] = recorded.header.config.document.get("strategies", {})
    chosen = strategies.get(strategy)
    if chosen is None or not chosen.get("shadow"):
        raise _unfit("was not in shadow", strategy, sorted(strategies), "name the strategy with shadow: true")
    return chosen


def _pairs(memory: PipelineMemory) -> int:
    """Predictions of single models that have met their returns."""
    known = returns.statistics(memory.state.returns, memory.settings.returns)
    return int(np.sum(known.pairs))


def _unfit(message: str, strategy: str, value: object, remedy: str) -> ConfigurationError:
    return ConfigurationError(
        f"the strategy {message}", field=f"strategies.{strategy}", value=value, remedy=remedy
    )
