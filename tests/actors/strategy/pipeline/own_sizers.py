"""Sizers of one's own, as users write them, and some that nobody should."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.learning.rewards import Reward
from actors.strategy.pipeline.sizers import SizerBase, SizerParameters, wish_of
from actors.strategy.pipeline.sizing import SizeInputs, Wish

HERE = "tests.actors.strategy.pipeline.own_sizers"


class FixedParameters(SizerParameters):
    weight: float = Field(default=0.02, gt=0, le=1, description="What is held.")


class Fixed(SizerBase):
    """The same weight for every symbol."""

    Parameters = FixedParameters
    name = "fixed"

    def wish(self, inputs: SizeInputs) -> Wish:
        return wish_of(inputs.direction * self.parameters.weight, alpha=inputs.alpha)


class Learned(SizerBase):
    """Holds more of what has paid: starts at 2 %, half as much again per won trade, half per lost one."""

    name = "learned"
    columns = 2

    def wish(self, inputs: SizeInputs) -> Wish:
        assert inputs.learned is not None
        return wish_of(inputs.direction * 0.02 * np.exp2(inputs.learned[:, 0] / 2), alpha=inputs.alpha)

    def learn(self, known: Floats, reward: Reward) -> Floats:
        return known + np.array([1.0 if reward.net_bps > 0 else -1.0, reward.net_bps])


class Greedy(SizerBase):
    """Wants a thousand budgets."""

    name = "greedy"

    def wish(self, inputs: SizeInputs) -> Wish:
        return wish_of(inputs.direction * 1_000.0)


class Infinite(SizerBase):
    """Answers what is no number."""

    name = "infinite"

    def wish(self, inputs: SizeInputs) -> Wish:
        return Wish(inputs.direction * np.inf, np.full(len(inputs.direction), 99, np.int8))


class Broken(SizerBase):
    """Raises whatever it is asked."""

    name = "broken"
    columns = 1

    def wish(self, inputs: SizeInputs) -> Wish:
        raise ZeroDivisionError("no size today")

    def learn(self, known: Floats, reward: Reward) -> Floats:
        raise ZeroDivisionError("no lesson today")


class Meddler(SizerBase):
    """Writes into what it is given."""

    name = "meddler"

    def wish(self, inputs: SizeInputs) -> Wish:
        inputs.position[:] = 0.0
        return wish_of(inputs.direction)


class Bare(SizerBase):
    """Answers weights without their reasons."""

    def wish(self, inputs: SizeInputs) -> Wish:
        return np.ones(len(inputs.direction))  # type: ignore[return-value]
