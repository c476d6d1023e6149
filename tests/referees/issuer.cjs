// An authorization server (npm `oidc-provider`) on a loopback port that the system picks.
//
//   node issuer.cjs '{"ttl": 8, "tls": {"port": 1234, "subject": "CN=client"}}'
//
// The first line on standard output tells the port, and the secret or private key of each client. `tls` makes it the issuer
// `https://127.0.0.1:PORT` behind a proxy that checks client certificates. What a test steers and sees is under /referee:
// POST resource {url, alg, format} registers a protected resource, POST rotate {keep} changes every signing key, GET tells
// what was granted and refused.
'use strict';
const http = require('node:http');
const { generateKeyPairSync, randomBytes } = require('node:crypto');
const { Provider, errors } = require('oidc-provider');

const options = { ttl: 300, ...JSON.parse(process.argv[2] ?? '{}') };
const SCOPES = 'mcp:read mcp:write';
const CURVES = {
  RS256: ['rsa', { modulusLength: 2048 }],
  RS384: ['rsa', { modulusLength: 2048 }],
  RS512: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  PS384: ['rsa', { modulusLength: 2048 }],
  PS512: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  ES384: ['ec', { namedCurve: 'P-384' }],
  ES512: ['ec', { namedCurve: 'P-521' }],
  EdDSA: ['ed25519', {}],
};
const ALGORITHMS = Object.keys(CURVES);
const SENDER_NONCES = randomBytes(32);

const resources = new Map();
const log = { granted: [], refused: [], introspected: {}, jwks: 0 };
let generation = 0;
let keys = [];
let provider;
let handle;

const newKey = (alg) => generateKeyPairSync(...CURVES[alg]);
const jwk = (key, kid, alg) => ({ ...key.export({ format: 'jwk' }), kid, alg, use: 'sig' });

function clients() {
  const machine = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope: SCOPES };
  const secrets = {};
  const keyed = {};
  // every character that the form encoding of RFC 6749, section 2.3.1, has to change
  const secret = (id) => (secrets[id] = `p%q+r s:t/u&v=w~${id}-${randomBytes(16).toString('hex')}`);
  const all = [
    { client_id: 'basic', client_secret: secret('basic'), token_endpoint_auth_method: 'client_secret_basic' },
    { client_id: 'post', client_secret: secret('post'), token_endpoint_auth_method: 'client_secret_post' },
    { client_id: 'dpop', client_secret: secret('dpop'), token_endpoint_auth_method: 'client_secret_basic', dpop_bound_access_tokens: true },
  ];
  for (const alg of ALGORITHMS) {
    const { privateKey, publicKey } = newKey(alg);
    const id = alg.toLowerCase();
    keyed[id] = privateKey.export({ type: 'pkcs8', format: 'pem' });
    all.push({
      client_id: id,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: alg,
      jwks: { keys: [jwk(publicKey, `${id}-key`, alg)] },
    });
  }
  if (options.tls) {
    all.push({
      client_id: 'certificate',
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_subject_dn: options.tls.subject,
      tls_client_certificate_bound_access_tokens: true,
    });
  }
  const person = {
    client_id: 'person',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1/callback'],
  };
  return { all: [person, ...all.map((client) => ({ ...client, ...machine }))], secrets, keys: keyed };
}

function configuration(registered) {
  return {
    clients: registered,
    jwks: { keys },
    scopes: SCOPES.split(' '),
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none', ...(options.tls ? ['tls_client_auth'] : [])],
    enabledJWA: { clientAuthSigningAlgValues: ALGORITHMS, dPoPSigningAlgValues: ['ES256', 'EdDSA'] },
    ttl: { AccessToken: options.ttl, ClientCredentials: options.ttl },
    findAccount: (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    interactions: { url: (ctx, interaction) => `/referee/consent/${interaction.uid}` },
    issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      registration: { enabled: true },
      revocation: { enabled: true },
      dPoP: { enabled: true, nonceSecret: SENDER_NONCES, requireNonce: () => true },
      mTLS: {
        enabled: Boolean(options.tls),
        tlsClientAuth: true,
        certificateBoundAccessTokens: true,
        getCertificate: (ctx) => decodeURIComponent(ctx.get('x-client-certificate')) || undefined,
        certificateAuthorized: (ctx) => ctx.get('x-client-verify') === 'SUCCESS',
        certificateSubjectMatches: (ctx, property, expected) =>
          property === 'tls_client_auth_subject_dn' && ctx.get('x-client-subject') === expected,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo(ctx, url) {
          const known = resources.get(url);
          if (!known) throw new errors.InvalidTarget();
          const format = known.format ?? 'jwt';
          const signed = format === 'jwt' ? { jwt: { sign: { alg: known.alg ?? 'RS256' } } } : {};
          return { scope: SCOPES, audience: url, accessTokenTTL: options.ttl, accessTokenFormat: format, ...signed };
        },
      },
    },
  };
}

/** Makes new signing keys. The old ones stay published if asked for, so that tokens they signed remain good. */
function rotate(issuer, registered, keep) {
  generation += 1;
  // making an RSA key takes long, and nothing is served meanwhile: one for all algorithms with RSA
  const rsa = newKey('RS256');
  const made = (alg) => (CURVES[alg][0] === 'rsa' ? rsa : newKey(alg)).privateKey;
  const fresh = ALGORITHMS.map((alg) => jwk(made(alg), `${alg}-${generation}`, alg));
  // the first key of an algorithm signs
  keys = [...fresh, ...(keep ? keys : [])];
  provider = new Provider(issuer, configuration(registered));
  provider.proxy = Boolean(options.tls);
  provider.use(async (ctx, next) => {
    await next();
    const client = ctx.oidc?.route === 'introspection' && ctx.oidc.client?.clientId;
    if (client) log.introspected[client] = (log.introspected[client] ?? 0) + 1;
  });
  provider.on('grant.success', (ctx) => {
    const { client, params } = ctx.oidc;
    log.granted.push({
      client: client.clientId,
      grant: params.grant_type,
      method: client.clientAuthMethod,
      resource: params.resource ?? null,
      scope: ctx.body.scope ?? null,
      type: ctx.body.token_type,
      generation,
    });
  });
  provider.on('grant.error', (ctx, error) => {
    log.refused.push({ client: ctx.oidc?.client?.clientId ?? null, error: error.error, detail: error.error_detail ?? error.error_description });
  });
  handle = provider.callback();
}

/** Somebody who logs in and consents to whatever is asked. */
async function consent(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  const result = {};
  if (prompt.name === 'login') {
    result.login = { accountId: 'ada' };
  } else {
    const known = grantId && (await provider.Grant.find(grantId));
    const grant = known || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    const { missingOIDCScope = [], missingResourceScopes = {} } = prompt.details;
    grant.addOIDCScope(missingOIDCScope.join(' '));
    Object.entries(missingResourceScopes).forEach(([url, scopes]) => grant.addResourceScope(url, scopes.join(' ')));
    result.consent = { grantId: await grant.save() };
  }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

function body(request) {
  return new Promise((resolve) => {
    let text = '';
    request.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text && JSON.parse(text)));
  });
}

async function steered(request, response, issuer, registered) {
  if (request.url === '/referee/resource') {
    const { url, ...rest } = await body(request);
    resources.set(url, rest);
  } else if (request.url === '/referee/rotate') {
    rotate(issuer, registered, (await body(request)).keep);
  }
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ ...log, generation }));
}

const server = http.createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const issuer = options.tls ? `https://127.0.0.1:${options.tls.port}` : `http://127.0.0.1:${port}`;
  const registered = clients();
  rotate(issuer, registered.all, false);
  server.on('request', (request, response) => {
    if (request.url.startsWith('/referee/consent/')) {
      consent(request, response);
      return;
    }
    if (request.url.startsWith('/referee')) {
      steered(request, response, issuer, registered.all);
      return;
    }
    if (request.url === '/jwks') log.jwks += 1;
    handle(request, response);
  });
  console.log(JSON.stringify({ port, issuer, secrets: registered.secrets, keys: registered.keys }));
});
