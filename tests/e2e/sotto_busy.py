#!/usr/bin/env python3
"""A server that asks everybody for a pass, with the real programs."""
import sys

from sottotest import equal, main, test


def stats(w):
    return {words[0]: int(words[-1]) for line in
            w.admin('stats').want(0).out.splitlines()
            if (words := line.split()) and words[-1].isdigit()}


def busy(w):
    w.stop()
    w.start('--guard', 'always')
    return w.people(2)


@test
def everything_works_for_work(w):
    alice, bob = busy(w)
    w.run(alice, 'list').want(0)
    live = w.receiver(bob, alice, '--count', '2')
    w.run(alice, 'send', bob, 'straight').want(0)
    w.run(alice, '--relay-only', 'send', bob, 'sealed').want(0)
    equal([live.event('message')['text'] for _ in range(2)],
          ['straight', 'sealed'])
    equal(live.end(), 0)
    w.run('elsewhere', 'login', f'{alice}@{w.at}').want(0)
    seen = stats(w)
    equal(seen['pk_ops_without_pass'], 0)
    equal(seen['passes_required'] > 0, True)


@test
def a_wrong_password_is_still_8(w):
    alice, _ = busy(w)
    w.run('nowhere', 'login', f'{alice}@{w.at}', password='wrong').want(8)


@test
def known_devices_have_passes(w):
    alice, _ = busy(w)
    for _ in range(4):
        w.run(alice, 'whoami').want(0)
        done = w.run(alice, '-v', 'list').want(0)
        equal('proof of work' in done.err, False)
    equal(stats(w)['passes_refused'], 0)


@test
def a_person_reads_what_it_waits_for(w):
    alice, _ = busy(w)
    done = w.run('new', '-v', 'login', f'{alice}@{w.at}').want(0)
    equal('proof of work' in done.err, True)


if __name__ == '__main__':
    sys.exit(main())
