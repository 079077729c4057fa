"""What network policies let through, worked out as Kubernetes describes it.

A pod that no policy selects for a direction lets everything through in it; else only what some rule allows.
Traffic needs both: the sender's egress and the receiver's ingress.
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from tests.helm.chart import NAMESPACE, Object, selected, templates


@dataclass(frozen=True)
class Place:
    """A pod, or an address outside of the cluster."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace: str = NAMESPACE
    ports: Mapping[str, int] = field(default_factory=dict)
    address: str | None = None
    """Of what is no pod."""


def places(objects: Sequence[Object]) -> dict[str, Place]:
    """The pods that the objects make, by their names."""
    return {
        name: Place(
            name,
            template["metadata"]["labels"],
            ports={
                port.get("name", str(port["containerPort"])): port["containerPort"]
                for container in template["spec"]["containers"]
                for port in container.get("ports", [])
            },
        )
        for name, template in templates(objects)
    }


def passes(
    policies: Sequence[Object], sender: Place, receiver: Place, port: int, protocol: str = "TCP"
) -> bool:
    """Whether a connection comes through."""
    return _allows(policies, "Egress", sender, receiver, receiver, port, protocol) and _allows(
        policies, "Ingress", receiver, sender, receiver, port, protocol
    )


def _allows(
    policies: Sequence[Object],
    direction: str,
    own: Place,
    other: Place,
    receiver: Place,
    port: int,
    protocol: str,
) -> bool:
    specs = [one["spec"] for one in policies]
    mine = [
        spec
        for spec in specs
        if own.address is None
        and own.namespace == NAMESPACE
        and direction in spec["policyTypes"]
        and selected(spec["podSelector"], own.labels)
    ]
    side = "to" if direction == "Egress" else "from"
    return not mine or any(
        _names_peer(rule.get(side), other) and _names_port(rule.get("ports"), receiver, port, protocol)
        for spec in mine
        for rule in spec.get(direction.lower(), [])
    )


def _names_peer(peers: Sequence[Any] | None, place: Place) -> bool:
    """A rule without peers means all."""
    return not peers or any(_is_peer(peer, place) for peer in peers)


def _is_peer(peer: Mapping[str, Any], place: Place) -> bool:
    if block := peer.get("ipBlock"):
        if place.address is None:
            return False
        address = ip_address(place.address)
        return address in ip_network(block["cidr"]) and not any(
            address in ip_network(one) for one in block.get("except", [])
        )
    if place.address is not None:
        return False
    if "namespaceSelector" in peer:
        here = selected(peer["namespaceSelector"], {"kubernetes.io/metadata.name": place.namespace})
    else:
        here = place.namespace == NAMESPACE
    return here and selected(peer.get("podSelector", {}), place.labels)


def _names_port(ports: Sequence[Any] | None, receiver: Place, port: int, protocol: str) -> bool:
    """A rule without ports means all; a name is that of a port of the receiving pod."""
    return not ports or any(
        one.get("protocol", "TCP") == protocol and receiver.ports.get(one["port"], one["port"]) == port
        for one in ports
    )
