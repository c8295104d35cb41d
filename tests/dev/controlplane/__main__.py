"""Build or run the local control plane by hand: `python -m tests.dev.controlplane build`, `… up`."""

import argparse
import signal
import sys

from tests.dev.controlplane.binaries import DEMO, TESTS, uses_existing_cluster
from tests.dev.controlplane.connection import CommandFailed, existing_cluster_name
from tests.dev.controlplane.controlplane import open_cluster
from tests.dev.controlplane.gobuild import BuildFailed, ensure
from tests.dev.controlplane.processes import StartFailed


def main() -> None:
    """Parse the arguments and do what they say."""
    parser = argparse.ArgumentParser(prog="python -m tests.dev.controlplane", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("build", help="build the programs that the tests need and that are nowhere found")
    verbs.add_parser("up", help="run a control plane until Ctrl-C")
    arguments = parser.parse_args()
    try:
        if arguments.verb == "build":
            _build()
        else:
            _up()
    except (BuildFailed, StartFailed, CommandFailed) as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit(130)


def _build() -> None:
    programs = ensure(TESTS)
    if uses_existing_cluster():
        print(f"Cluster: the existing one of context {existing_cluster_name(programs['kubectl'])}", flush=True)


def _up() -> None:
    with open_cluster(DEMO) as cluster:
        print(f"export KUBECONFIG={cluster.kubeconfig}", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
