// oidc-provider, set up as for production: signed cookies, PKCE required, no development pages.

import Provider from 'oidc-provider';

import { redisAdapter } from './adapter.js';

const SCOPES = 'openid profile email';

export function makeProvider({ issuer, clients, alg, jwks, cookieKeys, accounts, redis }) {
  return new Provider(issuer, {
    adapter: redisAdapter(redis),
    clients: clients.map((client) => ({
      client_id: client.id,
      client_secret: client.secret,
      redirect_uris: [client.redirectUri],
      grant_types: client.grantTypes,
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: alg,
      // So that its ID tokens carry sid and auth_time, as the center's always do.
      require_auth_time: true,
      backchannel_logout_uri: client.logoutUri,
      backchannel_logout_session_required: true,
    })),
    jwks,
    scopes: SCOPES.split(' '),
    claims: {
      openid: ['sub', 'sid', 'auth_time', 'acr', 'amr', 'roles'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
    },
    // The ID token carries the claims of its scopes, as the center's does.
    conformIdTokenClaims: false,
    cookies: { keys: cookieKeys },
    pkce: { required: () => true },
    // As the center's: a site that may refresh is given a token for it, which ends with the session (so
    // without offline_access), and a new one at every use.
    issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (ctx, caller, token) => token.clientId === caller.clientId },
      revocation: { enabled: true, allowedPolicy: (ctx, caller, token) => token.clientId === caller.clientId },
    },
    ttl: { RefreshToken: 7776000, AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 43200, Grant: 43200 },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (ctx, sub) => accounts.bySub(sub),
    loadExistingGrant,
  });
}

// First-party sites need no consent page: the grant is made at the first visit and found from then on.
async function loadExistingGrant(ctx) {
  const { client, session, provider } = ctx.oidc;
  const known = session.grantIdFor(client.clientId);
  if (known) return provider.Grant.find(known);
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(SCOPES);
  await grant.save(43200);
  return grant;
}
