"""Tells for each figure and comparative of a text whether it speaks of the segment or of what it is compared with.

Add here: a rule of grammar that decides it. When no rule decides, the answer is that it cannot be told.
Keep out: the words that rules go by (`words_en.toml`, `words_tr.toml`) and whether figures are right (`grounding.py`).

The text is cut into chunks at punctuation, conjunctions and connectors (English "than" begins a chunk, Turkish
"göre" ends one). Words that name somebody (cues) go to the nearest figure of their chunk; a figure without any goes
by its chunk's connector, then by who the sentence is about, then to the segment. Roles never depend on the digits
themselves, so a text whose figures change places is never read the same way as before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal

from segmentation_pipeline.llm.grounding_words import MULTIPLE_MASK
from segmentation_pipeline.llm.number_words import LOCALES, patterns, whole_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.llm.claims import Comparator, Locale
    from segmentation_pipeline.llm.grounding_figures import Figure
    from segmentation_pipeline.llm.grounding_words import WordHit

Who = Literal["subject", "overall", "segment", "previous", "rest", "unknown_comparator", "ambiguous"]
"""Whom a figure belongs to; `unknown_comparator`: what is compared with, whatever the claim says that is."""

TOPIC_LETTERS = 12
"""Letters before a name at which it still begins its chunk: an article, a preposition, a conjunction."""

_LETTERS = re.compile(r"[^\W\d_\ue000-\uf8ff]")
_LINKS = re.compile(r"(?:at|of|is|was|which|stands?|sits?|just|only|about|around|roughly|some|the|a|an|a mere|ki|olan)")
_RELATIVE = re.compile(r"\W*(?:where|whose)\b")
_ABLATIVE_NAME = re.compile(r"[dt][ae]n$")
_GENITIVE = re.compile(r"(?:n[\u0131iuü]n|[dt][ae]n|in|\u0131n)\s*$")


@dataclass(frozen=True)
class _Token:
    kind: str
    start: int
    end: int
    text: str


@dataclass
class _Chunk:
    opened_by: str
    start: int
    end: int = 0
    has_connector: bool = False
    is_closed: bool = False
    cues: list[_Token] = field(default_factory=list)
    figures: list[int] = field(default_factory=list)
    topic: Who | None = None


@dataclass(frozen=True)
class Roles:
    """Whom each figure belongs to, and whether each comparative says it of somebody else than the segment."""

    figures: tuple[Who, ...]
    reversed_hits: tuple[bool, ...]
    compared_with: frozenset[Who]


def roles_of(
    text: str, figures: Sequence[Figure], hits: Sequence[WordHit], comparator: Comparator, languages: tuple[Locale, ...]
) -> Roles:
    """Return the roles in a prepared text whose figures are masked; only `figures` take part."""
    turkish = "tr" in languages
    chunks = _chunks(text, figures, comparator)
    found: dict[int, Who] = {}
    previous: _Chunk | None = None
    topic: Who | None = None
    for place, chunk in enumerate(chunks):
        if chunk.opened_by in ("sentence", "conjunction"):
            topic = None
        chunk.topic = topic
        attached = _attached(chunk, figures, turkish=turkish)
        for index in chunk.figures:
            found[index] = _who(index, chunk, previous, attached, figures, text, chunks[place + 1 : place + 2])
        if chunk.cues and not chunk.has_connector and not chunk.is_closed:
            topic = _topic_after(chunk, text) or topic
        previous = chunk
    compared = frozenset(
        _cue_role(cue)
        for chunk in chunks
        for cue in chunk.cues
        if _cue_role(cue) != "subject" and (chunk.has_connector or chunk.is_closed or chunk.figures)
    )
    reversed_hits = tuple(_is_reversed(hit, chunks, text, turkish=turkish) for hit in hits)
    return Roles(tuple(found.get(index, "ambiguous") for index in range(len(figures))), reversed_hits, compared)


def _who(
    index: int,
    chunk: _Chunk,
    previous: _Chunk | None,
    attached: dict[int, set[Who]],
    figures: Sequence[Figure],
    text: str,
    following: Sequence[_Chunk],
) -> Who:
    named = attached.get(index, set())
    if len(named) > 1:
        return "ambiguous"
    if named:
        return next(iter(named))
    if chunk.has_connector or chunk.is_closed or figures[index].is_ablative or _is_multiplied(figures[index], text):
        return "unknown_comparator"
    is_answered = any(after.has_connector and after.figures for after in following)
    if previous is not None and previous.has_connector and not previous.figures and not is_answered:
        # "compared with everyone (41%)", "than the overall rate, 41%": what follows is nothing but the figure. But
        # "higher than overall (63% versus 41%)" begins anew.
        if _RELATIVE.match(text[chunk.start : chunk.end]):
            return _cue_role(previous.cues[-1]) if previous.cues else "unknown_comparator"
        bare = _LINKS.sub("", text[chunk.start : chunk.end])
        if text[chunk.start : chunk.start + 1] == "(" or not _LETTERS.search(bare):
            return _cue_role(previous.cues[-1]) if previous.cues else "unknown_comparator"
    return chunk.topic or "subject"


def _is_multiplied(figure: Figure, text: str) -> bool:
    """Tell whether a multiple stands right before or after a figure, which is then the one compared with."""
    before = re.search(rf"{MULTIPLE_MASK}(?: as \w+ as)?(?: the)? $", text[: figure.start])
    return bool(before or re.match(rf"\s{MULTIPLE_MASK}", text[figure.end :]))


def _topic_after(chunk: _Chunk, text: str) -> Who | None:
    """Return who the sentence goes on about: whom a chunk begins with, or names without a figure."""
    first, last = chunk.cues[0], chunk.cues[-1]
    if _ABLATIVE_NAME.search(last.text):
        return None  # "genel ortalamadan" is what is compared with, not who the sentence is about
    if len(_LETTERS.findall(text[chunk.start : first.start])) <= TOPIC_LETTERS:
        return _cue_role(first)
    return None if chunk.figures else _cue_role(last)


def _attached(chunk: _Chunk, figures: Sequence[Figure], *, turkish: bool) -> dict[int, set[Who]]:
    """Give each cue of a chunk to a figure: the nearest one, in Turkish the next one; the nearest cues decide."""
    nearest: dict[int, dict[int, set[Who]]] = {}
    for cue in _speaking(chunk.cues) if chunk.figures else []:
        after = [index for index in chunk.figures if figures[index].start >= cue.end]
        candidates = after if turkish and after else chunk.figures

        def distance(index: int, cue: _Token = cue) -> int:
            figure = figures[index]
            return figure.start - cue.end if figure.start >= cue.end else cue.start - figure.end

        chosen = min(candidates, key=distance)
        nearest.setdefault(chosen, {}).setdefault(distance(chosen), set()).add(_cue_role(cue))
    return {index: by_distance[min(by_distance)] for index, by_distance in nearest.items()}


def _speaking(cues: list[_Token]) -> list[_Token]:
    """Return the cues without pronouns where the chunk names the other side, too."""
    named = [cue for cue in cues if cue.kind != "pronoun"]
    return named if any(cue.kind != "subject" for cue in named) else cues


def _is_reversed(hit: WordHit, chunks: Sequence[_Chunk], text: str, *, turkish: bool) -> bool:
    """Tell whether a comparative is said of the other side: "overall it is lower", "below this segment's"."""
    chunk = next((c for c in chunks if c.start <= hit.start < c.end), None)
    if chunk is None:
        return False
    roles = [_cue_role(cue) for cue in chunk.cues]
    following = [c for c in chunks if c.start >= hit.end and c.has_connector][:1]
    if any(_only_subject(c) for c in following) and following[0].start - hit.end <= 1:
        return True
    if chunk.has_connector:
        return _only_subject(chunk)
    if "subject" in roles:
        return False
    before = [cue for cue in chunk.cues if cue.end <= hit.start]
    if turkish:
        is_marked = chunk.is_closed or any(
            _GENITIVE.search(text[cue.start : cue.end]) or _GENITIVE.search(text[chunk.start : hit.start])
            for cue in before
        )
        return bool(before) and not is_marked
    return bool(before) or (chunk.topic not in (None, "subject") and not chunk.cues)


def _only_subject(chunk: _Chunk) -> bool:
    roles = {_cue_role(cue) for cue in chunk.cues}
    return bool(roles) and roles == {"subject"}


def _cue_role(cue: _Token) -> Who:
    return "subject" if cue.kind == "pronoun" else cue.kind  # type: ignore[return-value]


def _chunks(text: str, figures: Sequence[Figure], comparator: Comparator) -> list[_Chunk]:
    chunks = [_Chunk("sentence", 0)]

    def open_chunk(by: str, at: int) -> _Chunk:
        chunks[-1].end = at
        chunks.append(_Chunk(by, at))
        return chunks[-1]

    events = [*_tokens(text, comparator), *(_Token("figure", f.start, f.end, str(i)) for i, f in enumerate(figures))]
    for token in sorted(events, key=lambda token: token.start):
        if token.kind == "figure":
            chunks[-1].figures.append(int(token.text))
        elif token.kind == "begins_comparison":
            open_chunk("connector", token.start).has_connector = True
        elif token.kind == "ends_comparison":
            chunks[-1].is_closed = True
            open_chunk("connector", token.end)
        elif token.kind in ("sentence", "conjunction", "bracket", "comma"):
            open_chunk(token.kind, token.start)
        else:
            chunks[-1].cues.append(token)
    chunks[-1].end = len(text)
    return chunks


def _tokens(text: str, comparator: Comparator) -> list[_Token]:
    found: list[_Token] = []
    for kind, pattern in _patterns("subject_in_time" if comparator == "previous" else "subject"):
        for match in pattern.finditer(text):
            if match.group() and not any(t.start < match.end() and match.start() < t.end for t in found):
                found.append(_Token(kind, match.start(), match.end(), match.group()))
    return found


@cache
def _patterns(subject_list: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    def listed(name: str) -> re.Pattern[str]:
        return whole_words(pattern for locale in LOCALES for pattern in patterns(locale, "cues", name))

    return (
        *((name, listed(name)) for name in ("rest", "previous", "segment", "overall")),
        ("subject", listed(subject_list)),
        *([("pronoun", listed("subject_pronouns"))] if subject_list == "subject" else []),
        *((name, listed(name)) for name in ("begins_comparison", "ends_comparison")),
        ("conjunction", listed("conjunctions")),
        ("conjunction", re.compile(r"(?<=\s)to(?=\s+(?:\w+\s+)?\ue020)")),
        ("bracket", re.compile(r"[(:]|\s[–—-]\s|—")),
        ("comma", re.compile(r"[,)\]\"]")),
        ("sentence", re.compile(r"[.!?;\n]+(?=\s|$)")),
    )
