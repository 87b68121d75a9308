"""Picture: bars on a logarithmic scale with their spread, as an SVG that reads in light and in dark."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

_WIDTH, _LABEL, _ROW, _TOP, _VALUE = 860, 270, 26, 56, 90
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.title { font-weight: 600; font-size: 15px; }
.value { font-variant-numeric: tabular-nums; }
.ours { fill: #b3541e; } .theirs { fill: #8793a1; }
.grid { stroke: #8793a1; stroke-opacity: .3; } .spread { stroke: #24292f; stroke-width: 1.5; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .ours { fill: #e8894a; } .theirs { fill: #6b7785; } .spread { stroke: #e6edf3; }
}
"""


class Bar(NamedTuple):
    """One bar: what it stands for, its value above zero, and the least and the most that were seen."""

    name: str
    value: float
    least: float
    most: float
    is_ours: bool


def bars(title: str, wanted: Sequence[Bar], *, unit: str) -> str:
    """Draw bars one under the other, with a line for each power of ten."""
    low = math.floor(math.log10(min(bar.least for bar in wanted)))
    high = math.ceil(math.log10(max(bar.most for bar in wanted)))
    high = max(high, low + 1)
    scale = (_WIDTH - _LABEL - _VALUE) / (high - low)
    height = _TOP + _ROW * len(wanted) + 12

    def across(value: float) -> float:
        return _LABEL + (math.log10(value) - low) * scale

    parts = [f'<text class="title" x="12" y="24">{escape(title)}</text>']
    for power in range(low, high + 1):
        x = across(10.0**power)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 4}" y2="{height - 10}"/>')
        parts.append(f'<text x="{x:.1f}" y="{_TOP - 8}" text-anchor="middle">{_written(10.0**power)}</text>')
    for place, bar in enumerate(wanted):
        y = _TOP + _ROW * place
        sort, end = "ours" if bar.is_ours else "theirs", across(bar.value)
        parts += [
            f'<text x="{_LABEL - 10}" y="{y + 17}" text-anchor="end">{escape(bar.name)}</text>',
            f'<rect class="{sort}" x="{_LABEL}" y="{y + 4}" width="{max(end - _LABEL, 1):.1f}" height="{_ROW - 9}" rx="2"/>',
            f'<line class="spread" x1="{across(bar.least):.1f}" x2="{across(bar.most):.1f}" y1="{y + 12}" y2="{y + 12}"/>',
            f'<text class="value" x="{across(bar.most) + 8:.1f}" y="{y + 17}">{_written(bar.value)}{unit}</text>',
        ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">'
    return "\n".join([head, f"<title>{escape(title)}</title>", f"<style>{_STYLE}</style>", *parts, "</svg>"]) + "\n"


def _written(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"
