"""What a collection in Weaviate looks like, and whether one that is there looks so."""

from __future__ import annotations

import re

from weaviate import WeaviateClient
from weaviate.classes.config import (
    Configure,
    DataType,
    Property,
    StopwordsPreset,
    Tokenization,
    VectorDistances,
)
from weaviate.collections.classes.config import CollectionConfig, ShardStatus
from weaviate.exceptions import UnexpectedStatusCodeError

from config.errors import ConfigError
from ingest.index._weaviate_address import Address

# Raised by one whenever what the properties hold changes its meaning; an older collection is then built anew.
_FORMAT = 1
_DESCRIPTION = (
    "Sabio's index, format {format}: vectors of {dimension} floats. Sabio's ledger decides what it holds."
)
_DESCRIBED = re.compile(r"Sabio's index, format (\d+): vectors of (\d+) floats\b")


def class_name(prefix: str, name: str) -> str:
    """The name in Weaviate, which knows letters, digits and `_` only, of the collection of that name."""
    return f"{prefix}_{re.sub(r'[^A-Za-z0-9]', '_', name)}"


def make(client: WeaviateClient, address: Address, name: str, dimension: int) -> None:
    """Make a collection, unless somebody else is quicker; `name` is that in Weaviate."""
    whole = {"data_type": DataType.TEXT, "tokenization": Tokenization.FIELD, "index_searchable": False}
    # Our terms are analysed already; nothing filters by them.
    words = {"data_type": DataType.TEXT, "tokenization": Tokenization.WHITESPACE, "index_filterable": False}
    try:
        client.collections.create(
            name,
            description=_DESCRIPTION.format(format=_FORMAT, dimension=dimension),
            properties=[
                Property(name="chunk", **whole),  # type: ignore[arg-type]
                Property(name="document", **whole | {"index_filterable": False}),  # type: ignore[arg-type]
                Property(name="terms", **words),  # type: ignore[arg-type]
                Property(name="pivot_terms", **words),  # type: ignore[arg-type]
                Property(name="readers", **whole | {"data_type": DataType.TEXT_ARRAY}),  # type: ignore[arg-type]
                Property(name="stamp", data_type=DataType.INT, index_filterable=False),
                Property(name="content", **whole | {"index_filterable": False}),  # type: ignore[arg-type]
            ],
            vector_config=Configure.Vectors.self_provided(
                vector_index_config=Configure.VectorIndex.hnsw(
                    # Of unit length: the same order as cosine, and the number itself is what we report.
                    distance_metric=VectorDistances.DOT,
                    # Uncompressed, distances are exact up to the cut-off: 40,000 readable chunks.
                    quantizer=Configure.VectorIndex.Quantizer.none(),
                )
            ),
            # As tantivy's, so that both engines rank alike.
            inverted_index_config=Configure.inverted_index(
                bm25_b=0.75, bm25_k1=1.2, stopwords_preset=StopwordsPreset.NONE
            ),
            # Rarity and average length are counted by shard. With more of them the same chunk would score
            # differently depending on where it lies, evened out only by chance; beyond some ten million
            # chunks that would be the lesser evil.
            sharding_config=Configure.sharding(desired_count=1),
            replication_config=Configure.replication(factor=address.replicas) if address.replicas else None,
        )
    except UnexpectedStatusCodeError as error:
        if error.status_code != 422 or not client.collections.exists(name):
            raise


def check(found: CollectionConfig, address: Address, dimension: int) -> None:
    """Raise `ConfigError` unless a collection is one of ours, of this format and of that dimension."""
    described = _DESCRIBED.match(found.description or "")
    anew = (
        f"Go back to that version of Sabio, or delete the collection {found.name} from {address.shown}:"
        " the next sync builds it anew"
    )
    if not described:
        raise ConfigError(
            f"the collection {found.name} in {address.shown} is not one of Sabio's; set another"
            " `prefix=` in `index`, or delete it"
        )
    format_, held = map(int, described.groups())
    if format_ != _FORMAT:
        raise ConfigError(f"the collection {found.name} has the format {format_}, not {_FORMAT}. {anew}")
    if held != dimension:
        raise ConfigError(
            f"the collection {found.name} holds vectors of {held} floats, but the embedding model makes"
            f" {dimension}. Set the model back. {anew}"
        )


def lags(shard: ShardStatus) -> bool:
    """Whether a shard has taken vectors that it will index later. Its queue's size alone does not tell: what
    was taken last is not counted yet (1.39)."""
    return shard.status == "INDEXING" or shard.vector_queue_size > 0
