"""Keras' layers and models made again: from their configuration, out of a file, by cloning."""

from __future__ import annotations

import inspect
import os
import tempfile
from collections.abc import Sequence
from typing import Any


def configured(layer: Any, shape: Sequence[int | None]) -> Any:
    """The layer made from its own configuration, built for inputs of this shape, and given its weights."""
    other = type(layer).from_config(layer.get_config())
    other.build(tuple(shape))
    other.set_weights(layer.get_weights())
    return other


def loaded(keras: Any, model: Any, ending: str = "keras", **options: Any) -> Any:
    """The model that was saved to a file with this ending, or as a `folder` of files, out of that; `options` of the loading."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model" if ending == "folder" else f"model.{ending}")
        model.save(path, **{"zipped": False} if ending == "folder" else {})
        return keras.models.load_model(path, **options)


def has_folders(keras: Any) -> bool:
    """Whether this release writes a model as a folder of files."""
    return "zipped" in inspect.signature(keras.saving.save_model).parameters


def remade(keras: Any, model: Any, way: str) -> Any:
    """The model by way of a `file`, with its weights; or of its `configuration`, or as a `clone`, with others."""
    if way == "file":
        return loaded(keras, model)
    return type(model).from_config(model.get_config()) if way == "configuration" else keras.models.clone_model(model)
