#!/usr/bin/env python3
"""Messages over live lines, and safety numbers, with the real programs."""
import re
import signal
import socket
import subprocess
import sys

from sottotest import equal, holds, lacks, main, test


@test
def a_message_over_a_direct_line(w):
    a, b = w.people(2)
    bob = w.receiver(b, a, '--count', '1')
    row, = w.run(a, 'send', b, 'hello', b, '-o',
                 'json').want(0).json()
    equal(set(row), {'type', 'to', 'path', 'ms'})
    equal((row['type'], row['to'], row['path']), ('sent', b, 'direct'))
    up = bob.event('session', event='up')
    equal((up['name'], up['path'], up['caller']), (a, 'direct', False))
    got = bob.event('message')
    equal(set(got), {'type', 'from', 'text', 'path', 'pin', 'time'})
    equal((got['from'], got['text'], got['path'], got['pin']),
          (a, f'hello {b}', 'direct', 'pinned'))
    equal(re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z',
                       got['time']) is not None, True)
    equal(bob.end(), 0)


@test
def a_message_over_the_relay(w):
    a, b = w.people(2)
    for flags in (['--relay-only'], ['--hide-address']):
        bob = w.receiver(b, a, '--count', '1')
        row, = w.run(a, *flags, 'send', b, 'sealed', '-o',
                     'json').want(0).json()
        equal(row['path'], 'relay')
        equal(bob.event('message')['path'], 'relay')
        equal(bob.end(), 0)


@test
def a_hidden_callee_is_reached_over_the_relay(w):
    a, b = w.people(2)
    bob = w.begin(b, '--hide-address', 'receive', '-o', 'json',
                  '--count', '1')
    w.await_status(a, b, 'available')
    row, = w.run(a, 'send', b, 'hi', '-o', 'json').want(0).json()
    equal(row['path'], 'relay')
    equal(bob.end(), 0)


@test
def plain_output(w):
    a, b = w.people(2)
    bob = w.begin(b, 'receive', '--count', '1')
    w.await_status(a, b, 'available')
    done = w.run(a, 'send', b, 'two\nlines').want(0)
    holds(done.out, f'sent to {b} (direct')
    equal(bob.until(f'{a}: '), rf'{a}: two\nlines')
    equal(bob.end(), 0)


@test
def standard_input_is_sent_whole(w):
    a, b = w.people(2)
    bob = w.receiver(b, a, '--count', '2')
    text = 'gr\u00fc\u00df \U0001f40c\n' * 800
    w.run(a, 'send', b, '-', stdin=text.encode()).want(0)
    equal(bob.event('message')['text'], text)
    w.run(a, 'send', b, '--', '-v', '--count').want(0)
    equal(bob.event('message')['text'], '-v --count')
    equal(bob.end(), 0)


@test
def what_is_no_message_is_64(w):
    a, b = w.people(2)
    bob = w.receiver(b, a)
    w.run(a, 'send', b, '-', stdin=b'').want(64)
    w.run(a, 'send', b, '-', stdin=b'x' * 16385).want(64)
    w.run(a, 'send', b, '-', stdin=b'\xff\xfe').want(64)
    w.run(a, 'send', 'b o b', 'hi').want(64)
    w.run(a, 'send', b, '-', stdin=b'x' * 16384).want(0)
    equal(len(bob.event('message')['text']), 16384)
    equal(bob.end(signal.SIGINT), 130)


@test
def a_refusal_is_5(w):
    a, b = w.people(2)
    bob = w.receiver(b, a, '--policy', 'refuse')
    done = w.run(a, 'send', b, 'hi', '-o', 'json').want(5)
    equal(done.error()['code'], 5)
    equal(done.out, '')
    equal(bob.end(signal.SIGTERM), 143)
    lacks(bob.text(), '"message"')


@test
def a_question_is_answered(w):
    a, b, c = w.people(3)
    bob = w.receiver(b, a, '--policy', 'ask')
    alice = w.begin(a, 'send', b, 'may I?', '-o', 'json')
    bob.event('session', event='asked', name=a)
    bob.type('accept')
    equal(bob.event('message')['text'], 'may I?')
    equal(alice.end(), 0)
    carol = w.begin(c, 'send', b, 'and I?', '-o', 'json')
    bob.event('session', event='asked', name=c)
    bob.type(f'decline {c}')
    equal(carol.end(), 5)
    equal(bob.end(signal.SIGTERM), 143)


def receive_to(w, who, out, *args):
    """A receiver without standard input; whoever starts it ends it."""
    return subprocess.Popen(
        w.argv(who, ['receive', *args]), env=w.env, stdin=subprocess.DEVNULL,
        stdout=out, stderr=subprocess.DEVNULL)


@test
def who_cannot_be_asked_does_not_agree(w):
    """Nobody types at the end of standard input."""
    a, b = w.people(2)
    bob = receive_to(w, b, subprocess.DEVNULL, '--policy', 'ask')
    try:
        w.await_status(a, b, 'available')
        w.run(a, 'send', b, 'may I?').want(5)
    finally:
        bob.kill()
        bob.wait()


@test
def what_could_not_be_shown_is_not_acknowledged(w):
    """There is no room where it should be written."""
    a, b = w.people(2)
    with open('/dev/full', 'wb') as full:
        bob = receive_to(w, b, full)
    try:
        w.await_status(a, b, 'available')
        w.run(a, 'send', b, 'hello').want(7)
        equal(bob.wait(30), 1)
    finally:
        bob.kill()
        bob.wait()


@test
def asking_again_and_again_takes_patience(w):
    a, b = w.people(2)
    bob = w.receiver(b, a)
    said = ''
    n = 0
    while 'patience' not in said:
        n += 1
        said = w.run(a, 'send', b, f'again {n}').want(0).err
    bob.event('message', text=f'again {n}')
    slow = w.begin(a, 'send', b, 'never mind')
    slow.until('waiting ')
    equal(slow.end(signal.SIGINT), 130)
    equal(bob.end(signal.SIGTERM), 143)


@test
def only_the_ways_that_are_allowed(w):
    a, b = w.people(2)
    bob = w.begin(b, '--hide-address', 'receive', '-o', 'json')
    w.await_status(a, b, 'available')
    done = w.run(a, '--direct-only', 'send', b, 'hi')
    equal(done.code in (3, 5, 7), True)
    equal(bob.end(signal.SIGTERM), 143)
    lacks(bob.text(), '"message"')


@test
def direct_lines_are_accepted_where_told(w):
    a, b = w.people(2)
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    bob = w.begin(b, '--listen', f'127.0.0.1:{port}', 'receive', '-o', 'json',
                  '--count', '1')
    w.await_status(a, b, 'available')
    with socket.socket() as s:
        s.connect(('127.0.0.1', port))
    row, = w.run(a, 'send', b, 'hi', '-o', 'json').want(0).json()
    equal(row['path'], 'direct')
    equal(bob.end(), 0)


@test
def nobody_there_is_7(w):
    a, b = w.people(2)
    done = w.run(a, 'send', b, 'hi', '-o', 'json').want(7)
    equal(done.error()['code'], 7)
    w.run(a, 'send', 'nosuch', 'hi').want(7)
    w.run(a, 'verify', 'nosuch').want(7)


@test
def receiving_ends_with_the_time(w):
    a, b = w.people(2)
    w.run(b, 'receive', '--for', '0.2').want(0)


@test
def presence_is_announced(w):
    a, b, c = w.people(3)
    alice = w.receiver(a, c)
    bob = w.receiver(b, c)
    alice.event('presence', name=b, status='available')
    equal(bob.end(signal.SIGTERM), 143)
    alice.event('presence', name=b, status='offline')
    equal(alice.end(signal.SIGTERM), 143)


@test
def hostile_text_reaches_no_terminal(w):
    a, b = w.people(2)
    bob = w.receiver(b, a, '--count', '1')
    text = '\x1b]0;owned\x07\x1b[2J\u202egnp.exe\x00\x9b31m\r\x7f'
    w.run(a, 'send', b, '-', stdin=text.encode()).want(0)
    raw = bob.until('"message"')
    for byte in raw.encode():
        equal(byte >= 0x20 and byte != 0x7f, True)
    equal(bob.end(), 0)
    plain = w.begin(b, 'receive', '--count', '1')
    w.await_status(a, b, 'available')
    w.run(a, 'send', b, '-', stdin=text.encode()).want(0)
    line = plain.until(f'{a}: ')
    for part in ('\x1b', '\x07', '\u202e', '\x9b', '\r', '\x7f', '\x00'):
        lacks(line, part)
    holds(line, r'\x1b')
    holds(line, r'\u202e')
    equal(plain.end(), 0)


@test
def safety_numbers_agree(w):
    a, b, c = w.people(3)
    one, = w.run(a, 'verify', b, '-o', 'json').want(0).json()
    two, = w.run(b, 'verify', a, '-o', 'json').want(0).json()
    equal(set(one), {'type', 'name', 'number', 'pin'})
    equal(one['number'], two['number'])
    equal(re.fullmatch(r'\d{5}( \d{5}){11}', one['number']) is not None, True)
    other, = w.run(a, 'verify', c, '-o', 'json').want(0).json()
    equal(other['number'] != one['number'], True)
    drawn = w.run(a, 'verify', b, '--qr').want(0).out
    equal(drawn.count('\n') > 10, True)


@test
def a_confirmed_key_that_changes_stops_everything(w):
    a, b, c = w.people(3)
    w.run(a, 'verify', b, '--confirm').want(0)
    row, = [r for r in w.run(a, 'list', '-o', 'json').want(0).json()
            if r['name'] == b]
    equal(row['pin'], 'verified')
    link = w.admin('user', 'reset', b).want(0).out.strip()
    w.run(b, 'register', link).want(0)
    bob = w.receiver(b, c)
    done = w.run(a, 'send', b, 'is it you?', '-o', 'json').want(4)
    equal(done.error()['code'], 4)
    row, = [r for r in w.run(a, 'list', '-o', 'json').want(0).json()
            if r['name'] == b]
    equal(row['pin'], 'changed')
    w.run(a, 'verify', b, '--confirm').want(0)
    w.run(a, 'send', b, 'it is you').want(0)
    got = bob.event('message')
    equal(got['text'], 'it is you')
    equal(bob.end(signal.SIGTERM), 143)


@test
def an_ephemeral_machine_sends_and_is_reached(w):
    a, b, c = w.people(3)
    bob = w.receiver(b, c, '--count', '1')
    w.run(None, '--ephemeral', f'{a}@{w.at}', 'send', b,
          'from afar').want(0)
    equal(bob.event('message')['text'], 'from afar')
    equal(bob.end(), 0)


@test
def a_logout_elsewhere_ends_what_runs(w):
    a, b, c = w.people(3)
    bob = w.receiver(b, c)
    w.run(b, 'logout').want(0)
    equal(bob.event('error')['what'], 'You were logged out.')
    equal(bob.end(), 1)
    equal(w.status(c, b), 'offline')


if __name__ == '__main__':
    sys.exit(main())
