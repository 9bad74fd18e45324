// An authorization server to test against: npm oidc-provider, with clients for every way of authenticating.
//
// Listens on free loopback ports, and prints one line of JSON: where, and the keys of its clients.

import { randomBytes, randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { exportJWK, exportPKCS8, generateKeyPair, importJWK, importX509, jwtVerify } from 'jose';
import Provider, { errors } from 'oidc-provider';

const [directory] = process.argv.slice(2);
const server = createHttp();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

const keys = {};
const publicKeys = {};
for (const alg of ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA']) {
  const pair = await generateKeyPair(alg, { extractable: true });
  keys[alg] = await exportPKCS8(pair.privateKey);
  publicKeys[alg] = { ...(await exportJWK(pair.publicKey)), kid: `key-${alg}`, use: 'sig' };
}

const certificate = readFileSync(`${directory}/client.pem`, 'utf8');
const certificateKey = {
  ...(await exportJWK(await importX509(certificate, 'ES256'))),
  x5c: [new X509Certificate(certificate).raw.toString('base64')],
};

const base = {
  redirect_uris: [],
  response_types: [],
  grant_types: ['client_credentials'],
  scope: 'api:read',
};
const secret = 'a-secret-of-more-than-64-octets-for-every-hmac-0123456789abcdefghijklmnop';
const clients = [
  { ...base, client_id: 'odd:id/+ %', client_secret: 'p:a+s/s%20w&o=r d~"\\', token_endpoint_auth_method: 'client_secret_basic' },
  { ...base, client_id: 'post', client_secret: 's&c=r t', token_endpoint_auth_method: 'client_secret_post' },
  {
    ...base,
    client_id: 'secret-jwt',
    client_secret: secret,
    token_endpoint_auth_method: 'client_secret_jwt',
    token_endpoint_auth_signing_alg: 'HS256',
  },
  ...Object.keys(keys).map((alg) => ({
    ...base,
    client_id: `jwt-${alg}`,
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: alg,
    jwks: { keys: [publicKeys[alg]] },
  })),
  {
    ...base,
    client_id: 'mtls',
    token_endpoint_auth_method: 'self_signed_tls_client_auth',
    jwks: { keys: [certificateKey] },
  },
  {
    ...base,
    client_id: 'tv',
    token_endpoint_auth_method: 'none',
    grant_types: [DEVICE, 'refresh_token'],
    scope: 'openid offline_access api:read',
  },
  {
    ...base,
    client_id: 'service',
    client_secret: 'service-secret',
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['client_credentials', JWT_BEARER, EXCHANGE],
  },
];

const algs = ['HS256', 'RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const provider = new Provider(issuer, {
  clients,
  jwks: { keys: [{ ...(await exportJWK((await generateKeyPair('RS256', { extractable: true })).privateKey)), use: 'sig' }] },
  scopes: ['openid', 'offline_access', 'api:read'],
  clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'self_signed_tls_client_auth'],
  enabledJWA: { clientAuthSigningAlgValues: algs },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  rotateRefreshToken: true,
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
  ttl: { AccessToken: 3600, ClientCredentials: 600, DeviceCode: 600, Grant: 3600, RefreshToken: 3600 },
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: () => true },
    devInteractions: { enabled: false },
    // Every proof needs a nonce, at the token endpoint and at that for user information.
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true, allowReplay: false },
    mTLS: {
      enabled: true,
      selfSignedTlsClientAuth: true,
      getCertificate: (ctx) => {
        const peer = ctx.socket.getPeerCertificate?.();
        return peer?.raw ? new X509Certificate(peer.raw) : undefined;
      },
    },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource) => {
        if (!resource.startsWith('https://api.example/')) throw new errors.InvalidTarget();
        return { scope: 'api:read', audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: 300 };
      },
    },
  },
});

// ---- JWT bearer and token exchange are not part of oidc-provider: registered here, verified by jose.

const seen = new Set();
async function issue(ctx, claims, extra = {}) {
  const token = new provider.ClientCredentials({ client: ctx.oidc.client, scope: ctx.oidc.params.scope });
  token.extra = claims;
  ctx.body = { access_token: await token.save(), expires_in: token.expiration, token_type: 'Bearer', ...extra };
}

provider.registerGrantType(JWT_BEARER, async (ctx) => {
  const { assertion } = ctx.oidc.params;
  let payload;
  try {
    const key = async (header) => importJWK(publicKeys[header.alg], header.alg);
    ({ payload } = await jwtVerify(assertion, key, { audience: `${issuer}/token`, issuer: 'service', requiredClaims: ['sub', 'exp', 'jti'] }));
  } catch (error) {
    throw new errors.InvalidGrant(error.message);
  }
  if (seen.has(payload.jti)) throw new errors.InvalidGrant('replayed');
  seen.add(payload.jti);
  await issue(ctx, { sub: payload.sub });
}, ['assertion', 'scope']);

provider.registerGrantType(EXCHANGE, async (ctx) => {
  const { subject_token: subject, subject_token_type: type } = ctx.oidc.params;
  if (type !== ACCESS_TOKEN) throw new errors.InvalidRequest('unsupported subject_token_type');
  const found = (await provider.ClientCredentials.find(subject)) ?? (await provider.AccessToken.find(subject));
  if (!found) throw new errors.InvalidGrant('unknown subject token');
  await issue(ctx, { exchanged: true }, { issued_token_type: ACCESS_TOKEN });
}, ['subject_token', 'subject_token_type', 'audience', 'requested_token_type', 'scope']);

// ---- What a person does in a browser: approves or denies a device code.

async function decide(url) {
  const code = await provider.DeviceCode.findByUserCode(url.searchParams.get('user_code').replace(/-/g, ''));
  if (url.pathname === '/test/deny') {
    Object.assign(code, { error: 'access_denied', errorDescription: 'the person said no' });
  } else {
    const grant = new provider.Grant({ accountId: 'alice', clientId: code.clientId });
    grant.addOIDCScope('openid offline_access api:read');
    grant.addResourceScope('https://api.example/orders', 'api:read');
    Object.assign(code, {
      accountId: 'alice',
      authTime: Math.floor(Date.now() / 1000),
      claims: {},
      grantId: await grant.save(),
      scope: code.params.scope,
      resource: code.params.resource,
      sessionUid: randomUUID(),
    });
  }
  await code.save();
}

const answer = provider.callback();
const counts = {};
const handle = async (request, response) => {
  const url = new URL(request.url, issuer);
  counts[url.pathname] = (counts[url.pathname] ?? 0) + 1;
  if (url.pathname === '/test/counts') return response.end(JSON.stringify(counts));
  if (url.pathname.startsWith('/test/')) {
    await decide(url);
    return response.end('done');
  }
  return answer(request, response);
};
server.on('request', handle);

const tls = createHttps({
  key: readFileSync(`${directory}/server.key`),
  cert: readFileSync(`${directory}/server.pem`),
  requestCert: true,
  rejectUnauthorized: false,
}, handle);
await new Promise((resolve) => tls.listen(0, '127.0.0.1', resolve));

console.log(JSON.stringify({ issuer, tls: `https://127.0.0.1:${tls.address().port}`, secret, keys }));
