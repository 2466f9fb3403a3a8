// The password page: what oidc-provider leaves to its host.

import { createHash, timingSafeEqual } from 'node:crypto';

const MAX_BODY = 8192;

export function interactions(provider, accounts, secret) {
  const csrfOf = (uid) => createHash('sha256').update(secret).update(uid).digest();

  async function show(req, res) {
    const { uid } = await provider.interactionDetails(req, res);
    const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in</title></head><body>
<form method="post" action="/interaction/${uid}">
<input type="hidden" name="csrf_token" value="${csrfOf(uid).toString('hex')}">
<label>User name <input name="username" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button>Sign in</button>
</form></body></html>`;
    res.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': Buffer.byteLength(page),
      'Cache-Control': 'no-store',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    });
    res.end(page);
  }

  async function submit(req, res) {
    const { uid } = await provider.interactionDetails(req, res);
    const form = new URLSearchParams(await readBody(req));
    const given = Buffer.from(form.get('csrf_token') ?? '', 'hex');
    const expected = csrfOf(uid);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return refuse(res, 403);
    const accountId = await accounts.authenticate(form.get('username') ?? '', form.get('password') ?? '');
    if (!accountId) return refuse(res, 401);
    return provider.interactionFinished(req, res, { login: { accountId, amr: ['pwd'] } });
  }

  return (req, res) => {
    const step = req.method === 'POST' ? submit : show;
    step(req, res).catch((error) => {
      console.error(error);
      refuse(res, 400);
    });
  };
}

async function readBody(req) {
  let body = '';
  for await (const part of req) {
    body += part;
    if (body.length > MAX_BODY) throw new Error('the form is too long');
  }
  return body;
}

function refuse(res, status) {
  res.writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': 0 });
  res.end();
}
