"""What the end-to-end tests share: a server of their own, people with homes,
programs that are driven through pipes or a pseudo-terminal.

A test is a function with @test; it fails by an exception. main() runs them in
order and prints `ok name` or `FAIL name` for each, and the counts last.
"""
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

PASSWORD = 'pebble orchid tundra 41'
LIMIT_S = 120  # after that a program hangs, on however slow a machine

tests = []


def test(function):
    tests.append(function)
    return function


def equal(got, want):
    if got != want:
        raise AssertionError(f'got {got!r}, want {want!r}')


def holds(text, part):
    if part not in text:
        raise AssertionError(f'{part!r} is not in {text!r}')


def lacks(text, part):
    if part in text:
        raise AssertionError(f'{part!r} is in {text!r}')


class Result:
    """What a program did: its exit code, its output as text."""

    def __init__(self, code, out, err):
        self.code, self.err_bytes, self.out_bytes = code, err, out
        self.out, self.err = out.decode(), err.decode()

    def want(self, code):
        if self.code != code:
            raise AssertionError(f'exit code {self.code}, want {code}\n'
                                 f'stdout: {self.out}\nstderr: {self.err}')
        return self

    def json(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def error(self):
        """The last error of stderr, as JSON."""
        found = [json.loads(line) for line in self.err.splitlines()]
        return [row for row in found if row['type'] == 'error'][-1]


class Live:
    """A program that runs in the background, its lines read one by one."""

    def __init__(self, argv, env, stdin=subprocess.PIPE):
        self.process = subprocess.Popen(
            argv, env=env, stdin=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.seen = []
        self.rest = b''

    def line(self):
        """The next line, without its end; an error when there is none."""
        deadline = time.monotonic() + LIMIT_S
        while b'\n' not in self.rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [],
                                              left)[0]:
                raise AssertionError(f'nothing more after {self.seen!r}')
            got = os.read(self.process.stdout.fileno(), 65536)
            if not got:
                raise AssertionError(f'ended after {self.seen!r}')
            self.rest += got
        line, self.rest = self.rest.split(b'\n', 1)
        self.seen.append(line.decode())
        return self.seen[-1]

    def until(self, part):
        """Reads lines up to one that holds part, and returns that."""
        while True:
            line = self.line()
            if part in line:
                return line

    def event(self, kind, **members):
        """Reads JSON lines up to one of this type with these members."""
        while True:
            row = json.loads(self.line())
            if row['type'] == kind and all(row.get(k) == v
                                           for k, v in members.items()):
                return row

    def type(self, line):
        self.process.stdin.write(line.encode() + b'\n')
        self.process.stdin.flush()

    def end(self, signum=None):
        """Ends it, by a signal or the end of its input; its exit code."""
        if signum is not None:
            self.process.send_signal(signum)
        elif self.process.stdin:
            self.process.stdin.close()
        while True:
            got = os.read(self.process.stdout.fileno(), 65536)
            if not got:
                break
            self.rest += got
        self.seen += self.rest.decode(errors='replace').splitlines()
        return self.process.wait(LIMIT_S)

    def text(self):
        return '\n'.join(self.seen)


class Terminal:
    """A program on a pseudo-terminal of its own."""

    def __init__(self, argv, env, columns=80):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.clear()
            os.environ.update(env, TERM='xterm', COLUMNS=str(columns))
            os.execv(argv[0], argv)
        self.screen = b''
        self.at = 0

    def fill(self, left):
        if left <= 0 or not select.select([self.fd], [], [], left)[0]:
            raise AssertionError(f'nothing more on {self.screen!r}')
        try:
            got = os.read(self.fd, 65536)
        except OSError:
            got = b''
        if not got:
            raise EOFError
        self.screen += got

    def until(self, part):
        """Waits for part after what was waited for before."""
        part = part.encode() if isinstance(part, str) else part
        deadline = time.monotonic() + LIMIT_S
        while part not in self.screen[self.at:]:
            try:
                self.fill(deadline - time.monotonic())
            except EOFError:
                raise AssertionError(
                    f'no {part!r} in {self.screen[self.at:]!r}') from None
        self.at = self.screen.index(part, self.at) + len(part)

    def type(self, text):
        os.write(self.fd, text.encode() if isinstance(text, str) else text)

    def line(self, text):
        self.type(text + '\r')

    def end(self):
        """Waits for its end; its exit code (128 + n by a signal)."""
        deadline = time.monotonic() + LIMIT_S
        try:
            while True:
                self.fill(deadline - time.monotonic())
        except EOFError:
            pass
        os.close(self.fd)
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return code if code >= 0 else 128 - code


class World:
    """A server on loopback, and a folder for everybody's homes."""

    def __init__(self, sotto, sottod):
        self.sotto, self.sottod = sotto, sottod
        self.dir = tempfile.mkdtemp(prefix='sotto-e2e-')
        self.config('stretch_mib = 64\nstretch_passes = 1\n')
        self.password('password', PASSWORD)
        self.password('wrong', 'wrong horse battery 17')
        self.env = {'PATH': os.environ['PATH'], 'HOME': self.dir,
                    'LC_ALL': 'C.UTF-8',
                    'XDG_CONFIG_HOME': self.dir + '/config'}
        for name in ('ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS',
                     'TSAN_OPTIONS'):
            if name in os.environ:
                self.env[name] = os.environ[name]
        self.server = None
        self.live = []
        self.made = 0
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        self.at = f'127.0.0.1:{self.port}'
        self.start()

    def config(self, text):
        os.makedirs(self.dir + '/config/sotto', exist_ok=True)
        with open(self.dir + '/config/sotto/config', 'w') as f:
            f.write(text)

    def password(self, name, text):
        """Writes a password file; its path."""
        path = f'{self.dir}/{name}'
        with open(path, 'wb') as f:
            f.write(text if isinstance(text, bytes) else text.encode() + b'\n')
        return path

    # ---- the server ----

    def start(self, *args):
        log = open(self.dir + '/server.log', 'ab')
        self.server = subprocess.Popen(
            [self.sottod, 'serve', '--data', self.dir + '/server',
             '--listen', self.at, '--public', self.at, *args],
            env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=log)
        words = self.server.stdout.readline().decode().split()
        if len(words) != 3 or words[0] != 'ready':
            raise AssertionError(f'the server said {words!r}')
        self.key = words[2]

    def stop(self):
        if self.server:
            self.server.terminate()
            equal(self.server.wait(LIMIT_S), 0)
        self.server = None

    def admin(self, *args):
        done = subprocess.run(
            [self.sottod, *args, '--data', self.dir + '/server'],
            env=self.env, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=LIMIT_S)
        return Result(done.returncode, done.stdout, done.stderr)

    def invite(self, name):
        return self.admin('invite', name).want(0).out.strip()

    # ---- the people ----

    def home(self, who):
        return f'{self.dir}/home-{who}'

    def argv(self, who, args, password='password'):
        argv = [self.sotto]
        if who:
            argv += ['--home', self.home(who)]
        if password:
            argv += ['--password-file', f'{self.dir}/{password}']
        return argv + list(args)

    def run(self, who, *args, password='password', stdin=b'', **env):
        """Runs a command of somebody to its end, without a terminal."""
        done = subprocess.run(
            self.argv(who, args, password), env={**self.env, **env},
            input=stdin, capture_output=True, timeout=LIMIT_S,
            start_new_session=True)
        return Result(done.returncode, done.stdout, done.stderr)

    def begin(self, who, *args, password='password'):
        """Starts a command of somebody, which goes on."""
        live = Live(self.argv(who, args, password), self.env)
        self.live.append(live)
        return live

    def terminal(self, who, *args, password='password', **more):
        return Terminal(self.argv(who, args, password), self.env, **more)

    def join(self, *names):
        for name in names:
            self.run(name, 'register', '-',
                     stdin=self.invite(name).encode() + b'\n').want(0)

    def people(self, n):
        """n fresh people: a server lets one ask another only so often."""
        names = [f'p{self.made + i}' for i in range(n)]
        self.made += n
        self.join(*names)
        return names

    def status(self, who, whom):
        """How somebody is shown to somebody else."""
        rows = self.run(who, 'list', '-o', 'json').want(0).json()
        return [row['status'] for row in rows if row['name'] == whom][0]

    def await_status(self, who, whom, status):
        deadline = time.monotonic() + LIMIT_S
        while self.status(who, whom) != status:
            if time.monotonic() > deadline:
                raise AssertionError(f'{whom} did not become {status}')

    def receiver(self, who, seen_by, *args):
        """A receive of somebody, once it can be reached."""
        live = self.begin(who, 'receive', '-o', 'json', *args)
        self.await_status(seen_by, who, 'available')
        return live

    def close(self):
        for live in self.live:
            if live.process.poll() is None:
                live.process.kill()
                live.process.wait()
        if self.server:
            self.server.kill()
            self.server.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def files_below(path):
    return sorted(os.path.join(base, name)
                  for base, _, names in os.walk(path) for name in names)


def main():
    """sottotest SOTTO SOTTOD [PART]: runs the tests whose name holds PART."""
    world = World(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]))
    chosen = [t for t in tests
              if len(sys.argv) < 4 or sys.argv[3] in t.__name__]
    failed = 0
    try:
        for function in chosen:
            try:
                function(world)
                print('ok', function.__name__, flush=True)
            except Exception:
                failed += 1
                traceback.print_exc(file=sys.stdout)
                print('FAIL', function.__name__, flush=True)
                with open(world.dir + '/server.log') as log:
                    print(''.join(log.readlines()[-5:]), end='')
            for live in world.live:
                if live.process.poll() is None:
                    live.process.kill()
                    live.process.wait()
            world.live.clear()
    finally:
        world.close()
    print(f'{len(chosen) - failed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0
