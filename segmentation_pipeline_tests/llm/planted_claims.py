"""True claims in many forms and false ones made of them, with a truth that does not come from the gate.

The sentences of `free_text_en.toml` and `free_text_tr.toml` were written by a language model; templates of the rules
advisor and templates with slots join them. Whether a changed claim is still true is decided here, in decimal numbers.
"""

from __future__ import annotations

import random
import re
import tomllib
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from segmentation_pipeline.insights.catalogue import contrast_template, definition_of, level_template
from segmentation_pipeline.llm.claims import Claim, Evidence, Metric, SegmentEvidence, contrast_direction

if TYPE_CHECKING:
    from collections.abc import Callable

Style = Literal["free", "slots", "rules"]
MUTATORS = (
    "one_digit",
    "wrong_unit",
    "wrong_cluster",
    "swapped_values",
    "wrong_direction",
    "spelled_out",
    "other_locale",
    "fraction",
    "multiple",
    "foreign_digits",
    "wrong_metric",
)

CLUSTERS = {"2026-03-a": "Night owls", "2026-03-b": "Weekly planners", "2026-03-c": "Quiet readers"}
WORDS = tomllib.loads(Path(__file__).with_name("planted_words.toml").read_text(encoding="utf-8"))
METRICS = tuple(WORDS["en"]["nouns"])
WINDOWS = {"drop_off_rate": "4 days after the landmark", "retention_day_7": "day 7 after the landmark"}
SIZES = {
    "session_frequency": (1, 14),
    "session_depth": (2, 40),
    "event_count": (20, 4000),
    "visit_minutes": (1, 90),
    "silent_days": (0.5, 20),
    "account_age_days": (3, 1500),
    "collaboration_score": (2, 90),
    "size": (31, 9000),
}

_UNIT_WRITTEN = {
    "en": {
        "pct": ("{}%", "{}%", "{} %", "{} percent"),
        "days": ("{} days",),
        "minutes": ("{} minutes", "{} min"),
        "count": ("{}",),
    },
    "tr": {"pct": ("%{}", "%{}", "yüzde {}"), "days": ("{} gün",), "minutes": ("{} dakika", "{} dk"), "count": ("{}",)},
}
_WRONG_UNITS = {
    "en": {
        "pct": ("{}", "{} days", "{} minutes", "{} pp", "{}x"),
        "days": ("{}%", "{} hours", "{} minutes", "{} weeks"),
        "minutes": ("{}%", "{} hours", "{} seconds", "{} days"),
        "count": ("{}%", "{} minutes", "{} days", "{}x"),
    },
    "tr": {
        "pct": ("{}", "{} gün", "{} dakika", "{} puan"),
        "days": ("%{}", "{} saat", "{} dakika", "{} hafta"),
        "minutes": ("%{}", "{} saat", "{} saniye", "{} gün"),
        "count": ("%{}", "{} dakika", "{} gün"),
    },
}
_FOREIGN = (0xFF10, 0x0660, 0x0966, 0x06F0, 0x1D7CE)


@dataclass(frozen=True)
class Written:
    """A figure as written: its digits, the value and last digit they state, the pattern of its unit."""

    digits: str
    value: Decimal
    step: Decimal
    unit_pattern: str

    @property
    def text(self) -> str:
        return self.unit_pattern.format(self.digits)


@dataclass(frozen=True)
class Planted:
    """A claim with the parts of its text, so that a mutation changes one of them and nothing else."""

    claim: Claim
    style: Style
    form: str
    pattern: str
    figures: dict[str, Written]
    actual: dict[str, Decimal]
    is_higher: bool

    def text(self, *, flipped: bool = False, **replaced: str) -> str:
        text = self.pattern
        is_higher = self.is_higher is not flipped
        text = re.sub(r"\[([^|\]]*)\|([^|\]]*)\]", lambda m: m.group(1 if is_higher else 2), text)
        for name, written in self.figures.items():
            text = text.replace("{" + name + "}", replaced.get(name, written.text))
        return text[:1].upper() + text[1:] if text[:1].isascii() else text

    def with_text(self, text: str) -> Planted:
        return replace(self, claim=replace(self.claim, text=text))


def evidence(rng: random.Random) -> Evidence:
    """Return three segments with random metrics, contrasts and an earlier refresh."""
    overall = {metric_id: _level(metric_id, rng) for metric_id in METRICS}
    now = [_segment(cluster_id, overall, rng) for cluster_id in CLUSTERS]
    before = [_segment(cluster_id, overall, rng) for cluster_id in CLUSTERS]
    return Evidence.of(now, before)


@dataclass(frozen=True)
class Case:
    """A claim with the evidence it is to be held to."""

    planted: Planted
    evidence: Evidence

    @property
    def claim(self) -> Claim:
        return self.planted.claim


def true_cases(count: int, seed: int) -> list[Case]:
    """Return true claims, every form as often as any other."""
    rng = random.Random(seed)
    forms = _forms()
    cases: list[Case] = []
    for turn in range(count * 3):
        form, style, locale, pattern, metric_ids = forms[turn % len(forms)]
        facts = evidence(rng)
        made = _claim(facts, form, style, locale, pattern, rng.choice(metric_ids), rng)
        if made is not None:
            cases.append(Case(made, facts))
        if len(cases) == count:
            return cases
    raise AssertionError("the forms give too few claims")


def false_cases(mutator: str, count: int, seed: int) -> list[Case]:
    """Return claims changed by a mutator; what is still true under rounding is left out."""
    rng = random.Random(seed)
    found: list[Case] = []
    for turn in range(60):
        for case in true_cases(4 * len(_forms()), seed + 1000 * (turn + 1)):
            changed = _MUTATE[mutator](case, rng)
            if changed is not None:
                found.append(changed)
            if len(found) == count:
                return found
    raise AssertionError(f"{mutator} gives only {len(found)} claims")


def form_count(style: Style, locale: str) -> int:
    """Return how many different forms of a style there are in a language."""
    return len({pattern for _, own, language, pattern, _ in _forms() if (own, language) == (style, locale)})


@cache
def _forms() -> list[tuple[str, Style, str, str, tuple[str, ...]]]:
    """Return (form, style, locale, pattern, metrics it can be about)."""
    found: list[tuple[str, Style, str, str, tuple[str, ...]]] = []
    for locale in ("en", "tr"):
        written = tomllib.loads(Path(__file__).with_name(f"free_text_{locale}.toml").read_text(encoding="utf-8"))
        later = written.pop("read_later")
        for group, patterns in (*written.items(), *later.items()):
            found += [(group, "free", locale, pattern, _metrics_for(group)) for pattern in patterns]
    measured = tuple(metric_id for metric_id in METRICS if metric_id != "size")
    found += [("level", "rules", "en", "", (metric_id,)) for metric_id in METRICS]
    found += [("contrast", "rules", "en", "", (metric_id,)) for metric_id in measured]
    for kind, locale, pattern in _SLOT_FORMS:
        found.append((kind, "slots", locale, pattern, _metrics_for(kind)))
    return found


_SLOT_FORMS = (
    ("level", "en", "{M} comes to {value}."),
    ("level", "en", "These users show {m} of {value}."),
    ("contrast", "en", "{M} is {value}, {direction} {comparator}."),
    ("contrast", "en", "At {value}, {m} is {direction} {comparator}."),
    ("points", "en", "{M} is {value} {direction} {comparator}."),
    ("multiple", "en", "{M} is {value} {comparator}."),
    ("segment", "en", "{M} is {value}, {direction} {comparator}."),
    ("trend", "en", "{M} is {value} now, {direction} {comparator}."),
    ("level", "tr", "Bu segmentte {m} {value}."),
    ("contrast", "tr", "{M} {value}, {comparator} {direction}."),
    ("points", "tr", "{M} {comparator} {value} {direction}."),
    ("segment", "tr", "{M} {value}, {comparator} {direction}."),
    ("trend", "tr", "{M} {value}, {comparator} {direction}."),
)


def _metrics_for(group: str) -> tuple[str, ...]:
    if group in METRICS:
        return (group,)
    percent = tuple(m for m in METRICS if definition_of(m).unit == "pct")
    return percent if group == "points" else tuple(m for m in METRICS if m != "size")


def _level(metric_id: str, rng: random.Random) -> float:
    if metric_id in SIZES:
        low, high = SIZES[metric_id]
        value = low * (high / low) ** rng.random()
        return float(round(value)) if metric_id == "size" else value
    return rng.uniform(0.02, 0.95)


def _segment(cluster_id: str, overall: dict[str, float], rng: random.Random) -> SegmentEvidence:
    metrics = {metric_id: _metric(metric_id, level, rng) for metric_id, level in overall.items()}
    return SegmentEvidence(cluster_id, CLUSTERS[cluster_id], metrics)


def _metric(metric_id: str, overall: float, rng: random.Random) -> Metric:
    definition = definition_of(metric_id)
    value = _level(metric_id, rng)
    if definition.unit == "pct":
        value = min(max(value, 0.0), 1.0)
    width = abs(value) * rng.uniform(0.001, 0.05)
    is_measured = metric_id != "size"
    difference = value - overall
    low, high = (difference - width, difference + width) if is_measured else (None, None)
    way = "none" if low is None or high is None else "higher" if low > 0 else "lower" if high < 0 else "none"
    return Metric(
        metric_id,
        value,
        definition.unit,
        low=value - width if is_measured else None,
        high=value + width if is_measured else None,
        overall_value=overall,
        contrast_low=low,
        contrast_high=high,
        contrast_direction=way,  # type: ignore[arg-type]
        difference_sd=difference if is_measured else None,
        window=WINDOWS.get(metric_id, "before the landmark"),
        counted=definition.counted,
        topics=definition.topics,
    )


def _claim(
    facts: Evidence, form: str, style: Style, locale: Any, pattern: str, metric_id: str, rng: random.Random
) -> Planted | None:
    subject = rng.choice(list(CLUSTERS))
    metric = facts.segments[subject].metrics[metric_id]
    if style == "rules":
        pattern = level_template(metric_id) if form == "level" else contrast_template(metric_id)
    comparator = {"segment": "segment", "trend": "previous"}.get(form, "overall")
    is_compared = any(slot in pattern for slot in ("{c}", "{pp}", "{x}", "[", "{comparator}", "{direction}"))
    sibling = rng.choice([cluster_id for cluster_id in CLUSTERS if cluster_id != subject])
    other = (
        facts.segments[sibling].metrics[metric_id]
        if comparator == "segment"
        else facts.previous[subject].metrics[metric_id]
    )
    compared = metric.overall_value if comparator == "overall" else other.value
    way = metric.contrast_direction if comparator == "overall" else contrast_direction(metric, other)
    needs_way = "[" in pattern or "{direction}" in pattern
    if compared is None or (needs_way and way == "none"):
        return None
    scale = 100 if metric.unit == "pct" else 1
    actual = {"v": Decimal(metric.value) * scale}
    if is_compared:
        actual["c"] = Decimal(compared) * scale
        actual["pp"] = abs(actual["v"] - actual["c"])
        actual["x"] = actual["v"] / actual["c"]
    figures = {
        name: _written(actual[name], name, metric, locale, rng) for name in actual if "{" + name + "}" in pattern
    }
    noun = WORDS[locale]["nouns"][metric_id]
    capital = noun if noun[0] in "`i7" else noun[0].upper() + noun[1:]
    pattern = pattern.replace("{m}", noun).replace("{M}", capital).replace("{label}", f"`{CLUSTERS[sibling]}`")
    unit = {"points": "pp", "multiple": "x"}.get(form, metric.unit) if style == "slots" else metric.unit
    value = None
    if style != "free" and rng.random() < 0.5:
        written = _written(actual[{"pp": "pp", "x": "x"}.get(unit, "v")], "v", metric, locale, rng)
        sign = "-" if unit == "pp" and metric.value < compared else ""
        value = sign + written.digits
    elif style == "free" and "v" in figures and rng.random() < 0.5:
        value = figures["v"].text
    kind = "level" if not is_compared else "trend" if comparator == "previous" else "contrast"
    if form == "size":
        kind = "count"
    claim = Claim(
        kind=kind,  # type: ignore[arg-type]
        subject=subject,
        metric=metric_id,
        comparator=comparator if is_compared else "none",  # type: ignore[arg-type]
        direction=way if needs_way else "none",
        value=value,
        unit=unit,
        window=metric.window if rng.random() < 0.5 else "",
        text="",
        compared_segment=sibling if is_compared and comparator == "segment" else None,
        locale=locale,
    )
    made = Planted(claim, style, form, pattern, figures, actual, metric.value > compared)
    return made.with_text(made.text())


def _written(actual: Decimal, name: str, metric: Metric, locale: str, rng: random.Random) -> Written:
    places = 0 if metric.metric_id == "size" and name in "vc" else rng.choice((0, 1, 1, 2))
    if actual < 10 and name != "pp":
        places = max(places, 1)
    if name == "x":
        places = max(places, 1)
    step = Decimal(1).scaleb(-places)
    value = actual.quantize(step, rounding=ROUND_HALF_EVEN)
    digits = f"{value:,}" if rng.random() < 0.7 else f"{value}"
    if locale == "tr":
        digits = digits.translate(str.maketrans(",.", ".,"))
    pattern = "{}" if name in ("pp", "x") else rng.choice(_UNIT_WRITTEN[locale][metric.unit])
    return Written(digits, value, step, pattern)


def _is_true(value: Decimal, step: Decimal, actual: Decimal) -> bool:
    return abs(value - actual) <= step / 2


def _changed(case: Case, text: str, **fields: Any) -> Case:
    made = case.planted
    return Case(replace(made, claim=replace(made.claim, text=text, **fields)), case.evidence)


def _one_digit(case: Case, rng: random.Random) -> Case | None:
    made = case.planted
    if made.style != "free":
        return _wrong_value(case, rng)
    if not made.figures:
        return None
    name = rng.choice(list(made.figures))
    written = made.figures[name]
    digits = _with_another_digit(written.digits, rng)
    value = _value_of(digits, made.claim.locale)
    if _is_true(value, written.step, made.actual[name]):
        return None
    return _changed(case, made.text(**{name: written.unit_pattern.format(digits)}), value=None)


def _wrong_value(case: Case, rng: random.Random) -> Case | None:
    """Change a digit of the field `value`, the text being slots."""
    claim = case.claim
    if claim.value is None:
        return None
    digits = _with_another_digit(claim.value, rng)
    step = Decimal(1).scaleb(-_decimals(digits, claim.locale))
    name = {"pp": "pp", "x": "x"}.get(claim.unit, "v")
    if _is_true(abs(_value_of(digits, claim.locale)), step, case.planted.actual[name]):
        return None
    return _changed(case, claim.text, value=digits)


def _with_another_digit(digits: str, rng: random.Random) -> str:
    place = rng.choice([index for index, character in enumerate(digits) if character.isdigit()])
    other = rng.choice([digit for digit in "0123456789" if digit != digits[place]])
    return digits[:place] + other + digits[place + 1 :]


def _value_of(digits: str, locale: str) -> Decimal:
    plain = digits.replace(",", "") if locale == "en" else digits.replace(".", "").replace(",", ".")
    return Decimal(plain)


def _decimals(digits: str, locale: str) -> int:
    return len(digits.partition("." if locale == "en" else ",")[2])


def _wrong_unit(case: Case, rng: random.Random) -> Case | None:
    made, claim = case.planted, case.claim
    metric = case.evidence.segments[claim.subject].metrics[claim.metric]
    if made.style != "free":
        other = rng.choice([u for u in ("pct", "days", "minutes", "count") if u != metric.unit])
        return _changed(case, claim.text, unit=other, value=None)
    names = [name for name in ("v", "c") if name in made.figures]
    if not names:
        return None
    name = rng.choice(names)
    pattern = rng.choice(_WRONG_UNITS[claim.locale][metric.unit])
    return _changed(case, made.text(**{name: pattern.format(made.figures[name].digits)}), value=None)


def _wrong_cluster(case: Case, rng: random.Random) -> Case | None:
    """Bind the claim to another segment, whose figures are others."""
    made, claim = case.planted, case.claim
    others = [c for c in CLUSTERS if c not in (claim.subject, claim.compared_segment)]
    subject = rng.choice(others)
    metric = case.evidence.segments[subject].metrics[claim.metric]
    scale = 100 if metric.unit == "pct" else 1
    actual = Decimal(metric.value) * scale
    written = made.figures.get("v")
    if made.style != "free":
        if claim.value is None or claim.unit != metric.unit:
            return None
        step = Decimal(1).scaleb(-_decimals(claim.value, claim.locale))
        if _is_true(_value_of(claim.value, claim.locale), step, actual):
            return None
    elif written is None or _is_true(written.value, written.step, actual):
        return None
    return _changed(case, claim.text, subject=subject)


def _swapped_values(case: Case, rng: random.Random) -> Case | None:
    made = case.planted
    if not {"v", "c"} <= made.figures.keys():
        return None
    first, second = made.figures["v"], made.figures["c"]
    if _is_true(second.value, second.step, made.actual["v"]) or _is_true(first.value, first.step, made.actual["c"]):
        return None
    return _changed(case, made.text(v=second.text, c=first.text), value=None)


def _wrong_direction(case: Case, rng: random.Random) -> Case | None:
    made, claim = case.planted, case.claim
    if claim.direction == "none":
        return None
    if "[" not in made.pattern or rng.random() < 0.2:
        return _changed(case, claim.text, direction="lower" if claim.direction == "higher" else "higher")
    return _changed(case, made.text(flipped=True))


def _spelled_out(case: Case, rng: random.Random) -> Case | None:
    made, claim = case.planted, case.claim
    number = max(2, min(99, round(made.actual["v"])))
    words = in_words(number, claim.locale)
    metric = case.evidence.segments[claim.subject].metrics[claim.metric]
    if metric.unit == "pct":
        words = WORDS[claim.locale]["percent"].format(words)
    if made.style == "free":
        return _changed(case, made.text(v=words), value=None) if "v" in made.figures else None
    return _changed(case, claim.text.replace("{value}", words), value=None)


def in_words(number: int, locale: str) -> str:
    """Return a number below a hundred spelled out."""
    units, tens = WORDS[locale]["units"], WORDS[locale]["tens"]
    if number < len(units):
        return str(units[number])
    skipped = 2 if locale == "en" else 1
    joint = "-" if locale == "en" else " "
    return str(tens[number // 10 - skipped]) + (f"{joint}{units[number % 10]}" if number % 10 else "")


def _other_locale(case: Case, rng: random.Random) -> Case | None:
    made = case.planted
    names = [name for name, written in made.figures.items() if re.search(r"[.,]", written.digits)]
    if not names:
        return None
    name = rng.choice(names)
    written = made.figures[name]
    digits = written.digits.translate(str.maketrans(",.", ".,"))
    return _changed(case, made.text(**{name: written.unit_pattern.format(digits)}), value=None)


def _fraction(case: Case, rng: random.Random) -> Case | None:
    return _with_phrase(case, rng.choice(WORDS[case.claim.locale]["fractions"]))


def _multiple(case: Case, rng: random.Random) -> Case | None:
    return _with_phrase(case, rng.choice(WORDS[case.claim.locale]["multiples"]))


def _with_phrase(case: Case, phrase: str) -> Case | None:
    made, claim = case.planted, case.claim
    if made.style == "free":
        return _changed(case, made.text(v=phrase), value=None) if "v" in made.figures else None
    return _changed(case, claim.text.replace("{value}", phrase), value=None)


def _foreign_digits(case: Case, rng: random.Random) -> Case | None:
    made = case.planted
    if "v" not in made.figures:
        return None
    zero = rng.choice(_FOREIGN)
    written = made.figures["v"]
    digits = "".join(chr(zero + int(c)) if c.isdigit() else c for c in written.digits)
    return _changed(case, made.text(v=written.unit_pattern.format(digits)), value=None)


def _wrong_metric(case: Case, rng: random.Random) -> Case | None:
    """Bind the claim to another metric of the same unit."""
    made, claim = case.planted, case.claim
    metrics = case.evidence.segments[claim.subject].metrics
    unit = metrics[claim.metric].unit
    # Events in all and events per visit are both told in events: a text cannot tell them apart.
    alike = ("event_count", "session_depth")
    others = [
        m
        for m in metrics.values()
        if m.unit == unit
        and m.metric_id != claim.metric
        and m.topics
        and not (claim.metric in alike and m.metric_id in alike)
    ]
    if not others or (made.style == "free" and "v" not in made.figures):
        return None
    other = rng.choice(others)
    scale = 100 if unit == "pct" else 1
    written = made.figures.get("v")
    if made.style == "free" and written and _is_true(written.value, written.step, Decimal(other.value) * scale):
        return None
    if made.style != "free" and "{m}" not in made.form and other.metric_id == "size":
        return None
    return _changed(case, claim.text, metric=other.metric_id, value=None, direction="none", window="")


_MUTATE: dict[str, Callable[[Case, random.Random], Case | None]] = {
    "one_digit": _one_digit,
    "wrong_unit": _wrong_unit,
    "wrong_cluster": _wrong_cluster,
    "swapped_values": _swapped_values,
    "wrong_direction": _wrong_direction,
    "spelled_out": _spelled_out,
    "other_locale": _other_locale,
    "fraction": _fraction,
    "multiple": _multiple,
    "foreign_digits": _foreign_digits,
    "wrong_metric": _wrong_metric,
}
