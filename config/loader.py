"""Loads a desk's settings: finds the files, lays the layers over each other and validates the result.

Precedence, the later the stronger: defaults, profile, files, `RAYDESK__` variables, flags; then DRY_RUN and
KILL_SWITCH, which may only tighten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath

from config.catalogue import Path
from config.dotenv import beneath, read_dotenv
from config.environment import Variables, environment_layer, flags_layer, tighten
from config.files import dotenv_folder, read_source
from config.hashing import config_hash
from config.interpolation import interpolate
from config.layers import Layer, Merged, document_layer
from config.problems import Problem, configuration_error
from config.schema import DeskConfig
from config.validation import validate

DOTENV = ".env"

Overrides = Mapping[str, object] | Sequence[str]


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """Valid settings, where each that is not a default came from (by dotted path), and their hash."""

    config: DeskConfig
    sources: Mapping[str, str]
    hash: str

    @property
    def simulated(self) -> LoadedConfig:
        """As a backtest takes them; see `DeskConfig.simulated`. The hash stays that of the settings as given."""
        return replace(self, config=self.config.simulated)


def load_config(
    source: str | FilePath,
    *,
    environ: Mapping[str, str],
    overrides: Overrides = (),
    folder: FilePath | None = None,
) -> LoadedConfig:
    """Load the settings of a desk.

    `source` is a profile's name (`demo`), a YAML file, or a folder of them. A text without `/` and suffix that
    names a profile is the profile; write `./demo` for a folder of that name. `environ` is the process's
    environment. `overrides` are flags: dotted paths with values, or texts `path=value`. `folder` is where `.env`
    is looked for; by default beside the settings, and nowhere for a profile.

    Raises ConfigurationError that lists every problem found, with path, value, place and remedy.
    """
    loaded, problems = _load(source, environ, overrides, folder)
    if loaded is None or problems:
        raise configuration_error(problems)
    return loaded


def check_config(
    source: str | FilePath,
    *,
    environ: Mapping[str, str],
    overrides: Overrides = (),
    folder: FilePath | None = None,
) -> tuple[Problem, ...]:
    """Everything that `load_config` would complain about, as records; empty when the settings are valid."""
    return tuple(_load(source, environ, overrides, folder)[1])


def _load(
    source: str | FilePath, environ: Mapping[str, str], overrides: Overrides, folder: FilePath | None
) -> tuple[LoadedConfig | None, list[Problem]]:
    documents, problems = read_source(source)
    if problems:
        return None, problems
    layers = [document_layer(document) for document in documents]
    flags, problems = flags_layer(overrides)
    variables, more = _variables(layers, flags, Variables(environ), folder or dotenv_folder(source))
    problems += more
    merged, more = _merge(layers, flags, variables)
    problems += more
    templates = interpolate(merged, variables.values)
    problems += [*merged.problems, *tighten(merged, variables)]
    config, more = validate(merged, templates)
    known = {problem.path for problem in problems}
    problems += [problem for problem in more if problem.path not in known]
    if config is None or problems:
        return None, problems
    sources = {".".join(path): origin for path, origin in merged.sources.items()}
    return LoadedConfig(_rooted(config), sources, config_hash(config)), []


def _rooted(config: DeskConfig) -> DeskConfig:
    """The settings with absolute paths of models and kill file: processes on Ray have working directories of their own.

    The hash is over the settings as they were given, so that it does not depend on where the desk was started.
    """
    rooted = {
        name: strategy.model_copy(
            update={"models": tuple(str(FilePath(each).expanduser().absolute()) for each in strategy.models)}
        )
        for name, strategy in config.strategies.items()
        if strategy.models
    }
    update: dict[str, object] = {"strategies": {**config.strategies, **rooted}} if rooted else {}
    if config.risk.kill_file is not None:
        path = str(FilePath(config.risk.kill_file).expanduser().absolute())
        update["risk"] = config.risk.model_copy(update={"kill_file": path})
    return config.model_copy(update=update) if update else config


def _merge(layers: Sequence[Layer], flags: Layer, variables: Variables) -> tuple[Merged, list[Problem]]:
    merged = Merged()
    for layer in layers:
        merged.lay(layer)
    environment, problems = environment_layer(variables, merged)
    merged.lay(environment)
    merged.lay(flags)
    return merged, problems


def _variables(
    layers: Sequence[Layer], flags: Layer, environ: Variables, folder: FilePath | None
) -> tuple[Variables, list[Problem]]:
    """The environment with what `.env` adds, which is nothing for a live desk: its settings are not to depend on
    a file that lies around."""
    if folder is None or _is_live(_merge(layers, flags, environ)[0], environ):
        return environ, []
    dotenv, problems = read_dotenv(folder / DOTENV)
    variables = beneath(environ, dotenv)
    if not problems and _is_live(_merge(layers, flags, variables)[0], variables):
        problems = [
            Problem(
                "desk.environment",
                "live can't be chosen by .env",
                source=DOTENV,
                remedy="set it in the settings",
            )
        ]
    return variables, problems


def _is_live(merged: Merged, variables: Variables) -> bool:
    interpolate(merged, variables.values)
    path: Path = ("desk", "environment")
    here: object = merged.data
    for key in path:
        here = here.get(key) if isinstance(here, dict) else None
    return here == "live"
