// The people who may sign in. They are kept in memory, which costs the peer less than any database.

import { hash, verify } from '@node-rs/argon2';

// OWASP's parameters for argon2id, the same as the center's.
const ARGON2ID = { algorithm: 2, memoryCost: 19456, timeCost: 2, parallelism: 1 };

export async function hashPasswords(people) {
  return Promise.all(people.map(async ({ password, ...person }) => (
    { ...person, passwordHash: await hash(password, ARGON2ID) }
  )));
}

export class Accounts {
  constructor(people) {
    this.subs = new Map(people.map((person) => [person.sub, person]));
    this.names = new Map(people.map((person) => [person.username, person]));
  }

  bySub(sub) {
    const person = this.subs.get(sub);
    if (!person) return undefined;
    return {
      accountId: sub,
      claims: async () => ({
        sub,
        name: person.name,
        preferred_username: person.username,
        email: person.email,
        email_verified: true,
        roles: person.roles,
      }),
    };
  }

  async authenticate(username, password) {
    const person = this.names.get(username);
    return person && await verify(person.passwordHash, password) ? person.sub : undefined;
  }
}
