// ML-KEM-768 against @noble/post-quantum.
import { randomBytes } from 'node:crypto';
import { ml_kem768 as theirs } from '@noble/post-quantum/ml-kem.js';
import { check, equal, finish, must, mustFail, ours } from './peer.mjs';

const random = n => new Uint8Array(randomBytes(n));

for (let i = 1; i <= 10; i++) {
	const seed = random(64), m = random(32);
	const keys = theirs.keygen(seed);

	await check(`key pair ${i} is the same`, async () => {
		const [ek, dk] = await ours('mlkem-keygen', seed);
		must(equal(ek, keys.publicKey), 'encapsulation key');
		must(equal(dk, keys.secretKey), 'decapsulation key');
	});
	await check(`ours encapsulates, theirs decapsulates ${i}`, async () => {
		const [ct, shared] = await ours('mlkem-encaps', keys.publicKey, m);
		const same = theirs.encapsulate(keys.publicKey, m);
		must(equal(ct, same.cipherText), 'ciphertext');
		must(equal(shared, theirs.decapsulate(ct, keys.secretKey)), 'secret');
	});
	await check(`theirs encapsulates, ours decapsulates ${i}`, async () => {
		const { cipherText, sharedSecret } = theirs.encapsulate(keys.publicKey);
		const [shared] = await ours('mlkem-decaps', keys.secretKey, cipherText);
		must(equal(shared, sharedSecret), 'secret');
	});
	await check(`an altered ciphertext is rejected alike ${i}`, async () => {
		const { cipherText, sharedSecret } = theirs.encapsulate(keys.publicKey);
		cipherText[i * 100] ^= 1;
		const [shared] = await ours('mlkem-decaps', keys.secretKey, cipherText);
		must(!equal(shared, sharedSecret), 'taken');
		must(equal(shared, theirs.decapsulate(cipherText, keys.secretKey)), 'secret');
	});
}
await check('a key that is not reduced is refused by both', async () => {
	const ek = theirs.keygen(random(64)).publicKey.slice();
	ek.set([0xff, 0xff, 0xff], 0);
	await mustFail(() => theirs.encapsulate(ek));
	await mustFail(() => ours('mlkem-encaps', ek, random(32)), 'error unusable key');
});
finish();
