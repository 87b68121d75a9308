"""The kinds of things that the demo's sellers make, from mugs to tents."""

from caravan.adapters.demo.goods import desk, fashion, garden, home, outdoors, pantry, play, table, worn
from caravan.adapters.demo.goods.kind import HIDDEN_SLOTS, Kind
from caravan.adapters.demo.goods.materials import MATERIALS, Material

__all__ = ["HIDDEN_SLOTS", "KINDS", "MATERIALS", "Kind", "Material"]

KINDS: dict[str, Kind] = {
    kind.name: kind
    for room in (table, home, garden, fashion, worn, pantry, play, desk, outdoors)
    for kind in room.KINDS
}
