"""Makes every dataset of this folder, or those whose scripts are named.

    python datasets/recipes/all.py OUT_FOLDER [RECIPE...]

A recipe that fails does not keep the others from being made.
"""

import subprocess
import sys
from pathlib import Path

RECIPES = ["movielens_100k", "glove_6b_50d", "wordnet_passages", "mnist_5k"]


def main(folder, *named):
    if unknown := set(named) - set(RECIPES):
        sys.exit(f"no recipe is called {', '.join(sorted(unknown))}; there are: {', '.join(RECIPES)}")
    here = Path(__file__).parent
    failed = [name for name in named or RECIPES if subprocess.run([sys.executable, here / f"{name}.py", folder]).returncode]
    if failed:
        sys.exit(f"not made: {', '.join(failed)}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
