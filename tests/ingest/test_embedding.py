import json
import math
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from config.errors import ConfigError, UnavailableError
from ingest import minilm
from ingest.embedding import open_embedder

TEXTS = [
    "Annual leave is 23 days a year.",
    "How many days of holiday do I get?",
    "The printer is on the third floor.",
    "git rebase --interactive rewrites the last commits of a branch",
]


# ---- the local model ----


def test_whoever_makes_and_opens_the_model_leaves_nothing_in_the_home_folder_to_be_reported(tmp_path):
    # There onnxruntime keeps what its makers are to be told until it is sent; in CI it tells nothing.
    home = tmp_path / "home"
    home.mkdir()
    places = {"HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": str(Path(__file__).parents[2])}
    work = "from pathlib import Path; from ingest.embedding import open_embedder as opened"
    work += f"; opened('local', Path({str(tmp_path)!r})).question('Who?')"
    subprocess.run([sys.executable, "-c", work], check=True, env={"PATH": os.defpath, **places})
    assert list(home.iterdir()) == []


def test_the_local_model_tells_what_it_is(embedder):
    assert embedder.name == "all-minilm-l6-v2"
    assert embedder.dimension == 384
    assert embedder.limit == 256
    assert embedder.languages == {"en"}


def test_a_question_is_nearest_to_the_text_that_answers_it(embedder):
    vectors = embedder.documents([TEXTS[0], TEXTS[2], TEXTS[3]])
    assert np.argmax(vectors @ embedder.question(TEXTS[1])) == 0


def test_vectors_are_floats_of_unit_length_in_the_order_given(embedder):
    vectors = embedder.documents(TEXTS)
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors[::-1], embedder.documents(TEXTS[::-1]))


def test_a_vector_does_not_depend_on_the_texts_beside_it(embedder):
    together = embedder.documents([*TEXTS, "word " * 200])
    for text, vector in zip(TEXTS, together, strict=False):
        assert np.array_equal(vector, embedder.documents([text])[0])
        assert np.array_equal(vector, embedder.question(text))


def test_several_threads_may_ask_at_once(embedder):
    with ThreadPoolExecutor(4) as threads:
        vectors = list(threads.map(embedder.question, TEXTS * 5))
    assert np.array_equal(np.array(vectors), np.tile(embedder.documents(TEXTS), (5, 1)))


def test_no_texts_and_empty_texts_are_no_special_case(embedder):
    assert embedder.documents([]).shape == (0, 384)
    assert np.allclose(np.linalg.norm(embedder.documents(["", "  "]), axis=1), 1, atol=1e-5)


def test_what_exceeds_the_limit_is_cut_off(embedder):
    exact = " ".join(["leave"] * 254)  # one word piece each, and two that the model adds
    assert embedder.count(exact) == 256
    assert np.array_equal(embedder.question(exact), embedder.question(exact + " and much more"))
    assert not np.array_equal(embedder.question(exact), embedder.question(exact[: -len(" leave")]))


def test_counting_sees_the_whole_text_and_what_the_model_adds(embedder):
    assert embedder.count("") == 2
    assert embedder.count("leave") == 3
    assert embedder.count("leave " * 1000) == 1002


def test_eight_bits_stay_close_to_the_published_model(embedder):
    """Against BERT written out in numpy from the same weights: the graph is right, the rounding is small."""
    reference = np.array([_bert(text) for text in TEXTS])
    cosines = (embedder.documents(TEXTS) * reference).sum(axis=1)
    assert cosines.min() > 0.985


def test_the_graph_in_full_precision_is_the_published_model(tmp_path):
    import onnxruntime

    minilm.write_graph(_weights(), tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    for text in TEXTS:
        [[vector]] = session.run(None, {"input_ids": np.array([_ids(text)])})
        assert np.allclose(vector, _bert(text), atol=1e-5)


@cache
def _weights():
    from safetensors.numpy import load_file

    return load_file(minilm.packaged_model() / "model.safetensors")


def _ids(text):
    tokenizer = Tokenizer.from_file(str(minilm.packaged_model() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer.encode(text).ids


def _bert(text):
    weights = _weights()

    def dense(value, name):
        return value @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def normalise(value, name):
        centred = value - value.mean(-1, keepdims=True)
        scale, bias = weights[f"{name}.LayerNorm.weight"], weights[f"{name}.LayerNorm.bias"]
        return centred / np.sqrt(centred.var(-1, keepdims=True) + 1e-12) * scale + bias

    def gelu(value):
        return 0.5 * value * (1 + np.vectorize(math.erf)(value / math.sqrt(2)))

    ids = _ids(text)
    hidden = normalise(
        weights["embeddings.word_embeddings.weight"][ids]
        + weights["embeddings.position_embeddings.weight"][: len(ids)]
        + weights["embeddings.token_type_embeddings.weight"][0],
        "embeddings",
    )
    for layer in (f"encoder.layer.{number}" for number in range(6)):
        query, key, value = (
            dense(hidden, f"{layer}.attention.self.{part}").reshape(len(ids), 12, 32).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = np.exp(query @ key.transpose(0, 2, 1) / math.sqrt(32))
        mixed = (scores / scores.sum(-1, keepdims=True) @ value).transpose(1, 0, 2).reshape(len(ids), 384)
        hidden = normalise(
            hidden + dense(mixed, f"{layer}.attention.output.dense"), f"{layer}.attention.output"
        )
        inner = gelu(dense(hidden, f"{layer}.intermediate.dense"))
        hidden = normalise(hidden + dense(inner, f"{layer}.output.dense"), f"{layer}.output")
    mean = hidden.mean(axis=0)
    return mean / np.linalg.norm(mean)


# ---- building it ----


def test_whoever_comes_second_waits_for_the_one_that_builds(tmp_path, monkeypatch):
    built, gate = [], threading.Barrier(2)

    def build_slowly(folder):
        built.append(folder)
        folder.mkdir()

    def ask():
        gate.wait()
        return minilm.build(tmp_path)

    monkeypatch.setattr(minilm, "_build", build_slowly)
    with ThreadPoolExecutor(2) as threads:
        folders = {future.result() for future in [threads.submit(ask), threads.submit(ask)]}
    assert len(built) == 1
    assert folders == set(built)


def test_a_build_that_is_cut_short_leaves_nothing_that_looks_finished(tmp_path, monkeypatch):
    def fill_the_disk(source, target):
        target.write_bytes(b"half a model")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(minilm, "_quantise", fill_the_disk)
    with pytest.raises(UnavailableError, match="No space left on device"):
        minilm.build(tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_model_that_was_made_beforehand_is_only_read(tmp_path, model_cache):
    made = minilm.build(model_cache)
    never = tmp_path / "never written"
    assert minilm.build(never, made.parent) == made
    assert open_embedder("local", never, made=made.parent).dimension == 384
    assert not never.exists()


def test_a_model_that_is_not_among_those_made_beforehand_is_built(tmp_path, model_cache):
    made = minilm.build(model_cache)
    assert minilm.build(made.parent, tmp_path / "empty") == made
    assert not (tmp_path / "empty").exists()


def test_tokens_are_counted_without_the_weights_where_the_model_was_made_beforehand(model_cache, monkeypatch):
    made = minilm.build(model_cache)
    assert minilm.tokenizer_folder(None) == minilm.packaged_model()
    monkeypatch.setattr(minilm, "_WEIGHTS", "a_package_that_is_not_there")
    assert (minilm.tokenizer_folder(made.parent) / "tokenizer.json").is_file()


def test_missing_weights_are_told_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(minilm, "_WEIGHTS", "a_package_that_is_not_there")
    with pytest.raises(ConfigError, match="uv sync"):
        open_embedder("local", tmp_path)


# ---- a folder with another model ----

WORDS = ["[UNK]", "[CLS]", "[SEP]", "query", "passage", "leave", "days", "printer"]
TABLE = np.arange(len(WORDS) * 4, dtype=np.float32).reshape(len(WORDS), 4) ** 1.5 + 1


@pytest.fixture
def folder(tmp_path):
    """A model of eight words whose token vectors are the rows of a table."""
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["tokens"])],
        "tiny",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["texts", "tokens", 4])],
        [numpy_helper.from_array(TABLE, "table")],
    )
    made = tmp_path / "Tiny Model"
    made.mkdir()
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9),
        made / "model.onnx",
    )
    tokenizer = Tokenizer(
        models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.save(str(made / "tokenizer.json"))
    return made


def open_folder(folder, tmp_path, **card):
    (folder / "sabio.json").write_text(json.dumps(card))
    return open_embedder(f"onnx:{folder}", tmp_path)


def unit(vector):
    return vector / np.linalg.norm(vector)


def test_a_folder_without_a_card_is_pooled_by_the_mean_and_understands_every_language(folder, tmp_path):
    embedder = open_embedder(f"onnx:{folder}", tmp_path)
    assert embedder.dimension == 4
    assert embedder.languages is None
    assert np.allclose(embedder.question("leave days"), unit(TABLE[[1, 5, 6, 2]].mean(axis=0)), atol=1e-6)


def test_the_card_of_a_folder_sets_pooling_and_prefixes(folder, tmp_path):
    embedder = open_folder(folder, tmp_path, question_prefix="query ", document_prefix="passage ")
    assert np.allclose(embedder.question("leave"), unit(TABLE[[1, 3, 5, 2]].mean(axis=0)), atol=1e-6)
    assert np.allclose(embedder.documents(["leave"])[0], unit(TABLE[[1, 4, 5, 2]].mean(axis=0)), atol=1e-6)
    first = open_folder(folder, tmp_path, pooling="cls")
    assert np.allclose(first.question("printer"), unit(TABLE[1]), atol=1e-6)


def test_the_card_of_a_folder_sets_limit_name_and_languages(folder, tmp_path):
    embedder = open_folder(folder, tmp_path, limit=3, name="tiny", languages=["es", "ca"])
    assert (embedder.name, embedder.limit, embedder.languages) == ("tiny", 3, {"es", "ca"})
    assert np.array_equal(embedder.question("leave days printer"), embedder.question("leave"))


def test_a_model_that_is_replaced_in_its_folder_gets_another_name(folder, tmp_path):
    before = open_embedder(f"onnx:{folder}", tmp_path).name
    assert before.startswith("tiny-model-")
    assert before == open_embedder(f"onnx:{folder}", tmp_path).name
    assert before != open_folder(folder, tmp_path, pooling="cls").name


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({"pooling": "none"}, "set `pooling`"),
        ({"pooling": "max"}, "sabio.json: pooling"),
        ({"limits": 3}, "sabio.json: limits"),
        ({"name": "Ünïcode"}, "sabio.json: name"),
    ],
)
def test_a_card_that_does_not_fit_is_told_with_the_field(folder, tmp_path, card, message):
    with pytest.raises(ConfigError, match=message):
        open_folder(folder, tmp_path, **card)


def test_a_folder_without_its_files_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"model\.onnx and tokenizer\.json"):
        open_embedder(f"onnx:{tmp_path}", tmp_path)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_damaged_file_is_told_by_its_name(folder, tmp_path, name):
    (folder / name).write_bytes(b"not what it says")
    with pytest.raises(ConfigError, match=name):
        open_embedder(f"onnx:{folder}", tmp_path)


@pytest.mark.parametrize("name", ["minilm", "onnx:", ":model", ""])
def test_a_name_that_names_no_model_is_told_with_what_is_expected(tmp_path, name):
    with pytest.raises(ConfigError, match="provider:model"):
        open_embedder(name, tmp_path)


# ---- a provider's model ----


class _Provider:
    """Stands where an integration of LlamaIndex would."""

    def __init__(self):
        self.asked = []

    def get_text_embedding_batch(self, texts):
        self.asked.append(list(texts))
        return [[3.0, 4.0 * len(text)] for text in texts]

    def get_query_embedding(self, text):
        self.asked.append(text)
        return [3.0, 4.0]


@pytest.fixture
def provider(monkeypatch):
    made = _Provider()
    monkeypatch.setattr("config.models.embedding_model", lambda name, options: made)
    return made


def test_a_provider_is_asked_for_its_dimension_once_and_ever_after_from_memory(provider, tmp_path):
    first = open_embedder("acme:Big_Model-v2", tmp_path / "cache")
    assert (first.name, first.dimension, provider.asked) == ("acme-big-model-v2", 2, ["probe"])
    second = open_embedder("acme:Big_Model-v2", tmp_path / "cache")
    assert (second.dimension, provider.asked) == (2, ["probe"])


def test_vectors_of_a_provider_come_in_unit_length(provider, tmp_path):
    embedder = open_embedder("acme:model", tmp_path)
    assert np.allclose(embedder.question("x"), [0.6, 0.8])
    assert np.allclose(np.linalg.norm(embedder.documents(["x", "xyz"]), axis=1), 1)
    assert embedder.documents([]).shape == (0, 2)
    assert embedder.documents(["x"]).dtype == np.float32


def test_tokens_of_a_providers_model_are_estimated_without_asking_it(provider, tmp_path):
    embedder = open_embedder("acme:model", tmp_path)
    assert embedder.count("Annual leave is 23 days.") == 8
    assert provider.asked == ["probe"]


@pytest.mark.parametrize(
    ("name", "languages"),
    [
        ("openai:text-embedding-3-small", None),
        ("ollama:bge-m3", None),
        ("ollama:all-minilm", {"en"}),
        ("fastembed:BAAI/bge-small-en-v1.5", {"en"}),
        ("ollama:nomic-embed-text", {"en"}),
        ("ollama:nomic-embed-text-v2-moe", None),
    ],
)
def test_well_known_english_models_are_read_through_a_translation(provider, tmp_path, name, languages):
    assert open_embedder(name, tmp_path).languages == languages
