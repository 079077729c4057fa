"""Text to vectors: a model that runs here by default, any LlamaIndex embedding by name.

`embedding: local` is all-MiniLM-L6-v2, built by `ingest.minilm`; `onnx:/path/to/folder` is any model in that
layout; `provider:model` (`openai:text-embedding-3-small`) is whatever LlamaIndex has an integration for.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.errors import ConfigError
from config.telemetry import keep_libraries_quiet
from ingest.index import Vector

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Reply = TypeVar("Reply")


class Embedder(Protocol):
    """A model that gives texts of like meaning vectors of like direction. Safe to use from several threads.

    A text's vector depends on that text alone, never on what it was embedded together with.
    """

    @property
    def name(self) -> str:
        """Tells this model's vectors from every other's; part of a collection's name: `[a-z0-9-]+`."""

    @property
    def dimension(self) -> int:
        """Floats in a vector."""

    @property
    def limit(self) -> int:
        """Tokens, as `count` counts them, that the model reads of a text; the rest is cut off."""

    @property
    def languages(self) -> frozenset[str] | None:
        """What the model understands, as ISO 639-1 codes; `None`: any language."""

    def count(self, text: str) -> int:
        """The text's length in tokens, with those that the model itself adds."""

    def documents(self, texts: Sequence[str]) -> Vector:
        """Vectors of texts to be found: shape (texts, dimension), unit length, in the order given."""

    def question(self, text: str) -> Vector:
        """The vector of a question: shape (dimension,), unit length."""


def open_embedder(
    name: str, cache: Path, options: Mapping[str, object] | None = None, made: Path | None = None
) -> Embedder:
    """The embedding model of that name: `local`, `onnx:/path/to/folder` or `provider:model`.

    `cache` is a folder that the model may keep files in, `made` one where `local` may have been made
    beforehand, and which is only read; `options` goes to a provider's class. Raises
    `ConfigError` when the name, its folder or its package is not right, and `UnavailableError` when the model
    cannot be reached or written.
    """
    if name == "local":
        from ingest import minilm

        return OnnxEmbedder(minilm.build(cache, made))
    kind, separator, rest = name.partition(":")
    if not (kind and separator and rest):
        raise ConfigError(
            f"`embedding: {name}` names no model; expected `local`, `onnx:/path/to/folder`"
            " or `provider:model` such as `openai:text-embedding-3-small`."
        )
    return OnnxEmbedder(Path(rest)) if kind == "onnx" else ProviderEmbedder(name, cache, options or {}, made)


class Card(BaseModel):
    """`sabio.json` in a model's folder: how the model wants to be used. Every field may be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9-]*$")
    """Default: the folder's name with a fingerprint of the files, so that a new model is a new name."""
    pooling: Literal["mean", "cls", "none"] = "mean"
    """How token vectors become one; `none`: the graph does it."""
    limit: int = Field(default=512, gt=2)
    """Tokens that the model reads."""
    languages: frozenset[str] | None = None
    """What it understands; left out: any."""
    question_prefix: str = ""
    document_prefix: str = ""
    """As in `query: ` and `passage: ` of the E5 family."""


@lru_cache(maxsize=1)
def _threads(_process: int) -> ThreadPoolExecutor:
    """Kept, as starting threads takes as long as a short text does; a forked process has none of them."""
    return ThreadPoolExecutor(processors(), "embeds")


class OnnxEmbedder:
    """A folder with `model.onnx` and `tokenizer.json`, and a `Card` where the defaults don't fit.

    Texts run one by one, as many at a time as there are cores. Measured with MiniLM on two cores: 84 texts of
    256 tokens a second, against 37-75 in batches of 32-4; nothing is padded, memory stays flat, and
    the rounding of 8-bit models, which is chosen per run, cannot depend on a text's neighbours.
    """

    def __init__(self, folder: Path) -> None:
        self._card = _read_card(folder)
        self._tokenizer = _open_tokenizer(folder)
        self._special = self._tokenizer.num_special_tokens_to_add(False)
        self._session = _open_session(folder / "model.onnx")
        self._inputs = {each.name for each in self._session.get_inputs()}
        self.name = self._card.name or f"{_slug(folder.name)}-{_fingerprint(folder)}"
        self.limit = self._card.limit
        self.languages = self._card.languages
        self.dimension = self._probe(folder)

    def count(self, text: str) -> int:
        """The text's tokens, special ones included."""
        return len(self._encode(text)) + self._special

    def documents(self, texts: Sequence[str]) -> Vector:
        """Vectors of texts to be found."""
        prefixed = [self._card.document_prefix + text for text in texts]
        if len(prefixed) < 2:
            vectors = [self._embed(text) for text in prefixed]
        else:
            vectors = list(_threads(os.getpid()).map(self._embed, prefixed))
        return np.array(vectors, dtype=np.float32).reshape(len(vectors), self.dimension)

    def question(self, text: str) -> Vector:
        """The vector of a question."""
        return self._embed(self._card.question_prefix + text)

    def _encode(self, text: str) -> Encoding:
        return self._tokenizer.encode(text, add_special_tokens=False)

    def _embed(self, text: str) -> Vector:
        encoding = self._encode(text)
        encoding.truncate(self.limit - self._special)
        ids = np.array([self._tokenizer.post_process(encoding).ids], dtype=np.int64)
        offers = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        (output, *_) = self._session.run(None, {name: offers[name] for name in self._inputs})
        return _unit(self._pool(output[0]))

    def _pool(self, output: Any) -> Any:
        match self._card.pooling:
            case "mean":
                return output.mean(axis=0)
            case "cls":
                return output[0]
            case "none":
                return output

    def _probe(self, folder: Path) -> int:
        """The dimension, found by embedding a word: a folder that does not work is told when it is opened."""
        if unknown := self._inputs - {"input_ids", "attention_mask", "token_type_ids"}:
            raise ConfigError(
                f"The model in {folder} wants inputs that Sabio does not have: {sorted(unknown)}."
            )
        vector = self._embed("probe")
        if vector.ndim != 1:
            raise ConfigError(
                f"The model in {folder} gives an output of {vector.ndim} dimensions after pooling"
                f" `{self._card.pooling}`: set `pooling` in its sabio.json to mean, cls or none."
            )
        return len(vector)


class ProviderEmbedder:
    """An embedding model that LlamaIndex has an integration for, mostly behind a network."""

    limit = 512

    def __init__(
        self, name: str, cache: Path, options: Mapping[str, object], made: Path | None = None
    ) -> None:
        self._model = name
        self._made = made
        self._options = options
        self._opening = threading.Lock()
        self._opened: Any = None
        self._tokenizer: Tokenizer | None = None
        self.name = _slug(name)
        self.languages = frozenset({"en"}) if _ENGLISH_ONLY.search(name) else None
        self.dimension = self._find_dimension(cache / f"{self.name}.json")

    def count(self, text: str) -> int:
        """An estimate with the local model's word pieces; a provider's own count is rarely higher."""
        if self._tokenizer is None:
            from ingest import minilm

            self._tokenizer = _open_tokenizer(minilm.tokenizer_folder(self._made))
        return len(self._tokenizer.encode(text))

    def documents(self, texts: Sequence[str]) -> Vector:
        """Vectors of texts to be found."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors = self._ask(lambda model: model.get_text_embedding_batch(list(texts)), attempts=4)
        return np.array([_unit(vector) for vector in vectors])

    def question(self, text: str) -> Vector:
        """The vector of a question; a person waits for it, so it is tried twice only."""
        return _unit(self._ask(lambda model: model.get_query_embedding(text), attempts=2))

    def _ask(self, call: Callable[[Any], Reply], attempts: int) -> Reply:
        from config.models import embedding_model, reach

        with self._opening:
            if self._opened is None:
                self._opened = embedding_model(self._model, self._options)
        return reach(self._model, lambda: call(self._opened), attempts)

    def _find_dimension(self, memo: Path) -> int:
        """Asked of the model once and remembered, so that a later start needs no network."""
        try:
            return int(json.loads(memo.read_text(encoding="utf-8"))["dimension"])
        except FileNotFoundError:
            dimension = len(self.question("probe"))
        memo.parent.mkdir(parents=True, exist_ok=True)
        unfinished = memo.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps({"dimension": dimension}), encoding="utf-8")
        unfinished.replace(memo)
        return dimension


# Well-known models that only read English, for which other languages go through a translation.
_ENGLISH_ONLY = re.compile(
    r"all-minilm|mxbai-embed-large|nomic-embed-text(?!-v2)|[-_.]en([-_.:]|$)", re.IGNORECASE
)


def _read_card(folder: Path) -> Card:
    if not (folder / "model.onnx").is_file() or not (folder / "tokenizer.json").is_file():
        raise ConfigError(
            f"`embedding: onnx:{folder}` needs a folder with model.onnx and tokenizer.json:"
            " they are not there."
        )
    try:
        return Card.model_validate_json((folder / "sabio.json").read_bytes())
    except FileNotFoundError:
        return Card()
    except ValidationError as error:
        raise ConfigError(
            *(
                f"{folder / 'sabio.json'}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}"
                for problem in error.errors()
            )
        ) from error


def _open_tokenizer(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # the library raises nothing narrower
        raise ConfigError(f"{folder / 'tokenizer.json'} is not a tokenizer: {error}.") from error
    # What the file says of lengths is how somebody once called it; the card says what the model reads.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def load_onnxruntime() -> Any:
    """The library, which reports to nobody."""
    keep_libraries_quiet()
    import onnxruntime

    return onnxruntime


def _open_session(path: Path) -> Any:
    onnxruntime = load_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # the texts run in parallel instead
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # a dozen classes with no common parent
        raise ConfigError(f"{path} is not a model that onnxruntime can run: {error}.") from error


def _unit(vector: Any) -> Vector:
    floats = np.asarray(vector, dtype=np.float32)
    return floats / max(float(np.linalg.norm(floats)), 1e-12)


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _fingerprint(folder: Path) -> str:
    """Changes when the folder's files do; reads little of a large model."""
    digest = hashlib.sha256()
    for name in ("model.onnx", "tokenizer.json", "sabio.json"):
        path = folder / name
        if path.is_file():
            with path.open("rb") as file:
                digest.update(f"{name} {path.stat().st_size}".encode())
                digest.update(file.read(1 << 20))
                file.seek(-min(1 << 20, path.stat().st_size), os.SEEK_END)
                digest.update(file.read())
    return digest.hexdigest()[:8]
