"""Writes the generated manifests: CRDs, and the names of the kinds for the chart. `make generate` runs it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scrape_operator.api.kinds.registry import KINDS, Kind, Role, Scope
from scrape_operator.api.schema.crd import crds, to_yaml

MANIFESTS = Path("manifests")
_HEADER = "# Generated from operator/scrape_operator/api by `make generate`. Do not edit.\n"
_REMEDY = "make generate"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or with --check print those that are not current; return 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m scrape_operator.api.schema.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a file is not current")
    check = parser.parse_args(arguments).check
    files = rendered()
    stale = [path for path, text in files.items() if not path.is_file() or path.read_text("utf-8") != text]
    if check and stale:
        sys.stderr.write(f"not current: {', '.join(map(str, stale))}; fix it with: {_REMEDY}\n")
        return 1
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], "utf-8")
        sys.stdout.write(f"wrote {path}\n")
    return 0


def rendered(manifests: Path = MANIFESTS) -> dict[Path, str]:
    """Return every generated file with its text."""
    definitions = crds()
    files = {manifests / "crds" / file_name(crd): _HEADER + to_yaml(crd) for crd in definitions}
    templates = manifests / "chart" / "scrape-operator" / "templates"
    files[templates / "crds.yaml"] = chart_template(definitions)
    files[templates / "_kinds.tpl"] = kinds_template(KINDS)
    return files


def file_name(crd: dict[str, Any]) -> str:
    """Return the name of a CRD's file, as kubebuilder writes it: the group, then the plural."""
    return f"{crd['spec']['group']}_{crd['spec']['names']['plural']}.yaml"


def chart_template(definitions: list[dict[str, Any]]) -> str:
    """Return the CRDs as a template of the chart, so that an upgrade of the chart upgrades them too."""
    documents = "---\n".join(_annotated(to_yaml(crd)) for crd in definitions)
    return f"{_HEADER}{{{{- if .Values.crds.install }}}}\n{documents}{{{{- end }}}}\n"


def kinds_template(kinds: Sequence[Kind]) -> str:
    """Return the template that names the resources of the kinds, by scope, for the chart's roles."""
    parts = [f"{{{{- /* {_HEADER.removeprefix('# ').strip()} */ -}}}}\n"]
    for name, scope in (("namespaced", Scope.NAMESPACED), ("cluster", Scope.CLUSTER)):
        parts.append(_define(f"{name}Resources", [kind.plural for kind in kinds if kind.scope is scope]))
    statuses = [f"{kind.plural}/status" for kind in kinds if kind.status_model is not None]
    parts.append(_define("namespacedStatuses", statuses))
    parts.extend(_define(f"{role}Resources", [kind.plural for kind in kinds if kind.writers is role]) for role in Role)
    return "".join(parts)


def _define(name: str, resources: Sequence[str]) -> str:
    return f'{{{{- define "scrape-operator.{name}" -}}}}{", ".join(resources)}{{{{- end -}}}}\n'


def _annotated(text: str) -> str:
    escaped = text.replace("{{", '{{ "{{" }}')
    keep = "  {{- if .Values.crds.keep }}\n  annotations:\n    helm.sh/resource-policy: keep\n  {{- end }}\n"
    return escaped.replace("\nmetadata:\n", f"\nmetadata:\n{keep}", 1)


if __name__ == "__main__":
    sys.exit(main())
