"""Print the PSNR of pictures against a true one, as JSON: python -m benchmarks.score TRUTH PICTURE..."""

import json
import sys

from data import open_stack
from fusion.metrics import psnr


def main(truth, pictures):
    """Print one number per picture."""
    reference = open_stack([truth])[0]
    print(json.dumps({path: round(psnr(open_stack([path])[0], reference), 2) for path in pictures}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
