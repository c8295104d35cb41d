"""Writes the generated manifests: `python -m scrape_operator.api.schema.generate [--check]`, behind `make generate`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scrape_operator.api.schema.crd import crds, to_yaml

MANIFESTS = Path("manifests")
_HEADER = "# Generated from operator/scrape_operator/api by `make generate`. Do not edit.\n"
_REMEDY = "make generate"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or with --check say which ones are not current; 1 where any is not."""
    parser = argparse.ArgumentParser(prog="python -m scrape_operator.api.schema.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a file is not current")
    check = parser.parse_args(arguments).check
    files = rendered()
    stale = [path for path, text in files.items() if not path.is_file() or path.read_text("utf-8") != text]
    if check and stale:
        sys.stderr.write(f"not current: {', '.join(map(str, stale))}; mend it with: {_REMEDY}\n")
        return 1
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], "utf-8")
        sys.stdout.write(f"wrote {path}\n")
    return 0


def rendered(manifests: Path = MANIFESTS) -> dict[Path, str]:
    """Give every generated file with its text."""
    definitions = crds()
    files = {manifests / "crds" / file_name(crd): _HEADER + to_yaml(crd) for crd in definitions}
    files[manifests / "chart" / "scrape-operator" / "templates" / "crds.yaml"] = chart_template(definitions)
    return files


def file_name(crd: dict[str, Any]) -> str:
    """Name a CRD's file as kubebuilder does: the group, then the plural."""
    return f"{crd['spec']['group']}_{crd['spec']['names']['plural']}.yaml"


def chart_template(definitions: list[dict[str, Any]]) -> str:
    """Write the CRDs as a template of the chart, so that an upgrade of the chart upgrades them too."""
    documents = "---\n".join(_annotated(to_yaml(crd)) for crd in definitions)
    return f"{_HEADER}{{{{- if .Values.crds.install }}}}\n{documents}{{{{- end }}}}\n"


def _annotated(text: str) -> str:
    escaped = text.replace("{{", '{{ "{{" }}')
    keep = "  {{- if .Values.crds.keep }}\n  annotations:\n    helm.sh/resource-policy: keep\n  {{- end }}\n"
    return escaped.replace("\nmetadata:\n", f"\nmetadata:\n{keep}", 1)


if __name__ == "__main__":
    sys.exit(main())
