"""LangChain's InMemoryVectorStore (langchain-core 1.8): a whole retriever, exact search by cosine and LangChain's own MMR.

lambda: LangChain calls it `lambda_mult`: weight of relevance, 1 is relevance alone, 0.5 is its default. It is the usual MMR:
    the next pick has the largest lambda * cosine(query, point) - (1 - lambda) * (largest cosine to what is picked). The
    first pick is the most relevant point, also for lambda 0.
fetch: LangChain calls it `fetch_k`: how many nearest points MMR picks from; 20 is its default. Below k, only so many points
    come back: with the default never more than 20.
"""

import swath_retriever
from importlib.metadata import version

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore


class Rows(Embeddings):
    """The vector of the text "7" is row 7."""

    def __init__(self, base):
        self.base = base

    def embed_documents(self, texts):
        return [self.base[int(text)].tolist() for text in texts]

    def embed_query(self, text):
        return self.embed_documents([text])[0]


class LangChain(swath_retriever.Retriever):
    name, version = "langchain", version("langchain-core")
    normalised = False
    roles = ("retriever",)

    def open(self):
        if self.distance != "angular":
            raise ValueError(f"this store compares by angle only: it has no distance {self.distance}; it has angular")

    def build(self):
        self.store = InMemoryVectorStore(Rows(self.base))
        self.store.add_documents([Document(page_content=str(i), id=str(i)) for i in range(len(self.base))])

    def set(self, lambda_=0.5, fetch=20):
        self.params = {"lambda_mult": lambda_, "fetch_k": fetch}

    def search(self, query, k):
        found = self.store.max_marginal_relevance_search_by_vector(query.tolist(), k=k, **self.params)
        return [int(document.id) for document in found]


if __name__ == "__main__":
    swath_retriever.serve(LangChain)
