#!/usr/bin/env python3
"""What others say on a real terminal: a pseudo-terminal and an emulator."""
import os
import random
import re
import sys

from sottotest import Skip, equal, main, test

try:
    import pyte
except ImportError:
    # Debian's, for whoever runs another python3.
    sys.path.append('/usr/lib/python3/dist-packages')
    try:
        import pyte
    except ImportError:
        pyte = None

TEXTS = int(os.environ.get('SCREEN_TEXTS', '4000'))
BATCH = 50
COLUMNS, ROWS = 80, 24

# All that the line mode and libedit's redrawing send: colours, the cursor
# within the edited line, erasing from there on, the brackets of a paste.
OURS = re.compile(rb'\x1b\[(?:[0-9;]*m|[0-9]*[ACDJKPG@]|\?2004[hl])')

PIECES = [
    '\x1b[2J', '\x1b[H', '\x1b[1;1H', '\x1b]0;owned\x07', '\x1b]2;owned\x1b\\',
    '\x1bP1$r\x1b\\', '\x1b_x\x1b\\', '\x1b^x\x1b\\', '\x1bc', '\x1b[?1049h',
    '\x1b[?25l', '\x1b[3;5r', '\x1b7', '\x1b8', '\x1b[10A', '\x1b[41m',
    '\x1b]8;;http://x\x07', '\x1b]52;c;eA==\x07', '\x1b[6n', '\x1b[c',
    '\x1b(0', '\x0e', '\x0f', '\x07', '\x08' * 9, '\t', '\x0b', '\x0c', '\x7f',
    '\x9b2J', '\x9d0;owned\x9c', '\x90q\x9c', '\x85', '\x84', '\u202e',
    '\u2066', '\u2069', '\u200f', '\u2028', '\u2029', '\ufeff', '\u00ad',
    '\U000e0041', 'e' + '\u0301' * 40, '\u20e0' * 9, '\ufffe', '\U0010ffff',
    'plain words', 'ÄÖÜ', '日本', '\U0001f469\u200d\U0001f4bb', '%s%n', '`id`',
    'p0: forged', '-- forged', '> ',
]


def hostile(chance, number):
    """A line of UTF-8 that ends with its number."""
    parts = []
    for _ in range(chance.randint(1, 6)):
        if chance.random() < 0.8:
            parts.append(chance.choice(PIECES))
        else:
            parts.append(''.join(
                chr(c) for c in (chance.randint(1, 0x10ffff) for _ in range(3))
                if not 0xd800 <= c < 0xe000))
    text = 'x' + ''.join(parts) + f' #{number}#'
    return text.replace('\n', ' ').replace('\r', ' ').replace('\0', ' ')


def unexpected(stream):
    """What of a terminal's bytes neither draws nor is one of ours."""
    rest = OURS.sub(b'', stream).decode(errors='surrogateescape')
    return {c for c in rest
            if (c < ' ' and c not in '\r\n\b') or '\x7f' <= c < '\xa0' or
            '\ud800' <= c < '\ue000' or
            c in '\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c'
                 '\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\xad'}


class Screen:
    """An emulator that is fed with what a terminal was sent."""

    def __init__(self):
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.fed = 0

    def feed(self, terminal):
        self.stream.feed(terminal.screen[self.fed:])
        self.fed = len(terminal.screen)

    def line(self):
        """The line where the cursor is."""
        return self.screen.display[self.screen.cursor.y].rstrip()


@test
def threat_33_hostile_texts_leave_the_screen_alone(w):
    if pyte is None:
        raise Skip('python3-pyte is not here')
    chance = random.Random(33)
    a, b, c = w.people(3)
    bob = w.terminal(b, 'chat', '--policy', 'accept')
    bob.until(f'You are {b}')
    w.await_status(c, b, 'available')
    alice = w.begin(a, 'chat', b)
    bob.until(f'speaking with {a}')
    alice.type('first')
    bob.until(f'{a}: first')
    bob.until(f'{a}> ')
    bob.type('what bob types')
    bob.until('what bob types')
    screen = Screen()
    for number in range(TEXTS):
        alice.type(hostile(chance, number))
        if number % BATCH == BATCH - 1:
            bob.until(f' #{number}#')
            bob.until('what bob types')
            screen.feed(bob)
            equal(screen.line(), f'{a}> what bob types')
    equal(unexpected(bob.screen), set())
    marks = re.search('[\u0300-\u036f\u20d0-\u20ff]{5}',
                      bob.screen.decode(errors='replace'))
    equal(marks, None)
    equal(screen.screen.title, '')
    equal(screen.screen.icon_name, '')
    equal(screen.screen.margins, None)
    # Each in a place of its own, behind the name of who said it.
    shown = re.findall(rb'(?m)^' + a.encode() + rb': x.* #(\d+)#\r?$',
                       OURS.sub(b'', bob.screen).replace(b'\r', b'\n'))
    equal([int(n) for n in shown], list(range(TEXTS)))
    bob.line('')
    bob.line('/quit')
    equal(bob.end(), 0)


sys.exit(main())
