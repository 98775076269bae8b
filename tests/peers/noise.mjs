// Noise against noise-c.wasm: whole conversations, each side in each role.
import { createRequire } from 'node:module';
import { check, equal, finish, must, mustFail, ours, text } from './peer.mjs';

// Its loader takes a path for a URL where there is a fetch.
delete globalThis.fetch;

const load = createRequire(import.meta.url)('noise-c.wasm');
const noise = await new Promise(resolve => load({}, resolve));
const { NOISE_ROLE_INITIATOR, NOISE_ROLE_RESPONDER, NOISE_DH_CURVE25519 } = noise.constants;
const prologue = text('sotto and others');
const everyPattern = ['N', 'K', 'X', 'NN', 'NX', 'XN', 'XK', 'KN', 'KX', 'IN', 'IX'];
const oneWay = new Set(['N', 'K', 'X']);

// Who sends which handshake message: in turns, from the initiator on.
const messages = pattern =>
	oneWay.has(pattern) ? 1 : pattern.startsWith('X') ? 3 : 2;

// Our side and theirs with the same two calls.
const ourSide = {
	start: (name, role, s, rs) => ours('noise-start', name, role, prologue, s, rs, null),
	write: async payload => (await ours('noise-write', payload))[0],
	read: async message => (await ours('noise-read', message))[0],
	seal: async payload => (await ours('noise-seal', payload))[0],
	open: async sealed => (await ours('noise-open', sealed))[0],
	finish: async () => (await ours('noise-split'))[0],
};

function theirSide() {
	const none = new Uint8Array(0);
	let handshake, send, receive;
	return {
		start(name, role, s, rs) {
			handshake = noise.HandshakeState(name,
				role === 'initiator' ? NOISE_ROLE_INITIATOR : NOISE_ROLE_RESPONDER);
			handshake.Initialize(prologue, s, rs);
		},
		write: payload => handshake.WriteMessage(payload),
		read: message => handshake.ReadMessage(message, true),
		seal: payload => send.EncryptWithAd(none, payload),
		open: sealed => receive.DecryptWithAd(none, sealed),
		finish() {
			const hash = handshake.GetHandshakeHash();
			[send, receive] = handshake.Split();
			return hash;
		},
	};
}

async function converse(pattern, name, weInitiate) {
	const [is, ip] = noise.CreateKeyPair(NOISE_DH_CURVE25519);
	const [rs, rp] = noise.CreateKeyPair(NOISE_DH_CURVE25519);
	const initiator = weInitiate ? ourSide : theirSide();
	const responder = weInitiate ? theirSide() : ourSide;
	const pass = async (put, get, from, to, payload) =>
		must(equal(await to[get](await from[put](payload)), payload), payload.length);

	await initiator.start(name, 'initiator', is, rp);
	await responder.start(name, 'responder', rs, ip);
	for (let i = 0; i < messages(pattern); i++) {
		const [from, to] = i % 2 === 0 ? [initiator, responder] : [responder, initiator];
		await pass('write', 'read', from, to, text(`handshake ${i}`));
	}
	must(equal(await initiator.finish(), await responder.finish()), 'handshake hash');
	for (let i = 0; i < 4; i++) {
		await pass('seal', 'open', initiator, responder, text('there '.repeat(i)));
		if (!oneWay.has(pattern))
			await pass('seal', 'open', responder, initiator, text('back '.repeat(500 * i)));
	}
	const sealed = await initiator.seal(text('altered'));
	sealed[3] ^= 1;
	await mustFail(() => responder.open(sealed));
}

async function both(pattern, cipher, hash) {
	const name = `Noise_${pattern}_25519_${cipher}_${hash}`;
	await check(`${name}, we initiate`, () => converse(pattern, name, true));
	await check(`${name}, they initiate`, () => converse(pattern, name, false));
}

for (const pattern of ['NK', 'IK', 'KK', 'XX'])
	for (const cipher of ['ChaChaPoly', 'AESGCM'])
		for (const hash of ['BLAKE2b', 'SHA256', 'SHA512'])
			await both(pattern, cipher, hash);
for (const pattern of everyPattern)
	await both(pattern, 'ChaChaPoly', 'BLAKE2b');
finish();
