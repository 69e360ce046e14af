"""swath's selectors and metrics on numpy arrays."""

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union, final, overload

import numpy as np
import numpy.typing as npt

__all__ = ["Points", "__version__", "measure", "metrics", "select", "selectors"]

__version__: str

@final
class Points:
    """Points with their distance, packed once and shared by all calls and threads that use them."""

    def __new__(cls, vectors: npt.ArrayLike, distance: str = "angular") -> Points: ...
    @classmethod
    def bits(cls, bits: npt.NDArray[np.bool_]) -> Points: ...
    @classmethod
    def sets(cls, members: npt.ArrayLike, offsets: npt.ArrayLike, dimension: int) -> Points: ...
    @classmethod
    def sparse(cls, values: npt.ArrayLike, columns: npt.ArrayLike, offsets: npt.ArrayLike, dimension: int) -> Points: ...
    def nearest(self, queries: Union[npt.ArrayLike, Points], count: int) -> Tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]: ...
    def __len__(self) -> int: ...
    @property
    def dimension(self) -> int: ...
    @property
    def distance(self) -> str: ...

def select(
    vectors: Union[npt.ArrayLike, Points],
    scores: Optional[npt.ArrayLike] = None,
    k: int = 10,
    selector: Union[str, Mapping[str, Mapping[str, Any]]] = "mmr",
    *,
    ids: Optional[npt.ArrayLike] = None,
    query: Union[npt.ArrayLike, Points, None] = None,
    groups: Union[Sequence[Union[str, int, None]], Mapping[str, Sequence[Union[str, int, None]]], npt.NDArray[Any], None] = None,
    subtopics: Optional[npt.ArrayLike] = None,
    sub_queries: Optional[npt.ArrayLike] = None,
    seed: int = 0,
    **parameters: Any,
) -> npt.NDArray[np.int64]: ...
@overload
def measure(
    metric: str,
    points: Union[npt.ArrayLike, Points],
    queries: Union[npt.ArrayLike, Points],
    returned: npt.ArrayLike,
    *,
    k: Optional[int] = None,
    neighbors: Union[int, npt.ArrayLike] = 100,
    subtopics: Optional[npt.ArrayLike] = None,
    qrels: Optional[npt.ArrayLike] = None,
    groups: Union[Sequence[Union[str, int, None]], Mapping[str, Sequence[Union[str, int, None]]], npt.NDArray[Any], None] = None,
    pool: Optional[npt.ArrayLike] = None,
    selector: Union[str, Mapping[str, Mapping[str, Any]], None] = None,
    evaluations: Optional[npt.ArrayLike] = None,
) -> Union[float, npt.NDArray[np.float64]]: ...
@overload
def measure(
    metric: Union[List[str], Tuple[str, ...]],
    points: Union[npt.ArrayLike, Points],
    queries: Union[npt.ArrayLike, Points],
    returned: npt.ArrayLike,
    *,
    k: Optional[int] = None,
    neighbors: Union[int, npt.ArrayLike] = 100,
    subtopics: Optional[npt.ArrayLike] = None,
    qrels: Optional[npt.ArrayLike] = None,
    groups: Union[Sequence[Union[str, int, None]], Mapping[str, Sequence[Union[str, int, None]]], npt.NDArray[Any], None] = None,
    pool: Optional[npt.ArrayLike] = None,
    selector: Union[str, Mapping[str, Mapping[str, Any]], None] = None,
    evaluations: Optional[npt.ArrayLike] = None,
) -> Dict[str, Union[float, npt.NDArray[np.float64]]]: ...
def selectors() -> Dict[str, Dict[str, Any]]: ...
def metrics() -> Dict[str, Dict[str, Any]]: ...
