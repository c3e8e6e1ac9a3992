"""Obligatory liaison in French: a silent consonant that is heard before a vowel (les amis)."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.speech.text.characters import word_set
from toolkit.speech.text.phonemizer import Pronunciation

_VOWELS = word_set("i y u e ø o ə ɛ œ ɔ a ɑ ɔ̃ ɛ̃ ɑ̃ œ̃")
_LINKS = {
    "z": "les des ces mes tes ses nos vos leurs aux quels quelles deux trois six dix nous vous ils elles dans sans "
    "sous chez très plus moins certains plusieurs quelques autres grands petits bons beaux nouveaux",
    "t": "est sont ont font quand cet vingt cent grand petit tout c'est",
    "n": "un mon ton son en on aucun bien rien",
}
_LINK_OF = {word: phone for phone, words in _LINKS.items() for word in words.split()}
_MUTE_H = tuple(
    word_set(
        "homme heure heureu hôtel hiver herbe histoire humain humeur habitude honneur honnête hôpital huile habit "
        "hôte hommage horizon horrible hésit harmonie hier"
    )
)
_NO_LINK = word_set("et onze onzième oui huit huitième ouistiti yaourt yacht")


def with_liaison(words: Sequence[str], said: Sequence[Pronunciation]) -> list[Pronunciation]:
    """Add the consonant of liaison to determiners, pronouns, prepositions and a few adverbs before a vowel.

    After other words it is optional or wrong, so it is left out. An h is taken as aspirated (les / haricots) unless the
    word is one of the frequent ones with a mute h.
    """
    linked = []
    for place, (word, pronunciation) in enumerate(zip(words, said, strict=True)):
        link = _LINK_OF.get(word.lower())
        follows = place + 1 < len(words) and _begins_open(words[place + 1].lower(), said[place + 1])
        if link and follows and pronunciation.phones and pronunciation.phones[-1] != link:
            pronunciation = Pronunciation((*pronunciation.phones, link), pronunciation.note)
        linked.append(pronunciation)
    return linked


def _begins_open(word: str, said: Pronunciation) -> bool:
    if word in _NO_LINK or not said.phones or said.phones[0] not in _VOWELS:
        return False
    return not word.startswith("h") or word.startswith(_MUTE_H)
