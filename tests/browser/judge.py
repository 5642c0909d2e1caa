"""What a screen has to stand up to: axe, and a thumb."""

import json
from pathlib import Path

import pytest

from tests.browser.hand import Hand

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    # A text field that offers completions is a combobox, which HTML allows on one line only.
    "rules": {"aria-allowed-role": {"enabled": False}},
    "resultTypes": ["violations"],
}
SMALL_TARGETS = """() => {
  const small = [];
  const pseudo = (node, name) => {
    const style = getComputedStyle(node, name);
    if (style.content === 'none' || style.position !== 'absolute') return null;
    return style;
  };
  for (const node of document.querySelectorAll('button, a[href], input, select, textarea, summary, [role=option]')) {
    const dialog = document.querySelector('dialog[open]');
    if (dialog && !dialog.contains(node)) continue;
    if (!node.checkVisibility({ visibilityProperty: true }) || node.closest('[inert]')) continue;
    if (node.matches('.body a, :disabled')) continue; // links in running text
    const box = node.getBoundingClientRect();
    let { width, height } = box;
    if (!width || box.right < 0 || box.left > innerWidth) continue;
    const label = node.matches('input, select') ? node.closest('label')?.getBoundingClientRect() : null;
    if (label) { width = Math.max(width, label.width); height = Math.max(height, label.height); }
    for (const name of ['::before', '::after']) {
      const style = pseudo(node, name);
      if (!style) continue;
      width = Math.max(width, parseFloat(style.width) || 0);
      height = Math.max(height, parseFloat(style.height) || 0);
    }
    if (width < 43.9 || height < 43.9) {
      const name = node.getAttribute('aria-label') || node.textContent.trim() || node.name || node.placeholder;
      const size = `${Math.round(width)} x ${Math.round(height)}`;
      small.push(`${node.localName}.${node.className} ${name.slice(0, 30)}: ${size}`);
    }
  }
  return small;
}"""


def needs_axe() -> None:
    if not AXE.exists():
        pytest.skip("axe-core is missing: npm ci")


async def judged(hand: Hand) -> list[str]:
    """What axe says against this screen."""
    if not await hand.page.evaluate("typeof axe === 'object'"):
        await hand.page.evaluate(AXE.read_text())
    found = await hand.page.evaluate("rules => axe.run(document, rules)", RULES)
    return [
        f"{violation['id']}: {json.dumps(node['target'])} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
