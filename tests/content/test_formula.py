import pytest

from server.content.formula import readable


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}", "x = (-b ± √(b² - 4ac))/(2a)"),
        (r"\sum_{i=1}^{n} i = \frac{n(n+1)}{2}", "∑ᵢ₌₁ⁿ i = (n(n+1))/2"),
        (r"e^{i\pi}+1=0", "e^(iπ)+1=0"),
        (r"\mathbb{R}^n \to \mathbb R", "ℝⁿ → ℝ"),
        (r"\begin{aligned} x &= 1 \\ y &= 2 \end{aligned}", "x = 1\ny = 2"),
        (r"\text{if } x_{max} < 5\%", "if xₘₐₓ < 5%"),
        (r"\left\{ a, b \right\}", "{ a, b }"),
        (r"\lim_{x \to 0} \frac12", "lim_(x → 0) 1/2"),
        (r"\unheard{x}", r"\unheard{x}"),
        ("a < b", "a < b"),
        ("", ""),
    ],
)
def test_a_formula_becomes_text_that_can_be_read(tex: str, text: str) -> None:
    assert readable(tex) == text


def test_a_formula_without_sense_is_left_in_peace() -> None:
    for tex in ("{" * 5000, "{" * 3000, "\\frac" * 500, "^" * 1000, "}{"):
        assert isinstance(readable(tex), str)
