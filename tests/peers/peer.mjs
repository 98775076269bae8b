// Our side, as a child process that answers one line to each, and the few
// words in which the cases are written.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const child = spawn(process.argv[2], [], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
let passed = 0;
let failed = 0;

export const text = string => new TextEncoder().encode(string);
export const hex = bytes => Buffer.from(bytes).toString('hex');
export const equal = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0;

// Strings stand as they are; bytes go in hex, "-" when there are none.
const word = argument =>
	typeof argument === 'string' ? argument :
	typeof argument === 'number' ? String(argument) :
	argument == null || argument.length === 0 ? '-' : hex(argument);

// Returns the results of a command of ours; throws what it says on an error.
export async function ours(...command) {
	child.stdin.write(command.map(word).join(' ') + '\n');
	const { value, done } = await lines.next();
	if (done)
		throw new Error('sotto-peer ended');
	if (!value.startsWith('ok'))
		throw new Error(value);
	return value.split(' ').slice(1).map(h => new Uint8Array(Buffer.from(h, 'hex')));
}

export function must(condition, what) {
	if (!condition)
		throw new Error(what);
}

// Runs f, which must throw (when it is ours, with this text).
export async function mustFail(f, error) {
	let thrown;
	try {
		await f();
	} catch (e) {
		thrown = e;
	}
	must(thrown, 'should have failed');
	must(!error || thrown.message === error, `failed with "${thrown.message}"`);
}

// One case: passes unless f throws.
export async function check(name, f) {
	try {
		await f();
		passed++;
		console.log(`ok   ${name}`);
	} catch (e) {
		failed++;
		console.log(`FAIL ${name}: ${e.message ?? e}`);
	}
}

export function finish() {
	child.stdin.end();
	console.log(`${passed} passed, ${failed} failed`);
	process.exitCode = failed === 0 ? 0 : 1;
}
