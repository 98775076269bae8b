#!/usr/bin/env python3
"""Messages over live lines, and safety numbers, with the real programs."""
import re
import signal
import sys

from sottotest import equal, holds, lacks, main, test


@test
def a_message_over_a_direct_line(w):
    w.join('alice', 'bob', 'carol')
    bob = w.receiver('bob', 'alice', '--count', '1')
    row, = w.run('alice', 'send', 'bob', 'hello', 'bob', '-o',
                 'json').want(0).json()
    equal(set(row), {'type', 'to', 'path', 'ms'})
    equal((row['type'], row['to'], row['path']), ('sent', 'bob', 'direct'))
    up = bob.event('session', event='up')
    equal((up['name'], up['path'], up['caller']), ('alice', 'direct', False))
    got = bob.event('message')
    equal(set(got), {'type', 'from', 'text', 'path', 'pin', 'time'})
    equal((got['from'], got['text'], got['path'], got['pin']),
          ('alice', 'hello bob', 'direct', 'pinned'))
    equal(re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z',
                       got['time']) is not None, True)
    equal(bob.end(), 0)


@test
def a_message_over_the_relay(w):
    for flags in (['--relay-only'], ['--hide-address']):
        bob = w.receiver('bob', 'alice', '--count', '1')
        row, = w.run('alice', *flags, 'send', 'bob', 'sealed', '-o',
                     'json').want(0).json()
        equal(row['path'], 'relay')
        equal(bob.event('message')['path'], 'relay')
        equal(bob.end(), 0)


@test
def a_hidden_callee_is_reached_over_the_relay(w):
    bob = w.begin('bob', '--hide-address', 'receive', '-o', 'json',
                  '--count', '1')
    w.await_status('alice', 'bob', 'available')
    row, = w.run('alice', 'send', 'bob', 'hi', '-o', 'json').want(0).json()
    equal(row['path'], 'relay')
    equal(bob.end(), 0)


@test
def plain_output(w):
    bob = w.begin('bob', 'receive', '--count', '1')
    w.await_status('alice', 'bob', 'available')
    done = w.run('alice', 'send', 'bob', 'two\nlines').want(0)
    holds(done.out, 'sent to bob (direct')
    equal(bob.until('alice: '), r'alice: two\nlines')
    equal(bob.end(), 0)


@test
def standard_input_is_sent_whole(w):
    bob = w.receiver('bob', 'alice', '--count', '2')
    text = 'gr\u00fc\u00df \U0001f40c\n' * 800
    w.run('alice', 'send', 'bob', '-', stdin=text.encode()).want(0)
    equal(bob.event('message')['text'], text)
    w.run('alice', 'send', 'bob', '--', '-v', '--count').want(0)
    equal(bob.event('message')['text'], '-v --count')
    equal(bob.end(), 0)


@test
def what_is_no_message_is_64(w):
    bob = w.receiver('bob', 'alice')
    w.run('alice', 'send', 'bob', '-', stdin=b'').want(64)
    w.run('alice', 'send', 'bob', '-', stdin=b'x' * 16385).want(64)
    w.run('alice', 'send', 'bob', '-', stdin=b'\xff\xfe').want(64)
    w.run('alice', 'send', 'b o b', 'hi').want(64)
    w.run('alice', 'send', 'bob', '-', stdin=b'x' * 16384).want(0)
    equal(len(bob.event('message')['text']), 16384)
    equal(bob.end(signal.SIGINT), 130)


@test
def a_refusal_is_5(w):
    bob = w.receiver('bob', 'alice', '--policy', 'refuse')
    done = w.run('alice', 'send', 'bob', 'hi', '-o', 'json').want(5)
    equal(done.error()['code'], 5)
    equal(done.out, '')
    equal(bob.end(signal.SIGTERM), 143)
    lacks(bob.text(), '"message"')


@test
def a_question_is_answered(w):
    bob = w.receiver('bob', 'alice', '--policy', 'ask')
    alice = w.begin('alice', 'send', 'bob', 'may I?', '-o', 'json')
    bob.event('session', event='asked', name='alice')
    bob.type('accept')
    equal(bob.event('message')['text'], 'may I?')
    equal(alice.end(), 0)
    carol = w.begin('carol', 'send', 'bob', 'and I?', '-o', 'json')
    bob.event('session', event='asked', name='carol')
    bob.type('decline carol')
    equal(carol.end(), 5)
    equal(bob.end(signal.SIGTERM), 143)


@test
def nobody_there_is_7(w):
    done = w.run('alice', 'send', 'bob', 'hi', '-o', 'json').want(7)
    equal(done.error()['code'], 7)
    w.run('alice', 'send', 'nosuch', 'hi').want(7)
    w.run('alice', 'verify', 'nosuch').want(7)


@test
def receiving_ends_with_the_time(w):
    w.run('bob', 'receive', '--for', '0.2').want(0)


@test
def presence_is_announced(w):
    alice = w.receiver('alice', 'carol')
    bob = w.receiver('bob', 'carol')
    alice.event('presence', name='bob', status='available')
    equal(bob.end(signal.SIGTERM), 143)
    alice.event('presence', name='bob', status='offline')
    equal(alice.end(signal.SIGTERM), 143)


@test
def hostile_text_reaches_no_terminal(w):
    bob = w.receiver('bob', 'alice', '--count', '1')
    text = '\x1b]0;owned\x07\x1b[2J\u202egnp.exe\x00\x9b31m\r\x7f'
    w.run('alice', 'send', 'bob', '-', stdin=text.encode()).want(0)
    raw = bob.until('"message"')
    for byte in raw.encode():
        equal(byte >= 0x20 and byte != 0x7f, True)
    equal(bob.end(), 0)
    plain = w.begin('bob', 'receive', '--count', '1')
    w.await_status('alice', 'bob', 'available')
    w.run('alice', 'send', 'bob', '-', stdin=text.encode()).want(0)
    line = plain.until('alice: ')
    for part in ('\x1b', '\x07', '\u202e', '\x9b', '\r', '\x7f', '\x00'):
        lacks(line, part)
    holds(line, r'\x1b')
    holds(line, r'\u202e')
    equal(plain.end(), 0)


@test
def safety_numbers_agree(w):
    one, = w.run('alice', 'verify', 'bob', '-o', 'json').want(0).json()
    two, = w.run('bob', 'verify', 'alice', '-o', 'json').want(0).json()
    equal(set(one), {'type', 'name', 'number', 'pin'})
    equal(one['number'], two['number'])
    equal(re.fullmatch(r'\d{5}( \d{5}){11}', one['number']) is not None, True)
    other, = w.run('alice', 'verify', 'carol', '-o', 'json').want(0).json()
    equal(other['number'] != one['number'], True)
    drawn = w.run('alice', 'verify', 'bob', '--qr').want(0).out
    equal(drawn.count('\n') > 10, True)


@test
def a_confirmed_key_that_changes_stops_everything(w):
    w.run('alice', 'verify', 'bob', '--confirm').want(0)
    row, = [r for r in w.run('alice', 'list', '-o', 'json').want(0).json()
            if r['name'] == 'bob']
    equal(row['pin'], 'verified')
    link = w.admin('user', 'reset', 'bob').want(0).out.strip()
    w.run('bob', 'register', link).want(0)
    bob = w.receiver('bob', 'carol')
    done = w.run('alice', 'send', 'bob', 'is it you?', '-o', 'json').want(4)
    equal(done.error()['code'], 4)
    row, = [r for r in w.run('alice', 'list', '-o', 'json').want(0).json()
            if r['name'] == 'bob']
    equal(row['pin'], 'changed')
    w.run('alice', 'verify', 'bob', '--confirm').want(0)
    w.run('alice', 'send', 'bob', 'it is you').want(0)
    got = bob.event('message')
    equal(got['text'], 'it is you')
    equal(bob.end(signal.SIGTERM), 143)


@test
def an_ephemeral_machine_sends_and_is_reached(w):
    bob = w.receiver('bob', 'carol', '--count', '1')
    w.run(None, '--ephemeral', f'alice@{w.at}', 'send', 'bob',
          'from afar').want(0)
    equal(bob.event('message')['text'], 'from afar')
    equal(bob.end(), 0)


@test
def a_logout_elsewhere_ends_what_runs(w):
    bob = w.receiver('bob', 'carol')
    w.run('bob', 'logout').want(0)
    equal(bob.end(signal.SIGTERM) in (0, 1, 3, 143), True)


if __name__ == '__main__':
    sys.exit(main())
