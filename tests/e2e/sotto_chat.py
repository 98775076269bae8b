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
    w.join('alice', 'bob', 'carol')
    bob = chat(w, 'bob')
    w.await_status('carol', 'bob', 'available')
    alice = chat(w, 'alice', 'bob')
    bob.until('alice would like to speak with you: /accept or /decline')
    bob.line('/accept')
    alice.until('speaking with bob [direct] [pinned] [pq]')
    bob.until('speaking with alice [direct] [pinned] [pq]')
    alice.until('bob> ')
    alice.line('hello bob')
    bob.until('alice: hello bob')
    bob.line('hello alice')
    alice.until('bob: hello alice')
    alice.line('/disconnect')
    bob.until('session closed, with alice')
    alice.line('/quit')
    equal(alice.end(), 0)
    bob.type('\x04')
    equal(bob.end(), 0)
    lacks(alice.screen, PASSWORD.encode())


@test
def the_commands(w):
    bob = chat(w, 'bob', '--policy', 'accept')
    w.await_status('carol', 'bob', 'available')
    alice = chat(w, 'alice')
    alice.line('/help')
    alice.until('/session NAME')
    alice.line('/list')
    alice.until('carol')
    alice.line('/whoami')
    alice.until('identity')
    alice.line('/msg bob one word')
    bob.until('alice: one word')
    alice.until('bob> ')
    alice.line('/verify')
    alice.until('/confirm bob')
    alice.line('/confirm')
    alice.until('verified')
    alice.line('//slash')
    bob.until('alice: /slash')
    alice.line('/say /quit')
    bob.until('alice: /quit')
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
    alice.line('/session carol')
    alice.until('!!')
    alice.line('/logout')
    alice.until('Logged out.')
    bob.until('session closed')
    alice.line('/quit')
    equal(alice.end(), 0)
    lacks(bob.screen, b'lsit')
    bob.line('/quit')
    equal(bob.end(), 0)


@test
def the_older_spellings(w):
    bob = chat(w, 'bob', '--policy', 'accept')
    w.await_status('carol', 'bob', 'available')
    alice = chat(w, 'alice')
    alice.line('!session host')
    alice.until('You are shown as available.')
    alice.line('!list')
    alice.until('carol')
    alice.line('LIST')
    alice.until('carol')
    alice.line('list')
    alice.until('carol')
    alice.line('!session bob')
    alice.until('speaking with bob')
    alice.line('!disconnect')
    alice.until('session closed, with bob')
    alice.line('send bob bare words')
    bob.until('alice: bare words')
    alice.until('bob> ')
    alice.line('disconnect carol bob')
    alice.until('your own sessions only')
    alice.line('disconnect alice bob')
    alice.until('session closed, with bob')
    alice.line('SEND bob shouted words')
    bob.until('alice: shouted words')
    alice.until('bob> ')
    alice.line('/disconnect')
    alice.until('session closed, with bob')
    alice.line('words first')
    alice.until('To whom?')
    alice.line('To: bob')
    bob.until('alice: words first')
    alice.line('logout bob')
    alice.until('log out yourself only')
    alice.line('logout alice')
    alice.until('Logged out.')
    alice.line('LOGIN')
    w.await_status('carol', 'alice', 'available')
    alice.line('LOGOUT')
    alice.until('Logged out.')
    alice.type('\x04')
    equal(alice.end(), 0)
    bob.line('/quit')
    equal(bob.end(), 0)


@test
def a_refusal_is_said(w):
    bob = chat(w, 'bob')
    w.await_status('carol', 'bob', 'available')
    alice = chat(w, 'alice', 'bob')
    bob.until('alice would like to speak with you')
    bob.line('/decline alice')
    alice.until('!!')
    alice.type('\x03')
    equal(alice.end(), 130)
    bob.line('/quit')
    equal(bob.end(), 0)


@test
def what_is_typed_survives_what_arrives(w):
    bob = chat(w, 'bob', '--policy', 'accept')
    w.await_status('carol', 'bob', 'available')
    alice = chat(w, 'alice', 'bob')
    alice.until('bob> ')
    bob.until('speaking with alice')
    alice.type('half a line')
    alice.until('half a line')
    bob.line('in between')
    alice.until('bob: in between')
    alice.until('bob> half a line')
    alice.line(' and the rest')
    bob.until('alice: half a line and the rest')
    alice.line('/quit')
    equal(alice.end(), 0)
    bob.line('/quit')
    equal(bob.end(), 0)


@test
def a_paste_is_not_sent_by_its_line_ends(w):
    bob = chat(w, 'bob', '--policy', 'accept')
    w.await_status('carol', 'bob', 'available')
    alice = chat(w, 'alice', 'bob')
    alice.until('bob> ')
    alice.type('\x1b[200~first\r/quit\r\x1b]0;x\x07third\r\x1b[201~')
    alice.until('third')
    alice.line('')
    bob.until(r'alice: first\n/quit\n]0;xthird')
    alice.line('/quit')
    equal(alice.end(), 0)
    bob.line('/quit')
    equal(bob.end(), 0)


@test
def hostile_text_is_shown_harmless(w):
    bob = chat(w, 'bob', '--policy', 'accept')
    w.await_status('carol', 'bob', 'available')
    text = '\x1b]0;owned\x07\x1b[2Jboo\u202e'
    w.run('alice', 'send', 'bob', '-', stdin=text.encode()).want(0)
    bob.until('boo\\u202e')
    lacks(bob.screen, b'\x1b]0')
    lacks(bob.screen, b'\x1b[2J')
    lacks(bob.screen, '\u202e'.encode())
    bob.line('/quit')
    equal(bob.end(), 0)


@test
def the_end_of_the_server_is_said(w):
    alice = chat(w, 'alice')
    w.await_status('carol', 'alice', 'available')
    w.stop()
    alice.until('connection lost')
    w.start()
    w.await_status('carol', 'alice', 'available')
    alice.line('/quit')
    equal(alice.end(), 0)


@test
def through_pipes(w):
    bob = w.begin('bob', 'chat', '--policy', 'accept')
    w.await_status('carol', 'bob', 'available')
    done = w.run('alice', 'chat', 'bob', stdin=b'one\ntwo\n/list\n/quit\n')
    done.want(0)
    holds(done.out, 'speaking with bob [direct]')
    holds(done.out, 'carol')
    bob.until('alice: one')
    bob.until('alice: two')
    equal(bob.end(), 0)


@test
def without_the_end_word(w):
    bob = w.begin('bob', 'chat', '--policy', 'accept', '-o', 'json')
    w.await_status('carol', 'bob', 'available')
    w.run('alice', 'chat', stdin=b'SEND bob last words').want(0)
    equal(bob.event('message')['text'], 'last words')
    equal(bob.end(), 0)


@test
def colours_only_where_wanted(w):
    holds(w.run('alice', 'whoami', '-v', '--color', 'always').want(0).err,
          '\x1b[2m-- ')
    lacks(w.run('alice', 'whoami', '-v').want(0).err, '\x1b')
    t = w.terminal('alice', 'whoami')
    t.until('\x1b[2m-- ')
    equal(t.end(), 0)
    t = w.terminal('alice', 'whoami', '--color', 'never')
    equal(t.end(), 0)
    lacks(t.screen, b'\x1b')


if __name__ == '__main__':
    sys.exit(main())
