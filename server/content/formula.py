"""TeX as text that a person can read: ``\\frac{a}{b^2}`` becomes ``a/b²``. What it does not know it leaves."""

import re

MAX_FORMULA = 4000
MAX_DEPTH = 30

_SYMBOLS: dict[str, str] = dict(
    re.findall(
        r"(\w+):(\S)",
        "alpha:α beta:β gamma:γ delta:δ epsilon:ε varepsilon:ε zeta:ζ eta:η theta:θ vartheta:ϑ iota:ι kappa:κ lambda:λ"
        " mu:μ nu:ν xi:ξ pi:π rho:ρ sigma:σ tau:τ upsilon:υ phi:φ varphi:φ chi:χ psi:ψ omega:ω Gamma:Γ Delta:Δ Theta:Θ"
        " Lambda:Λ Xi:Ξ Pi:Π Sigma:Σ Phi:Φ Psi:Ψ Omega:Ω pm:± mp:∓ times:× div:÷ cdot:· ast:∗ star:⋆ circ:∘ bullet:•"
        " oplus:⊕ otimes:⊗ leq:≤ le:≤ geq:≥ ge:≥ neq:≠ ne:≠ ll:≪ gg:≫ approx:≈ sim:∼ simeq:≃ cong:≅ equiv:≡ propto:∝"
        " in:∈ notin:∉ ni:∋ subset:⊂ subseteq:⊆ supset:⊃ supseteq:⊇ cup:∪ cap:∩ setminus:∖ emptyset:∅ varnothing:∅"
        " forall:∀ exists:∃ nexists:∄ neg:¬ lnot:¬ land:∧ wedge:∧ lor:∨ vee:∨ to:→ rightarrow:→ leftarrow:←"
        " leftrightarrow:↔ Rightarrow:⇒ Leftarrow:⇐ Leftrightarrow:⇔ implies:⇒ iff:⇔ mapsto:↦ uparrow:↑ downarrow:↓"
        " sum:∑ prod:∏ int:∫ iint:∬ oint:∮ partial:∂ nabla:∇ infty:∞ ell:ℓ hbar:ℏ Re:ℜ Im:ℑ aleph:ℵ angle:∠ perp:⊥"
        " parallel:∥ mid:| vert:| Vert:‖ langle:⟨ rangle:⟩ lfloor:⌊ rfloor:⌋ lceil:⌈ rceil:⌉ ldots:… dots:… cdots:⋯"
        " vdots:⋮ ddots:⋱ prime:′ degree:° dagger:† square:□ blacksquare:■ qed:∎ therefore:∴ because:∵",
    )
)
_WORDS = re.compile("arccos|arcsin|arctan|cosh?|cot|det|dim|exp|gcd|inf|ker|lim|ln|log|max|min|mod|Pr|sinh?|sup|tanh?")
_SILENT = re.compile("left|right|[bB]igg?[lr]?|(?:display|text)style|(?:no)?limits|q?quad")
_PLAIN = "text|textbf|textit|textrm|mathrm|mathbf|mathit|mathsf|mathtt|mathcal|boldsymbol|operatorname|boxed|mbox"

_RAISED = str.maketrans("0123456789+-=()niTabcdefghjklmoprstuvwxyz′*", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵀᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻ′*")
_LOWERED = str.maketrans("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_BOARD = str.maketrans("CHNPQRZ", "ℂℍℕℙℚℝℤ")

_GROUP = r"\{([^{}]*)\}"
_INNERMOST = re.compile(
    rf"\\[dt]?frac\s*{_GROUP}\s*{_GROUP}|\\sqrt\s*{_GROUP}|\\mathbb\s*{_GROUP}|\\(?:{_PLAIN})\s*{_GROUP}"
    rf"|\\(?:begin|end)\s*{_GROUP}|\^{_GROUP}|_{_GROUP}|(?<![\w}}\]]){_GROUP}"
)
_COMMAND = re.compile(r"\\([A-Za-z]+)([ \t]*)")
_BARE_BOARD = re.compile(r"\\mathbb\s+(\w)")
_BARE_FRACTION = re.compile(r"\\frac\s*(\d)\s*(\d)")
_SPACE = re.compile(r"\\[,;:!> ]|~")
_ESCAPED = re.compile(r"\\([%$#_])")
_SCRIPT = re.compile(r"([\^_])(\w|[*′+-])")


def readable(tex: str) -> str:
    if len(tex) > MAX_FORMULA:
        return tex
    text = tex.replace("\\\\", "\n").replace("\\{", "\ue000").replace("\\}", "\ue001").replace("&", " ")
    text = _BARE_BOARD.sub(r"\\mathbb{\1}", _BARE_FRACTION.sub(r"\\frac{\1}{\2}", text))
    text = _SCRIPT.sub(r"\1{\2}", _COMMAND.sub(_symbol, text))
    for _ in range(MAX_DEPTH):
        text, count = _INNERMOST.subn(_plain, text)
        if not count:
            break
    text = _SPACE.sub(" ", _ESCAPED.sub(r"\1", text)).replace("\ue000", "{").replace("\ue001", "}")
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _symbol(found: re.Match[str]) -> str:
    name, space = found[1], " " if found[2] else ""
    if name in _SYMBOLS:
        # The space after a letter only ended the command; around an operator it is good to read.
        return _SYMBOLS[name] + ("" if _SYMBOLS[name].isalpha() else space)
    if _SILENT.fullmatch(name):
        return " " if "quad" in name else ""
    return name + space if _WORDS.fullmatch(name) else found[0]


def _plain(found: re.Match[str]) -> str:
    over, under, root, board, plain, _, raised, lowered, group = found.groups()
    if over is not None:
        return f"{_whole(over)}/{_whole(under)}"
    if root is not None:
        return f"√{_whole(root)}"
    if board is not None:
        return board.translate(_BOARD)
    if raised is not None:
        return _script(raised, "^", _RAISED)
    if lowered is not None:
        return _script(lowered, "_", _LOWERED)
    return plain or group or ""


def _script(text: str, mark: str, table: dict[int, int]) -> str:
    text = text.strip()
    if all(ord(character) in table for character in text):
        return text.translate(table)
    return f"{mark}{text}" if len(text) == 1 else f"{mark}({text})"


def _whole(text: str) -> str:
    """In brackets, unless it is one thing."""
    text = text.strip()
    return text if re.fullmatch(r"(?:\d+|\w)[⁰¹²³⁴-ⁿ₀-ₜ′]*", text) else f"({text})"
