#!/usr/bin/env python3
"""A disk that fails under the real server: it confirms nothing more, ends
with its code, and the next start has all that was confirmed (threat 39)."""
import os
import shutil
import subprocess
import sys

from sottotest import LIMIT_S, Skip, equal, main, test

FAILURE = 1


class Broken:
    """Of these calls of the server some fail, as strace's `when` says."""

    def __init__(self, w, calls, when):
        if 'ASAN_OPTIONS' in os.environ:
            raise Skip('the sanitizer looks for leaks, alone')
        strace = shutil.which('strace')
        if not strace:
            raise Skip('strace is not there')
        self.process = subprocess.Popen(
            [strace, '-f', '-qq', '-o', '/dev/null', '-e', f'trace={calls}',
             '-e', f'inject={calls}:error=EIO:when={when}', '-p',
             str(w.server.pid)],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        # The first thread is looked into; the others are within a moment.
        tasks = f'/proc/{w.server.pid}/status'
        while self.process.poll() is None:
            with open(tasks) as f:
                if 'TracerPid:\t0\n' not in f.read():
                    return
        raise Skip('no process may be looked into here: '
                   + self.process.stderr.read().decode().strip())

    def end(self):
        self.process.terminate()
        self.process.wait(LIMIT_S)
        self.process.stderr.close()


@test
def threat_39_the_server_ends_when_it_cannot_sync(w):
    w.join('alice')
    for when in ('1', '2', '1+'):
        broken = Broken(w, 'fsync,fdatasync', when)
        refused = []
        for i in range(40):
            name = f'b{when[0]}{i}'
            done = w.admin('invite', name)
            if done.code != 0:
                refused.append(name)
                break
        equal(len(refused), 1)
        equal(w.server.wait(LIMIT_S), FAILURE)
        broken.end()
        w.server = None
        with open(w.dir + '/server.log') as log:
            equal('the database cannot be written; stopping' in log.read(),
                  True)
        w.start()
        equal(w.run('alice', 'list').code, 0)
    w.join('bob')


if __name__ == '__main__':
    sys.exit(main())
