"""LlamaIndex's SimpleVectorStore (llama-index-core 0.14): a whole retriever, exact search by cosine and what LlamaIndex
calls MMR. It is not MMR: a point is compared with the latest pick alone, so that what is like an earlier pick may come again.

lambda: LlamaIndex calls it `mmr_threshold`; 0.5 is its default. The next pick has the largest lambda * cosine(query, point)
    - (1 - lambda) * cosine(latest pick, point). 1 is relevance alone. With 0 the first pick is the first point of the
    store, whatever the query is.
fetch: LlamaIndex has none: it picks from the whole store, and a query compares all points with each pick. That is what
    happens where fetch is left out. With fetch, this program asks the store for so many nearest points first, and lets it
    pick from those (`node_ids`). Below k, only so many points come back.
"""

import swath_retriever
from importlib.metadata import version

from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.simple import SimpleVectorStore
from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryMode


class LlamaIndex(swath_retriever.Retriever):
    name, version = "llama-index", version("llama-index-core")
    normalised = False
    roles = ("retriever",)

    def open(self):
        if self.distance != "angular":
            raise ValueError(f"this store compares by angle only: it has no distance {self.distance}; it has angular")

    def build(self):
        self.store = SimpleVectorStore()
        self.store.add([TextNode(id_=str(i), embedding=row.tolist()) for i, row in enumerate(self.base)])

    def set(self, lambda_=0.5, fetch=None):
        self.threshold, self.fetch = lambda_, fetch

    def search(self, query, k):
        ask = VectorStoreQuery(query_embedding=query.tolist())
        if self.fetch is not None:
            ask.similarity_top_k = self.fetch
            ask.node_ids = self.store.query(ask).ids
        ask.similarity_top_k, ask.mode = k, VectorStoreQueryMode.MMR
        # The store ignores the field `mmr_threshold` of the query, and takes this argument.
        return [int(i) for i in self.store.query(ask, mmr_threshold=self.threshold).ids]


if __name__ == "__main__":
    swath_retriever.serve(LlamaIndex)
