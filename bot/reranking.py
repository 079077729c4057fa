"""Found passages in a better order, by a reranker of LlamaIndex's ecosystem where the settings name one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.retrieval import Found, Scored
from config.errors import SabioError
from config.models import reach, reranker
from ingest.documents import embedded_text
from ingest.knowledge import KnowledgeBase

if TYPE_CHECKING:
    from llama_index.core.schema import NodeWithScore

log = logging.getLogger("bot")

WEIGHED = 20
"""Passages that are given to it; the rest stay behind them, in their order."""


def rerank(kb: KnowledgeBase, found: Found) -> Found:
    """What was found, in the order of the configured reranker; as it is where there is none or it fails."""
    name = kb.settings.reranker
    if name == "none" or len(found.passages) < 2:
        return found
    passages = found.passages[:WEIGHED]
    try:
        model = kb.keep("reranker", lambda: reranker(name, kb.settings.reranker_options))
        nodes = [_node(place, one) for place, one in enumerate(passages)]
        ordered = reach(
            name, lambda: model.postprocess_nodes(nodes, query_str=found.question.text), attempts=1
        )
    except SabioError as error:
        log.warning("passages stay in the order that they were found in: %s", error)
        return found
    return replace(found, passages=[*_in_order(passages, ordered), *found.passages[WEIGHED:]])


def _node(place: int, one: Scored) -> NodeWithScore:
    from llama_index.core.schema import NodeWithScore, TextNode

    text = embedded_text(one.passage.title, one.passage.chunk.heading, one.passage.text)
    return NodeWithScore(node=TextNode(id_=str(place), text=text), score=one.score)


def _in_order(passages: Sequence[Scored], ordered: Sequence[NodeWithScore]) -> list[Scored]:
    """The passages in the order of their nodes; those that the reranker left out come last."""
    places = dict.fromkeys(int(each.node.node_id) for each in ordered)
    return [
        passages[place] for place in (*places, *(each for each in range(len(passages)) if each not in places))
    ]
