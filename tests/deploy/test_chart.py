"""The Helm chart: the objects of kustomize, values that are checked, no render that would load nothing."""

from __future__ import annotations

import json
from typing import Any

import helm_python
import jsonschema
import pytest
import yaml

from groundswell import __version__
from tests.deploy.chart_readme import README, undocumented, values, with_table
from tests.deploy.manifests import Workload
from tests.deploy.renders import CHART, DEFAULTS, TARGETS, charted, rendered
from tests.deploy.same import PAIRS, alike, normalised

Values = dict[str, Any]


@pytest.mark.parametrize("pair", PAIRS)
def test_chart_and_kustomize_render_the_same_objects(pair: str) -> None:
    kustomize, chart = PAIRS[pair]
    ours, theirs = alike(kustomize()), alike(chart())
    assert theirs.keys() == ours.keys()
    for name, one in ours.items():
        assert theirs[name] == one, name


def test_what_differs_in_anything_that_matters_is_not_the_same() -> None:
    one = {"kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 1}]}}
    other = {"kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 2}]}}
    assert normalised(one) != normalised(other)


def test_without_targets_it_does_not_render_and_says_what_to_write() -> None:
    with pytest.raises(helm_python.HelmRenderError, match="targets is empty") as refusal:
        rendered({})
    assert "cidr: 10.20.0.0/16" in str(refusal.value)


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ({"cidr": "10.0.0.0/8", "podLabels": {"a": "b"}}, "one or the other"),
        ({"podLabels": {"a": "b"}, "except": ["10.0.0.0/8"]}, "no cidr to except it from"),
    ],
)
def test_a_target_that_no_policy_can_say_is_refused(target: Values, word: str) -> None:
    with pytest.raises(helm_python.HelmRenderError, match=word):
        rendered({"targets": [target]})


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": []},
        {"agents": {"replica": 3}},
        {"agents": {"cpu": 1.5}},
        {"agents": {"memory": "512Mb"}},
        {"mesh": "consul"},
        {"image": {"digest": "sha256:abc"}},
        {"targets": [{"cidr": "shop.internal"}]},
        {"targets": [{"ports": [443]}]},
        {"coordinator": {"lease": "5"}},
    ],
)
def test_values_that_mean_nothing_are_refused(wrong: Values) -> None:
    with pytest.raises(helm_python.HelmError, match="schema"):
        rendered({**TARGETS, **wrong})


def test_lint_finds_nothing_wrong() -> None:
    found = helm_python.lint(CHART, TARGETS, strict=True)
    assert found["errors"] == []
    # An icon would be fetched from somewhere.
    assert [one["error"] for one in found["messages"]] == ["icon is recommended"]


def test_the_schema_knows_every_value_and_only_those() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert _leaves(schema, DEFAULTS) == []


def test_every_value_is_documented_and_the_readme_says_it() -> None:
    documented = frozenset(key for key, _, _ in values())
    assert list(undocumented(DEFAULTS, documented)) == []
    assert README.read_text() == with_table(README.read_text()), (
        "python -m tests.deploy.chart_readme"
    )


def test_it_is_of_this_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == __version__


def test_notes_say_what_to_type_next() -> None:
    notes = charted(TARGETS, "load", "tools")["groundswell/templates/NOTES.txt"]
    assert "kubectl -n tools port-forward service/load-groundswell-coordinator 9700" in notes
    assert "groundswell run test.yaml" in notes
    assert "2 agents (2 pods, 1 each)" in notes


def test_values_reach_the_objects() -> None:
    chart = rendered(
        {
            "targets": [
                {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"], "ports": [80, 443]},
                {"podLabels": {"app": "shop"}, "namespaceLabels": {"team": "shop"}},
            ],
            "image": {"digest": f"sha256:{'0' * 64}", "pullSecrets": ["pull"]},
            "agents": {
                "cpu": 4,
                "workers": 3,
                "gracefulStopSeconds": 120,
                "labels": {"zone": "a"},
                "secretsSecret": "shop-secrets",
                "scripts": False,
                "tolerations": [{"key": "load", "operator": "Exists"}],
                "nodeSelector": {"pool": "load"},
                "localPorts": "",
            },
            "priorityClass": {"create": False, "name": ""},
            "networkPolicy": {"dns": ["169.254.20.10/32"]},
        }
    )
    agent = Workload(chart.one("Deployment", "groundswell-agent")).pod
    (container,) = agent["containers"]
    assert container["image"] == f"groundswell@sha256:{'0' * 64}"
    assert agent["imagePullSecrets"] == [{"name": "pull"}]
    assert agent["terminationGracePeriodSeconds"] == 150
    words = {"--label=zone=a", "--secrets-dir=/etc/groundswell/secrets", "--no-scripts"}
    assert words <= set(container["args"])
    assert container["resources"]["requests"]["cpu"] == "4"
    assert container["env"][0] == {"name": "WORKERS", "value": "3"}
    assert agent["tolerations"] == [{"key": "load", "operator": "Exists"}]
    assert agent["nodeSelector"] == {"pool": "load"}
    assert "sysctls" not in agent["securityContext"]
    assert "priorityClassName" not in agent
    assert chart.of("PriorityClass") == []
    _, dns, first, second = chart.one("NetworkPolicy", "groundswell-agent")["spec"]["egress"]
    assert dns["to"][1:] == [{"ipBlock": {"cidr": "169.254.20.10/32"}}]
    assert first == {
        "to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}],
        "ports": [{"port": 80, "protocol": "TCP"}, {"port": 443, "protocol": "TCP"}],
    }
    assert second == {
        "to": [
            {
                "podSelector": {"matchLabels": {"app": "shop"}},
                "namespaceSelector": {"matchLabels": {"team": "shop"}},
            }
        ]
    }


def _leaves(schema: Values, tree: Values, path: str = "") -> list[str]:
    """Keys that one of the two has and the other has not."""
    properties: Values = schema.get("properties", {})
    # `global` is Helm's own, and what is open below has no keys of ours.
    found = [f"{path}{key}" for key in properties.keys() ^ tree.keys() if key != "global"]
    for key in properties.keys() & tree.keys():
        if isinstance(tree[key], dict) and "properties" in properties[key]:
            found += _leaves(properties[key], tree[key], f"{path}{key}.")
    return found
