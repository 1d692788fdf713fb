"""Requests for no more messages in a person's own words: `Please stop texting me`. Pure.

They are not keywords: no carrier acts on them, and petmsg opts nobody out. A person reads them and
decides. The rules are narrow, because a matching message is not forwarded to the sitter before a
person has read it. A request must be a clause of its own, so `please stop by at 5` and `don't text
me after 9` do not match.
"""

import re

from petmsg.rules.keywords import MAY_MEAN_THE_VISIT, STOP, words_of

_LONGEST = 1000
"""Longer messages are read up to this length."""
_CLAUSE_ENDS = re.compile(r"[.!?;,:()\n\r\u2026\u2014\u2013\u3002\uff01\uff0c]+| - ")
_POLITE = frozenset(
    ("PLEASE", "PLS", "PLZ", "NOW", "OK", "OKAY", "HI", "HELLO", "HEY", "THANKS", "THANK", "YOU",
     "JUST", "KINDLY", "IMMEDIATELY", "ALREADY", "SVP", "MERCI", "BITTE", "DANKE", "POR", "FAVOR",
     "GRACIAS", "FAVORE", "OBRIGADO", "OBRIGADA")
)  # fmt: skip
"""Words around a word for STOP that do not change the request."""

_POLITENESS = (
    r"(?:PLEASE|PLS|PLZ|KINDLY|JUST|OK|OKAY|AND|SO|BUT|HI|HELLO|HEY|I SAID|I ASKED YOU TO"
    r"|CAN YOU|COULD YOU|WILL YOU|WOULD YOU|CAN U|YOU MUST|YOU NEED TO|POR FAVOR|BITTE|SVP|MERCI"
    r"|SIL VOUS PLAIT|SIL TE PLAIT|PER FAVORE)"
)
_TAIL = (
    r"(?: (?:PLEASE|PLS|PLZ|NOW|THANKS|THANK YOU|AGAIN|EVER|ANY MORE|ANYMORE|AT ALL"
    r"|ANY LONGER|FROM (?:YOUR COMPANY|YOU|NOW ON|THIS NUMBER)|TO (?:ME|MY PHONE|THIS NUMBER)"
    r"|FOR ME|HERE|(?:ON|AT) (?:THIS|MY) (?:NUMBER|PHONE)|IMMEDIATELY|ALREADY|RIGHT NOW))*+"
)
"""The words that may follow a request. They are read in one way only and never again (`*+`): else
`ever again`, repeated, would take minutes."""
_MESSAGES = (
    r"(?:TEXTS?|TXTS?|MESSAGES?|MSGS?|SMS|TEXT MESSAGES?|MASS TEXTS|NOTIFICATIONS|ALERTS|SPAM)"
)
_MESSAGING = r"(?:TEXTING|TXTING|MESSAGING|MSGING|SPAMMING|CONTACTING|SMSING)"
_MORE_OF_US = r"(?: AND (?:ME|MY (?:HUSBAND|WIFE|PARTNER)))?"
_ME = r"(?:ME|US|MY PHONE|MY NUMBER|MY HUSBAND|MY WIFE|THIS NUMBER|THIS PHONE|HERE)"
_SOME = r"(?:ALL|ANY|MORE|MORE OF|ANY MORE|OF|THE|THESE|THOSE|THIS|YOUR|SUCH|FURTHER|FUTURE)"

_ENGLISH = (
    rf"(?:STOP|QUIT|CEASE|DISCONTINUE) (?:ALL )?{_MESSAGING}(?: {_ME}{_MORE_OF_US})?{_TAIL}",
    rf"(?:STOP|CEASE|END|DISCONTINUE) ALL (?:COMMUNICATIONS?|CONTACT){_TAIL}",
    (
        r"(?:(?:I|WE) )?(?:WANT|WISH|LIKE|WOULD LIKE|ID LIKE) TO STOP (?:RECEIVING|GETTING)"
        rf"(?: {_SOME}){{0,3}} {_MESSAGES}{_TAIL}"
    ),
    rf"(?:STOP|QUIT) (?:WRITING|BOTHERING|HARASSING|PESTERING)(?: TO)? (?:ME|US){_TAIL}",
    (
        rf"(?:STOP|QUIT|CEASE|END|DISCONTINUE|CANCEL|TURN OFF)"
        rf"(?: (?:SENDING|GETTING))?(?: (?:ME|US))?(?: {_SOME}){{0,3}} {_MESSAGES}{_TAIL}"
    ),
    rf"(?:STOP|QUIT) SENDING(?: (?:ME|US))? (?:THESE|THOSE|THIS|THEM|ANYTHING){_TAIL}",
    rf"STOP (?:ME|US|IT ALL|EVERYTHING){_TAIL}",
    (
        rf"(?:DO NOT|DONT|DO NOT EVER|DONT EVER|NEVER) (?:TEXT|TXT|MESSAGE|MSG|CONTACT|SMS|WRITE)"
        rf"(?: TO)? {_ME}{_TAIL}"
    ),
    rf"(?:DO NOT|DONT|NEVER) (?:SEND|WRITE)(?: (?:ME|US))?(?: {_SOME}){{1,3}} {_MESSAGES}{_TAIL}",
    (
        rf"(?:SEND(?: ME)? )?NO MORE(?: (?:OF )?(?:THE|THESE|THOSE|YOUR))? (?:{_MESSAGES}|TEXTING)"
        rf"{_TAIL}"
    ),
    (
        r"(?:REMOVE|TAKE|DELETE|DROP)(?: (?:ME|US|MY (?:NUMBER|PHONE|NAME|CONTACT)|THIS NUMBER))"
        r" (?:FROM|OFF|OUT OF)(?: OF)?(?: (?:THE|YOUR|THIS|ALL))?"
        rf"(?: \w+)? (?:LISTS?|SYSTEM|DATABASE|CONTACTS|RECORDS|{_MESSAGES}){_TAIL}"
    ),
    rf"(?:REMOVE|DELETE) (?:ME|MY (?:NUMBER|PHONE)|THIS NUMBER){_TAIL}",
    rf"LOSE (?:MY|THIS) NUMBER{_TAIL}",
    rf"LEAVE ME ALONE{_TAIL}",
    (
        rf"(?:I )?(?:WANT |WISH |WOULD LIKE |ID LIKE |LIKE )?(?:TO )?OPT(?:ING)? (?:ME |US )?OUT"
        rf"(?: (?:OF|FROM)(?: {_SOME}){{0,2}} {_MESSAGES})?{_TAIL}"
    ),
    (
        r"(?:(?:I|WE) )?(?:DO NOT|DONT|NO LONGER) (?:WANT|WISH|NEED|LIKE)(?: TO)?"
        rf"(?: (?:GET|RECEIVE|HAVE|BE GETTING))?(?: {_SOME}){{0,3}} {_MESSAGES}{_TAIL}"
    ),
    (
        r"(?:(?:I|WE) )?(?:DO NOT|DONT|NO LONGER) (?:WANT|WISH)(?: YOU)? TO"
        rf" (?:BE (?:TEXTED|MESSAGED|CONTACTED)|HEAR FROM YOU"
        rf"|(?:TEXT|MESSAGE|CONTACT) {_ME}){_TAIL}"
    ),
    r"(?:I )?(?:WITHDRAW|REVOKE) (?:MY )?CONSENT(?: .*)?",
    (
        rf"(?:I WANT TO |I WOULD LIKE TO |ID LIKE TO )?UNSUBSCRIBE(?: (?:ME|US))?"
        rf"(?: (?:FROM|TO)\b.*)?{_TAIL}"
    ),
)
_FRENCH = (
    r"ARRETE[ZR]?(?: TOUT)?",
    (
        r"(?:ARRETE[ZR]?|CESSE[ZR]?) (?:DE )?(?:MECRIRE|MENVOYER(?: \w+){0,3}"
        r"|ME CONTACTER|ME TEXTER"
        r"|LES (?:MESSAGES|SMS|TEXTOS)|DENVOYER (?:\w+ )?(?:MESSAGES|SMS|TEXTOS))"
    ),
    r"NE (?:MECRIVEZ|MECRIS|MENVOYEZ|MENVOIE|ME CONTACTEZ|ME CONTACTE|ME TEXTEZ) PLUS(?: .*)?",
    (
        r"(?:JE NE (?:VEUX|SOUHAITE) )?PLUS (?:RECEVOIR )?(?:AUCUN |DE VOS |DE |VOS )?"
        r"(?:MESSAGES?|SMS|TEXTOS?)"
    ),
    r"NENVOY(?:EZ|EE?S?) PLUS (?:AUCUN |DE )?(?:MESSAGES?|SMS|TEXTOS?)",
    (
        r"(?:(?:MERCI|PRIERE|JE VOUS DEMANDE|JE VOUS PRIE) DE |VEUILLEZ )?"
        r"(?:NE PLUS|CESSER DE|ARRETER DE) (?:MECRIRE|MENVOYER(?: \w+){0,3}|ME CONTACTER"
        r"|ME TEXTER)"
    ),
    (
        r"(?:MERCI DE |VEUILLEZ )?(?:ME RETIRER|ME SUPPRIMER|RETIREZ MOI|SUPPRIMEZ MOI|ENLEVEZ MOI)"
        r" DE (?:VOTRE|VOS|LA|CETTE) LISTES?"
    ),
    r"DE[SN](?:ABONN|INSCRI)\w*(?: MOI)?",
)
_SPANISH = (
    r"(?:YA )?NO ME (?:ESCRIB\w+|CONTACT\w+|MOLEST\w+|TEXTE\w+)(?: MAS| NUNCA MAS)?",
    r"(?:YA )?NO ME (?:MAND\w+|ENVI\w+)(?: MAS)? (?:MENSAJES|TEXTOS|SMS)(?: MAS)?",
    r"NO (?:ME )?(?:MAND\w+|ENVI\w+) MAS(?: (?:MENSAJES|TEXTOS|SMS))?",
    r"(?:YA )?NO (?:MAS )?(?:QUIERO )?(?:RECIBIR )?(?:MAS )?(?:MENSAJES|TEXTOS|SMS)(?: MAS)?",
    (
        r"(?:DEJ\w+|PAR\w+) DE (?:ESCRIBIR\w*|MANDAR\w*|ENVIAR\w*|MOLESTAR\w*|TEXTEAR\w*)"
        r"(?: (?:MENSAJES|TEXTOS|SMS))?"
    ),
    r"BASTA DE (?:MENSAJES|TEXTOS|SMS)",
    r"(?:QUIT|SAQU|BORR|ELIMIN)\w*ME DE (?:SU|LA|TU|ESTA) LISTA",
    r"(?:BORR|ELIMIN)(?:A|E|EN) MI (?:NUMERO|TELEFONO)",
    r"(?:QUIERO )?(?:DARME|DAR|DEME|DENME) DE BAJA",
    r"(?:ALTO|BASTA|PARAR|PAREN|BAJA)",
)
_OTHERS = (
    # Portuguese and Italian
    r"PAR[EA]M? DE (?:ME )?(?:MANDAR|ENVIAR|ESCREVER)(?: MENSAGE[NM]S?| SMS)?",
    r"NAO ME (?:MANDE|ENVIE|ESCREVA)M?(?: MAIS)?(?: MENSAGENS| SMS)?(?: MAIS)?",
    r"NAO QUERO(?: MAIS)?(?: RECEBER)?(?: MAIS)? (?:MENSAGENS|SMS)",
    r"(?:SAIR|DESCADASTRAR)",
    r"(?:BASTA|NON VOGLIO PIU(?: RICEVERE)?) (?:MESSAGGI|SMS)",
    r"NON (?:SCRIVETEMI|SCRIVERMI|MI SCRIVETE|MI SCRIVERE) PIU",
    # German and Dutch
    r"(?:STOPP|STOPPEN|AUFHOREN|ABMELDEN|ABBESTELLEN|AFMELDEN)",
    r"KEINE (?:WEITEREN )?(?:NACHRICHTEN|SMS|TEXTE)(?: MEHR)?",
    r"(?:SCHREIBEN SIE|SCHREIBT|SCHREIB) MIR (?:BITTE )?(?:NICHT|NICHTS|NIE) MEHR",
    r"(?:HOREN SIE|HORT|HOR) (?:BITTE )?AUF(?: MIR ZU SCHREIBEN)?",
    (
        r"(?:ICH|WIR) (?:MOCHTEN?|WILL|WOLLEN|WUNSCHEN?) KEINE (?:WEITEREN )?"
        r"(?:NACHRICHTEN|SMS|TEXTE)(?: MEHR)?(?: VON IHNEN)?"
        r"(?: (?:ERHALTEN|BEKOMMEN|HABEN|EMPFANGEN))?"
    ),
    (
        r"(?:SCHICKEN SIE|SENDEN SIE|SCHICKT|SENDET|SCHICK) (?:MIR|UNS) (?:BITTE )?KEINE"
        r" (?:WEITEREN )?(?:NACHRICHTEN|SMS|TEXTE)(?: MEHR)?"
    ),
    r"(?:KONTAKTIEREN SIE|KONTAKTIERT|KONTAKTIER) MICH (?:BITTE )?(?:NICHT|NIE)(?: MEHR| WIEDER)?",
    r"(?:MIR )?(?:BITTE )?NICHT MEHR (?:SCHREIBEN|ANSCHREIBEN|KONTAKTIEREN)",
    r"MELDEN SIE MICH (?:BITTE )?AB",
    r"LOSCHEN SIE (?:BITTE )?MEINE (?:HANDY)?NUMMER",
    (
        r"(?:NEHMEN|STREICHEN|LOSCHEN|ENTFERNEN) SIE (?:BITTE )?(?:MICH|MEINE (?:HANDY)?NUMMER)"
        r" (?:VON|AUS) (?:DER|IHRER|DEM|IHREM) (?:LISTE|VERTEILER|SYSTEM)"
    ),
    r"GEEN (?:BERICHTEN|SMS|SMSJES) MEER",
    # Russian, Chinese, Japanese
    r"\u0421\u0422\u041e\u041f",
    r"\u041e\u0422\u041f\u0418\u0421\u0410\u0422\u042c\u0421\u042f",
    r"(?:退订|退訂|取消订阅|停止发送|不要再发|配信停止)",
)
_REQUESTS = re.compile(
    rf"(?:{_POLITENESS} )*(?:"
    + "|".join((*_ENGLISH, *_FRENCH, *_SPANISH, *_OTHERS))
    + rf")(?: {_POLITENESS})*"
)
_STRONG = STOP - MAY_MEAN_THE_VISIT


def asks_to_stop(body: str) -> bool:
    """Whether somebody seems to ask, in their own words, for no more messages."""
    lines = body[:_LONGEST].splitlines()
    clauses = [" ".join(words_of(each)) for each in _CLAUSE_ENDS.split(body[:_LONGEST])]
    return (
        _is_polite_stop(words_of(body[:_LONGEST]))
        or any(" ".join(words_of(line)) in _STRONG for line in lines)
        or any(_REQUESTS.fullmatch(clause) for clause in clauses if clause)
    )


def _is_polite_stop(words: list[str]) -> bool:
    rest = [word for word in words if word not in _POLITE]
    return 0 < len(rest) < len(words) <= 8 and " ".join(rest) in _STRONG
