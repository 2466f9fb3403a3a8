// A site that logs in with openid-client, used as its documentation shows.
// Environment: ISSUER, CLIENT_ID, CLIENT_SECRET (empty for a public client), ALGORITHM, PORT.
import { createServer } from "node:http";
import { randomUUID, webcrypto } from "node:crypto";

// Node 18, which Debian 12 has, keeps this one behind a flag.
globalThis.crypto ??= webcrypto;
const oidc = await import("openid-client");

const { ISSUER, CLIENT_ID, CLIENT_SECRET, ALGORITHM, PORT } = process.env;
const here = `http://localhost:${PORT}`;
const attempts = new Map();
const sessions = new Map();
const kept = new Map();

const config = await oidc.discovery(
  new URL(ISSUER),
  CLIENT_ID,
  { id_token_signed_response_alg: ALGORITHM },
  CLIENT_SECRET ? oidc.ClientSecretBasic(CLIENT_SECRET) : oidc.None(),
  { execute: [oidc.allowInsecureRequests] }, // the center under test speaks plain HTTP on this machine
);

async function login(visitor) {
  const verifier = oidc.randomPKCECodeVerifier();
  const attempt = { verifier, state: oidc.randomState(), nonce: oidc.randomNonce() };
  attempts.set(visitor, attempt);
  return redirect(
    oidc.buildAuthorizationUrl(config, {
      redirect_uri: `${here}/callback`,
      scope: "openid profile email",
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state: attempt.state,
      nonce: attempt.nonce,
    }),
  );
}

async function callback(visitor, url) {
  const { verifier, state, nonce } = attempts.get(visitor) ?? {};
  attempts.delete(visitor);
  const tokens = await oidc.authorizationCodeGrant(config, url, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  kept.set(visitor, tokens);
  sessions.set(visitor, { id_token: tokens.id_token, claims, userinfo });
  return redirect(`${here}/`);
}

async function refresh(visitor) {
  const tokens = await oidc.refreshTokenGrant(config, kept.get(visitor).refresh_token);
  kept.set(visitor, tokens);
  const claims = tokens.claims();
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  return json(200, { token: tokens, claims, userinfo });
}

async function introspect(visitor) {
  return json(200, await oidc.tokenIntrospection(config, kept.get(visitor).access_token));
}

async function revoke(visitor) {
  const { refresh_token } = kept.get(visitor);
  await oidc.tokenRevocation(config, refresh_token, { token_type_hint: "refresh_token" });
  try {
    await oidc.refreshTokenGrant(config, refresh_token);
  } catch (refused) {
    return json(200, { error: refused.error });
  }
  return json(200, { error: null });
}

async function robot() {
  const token = await oidc.clientCredentialsGrant(config, { scope: "orders" });
  return json(200, { token, told: await oidc.tokenIntrospection(config, token.access_token) });
}

function home(visitor) {
  const session = sessions.get(visitor);
  return session ? json(200, session) : json(401, { error: "nobody is signed in" });
}

function logout(visitor) {
  const { id_token } = sessions.get(visitor) ?? {};
  sessions.delete(visitor);
  return redirect(
    oidc.buildEndSessionUrl(config, { id_token_hint: id_token, post_logout_redirect_uri: `${here}/bye` }),
  );
}

const redirect = (url) => ({ status: 302, headers: { Location: String(url) }, body: "" });
const json = (status, value) => ({
  status,
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(value),
});

const pages = {
  "/": home,
  "/login": login,
  "/callback": callback,
  "/refresh": refresh,
  "/introspect": introspect,
  "/revoke": revoke,
  "/robot": robot,
  "/logout": logout,
  "/bye": () => json(200, { signed: "out" }),
};

createServer(async (request, response) => {
  const url = new URL(request.url, here);
  const known = /visitor=([\w-]+)/.exec(request.headers.cookie ?? "");
  const visitor = known?.[1] ?? randomUUID();
  let answer;
  try {
    answer = await (pages[url.pathname] ?? (() => json(404, { error: "no such page" })))(visitor, url);
  } catch (error) {
    answer = json(400, { error: `${error.code ?? error.name}: ${error.message}` });
  }
  response.writeHead(answer.status, {
    ...answer.headers,
    "Set-Cookie": `visitor=${visitor}; Path=/; HttpOnly; SameSite=Lax`,
  });
  response.end(answer.body);
}).listen(Number(PORT), "127.0.0.1");
