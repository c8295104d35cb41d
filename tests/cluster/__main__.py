"""Build or run the local control plane by hand: `python -m tests.cluster build [PROGRAM ...]`, `… up`."""

import argparse
import signal
import sys

from tests.cluster.binaries import DEMO, PROGRAMS, TESTS
from tests.cluster.connection import CommandFailed
from tests.cluster.controlplane import open_cluster
from tests.cluster.gobuild import BuildFailed, ensure
from tests.cluster.processes import StartFailed


def main() -> None:
    """Parse the arguments and do what they say."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    build = verbs.add_parser("build", help="build the programs that are nowhere found")
    build.add_argument("programs", nargs="*", default=TESTS, choices=[*PROGRAMS, []], metavar="PROGRAM")
    verbs.add_parser("up", help="run a control plane until Ctrl-C")
    arguments = parser.parse_args()
    try:
        if arguments.verb == "build":
            ensure(arguments.programs)
        else:
            _up()
    except (BuildFailed, StartFailed, CommandFailed) as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit(130)


def _up() -> None:
    with open_cluster(DEMO) as cluster:
        print(f"export KUBECONFIG={cluster.kubeconfig}", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
