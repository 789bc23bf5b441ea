"""Compares what two commits send and tell: ``python -m tests.same BASE`` (``make same BASE=…``).

It stands among the tests because it uses their raw server and their recorded replies.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from benchmarks.commits import exported

from .compare import differences, probed

MAX_SHOWN = 20


def main() -> int:
    """Compare; gives 1 if anything differs, or if no request was made."""
    parser = argparse.ArgumentParser(prog="python -m tests.same", description=__doc__)
    parser.add_argument("base", help="a commit")
    parser.add_argument("--head", help="another commit in place of the working tree")
    parser.add_argument("--only", default="", help="a pattern that the names of cases contain")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        packages = [stack.enter_context(exported(each)) for each in (arguments.base, arguments.head)]
        with ThreadPoolExecutor(2) as pool:
            base, head = pool.map(lambda each: probed(each, arguments.only), packages)
    found = differences(base, head)
    for line in found[:MAX_SHOWN]:
        sys.stdout.write(f"{line}\n")
    count = sum(len(each.get("requests", ())) for each in head.values())
    sys.stdout.write(
        f"{len(head)} calls with {count} requests compared with {arguments.base}: "
        f"{f'{len(found)} differ' if found else 'all are the same'}\n"
    )
    return bool(found) or not count


if __name__ == "__main__":
    sys.exit(main())
