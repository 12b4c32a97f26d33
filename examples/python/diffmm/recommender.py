# SPDX-License-Identifier: BSD-2-Clause
"""Training and serving in one object, in the manner of scikit-learn, whose clone() takes it."""

from __future__ import annotations

import pickle
from typing import Any, Mapping, overload

from ._types import Ids, Keys, SettingValue, Whole
from .dataset import Dataset
from .model import Model
from .options import Options
from .query import Hit
from .scorer import Scorer
from .trainer import fit


class Recommender:
    """Settings, to fit to interactions and to recommend by.

        recommender = Recommender(preset="tiktok", epochs=20)
        recommender.fit(users, items, {"image": image}).recommend(["alice", "bob"], 10)

    Parameters are those of Options: a preset, and settings as keywords, where two underscores stand
    for the dot. Those that are not given keep their defaults, and are not among get_params(). After
    fit() there is `model_`, a Model. It can be copied, cloned and pickled, with its model."""

    model_: Model

    def __init__(self, *, preset: str | None = None, **settings: SettingValue) -> None:
        self._parameters: dict[str, Any] = {"preset": preset, **settings}
        self._scorer: Scorer | None = None

    def __repr__(self) -> str:
        given = (f"{name}={value!r}" for name, value in self._parameters.items()
                 if name != "preset" or value is not None)
        return f"{type(self).__name__}({', '.join(given)})"

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_scorer": None}  # a scorer is made again of the model

    def __deepcopy__(self, memo: Any) -> Recommender:
        return pickle.loads(pickle.dumps(self))  # a model cannot be copied but as its file

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters that were given, by name, and the preset. `deep` makes no difference: none
        is an estimator."""
        return dict(self._parameters)

    def set_params(self, **parameters: Any) -> Recommender:
        """Set some of them, for the next fit(); returns this object. Raises Error for a setting that
        does not exist, or a value that it does not take; all are then as before."""
        together = {**self._parameters, **parameters}
        Options(**together)
        self._parameters = together
        return self

    def fit(self, users: Ids, items: Ids, features: Mapping[str, Any] | None = None
            ) -> Recommender:
        """Train on interactions: users[k] touched items[k], by number or by id. `features` maps names
        of modalities to arrays, items x features, or to whatever else Dataset.from_arrays() takes;
        where items have ids, to {"features": array, "ids": ids of its rows}. Returns this object.

        Raises Error for settings or data that do not do; what was fitted before is then kept."""
        data = Dataset.from_arrays(users, items, modalities=features)
        self.model_, self._scorer = fit(data, Options(**self._parameters)), None
        return self

    @property
    def scorer_(self) -> Scorer:
        """The Scorer of the model: similar items, new users, explanations. Raises AttributeError
        before fit()."""
        if self._scorer is None:
            if not hasattr(self, "model_"):
                raise AttributeError(f"this {type(self).__name__} is not fitted yet: call fit()")
            self._scorer = Scorer(self.model_)
        return self._scorer

    @overload
    def recommend(self, users: str, count: Whole = 10,  # type: ignore[misc]
                  **query: Any) -> list[Hit]:
        ...

    @overload
    def recommend(self, users: Keys, count: Whole = 10,  # type: ignore[misc]
                  **query: Any) -> list[list[Hit]]:
        ...

    @overload
    def recommend(self, users: Whole, count: Whole = 10, **query: Any) -> list[Hit]:
        ...

    def recommend(self, users: Any, count: Whole = 10, **query: Any) -> Any:
        """The `count` best items that a user has not touched yet, best first, as a list of Hit; for
        several users, a list of such lists. `query` is as for a Scorer: exclude, candidates ..

        Raises NotFound for a user whom fit() has not seen, AttributeError before fit()."""
        return self.scorer_.recommend(users, count, **query)
