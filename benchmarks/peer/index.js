// Starts the peer: `node index.js setup.json`. One process only minds the others; each of the others
// serves. Prints "ready" when all do, and stops when its standard input closes, so that it can't outlive
// the benchmark that started it.

import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

import Redis from 'ioredis';

import { Accounts, hashPasswords } from './accounts.js';
import { interactions } from './interaction.js';
import { makeJwks } from './keys.js';
import { makeProvider } from './provider.js';

async function mind() {
  const setup = JSON.parse(readFileSync(process.argv[2], 'utf8'));
  const shared = {
    ...setup,
    people: await hashPasswords(setup.people),
    jwks: makeJwks(setup.alg),
    cookieKeys: [randomBytes(32).toString('base64url')],
    csrfSecret: randomBytes(32).toString('base64url'),
  };
  let ready = 0;
  cluster.on('message', () => {
    ready += 1;
    if (ready === setup.workers) console.log('ready');
  });
  cluster.on('exit', () => process.exit(1));
  for (let i = 0; i < setup.workers; i += 1) cluster.fork({ PEER_SETUP: JSON.stringify(shared) });
  process.stdin.on('end', () => process.exit(0)).resume();
}

function serve() {
  const setup = JSON.parse(process.env.PEER_SETUP);
  const accounts = new Accounts(setup.people);
  const provider = makeProvider({ ...setup, accounts, redis: new Redis(setup.redisSocket) });
  provider.on('server_error', (ctx, error) => console.error(error));
  const pages = interactions(provider, accounts, setup.csrfSecret);
  const protocol = provider.callback();
  const server = createServer((req, res) => (
    req.url.startsWith('/interaction/') ? pages(req, res) : protocol(req, res)
  ));
  server.keepAliveTimeout = 120_000;
  server.listen(setup.port, '127.0.0.1', () => process.send('ready'));
  process.on('disconnect', () => process.exit(0));
}

if (cluster.isPrimary) await mind(); else serve();
