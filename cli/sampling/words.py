"""Plain text of a given number of words, from a random generator alone."""

from __future__ import annotations

import random

_WORDS = """
about above across again air all along also always among answer area around ask back base before
began behind being below best better between big black blue book both box bring build call came
can car carry case cause change check city clear close cold come common complete copy course cover
cross cut dark day deep different direct door down draw drive early earth easy end enough even
every example eye face fact fall family far fast father field figure file fill final find fine
fire first fish five follow food foot force form found four free front full game gave general give
gold good great green ground group grow half hand hard head hear heat help here high hold home
horse hot hour house hundred idea inch island keep kind king know land language large last late
laugh lead learn leave left less letter life light like line list listen little live long look
love low machine made main make many map mark matter mean measure might mile mind minute money
moon more morning most mother mountain move much music must name near need never new next night
north note nothing notice noun now number object off often old once only open order other over own
page paper part pass pattern people perhaps person picture piece place plain plan plane plant play
point port pose power press problem produce product pull put question quick rain ran reach read
ready real record red rest right river road rock room round rule run said same saw say school
science sea second see seem self sentence serve set several shape ship short should show side
simple since sing size sleep slow small snow some song soon sound south special spell stand star
start state stay step still stood stop story street strong study such sun sure surface system
table tail take talk teach tell ten test than that their then there thing think third those
thought thousand three through time together told took top toward town travel tree true turn under
unit until upon use usual very voice vowel wait walk want war warm watch water wave way week
weight well went west wheel where while white whole why wide wind wonder wood word work world
would write year young
"""
WORDS = tuple(_WORDS.split())


def words(chance: random.Random, count: int) -> str:
    """`count` words, lower case, with a blank between."""
    return " ".join(chance.choices(WORDS, k=count))


def sentences(chance: random.Random, count: int) -> str:
    """`count` words as sentences of about a dozen words each, with capitals and full stops."""
    parts = []
    while count > 0:
        length = min(count, chance.randint(8, 16))
        text = words(chance, length)
        parts.append(text[0].upper() + text[1:] + ".")
        count -= length
    return " ".join(parts)
