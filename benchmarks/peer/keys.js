// One signing key for all processes, made anew at each start.

import { generateKeyPairSync, randomUUID } from 'node:crypto';

export function makeJwks(alg) {
  const { privateKey } = alg === 'RS256'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { keys: [{ ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: randomUUID() }] };
}
