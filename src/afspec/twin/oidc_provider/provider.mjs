// An OpenID Connect provider that plays the issuer of a facility's hubs: the certified oidc-provider, on the issuer's
// own host, with its paths and scopes, and with users of identity providers that a facility accepts or does not.
//
//   node provider.mjs SECRETS.json PROVIDER.json...
//
// PROVIDER.json is what afspec compiled, one a hub. SECRETS.json is made at the start of a twin and private:
//   {"certificate": PATH, "key": PATH, "clients": {ID: SECRET}, "accounts": [{"idp", "user", "password", "claims"}]}

import { generateKeyPairSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

import Provider from 'oidc-provider';

import { page } from './page.mjs';

const HOUR = 3600;
const LARGEST_FORM = 10000;

const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
const secrets = read(process.argv[2]);
const hubs = process.argv.slice(3).map(read);
const { issuer, endpoints } = hubs[0];
const accounts = new Map(secrets.accounts.map((account) => [account.claims.sub, account]));
const scopes = [...new Set(hubs.flatMap((hub) => hub.scopes))];

// Which claims come with which scope (OpenID Connect Core 1.0, 5.4; CILogon's page on OpenID Connect).
const claims = {
  openid: ['sub', ...hubs.map((hub) => hub.username_claim).filter((claim) => claim !== 'sub')],
  profile: ['name', 'given_name', 'family_name', 'preferred_username'],
  email: ['email'],
  'org.cilogon.userinfo': ['idp', 'idp_name', 'eppn'],
};

// A new key at every start: nothing that was signed before is believed after.
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

const provider = new Provider(issuer, {
  clients: hubs.map(({ client }) => ({
    client_id: client.id,
    client_secret: secrets.clients[client.id],
    redirect_uris: client.redirect_uris,
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_post',
  })),
  claims: Object.fromEntries(Object.entries(claims).filter(([scope]) => scopes.includes(scope))),
  scopes,
  // What CILogon takes besides: which identity providers it shall offer, and how it looks.
  extraParams: ['selected_idp', 'skin'],
  // All claims come from the userinfo endpoint.
  conformIdTokenClaims: true,
  cookies: { keys: [randomBytes(32).toString('hex')] },
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: 'twin' }] },
  features: { devInteractions: { enabled: false } },
  ttl: {
    AccessToken: HOUR,
    AuthorizationCode: 60,
    Grant: 8 * HOUR,
    IdToken: HOUR,
    Interaction: HOUR,
    Session: 8 * HOUR,
  },
  routes: {
    authorization: endpoints.authorize,
    token: endpoints.token,
    userinfo: endpoints.userinfo,
    jwks: '/oauth2/certs',
  },
  interactions: { url: (_, interaction) => `/login/${interaction.uid}` },
  findAccount: (_, id) =>
    accounts.has(id) ? { accountId: id, claims: () => ({ ...accounts.get(id).claims }) } : undefined,
  // Who signs in for a hub agrees that it reads his claims.
  loadExistingGrant: async (ctx) => {
    const { client, session, result } = ctx.oidc;
    const known = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
    const found = known && (await ctx.oidc.provider.Grant.find(known));
    if (found) {
      return found;
    }
    const grant = new ctx.oidc.provider.Grant({ accountId: session.accountId, clientId: client.clientId });
    grant.addOIDCScope(scopes.join(' '));
    await grant.save();
    return grant;
  },
});

const form = async (request) => {
  let text = '';
  for await (const part of request) {
    text += part;
    if (text.length > LARGEST_FORM) {
      throw new Error('the form is too large');
    }
  }
  return new URLSearchParams(text);
};

const same = (left, right) => {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
};

// CILogon offers those identity providers that the hub names, or all; it is the hub that must check where a user is from.
const offered = (params) => {
  const all = [...new Set(secrets.accounts.map((account) => account.idp).filter(Boolean))];
  const selected = (params.selected_idp ?? '').split(',').filter(Boolean);
  return selected.length > 0 ? selected.filter((id) => all.includes(id)) : all;
};

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/login/')) {
    await next();
    return;
  }
  const details = await provider.interactionDetails(ctx.req, ctx.res);
  const identityProviders = offered(details.params);
  const show = (message) => {
    ctx.status = message ? 403 : 200;
    ctx.type = 'html';
    ctx.set('cache-control', 'no-store');
    ctx.body = page({ issuer, client: details.params.client_id, identityProviders, action: ctx.path, message });
  };
  if (ctx.method !== 'POST') {
    show('');
    return;
  }
  const given = await form(ctx.req);
  const idp = given.get('idp') ?? '';
  const account = secrets.accounts.find(
    (known) => known.user === given.get('user') && (known.idp ?? '') === idp,
  );
  const elsewhere = idp && !identityProviders.includes(idp);
  if (!account || elsewhere || !same(account.password, given.get('password') ?? '')) {
    show('No such user, or not the password.');
    return;
  }
  ctx.respond = false;
  const login = { accountId: account.claims.sub };
  await provider.interactionFinished(ctx.req, ctx.res, { login }, { mergeWithLastSubmission: false });
});

const { hostname, port } = new URL(issuer);
const server = createServer(
  { cert: readFileSync(secrets.certificate), key: readFileSync(secrets.key) },
  provider.callback(),
);
server.listen(Number(port || 443), hostname, () => console.log(`${issuer} is ready`));
