# SPDX-License-Identifier: BSD-2-Clause
"""Every setting of model and training, by name."""

from __future__ import annotations

import enum
from ctypes import byref, c_char_p, c_double, c_int64
from typing import Any, Iterable, Iterator, Mapping, NamedTuple, Optional, Union

import numpy

from . import _structs
from ._convert import called, index, text
from ._handles import Copied, Object, create
from ._library import library
from ._types import SettingValue
from .context import Context, default_context


class OptionType(enum.IntEnum):
    """The kind of a setting's values."""

    FLAG = 1
    INTEGER = 2
    REAL = 3
    CHOICE = 4
    LIST = 5


class Setting(NamedTuple):
    """A setting's description. `minimum` and `maximum` hold for numbers, `choices` for choices."""

    name: str
    symbol: Optional[str]
    type: OptionType
    default: str
    minimum: float
    maximum: float
    choices: Optional[list[str]]
    help: str


def settings() -> list[Setting]:
    """Descriptions of all settings."""
    result = []
    for number in range(library.diffmm_option_count()):
        info = _structs.OptionInfo()
        library.diffmm_option_describe(number, byref(info))
        choices = text(info.choices)
        result.append(
            Setting(text(info.name), text(info.symbol), OptionType(info.type),
                    text(info.default_value), info.minimum, info.maximum,
                    choices.split("|") if choices else None, text(info.help)))
    return result


def _python_value(kind, text):
    if kind is OptionType.FLAG:
        return text == "true"
    if kind is OptionType.INTEGER:
        return int(text)
    if kind is OptionType.REAL:
        return float(text)
    if kind is OptionType.LIST:
        return [int(part) for part in text.split(",")]
    return text


SettingValues = Union[Mapping[str, SettingValue], Iterable[tuple[str, SettingValue]]]


class Options(Copied, Object):
    """Settings, each at its default, then at its preset's value, then as named.

        options = Options(preset="tiktok", epochs=20, contrastive__anchor="main")
        options["modality.image.projection"] = "linear"

    In a keyword, two underscores stand for the dot. Reading gives bool, int, float, str or a list
    of int, according to the setting's type. It can be copied and pickled."""

    def __init__(self, values: SettingValues = (), *, preset: str | None = None,
                 context: Context | None = None, **keywords: SettingValue) -> None:
        context = Context.handle_of(context or default_context())
        self._modalities: tuple[str, ...] = ()
        self._named: set[str] = set()
        self._handle = create(library.diffmm_options_destroy, library.diffmm_options_create,
                              context, keeps=[context])
        if preset is not None:
            self.preset(preset)
        self.update(values, **keywords)

    @classmethod
    def _borrow(cls, handle, modalities=(), named=()):
        """Options that C has made, perhaps with settings of these modalities, or of these names,
        which keys() leaves out."""
        self = cls.__new__(cls)
        self._handle = handle
        self._modalities, self._named = tuple(modalities), set(named)
        return self

    def copy(self) -> Options:
        """A copy, which can be changed independently."""
        return Options._borrow(create(library.diffmm_options_destroy, library.diffmm_options_copy,
                                      self.handle, keeps=[self.handle.context]),
                               self._modalities, self._named)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Pickled as text by name; what is read again is in the default context."""
        names = [*self, *sorted(self._named.union(self._of_modalities()))]
        return Options, ({name: self.text(name) for name in names},)

    def _of_modalities(self):
        """Names of a modality's settings that are not what holds for any modality."""
        for setting in settings():
            prefix, star, name = setting.name.partition("*.")
            general = self.text(name) if name in self else setting.default
            for modality in self._modalities if star else ():
                own = f"{prefix}{modality}.{name}"
                if self.text(own) != general:
                    yield own

    def preset(self, name: str) -> None:
        """The settings of a data set: tiktok, baby, sports, as published, tiktok-spectral or
        debian-spectral."""
        library.diffmm_options_preset(self.handle, name)

    def update(self, values: SettingValues = (), **keywords: SettingValue) -> None:
        """Set from a mapping, from pairs, or from keywords."""
        for name, value in dict(values).items():
            self[name] = value
        for name, value in keywords.items():
            self[name.replace("__", ".")] = value

    def __setitem__(self, name: str, value: SettingValue) -> None:
        self._set(name, value)
        if name.startswith("modality."):
            self._named.add(name)

    def _set(self, name, value):
        if isinstance(value, (bool, numpy.bool_)):
            value = "true" if value else "false"
        elif isinstance(value, (list, tuple)) or numpy.ndim(value):
            value = ",".join(str(index(part)) for part in value)
        if isinstance(value, str):
            library.diffmm_options_set(self.handle, name, value)
            return
        with called(name):
            try:
                whole = index(value)
            except TypeError:
                library.diffmm_options_set_real(self.handle, name, value)
            else:
                library.diffmm_options_set_integer(self.handle, name, whole)

    def text(self, name: str) -> str:
        """A value as text, as it stands in files."""
        value = c_char_p()
        library.diffmm_options_get(self.handle, name, byref(value))
        return text(value.value)

    def integer(self, name: str) -> int:
        """An integer, or a flag as 0 or 1."""
        value = c_int64()
        library.diffmm_options_get_integer(self.handle, name, byref(value))
        return value.value

    def real(self, name: str) -> float:
        """A number."""
        value = c_double()
        library.diffmm_options_get_real(self.handle, name, byref(value))
        return value.value

    def __getitem__(self, name: str) -> Any:
        value = self.text(name)
        return _python_value(_type_of(name), value)

    def keys(self) -> list[str]:
        """Names of all settings that do not belong to one modality."""
        return [setting.name for setting in settings() if "*" not in setting.name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __repr__(self) -> str:
        return super().__repr__() if self._handle is None else f"Options({dict(self)})"


def _type_of(name):
    """The type of a setting by its name or symbol; "modality.image.x" is listed with a star."""
    parts = name.split(".")
    if parts[0] == "modality" and len(parts) > 2:
        name = ".".join(["modality", "*"] + parts[2:])
    for setting in settings():
        if name in (setting.name, setting.symbol):
            return setting.type
    return OptionType.CHOICE  # unknown: the library says so when it is asked for the value


# Options as functions take them.
OptionsLike = Union[Options, SettingValues, None]


def as_options(given, preset, keywords, context):
    """Options as functions take them: ready ones, or a mapping, a preset and keywords; or None."""
    if isinstance(given, Options):
        if preset is not None or keywords:
            raise TypeError("give either Options, or values, a preset and keywords")
        return given
    if given is None and preset is None and not keywords:
        return None
    return Options(given or (), preset=preset, context=context, **keywords)
