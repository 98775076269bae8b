#!/usr/bin/env python3
"""The line mode, on a pseudo-terminal and through pipes."""
import os
import signal
import sys

from sottotest import PASSWORD, equal, holds, lacks, main, test


def chat(w, who, *args):
    """A chat on a terminal, once it is there for others."""
    t = w.terminal(who, 'chat', *args)
    t.until(f'You are {who}')
    return t


@test
def two_people_speak(w):
    a, b, c = w.people(3)
    bob = chat(w, b)
    w.await_status(c, b, 'available')
    alice = chat(w, a, b)
    bob.until(f'{a} would like to speak with you: /accept or /decline')
    bob.line('/accept')
    alice.until(f'speaking with {b} [direct] [pinned] [pq]')
    bob.until(f'speaking with {a} [direct] [pinned] [pq]')
    alice.until(f'{b}> ')
    alice.line(f'hello {b}')
    bob.until(f'{a}: hello {b}')
    bob.line(f'hello {a}')
    alice.until(f'{b}: hello {a}')
    alice.line('/disconnect')
    bob.until(f'session closed, with {a}')
    alice.line('/quit')
    equal(alice.end(), 0)
    bob.type('\x04')
    equal(bob.end(), 0)
    lacks(alice.screen, PASSWORD.encode())


@test
def the_commands(w):
    a, b, c = w.people(3)
    bob = chat(w, b, '--policy', 'accept')
    w.await_status(c, b, 'available')
    alice = chat(w, a)
    alice.line('/help')
    alice.until('/session NAME')
    alice.line('/list')
    alice.until(c)
    alice.line('/whoami')
    alice.until('identity')
    alice.line(f'/msg {b} one word')
    bob.until(f'{a}: one word')
    alice.until(f'{b}> ')
    alice.line('/verify')
    alice.until(f'/confirm {b}')
    alice.line('/confirm')
    alice.until('verified')
    alice.line('//slash')
    bob.until(f'{a}: /slash')
    alice.line('/say /quit')
    bob.until(f'{a}: /quit')
    alice.line('/lsit')
    alice.until('Did you mean /list?')
    alice.line('/away')
    alice.until('You are shown as away.')
    alice.line('/back')
    alice.until('You are shown as available.')
    alice.line('/hide')
    alice.until('You are shown as offline.')
    alice.line('/show')
    alice.until('You are shown as available.')
    alice.line(f'/session {c}')
    alice.until('!!')
    alice.line('/logout')
    alice.until('Logged out.')
    bob.until('session closed')
    alice.line('/quit')
    equal(alice.end(), 0)
    lacks(alice.screen, b'connection lost')
    lacks(bob.screen, b'lsit')
    bob.line('/quit')
    equal(bob.end(), 0)


@test
def login_after_a_logout_asks_for_the_password(w):
    a, b = w.people(2)
    t = w.terminal(a, 'chat', password=None)
    for _ in range(2):
        t.until('Password: ')
        t.line(PASSWORD)
        t.until(f'You are {a}')
        t.line('/logout')
        t.until('Logged out.')
        t.line('/list')
        t.until('No password was given.')
        t.line('LOGIN')
    t.until('Password: ')
    t.line(PASSWORD)
    t.until(f'You are {a}')
    t.line('/quit')
    equal(t.end(), 0)
    # Through a pipe, what follows LOGIN is for the session that it begins.
    done = w.run(a, 'chat', stdin=b'/logout\nLOGIN\n/list\n').want(0)
    equal(done.out.count('Logged out.'), 1)
    equal(done.out.count(f'You are {a}'), 2)
    holds(done.out, b)


@test
def the_older_spellings(w):
    a, b, c = w.people(3)
    bob = chat(w, b, '--policy', 'accept')
    w.await_status(c, b, 'available')
    alice = chat(w, a)
    alice.line('!session host')
    alice.until('You are shown as available.')
    alice.line('!list')
    alice.until(c)
    alice.line('LIST')
    alice.until(c)
    alice.line('list')
    alice.until(c)
    alice.line(f'!session {b}')
    alice.until(f'speaking with {b}')
    alice.line('!disconnect')
    alice.until(f'session closed, with {b}')
    alice.line(f'send {b} bare words')
    bob.until(f'{a}: bare words')
    alice.until(f'{b}> ')
    alice.line(f'disconnect {c} {b}')
    alice.until('your own sessions only')
    alice.line(f'disconnect {a} {b}')
    alice.until(f'session closed, with {b}')
    alice.line(f'SEND {b} shouted words')
    bob.until(f'{a}: shouted words')
    alice.until(f'{b}> ')
    alice.line('/disconnect')
    alice.until(f'session closed, with {b}')
    alice.line('words first')
    alice.until('To whom?')
    alice.line(f'To: {b}')
    bob.until(f'{a}: words first')
    alice.line(f'logout {b}')
    alice.until('log out yourself only')
    alice.line(f'logout {a}')
    alice.until('Logged out.')
    alice.line('LOGIN')
    w.await_status(c, a, 'available')
    alice.line('LOGOUT')
    alice.until('Logged out.')
    alice.type('\x04')
    equal(alice.end(), 0)
    bob.line('/quit')
    equal(bob.end(), 0)


@test
def a_refusal_is_said(w):
    a, b, c = w.people(3)
    bob = chat(w, b)
    w.await_status(c, b, 'available')
    alice = chat(w, a, b)
    bob.until(f'{a} would like to speak with you')
    bob.line(f'/decline {a}')
    alice.until('!!')
    alice.type('\x03')
    equal(alice.end(), 130)
    bob.line('/quit')
    equal(bob.end(), 0)


@test
def what_is_typed_survives_what_arrives(w):
    a, b, c = w.people(3)
    bob = chat(w, b, '--policy', 'accept')
    w.await_status(c, b, 'available')
    alice = chat(w, a, b)
    alice.until(f'{b}> ')
    bob.until(f'speaking with {a}')
    alice.type('half a line')
    alice.until('half a line')
    bob.line('in between')
    alice.until(f'{b}: in between')
    alice.until(f'{b}> half a line')
    alice.line(' and the rest')
    bob.until(f'{a}: half a line and the rest')
    alice.line('/quit')
    equal(alice.end(), 0)
    bob.line('/quit')
    equal(bob.end(), 0)


@test
def a_paste_is_not_sent_by_its_line_ends(w):
    a, b, c = w.people(3)
    bob = chat(w, b, '--policy', 'accept')
    w.await_status(c, b, 'available')
    alice = chat(w, a, b)
    alice.until(f'{b}> ')
    alice.type('\x1b[200~first\r/quit\r\x1b]0;x\x07third\r\x1b[201~')
    alice.until('third')
    alice.line('')
    bob.until(rf'{a}: first\n/quit\n]0;xthird')
    alice.line('/quit')
    equal(alice.end(), 0)
    bob.line('/quit')
    equal(bob.end(), 0)


@test
def hostile_text_is_shown_harmless(w):
    a, b, c = w.people(3)
    bob = chat(w, b, '--policy', 'accept')
    w.await_status(c, b, 'available')
    text = '\x1b]0;owned\x07\x1b[2Jboo\u202e'
    w.run(a, 'send', b, '-', stdin=text.encode()).want(0)
    bob.until('boo\\u202e')
    lacks(bob.screen, b'\x1b]0')
    lacks(bob.screen, b'\x1b[2J')
    lacks(bob.screen, '\u202e'.encode())
    bob.line('/quit')
    equal(bob.end(), 0)


@test
def a_line_that_is_cut_is_not_closed(w):
    a, b, c = w.people(3)
    bob = chat(w, b, '--policy', 'accept')
    w.await_status(c, b, 'available')
    alice = chat(w, a, b)
    bob.until(f'speaking with {a}')
    os.kill(alice.pid, signal.SIGKILL)
    equal(alice.end(), 137)
    bob.until(f'line cut, with {a}')
    lacks(bob.screen, b'session closed')
    bob.line('/quit')
    equal(bob.end(), 0)


@test
def one_program_serves_several_people(w):
    a, b = w.people(2)
    w.run(a, 'login', f'{b}@{w.at}').want(0)
    t = w.terminal(a, '-a', a, 'chat')
    t.until(f'You are {a}')
    t.line('LOGOUT')
    t.until('Logged out.')
    t.line(f'LOGIN {b}')
    t.until('Password: ')
    t.line(PASSWORD)
    t.until(f'You are {b}')
    t.line('/whoami')
    t.until(f'{b}  {w.at}')
    t.line('/quit')
    equal(t.end(), 0)


@test
def the_end_of_the_server_is_said(w):
    a, b, c = w.people(3)
    alice = chat(w, a)
    w.await_status(c, a, 'available')
    w.stop()
    alice.until('connection lost')
    w.start()
    w.await_status(c, a, 'available')
    alice.line('/quit')
    equal(alice.end(), 0)


@test
def through_pipes(w):
    a, b, c = w.people(3)
    bob = w.begin(b, 'chat', '--policy', 'accept')
    w.await_status(c, b, 'available')
    done = w.run(a, 'chat', b, stdin=b'one\ntwo\n/list\n/quit\n')
    done.want(0)
    holds(done.out, f'speaking with {b} [direct]')
    holds(done.out, c)
    bob.until(f'{a}: one')
    bob.until(f'{a}: two')
    equal(bob.end(), 0)


@test
def without_the_end_word(w):
    a, b, c = w.people(3)
    bob = w.begin(b, 'chat', '--policy', 'accept', '-o', 'json')
    w.await_status(c, b, 'available')
    w.run(a, 'chat', stdin=f'SEND {b} last words'.encode()).want(0)
    equal(bob.event('message')['text'], 'last words')
    equal(bob.end(), 0)


@test
def colours_only_where_wanted(w):
    a, = w.people(1)
    holds(w.run(a, 'whoami', '-v', '--color', 'always').want(0).err,
          '\x1b[2m-- ')
    lacks(w.run(a, 'whoami', '-v').want(0).err, '\x1b')
    t = w.terminal(a, 'whoami')
    t.until('\x1b[2m-- ')
    equal(t.end(), 0)
    t = w.terminal(a, 'whoami', '--color', 'never')
    equal(t.end(), 0)
    lacks(t.screen, b'\x1b')


if __name__ == '__main__':
    sys.exit(main())
