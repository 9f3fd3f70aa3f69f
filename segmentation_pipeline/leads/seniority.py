"""How senior a job title is, by its words.

Add here: a word of a title, in the class it speaks for. Keep out: what a persona's seniority is (profiles.py).
"""

from __future__ import annotations

import functools
import re
from typing import Literal, TypeAlias

Seniority: TypeAlias = Literal["C-Suite", "Senior Management", "Management", "Professional", "Entry-Level"]

MIXED = "Mixed Professional"
"""What a persona is called in which no class of titles has the majority."""

CLASSES: tuple[tuple[Seniority, tuple[str, ...]], ...] = (
    ("Entry-Level", ("intern", "interns", "trainee", "junior", "jr", "apprentice", "assistant", "student", "graduate",
                     "entry", "stajyer", "çırak", "asistan", "öğrenci")),
    ("Senior Management", ("vice president", "vp", "svp", "evp", "avp", "director", "directors", "head of", "head",
                           "senior manager", "general manager", "direktör", "genel müdür yardımcısı")),
    ("C-Suite", ("ceo", "cto", "cfo", "coo", "cmo", "cio", "cpo", "cro", "ciso", "chief", "founder", "cofounder",
                 "co founder", "owner", "president", "genel müdür", "kurucu")),
    ("Management", ("manager", "managers", "management", "supervisor", "team lead", "lead", "principal", "foreman",
                    "müdür", "yönetici", "şef", "takım lideri")),
    ("Professional", ("engineer", "analyst", "specialist", "consultant", "developer", "designer", "accountant",
                      "scientist", "architect", "administrator", "teacher", "professor", "nurse", "doctor", "physician",
                      "lawyer", "attorney", "technician", "representative", "officer", "advisor", "planner", "editor",
                      "writer", "associate", "executive", "coordinator", "professional", "pharmacist", "therapist",
                      "programmer", "researcher", "mühendis", "uzman", "uzmanı", "danışman", "öğretmen", "avukat",
                      "doktor", "analist", "muhasebeci")),
)  # fmt: skip
"""In the order asked: an assistant manager is no manager yet, a vice president no president, and a chief executive
officer stands above the officer. Words are whole words of the title, in English and Turkish."""

_PATTERNS = tuple(
    (name, re.compile(r"(?<!\w)(?:" + "|".join(re.escape(word) for word in words) + r")(?!\w)"))
    for name, words in CLASSES
)


@functools.lru_cache(maxsize=100_000)
def seniority_of(title: str) -> Seniority | None:
    """Return the class a job title speaks for, None where none of its words is known."""
    spelled = title.replace("İ", "i").replace("I", "ı") if _is_turkish(title) else title
    text = " ".join(re.sub(r"[^\w]+", " ", spelled.lower()).split())
    return next((name for name, pattern in _PATTERNS if pattern.search(text)), None)


def _is_turkish(title: str) -> bool:
    return any(letter in title for letter in "ğĞşŞİ")
