"""What the end-to-end tests share: running programs, waiting, counting.

A test is a function whose name begins with test_; it gets a Place, and fails
by an exception. Each prints one line; the last line of a program counts them.
Command line: SOTTO SOTTOD [PART...], the programs, and parts of the names of
the tests to run.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

SOTTO, SOTTOD = (os.path.abspath(path) for path in sys.argv[1:3])
READY = re.compile(r'^ready (\S+):(\d+) ([A-Za-z0-9_-]{43})\n$')
LINK = re.compile(r'^sotto://([a-z0-9_.-]+)@(\S+):(\d+)/([A-Za-z0-9_-]{43})'
                  r'#([A-Za-z0-9_-]{22})\n$')


class Skip(Exception):
    """The machine lacks what the test needs."""


def clean_environment(place, more=None):
    """An environment without this machine's habits."""
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(('SOTTO', 'XDG_', 'LISTEN_', 'NOTIFY_',
                                   'STATE_', 'JOURNAL_'))}
    env.update({'HOME': str(place), 'XDG_CONFIG_HOME': str(place / 'config'),
                'NO_COLOR': '1', **(more or {})})
    return env


class Server:
    """A sottod that runs, and is ready."""

    def __init__(self, place, *args, listen='127.0.0.1:0', env=None,
                 data='data', **popen):
        self.place = place
        self.data = place.path / data
        words = [SOTTOD, 'serve', '--data', str(self.data), *args]
        if listen:
            words += ['--listen', listen]
        self.log = open(place.path / 'server.log', 'ab')
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=self.log, text=True,
            env=clean_environment(place.path, env), **popen)
        place.servers.append(self)
        line = self.process.stdout.readline()
        found = READY.match(line)
        if not found:
            self.process.wait(30)
            raise AssertionError(f'no ready line but {line!r}, exit code '
                                 f'{self.process.returncode}')
        self.host, self.port, self.key = found[1], int(found[2]), found[3]

    def stop(self, number=signal.SIGTERM):
        """Ends it and returns its exit code."""
        self.process.send_signal(number)
        code = self.process.wait(30)
        self.process.stdout.close()
        self.log.close()
        return code

    def connect(self):
        return socket.create_connection((self.host.strip('[]'), self.port),
                                        timeout=30)

    def said(self):
        return (self.place.path / 'server.log').read_text()


class Place:
    """A folder of a test's own, with what it started."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix='sotto-e2e-'))
        self.servers = []

    def serve(self, *args, **named):
        return Server(self, *args, **named)

    def run(self, *words, code=0, env=None, program=SOTTOD, data='data',
            **named):
        """Runs a command of sottod on the test's data; checks its code."""
        words = [str(word) for word in words]
        if program == SOTTOD and data:
            words += ['--data', str(self.path / data)]
        done = subprocess.run(
            [program, *words], capture_output=True, text=True, timeout=120,
            env=clean_environment(self.path, env), cwd=self.path,
            stdin=subprocess.DEVNULL, **named)
        if done.returncode != code:
            raise AssertionError(
                f'{words}: exit code {done.returncode}, want {code}\n'
                f'{done.stdout}{done.stderr}')
        return done

    def close(self):
        for server in self.servers:
            if server.process.poll() is None:
                server.process.kill()
                server.process.wait()
        shutil.rmtree(self.path, ignore_errors=True)


def objects(text):
    """The JSON objects of some lines."""
    return [json.loads(line) for line in text.splitlines()]


def equal(got, want):
    if got != want:
        raise AssertionError(f'{got!r}, want {want!r}')


def holds(text, part):
    if part not in text:
        raise AssertionError(f'{part!r} is not in {text!r}')


def eventually(condition, seconds=20):
    """Waits until condition() is true, and returns what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f'not within {seconds} s')


def main(namespace):
    tests = [(name.removeprefix('test_'), function)
             for name, function in namespace.items()
             if name.startswith('test_')]
    wanted = sys.argv[3:]
    passed = failed = skipped = 0
    for name, function in tests:
        if wanted and not any(word in name for word in wanted):
            continue
        place = Place()
        try:
            function(place)
            print(f'ok {name}', flush=True)
            passed += 1
        except Skip as why:
            print(f'skip {name}: {why}', flush=True)
            skipped += 1
        except Exception:  # a test may fail in any way
            print(f'FAIL {name}', flush=True)
            traceback.print_exc(file=sys.stdout)
            failed += 1
            log = place.path / 'server.log'
            if log.exists():
                print(log.read_text())
        finally:
            place.close()
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    sys.exit(1 if failed else 0)
