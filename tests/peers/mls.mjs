// MLS against ts-mls: groups of both, in which either makes every move.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Aes256Gcm, CipherSuite, HkdfSha384 } from '@hpke/core';
import { XWing } from '@hpke/hybridkem-x-wing';
import * as mls from 'ts-mls';
import { check, equal, finish, hex, must, text } from './peer.mjs';

const program = process.argv[3];
const children = [];
const bytes = h => new Uint8Array(Buffer.from(h, 'hex'));

// MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519, which ts-mls does not
// know: its KEM is X-Wing with the DeriveKeyPair of draft-ietf-hpke-pq,
// SHAKE256.LabeledDerive(ikm, "DeriveKeyPair", "", 32).
class MlKem768X25519 extends XWing {
	async deriveKeyPair(ikm) {
		const label = text('DeriveKeyPair');
		const input = Buffer.concat([new Uint8Array(ikm), text('HPKE-v1'),
			text('KEM'), bytes('647a'), bytes('000d'), label, bytes('0020')]);
		const sk = createHash('shake256', { outputLength: 32 }).update(input).digest();
		return this.generateKeyPairDerand(new Uint8Array(sk));
	}
}

const PQ_SUITE = 0xf002;

async function pqSuite() {
	const base = await mls.getCiphersuiteImpl('MLS_256_DHKEMP384_AES256GCM_SHA384_P384');
	const ed25519 = await mls.getCiphersuiteImpl('MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519');
	const suite = new CipherSuite({ kem: new MlKem768X25519(),
		kdf: new HkdfSha384(), aead: new Aes256Gcm() });
	const buffer = b => Uint8Array.from(b).buffer;
	const out = b => new Uint8Array(b);
	const open = async (recipientKey, enc, info) => suite.createRecipientContext(
		{ recipientKey, enc: buffer(enc), info: buffer(info) });
	const seal = async (recipientPublicKey, info) => suite.createSenderContext(
		{ recipientPublicKey, info: buffer(info) });
	const none = new Uint8Array();
	const hpke = {
		...base.hpke,
		async open(key, enc, ct, info, aad) {
			return out(await (await open(key, enc, info)).open(buffer(ct), buffer(aad ?? none)));
		},
		async seal(key, plaintext, info, aad) {
			const sender = await seal(key, info);
			const ct = await sender.seal(buffer(plaintext), buffer(aad ?? none));
			return { ct: out(ct), enc: out(sender.enc) };
		},
		async exportSecret(key, context, length, info) {
			const sender = await seal(key, info);
			return { enc: out(sender.enc),
				secret: out(await sender.export(buffer(context), length)) };
		},
		async importSecret(key, context, enc, length, info) {
			return out(await (await open(key, enc, info)).export(buffer(context), length));
		},
		importPrivateKey: k => suite.kem.deserializePrivateKey(buffer(k)),
		importPublicKey: k => suite.kem.deserializePublicKey(buffer(k)),
		exportPublicKey: async k => out(await suite.kem.serializePublicKey(k)),
		exportPrivateKey: async k => out(await suite.kem.serializePrivateKey(k)),
		deriveKeyPair: ikm => suite.kem.deriveKeyPair(buffer(ikm)),
		generateKeyPair: () => suite.kem.generateKeyPair(),
	};
	return { ...base, hpke, signature: ed25519.signature, id: PQ_SUITE };
}

const suites = {
	1: () => mls.getCiphersuiteImpl('MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519'),
	2: () => mls.getCiphersuiteImpl('MLS_128_DHKEMP256_AES128GCM_SHA256_P256'),
	3: () => mls.getCiphersuiteImpl('MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519'),
	[PQ_SUITE]: pqSuite,
};

// A member of ours: a process of sotto-mls-peer.
class Ours {
	constructor(name, suite, { isPublic }) {
		this.name = name;
		this.suite = suite.id;
		this.child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
		children.push(this.child);
		this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
		this.ready = this.ask('settings', { handshakes: isPublic ? 'public' : 'private' });
	}

	async ask(command, fields = {}) {
		this.child.stdin.write(JSON.stringify({ command, ...fields }) + '\n');
		const { value, done } = await this.lines.next();
		must(!done, `${this.name} ended`);
		const answer = JSON.parse(value);
		must(!answer.error, `${this.name}, ${command}: ${answer.error} ${answer.what ?? ''}`);
		return answer;
	}

	identity = () => ({ suite: this.suite, identity: hex(text(this.name)) });
	keyPackage = async () => bytes((await this.ask('key_package', this.identity())).key_package);
	create = () => this.ask('create', this.identity());
	join = welcome => this.ask('join', { welcome: hex(welcome) });

	// Changes to make: key packages to add, leaves to remove.
	async commit({ add = [], remove = [], psk } = {}) {
		// Added without a path, as ts-mls does it; see history().
		const omit_path = add.length > 0;
		for (const k of add)
			await this.ask('add', { key_package: hex(k) });
		for (const leaf of remove)
			await this.ask('remove', { leaf });
		if (psk)
			await this.ask('use_psk', { psk_id: hex(psk) });
		const { commit, welcome } = await this.ask('commit', { omit_path });
		return { commit: bytes(commit), welcome: welcome && bytes(welcome) };
	}
	async propose({ add, remove }) {
		if (add)
			await this.ask('add', { key_package: hex(add) });
		else if (remove !== undefined)
			await this.ask('remove', { leaf: remove });
		else
			await this.ask('update');
		return bytes((await this.ask('propose')).proposal);
	}
	process = message => this.ask('process', { message: hex(message) });
	protect = async data => bytes((await this.ask('protect', { data: hex(data) })).message);
	unprotect = async message => bytes((await this.ask('unprotect', { message: hex(message) })).data);
	leaf = async () => (await this.ask('members')).leaf;
	authenticator = async () => bytes((await this.ask('authenticator')).authenticator);
	exported = async () => bytes((await this.ask('export',
		{ label: 'peers', context: '0102', length: 40 })).secret);
	storePsk = (id, psk) => this.ask('store_psk', { psk_id: hex(id), psk: hex(psk) });
	end = () => this.child.stdin.end();
}

// A member of theirs, with the same moves.
class Theirs {
	constructor(name, suite, { isPublic }) {
		this.name = name;
		this.suite = suite;
		this.isPublic = isPublic;
		this.context = { cipherSuite: suite, externalPsks: {},
			authService: mls.unsafeTestingAuthenticationService };
	}

	async newKeyPackage() {
		const capabilities = mls.defaultCapabilities();
		const now = BigInt(Math.floor(Date.now() / 1000));
		capabilities.ciphersuites = [...capabilities.ciphersuites, PQ_SUITE];
		this.own = await mls.generateKeyPackage({
			credential: { credentialType: mls.defaultCredentialTypes.basic,
				identity: text(this.name) },
			lifetime: { notBefore: now - 3600n, notAfter: now + 86400n },
			capabilities, cipherSuite: this.suite });
		return this.own.publicPackage;
	}

	encode = (wireformat, field, value) => mls.encode(mls.mlsMessageEncoder,
		{ wireformat: mls.wireformats[wireformat], [field]: value,
			version: mls.protocolVersions.mls10 });
	decode(message) {
		const decoded = mls.decode(mls.mlsMessageDecoder, message);
		must(decoded, `${this.name} decodes`);
		return decoded;
	}
	keyPackage = async () => this.encode('mls_key_package', 'keyPackage', await this.newKeyPackage());
	async create() {
		await this.newKeyPackage();
		this.state = await mls.createGroup({ context: this.context,
			groupId: text(`group of ${this.name}`), keyPackage: this.own.publicPackage,
			privateKeyPackage: this.own.privatePackage });
	}
	async join(welcome) {
		this.state = await mls.joinGroup({ context: this.context,
			welcome: this.decode(welcome).welcome, keyPackage: this.own.publicPackage,
			privateKeys: this.own.privatePackage });
	}

	proposal({ add, remove, psk }) {
		const types = mls.defaultProposalTypes;
		if (add)
			return { proposalType: types.add, add: { keyPackage: this.decode(add).keyPackage } };
		if (psk)
			return { proposalType: types.psk, psk: { preSharedKeyId: {
				psktype: mls.pskTypes.external, pskId: psk,
				pskNonce: this.suite.rng.randomBytes(this.suite.kdf.size) } } };
		return { proposalType: types.remove, remove: { removed: remove } };
	}
	async commit({ add = [], remove = [], psk } = {}) {
		const result = await mls.createCommit({ context: this.context, state: this.state,
			wireAsPublicMessage: this.isPublic, ratchetTreeExtension: true,
			extraProposals: [...add.map(k => this.proposal({ add: k })),
				...remove.map(leaf => this.proposal({ remove: leaf })),
				...(psk ? [this.proposal({ psk })] : [])] });
		this.state = result.newState;
		return { commit: mls.encode(mls.mlsMessageEncoder, result.commit),
			welcome: result.welcome && mls.encode(mls.mlsMessageEncoder, result.welcome) };
	}
	async propose(change) {
		const result = await mls.createProposal({ context: this.context, state: this.state,
			wireAsPublicMessage: this.isPublic, proposal: this.proposal(change) });
		this.state = result.newState;
		return mls.encode(mls.mlsMessageEncoder, result.message);
	}
	async process(message) {
		const result = await mls.processMessage({ context: this.context, state: this.state,
			message: this.decode(message) });
		this.state = result.newState;
		return result;
	}
	async protect(data) {
		const result = await mls.createApplicationMessage(
			{ context: this.context, state: this.state, message: data });
		this.state = result.newState;
		return mls.encode(mls.mlsMessageEncoder, result.message);
	}
	unprotect = async message => (await this.process(message)).message;
	leaf = async () => this.state.privatePath.leafIndex;
	authenticator = async () => this.state.keySchedule.epochAuthenticator;
	exported = () => mls.mlsExporter(this.state.keySchedule.exporterSecret, 'peers',
		bytes('0102'), 40, this.suite);
	async storePsk(id, psk) {
		this.context.externalPsks[mls.bytesToBase64(id)] = psk;
	}
	end() {}
}

// A group: its members, and a delivery service that hands everything to all.
class Group {
	constructor(suite, options) {
		this.suite = suite;
		this.options = options;
		this.members = [];
		this.commits = 0;
		this.cast = 0;
	}

	async newcomer(Kind) {
		const member = new Kind(`${Kind.name.toLowerCase()} ${this.cast++}`, this.suite, this.options);
		await member.ready;
		return member;
	}

	async start(Kind) {
		const first = await this.newcomer(Kind);
		await first.create();
		this.members.push(first);
	}

	others = member => this.members.filter(m => m !== member);
	pick = n => this.members[n % this.members.length];

	async deliver(from, message) {
		for (const m of this.others(from))
			await m.process(message);
	}

	async agree() {
		const [first, ...rest] = this.members;
		const want = [await first.authenticator(), await first.exported()];
		for (const m of rest) {
			must(equal(await m.authenticator(), want[0]), `${m.name} has another authenticator`);
			must(equal(await m.exported(), want[1]), `${m.name} exports something else`);
		}
	}

	// One commit by a member, processed by all who stay, joined by the new.
	// `gone` are those whose removal was proposed before. A commit that
	// removes it is more than ts-mls can process; ours must see it.
	async commit(member, { add = [], remove = [], gone = [], psk } = {}) {
		const newcomers = [];
		for (const Kind of add)
			newcomers.push(await this.newcomer(Kind));
		const { commit, welcome } = await member.commit({
			add: await Promise.all(newcomers.map(n => n.keyPackage())),
			remove: await Promise.all(remove.map(m => m.leaf())), psk });
		const leaving = [...gone, ...remove];
		for (const m of this.others(member)) {
			if (leaving.includes(m) && m instanceof Theirs)
				continue;
			const seen = await m.process(commit);
			if (m instanceof Ours)
				must(seen.removes_us === leaving.includes(m), `${m.name} knows whether it is removed`);
		}
		leaving.forEach(m => m.end());
		this.members = this.members.filter(m => !leaving.includes(m));
		for (const n of newcomers) {
			await n.join(welcome);
			this.members.push(n);
		}
		this.commits++;
		await this.agree();
	}

	async propose(member, change) {
		await this.deliver(member, await member.propose(change));
	}

	// Everybody commits once.
	async round() {
		for (const m of [...this.members])
			await this.commit(m);
	}

	// Everybody says something, and everybody else hears it.
	async talk() {
		for (const m of this.members) {
			const said = text(`${m.name} in epoch ${this.commits}`);
			const message = await m.protect(said);
			for (const other of this.others(m))
				must(equal(await other.unprotect(message), said), `${other.name} heard something else`);
		}
	}

	async end() {
		for (const m of this.members)
			m.end();
	}
}


// What ts-mls 2.0.0-rc.10 does otherwise than RFC 9420, and how the history
// goes around it:
// - it leaves the path out of a commit with exactly one Update or Remove,
//   where 12.4 demands one: it removes two at a time;
// - it encrypts a path to the old keys of members whose Update it commits
//   (7.5 has the new tree): only we commit Updates;
// - joining, it wants equal unmerged_leaves in all parents above an unmerged
//   leaf (12.4.3.1 has no such rule): newcomers come one by one, without a
//   path, after a round in which everybody was merged;
// - its external_pub extension is the bare key, not an HPKEPublicKey
//   (12.4.3.2): nobody joins from outside;
// - it looks for pre-shared keys when a commit is public only.
async function history(suite, options, Founder) {
	const group = new Group(suite, options);
	const Guest = Founder === Ours ? Theirs : Ours;
	const one = Kind => group.members.find(m => m instanceof Kind);
	const last = Kind => group.members.findLast(m => m instanceof Kind);
	try {
		await group.start(Founder);
		for (const [i, Kind] of [Guest, Founder, Guest, Ours, Theirs, Theirs].entries()) {
			await group.commit(group.pick(i), { add: [Kind] });
			await group.talk();
			await group.round();
		}
		await group.commit(one(Ours), { remove: [last(Theirs)] });
		await group.round();
		await group.commit(one(Theirs), { remove: [last(Ours), last(Theirs)] });
		await group.talk();
		await group.round();

		// What others propose: a newcomer, new keys, removals.
		const newcomer = await group.newcomer(Guest);
		const committer = one(Theirs);
		await group.propose(one(Ours), { add: await newcomer.keyPackage() });
		const { commit, welcome } = await committer.commit();
		await group.deliver(committer, commit);
		await newcomer.join(welcome);
		group.members.push(newcomer);
		await group.agree();
		await group.round();
		await group.propose(last(Ours), {});
		await group.commit(one(Ours));
		await group.round();
		const gone = [last(Theirs), last(Ours)];
		for (const m of gone)
			await group.propose(one(Theirs), { remove: await m.leaf() });
		await group.commit(one(Ours), { gone });
		await group.talk();
		await group.round();

		// A key that all have from elsewhere.
		const psk = options.isPublic ? text('psk') : undefined;
		for (const m of group.members)
			await m.storePsk(text('psk'), text('shared by all of us before'));
		await group.commit(one(Ours), { psk });
		await group.commit(one(Theirs), { psk });
		await group.talk();
	} finally {
		await group.end();
	}
	must(group.commits >= 40, 'enough commits');
}

for (const [id, make] of Object.entries(suites)) {
	const suite = await make();
	for (const isPublic of [false, true])
		for (const Founder of [Ours, Theirs])
			await check(`suite ${id}, ${isPublic ? 'public' : 'private'} handshakes, ` +
				`${Founder.name.toLowerCase()} creates`,
			() => history(suite, { isPublic }, Founder));
}
children.forEach(child => child.kill());
finish();
