// A resource server (npm `jose`) before an MCP server that checks nothing itself.
//
//   node gate.cjs '{"issuer": "http://127.0.0.1:1", "upstream": "http://127.0.0.1:2/mcp"}'
//
// Each address /NAME/mcp is a resource of its own. Access tokens are JWT of the issuer (RFC 9068) for just that resource; those
// bound to a key need a proof of it (RFC 9449) with a nonce that this server gave. The issuer's keys are looked up again after
// a second, so a key that is published no more is soon a key that is trusted no more. The first line on standard output tells
// the port; GET /referee tells what was let through and what was refused, POST /referee/forget makes every nonce a wrong one.
'use strict';
const http = require('node:http');
const { createHash, randomUUID } = require('node:crypto');
const { EmbeddedJWK, calculateJwkThumbprint, createRemoteJWKSet, jwtVerify } = require('jose');

const { issuer, upstream, keys = `${issuer}/jwks` } = JSON.parse(process.argv[2]);
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const NONCE_LIFE_MS = 3000;

const published = createRemoteJWKSet(new URL(keys), { cacheMaxAge: 1000, cooldownDuration: 0 });
const log = { passed: 0, kids: {}, algorithms: {}, schemes: {}, refused: {} };
const proofs = new Set();
let nonces = [randomUUID(), randomUUID()];
setInterval(() => (nonces = [randomUUID(), nonces[0]]), NONCE_LIFE_MS);
const count = (table, key) => (table[key] = (table[key] ?? 0) + 1);

class Refusal extends Error {
  constructor(code, scheme = 'Bearer') {
    super(code);
    Object.assign(this, { code, scheme });
  }
}

async function proved(request, url, token, thumbprint) {
  const proof = request.headers.dpop;
  if (!proof) throw new Refusal('invalid_token', 'DPoP');
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt', maxTokenAge: '1 minute' })
    .catch(() => Promise.reject(new Refusal('invalid_dpop_proof', 'DPoP')));
  const expected = {
    htm: request.method,
    htu: url,
    ath: createHash('sha256').update(token).digest('base64url'),
  };
  const wrong = Object.keys(expected).some((claim) => payload[claim] !== expected[claim]);
  const known = await calculateJwkThumbprint(protectedHeader.jwk);
  if (wrong || known !== thumbprint || !payload.jti || proofs.has(payload.jti)) {
    throw new Refusal('invalid_dpop_proof', 'DPoP');
  }
  if (!nonces.includes(payload.nonce)) throw new Refusal('use_dpop_nonce', 'DPoP');
  proofs.add(payload.jti);
}

async function checked(request, url) {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ');
  if (!token) throw new Refusal('');
  const expected = { issuer, audience: url, typ: 'at+jwt', algorithms: ALGORITHMS, requiredClaims: ['exp', 'sub'] };
  const { payload, protectedHeader } = await jwtVerify(token, published, expected)
    .catch((error) => Promise.reject(new Refusal(error.code === 'ERR_JWKS_TIMEOUT' ? 'unavailable' : 'invalid_token')));
  const thumbprint = payload.cnf?.jkt;
  if ((thumbprint ? 'dpop' : 'bearer') !== scheme.toLowerCase()) throw new Refusal('invalid_token', thumbprint ? 'DPoP' : 'Bearer');
  if (thumbprint) await proved(request, url, token, thumbprint);
  count(log.kids, protectedHeader.kid);
  count(log.algorithms, protectedHeader.alg);
  count(log.schemes, scheme);
  log.passed += 1;
}

function refuse(response, base, name, refusal) {
  count(log.refused, refusal.code || 'no_token');
  const metadata = `resource_metadata="${base}/.well-known/oauth-protected-resource/${name}/mcp"`;
  const challenge = (scheme, extra) => {
    const error = refusal.code && refusal.scheme === scheme ? `error="${refusal.code}", ` : '';
    return `${scheme} ${error}${extra}${metadata}`;
  };
  response.writeHead(401, {
    'www-authenticate': [challenge('DPoP', 'algs="ES256 EdDSA", '), challenge('Bearer', '')],
    'dpop-nonce': nonces[0],
    'content-type': 'application/json',
  });
  response.end(JSON.stringify({ error: refusal.code || 'no token' }));
}

function forward(request, response) {
  const { authorization, dpop, host, ...headers } = request.headers;
  const onward = http.request(upstream, { method: request.method, headers, agent }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

const agent = new http.Agent({ keepAlive: true, noDelay: true });
const json = (response, value) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
const server = http.createServer(async (request, response) => {
  const base = `http://127.0.0.1:${server.address().port}`;
  if (request.url === '/referee/forget') nonces = [randomUUID(), randomUUID()];
  if (request.url.startsWith('/referee')) return json(response, log);
  const about = request.url.match(/^\/\.well-known\/oauth-protected-resource(\/[a-z0-9]+\/mcp)$/);
  if (about) return json(response, { resource: base + about[1], authorization_servers: [issuer] });
  const name = request.url.match(/^\/([a-z0-9]+)\/mcp$/)?.[1];
  if (!name) return response.writeHead(404).end();
  try {
    await checked(request, base + request.url);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    request.resume();
    return refuse(response, base, name, error);
  }
  forward(request, response);
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
