"""Qdrant in process (qdrant-client 1.20, ":memory:"): a whole retriever, exact search and Qdrant's own MMR.

lambda: weight of relevance, 1 is relevance alone. Qdrant calls 1 - lambda `diversity`. It is the usual MMR: the next pick has
    the largest lambda * (similarity to the query) - (1 - lambda) * (largest similarity to what is picked). The first pick
    is the most relevant point, also for lambda 0. Similarity is the cosine (angular), the inner product (ip), or minus the
    *squared* distance (euclidean): lambda means something else for each.
fetch: how many nearest points MMR picks from. Qdrant calls it `candidates_limit`. Left out it is k, as is Qdrant's default:
    MMR then only changes the order of the k nearest. Below k, only so many points come back.
"""

import swath_retriever
from importlib.metadata import version

from qdrant_client import QdrantClient, models

DISTANCES = {
    "euclidean": models.Distance.EUCLID,
    "angular": models.Distance.COSINE,
    "ip": models.Distance.DOT,
}


class Qdrant(swath_retriever.Retriever):
    name, version = "qdrant", version("qdrant-client")
    normalised = True  # its cosine keeps unit vectors
    roles = ("retriever",)

    def open(self):
        if self.distance not in DISTANCES:
            raise ValueError(f"this program has no distance {self.distance}; it has {', '.join(DISTANCES)}")

    def build(self):
        self.client = QdrantClient(":memory:")
        vectors = models.VectorParams(size=self.dimension, distance=DISTANCES[self.distance])
        self.client.create_collection("base", vectors_config=vectors)
        self.client.upload_collection("base", vectors=self.base, ids=range(len(self.base)))

    def set(self, lambda_=0.5, fetch=None):
        self.mmr = models.Mmr(diversity=1 - lambda_, candidates_limit=fetch)

    def search(self, query, k):
        near = models.NearestQuery(nearest=query.tolist(), mmr=self.mmr)
        return [point.id for point in self.client.query_points("base", query=near, limit=k).points]

    def close(self):
        if hasattr(self, "client"):
            self.client.close()


if __name__ == "__main__":
    swath_retriever.serve(Qdrant)
