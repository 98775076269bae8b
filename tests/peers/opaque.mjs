// OPAQUE against @serenity-kit/opaque: each side as client and as server, with
// one database for both servers. Its context is empty and cannot be set.
import * as opaque from '@serenity-kit/opaque';
import { check, equal, finish, must, mustFail, ours, text } from './peer.mjs';

await opaque.ready;

const bytes = string => new Uint8Array(Buffer.from(string, 'base64url'));
const string = raw => Buffer.from(raw).toString('base64url');
const user = 'alice';
const password = 'korrekt Pferd Batterie Heftklammer';
const setup = opaque.server.createSetup();
const refused = 'error authentication failed';

// What a run of the protocol is configured with, on both sides.
const ids = [
	['without identities', undefined],
	['with identities', { client: 'alice', server: 'sotto.example' }],
	['with a client identity', { client: 'alice' }],
];
const stretchings = [
	['1 pass over 64 KiB', { iterations: 1, memory: 64, parallelism: 1 }],
	['3 passes over 1 MiB', { iterations: 3, memory: 1024, parallelism: 1 }],
];

const theirs = {
	async register(serve, c) {
		const { clientRegistrationState, registrationRequest } =
			opaque.client.startRegistration({ password: c.password });
		const response = await serve.register(bytes(registrationRequest));
		const { registrationRecord, exportKey } = opaque.client.finishRegistration({
			password: c.password, clientRegistrationState,
			registrationResponse: string(response), identifiers: c.ids,
			keyStretching: { 'argon2id-custom': c.stretching } });
		return { record: bytes(registrationRecord), exportKey: bytes(exportKey) };
	},
	async login(serve, c) {
		const { clientLoginState, startLoginRequest } =
			opaque.client.startLogin({ password: c.password });
		const ke2 = await serve.login(bytes(startLoginRequest));
		const result = opaque.client.finishLogin({
			password: c.password, clientLoginState, loginResponse: string(ke2),
			identifiers: c.ids, keyStretching: { 'argon2id-custom': c.stretching } });
		must(result, refused);
		return { ke3: bytes(result.finishLoginRequest),
			sessionKey: bytes(result.sessionKey), exportKey: bytes(result.exportKey),
			serverKey: bytes(result.serverStaticPublicKey) };
	},
	server: record => c => {
		let serverLoginState;
		return {
			register: async request => bytes(opaque.server.createRegistrationResponse({
				serverSetup: setup, userIdentifier: user,
				registrationRequest: string(request) }).registrationResponse),
			async login(ke1) {
				const answer = opaque.server.startLogin({
					serverSetup: setup, userIdentifier: user, identifiers: c.ids,
					registrationRecord: record ? string(record) : undefined,
					startLoginRequest: string(ke1) });
				({ serverLoginState } = answer);
				return bytes(answer.loginResponse);
			},
			finish: async ke3 => bytes(opaque.server.finishLogin({
				serverLoginState, identifiers: c.ids,
				finishLoginRequest: string(ke3) }).sessionKey),
		};
	},
};

const bind = ids => ours('opaque-binding', null,
	ids?.server && text(ids.server), ids?.client && text(ids.client));

const we = {
	async register(serve, c) {
		await bind(c.ids);
		const [request] = await ours('opaque-register', text(c.password));
		const response = await serve.register(request);
		const [record, exportKey] = await ours('opaque-record', text(c.password),
			response, c.stretching.iterations, c.stretching.memory);
		return { record, exportKey };
	},
	async login(serve, c) {
		await bind(c.ids);
		const [ke1] = await ours('opaque-ke1', text(c.password));
		const ke2 = await serve.login(ke1);
		await bind(c.ids);
		const [ke3, sessionKey, exportKey, serverKey] = await ours('opaque-ke3',
			text(c.password), ke2, c.stretching.iterations, c.stretching.memory);
		return { ke3, sessionKey, exportKey, serverKey };
	},
	server: record => c => ({
		register: async request =>
			(await ours('opaque-respond', text(user), request))[0],
		async login(ke1) {
			await bind(c.ids);
			return (await ours('opaque-ke2', text(user), record, ke1))[0];
		},
		finish: async ke3 => (await ours('opaque-finish', ke3))[0],
	}),
};

const sides = [['ours', we], ['theirs', theirs]];
const [serverKey] = await ours('opaque-server', bytes(setup));

await check('a server setup is read alike', async () =>
	must(equal(serverKey, bytes(opaque.server.getPublicKey(setup))), 'public key'));

// Every client registers at every server, and every client logs in at every
// server with that record, unless all are of one side.
for (const [idsName, identifiers] of ids)
	for (const [stretchingName, stretching] of stretchings)
		for (const [a, registrar] of sides)
			for (const [b, registry] of sides) {
				const c = { ids: identifiers, stretching, password };
				const { record, exportKey } = await registrar.register(registry.server()(c), c);
				must(record.length === 192, 'length of a record');
				for (const [d, client] of sides)
					for (const [e, server] of sides) {
						if (a === b && b === d && d === e)
							continue;
						await check(`${d} logs in at ${e}, registered by ${a} at ${b}, ` +
							`${idsName}, ${stretchingName}`, async () => {
							const serve = server.server(record)(c);
							const result = await client.login(serve, c);
							const sessionKey = await serve.finish(result.ke3);
							must(equal(sessionKey, result.sessionKey), 'session key');
							must(equal(exportKey, result.exportKey), 'export key');
							must(equal(serverKey, result.serverKey), 'server key');
						});
					}
			}

// What must not work, in both pairs of different sides.
for (const [[d, client], [e, server]] of [[sides[0], sides[1]], [sides[1], sides[0]]]) {
	const c = { ids: ids[1][1], stretching: stretchings[0][1], password };
	const { record } = await client.register(server.server()(c), c);
	const attempt = (change, at = record) => async () => {
		const serve = server.server(at)(c);
		await mustFail(() => client.login(serve, { ...c, ...change }), refused);
	};

	await check(`${d} at ${e}: a wrong password is refused`,
		attempt({ password: password + '!' }));
	await check(`${d} at ${e}: another server identity is refused`,
		attempt({ ids: { ...c.ids, server: 'other.example' } }));
	await check(`${d} at ${e}: another client identity is refused`,
		attempt({ ids: { ...c.ids, client: 'mallory' } }));
	await check(`${d} at ${e}: another stretching is refused`,
		attempt({ stretching: stretchings[1][1] }));
	await check(`${d} at ${e}: an unknown user gets an answer that is refused`, async () => {
		const serve = server.server(undefined)(c);
		const login = serve.login;
		serve.login = async ke1 => {
			const ke2 = await login(ke1);
			must(ke2.length === 320, 'length of KE2');
			return ke2;
		};
		await mustFail(() => client.login(serve, c), refused);
	});
	await check(`${d} at ${e}: an altered KE3 is refused`, async () => {
		const serve = server.server(record)(c);
		const { ke3 } = await client.login(serve, c);
		ke3[0] ^= 1;
		await mustFail(() => serve.finish(ke3));
	});
}
finish();
