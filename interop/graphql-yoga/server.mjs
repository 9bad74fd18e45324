// graphql-yoga with uploads, persisted queries, @defer and @stream, UNAUTHENTICATED errors and logins; and, beside it, an
// `Auth` and an `Item` service with the shapes of CollectiveAccess; and graphql-js 17, which executes `@defer` and
// `@stream` in both formats. Prints its port.
import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { useAPQ } from '@graphql-yoga/plugin-apq';
import { useDeferStream } from '@graphql-yoga/plugin-defer-stream';
import { GraphQLError, buildSchema, graphql } from 'graphql';
import * as graphql17 from 'graphql-17';
import { createSchema, createYoga } from 'graphql-yoga';

const tokens = new Set();
const counts = { mutations: 0, logins: 0, renewals: 0, requests: 0 };
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function issue() {
  const token = randomBytes(12).toString('hex');
  tokens.add(token);
  return { token, refresh: `renew-${token}` };
}

function guard(context) {
  const [, token] = (context.request.headers.get('authorization') ?? '').split(' ');
  if (!tokens.has(token)) {
    throw new GraphQLError('log in first', { extensions: { code: 'UNAUTHENTICATED' } });
  }
}

const yoga = createYoga({
  logging: false,
  batching: { limit: 3 },
  plugins: [useAPQ(), useDeferStream()],
  schema: createSchema({
    typeDefs: /* GraphQL */ `
      scalar File
      type Query {
        hello(name: String): String!
        fails: String
        secret: String
        film: Film!
        numbers: [Int!]!
        counts: String!
      }
      type Film { title: String!, reviews: [String!]!, notes: String }
      type Tokens { token: String!, refresh: String! }
      type Mutation {
        count: Int
        countAnyway: Int!
        expireAll: Boolean!
        login(name: String!, password: String!): Tokens
        renew(token: String!): Tokens
        upload(file: File!): String!
        uploads(files: [File!]!): [Int!]!
      }
      type Subscription { countdown(from: Int!): Int!, secrets: String }
    `,
    resolvers: {
      Query: {
        hello: (_, { name }) => `hello ${name ?? 'world'}`,
        fails: () => { throw new GraphQLError('it fails'); },
        secret: (_, __, context) => { guard(context); return '42'; },
        film: () => ({ title: 'Metropolis' }),
        numbers: async function* () { for (let n = 1; n <= 3; n += 1) { await pause(20); yield n; } },
        counts: () => JSON.stringify(counts),
      },
      Film: {
        reviews: async () => { await pause(50); return ['good', 'long']; },
        notes: async (_, __, context) => { await pause(50); guard(context); return 'for members'; },
      },
      Mutation: {
        count: (_, __, context) => { guard(context); counts.mutations += 1; return counts.mutations; },
        countAnyway: () => { counts.mutations += 1; return counts.mutations; },
        expireAll: () => { tokens.clear(); return true; },
        login: (_, { name, password }) => {
          counts.logins += 1;
          return name === 'alice' && password === 'open sesame' ? issue() : null;
        },
        renew: async (_, { token }) => {
          counts.renewals += 1;
          await pause(50);
          return token.startsWith('renew-') ? issue() : null;
        },
        upload: async (_, { file }) => `${file.name} ${file.type} ${await file.text()}`,
        uploads: (_, { files }) => Promise.all(files.map(async (file) => (await file.arrayBuffer()).byteLength)),
      },
      Subscription: {
        secrets: {
          subscribe: async function* (_, __, context) { guard(context); yield { secrets: '42' }; },
        },
        countdown: {
          subscribe: async function* (_, { from }) {
            for (let n = from; n > 0; n -= 1) { await pause(10); yield { countdown: n }; }
          },
        },
      },
    },
  }),
});

// ===== CollectiveAccess =====

const key = randomBytes(32);
let skew = 0; // seconds that the archive's clock was moved
const now = () => Math.floor(Date.now() / 1000) + skew;
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const sign = (text) => createHmac('sha256', key).update(text).digest('base64url');

function jwt(claims) {
  const text = `${encode({ typ: 'JWT', alg: 'HS256' })}.${encode(claims)}`;
  return `${text}.${sign(text)}`;
}

function check(token) {
  const [head, claims, signature] = (token ?? '').split('.');
  if (!signature || sign(`${head}.${claims}`) !== signature) throw new Error('Internal server error');
  const read = JSON.parse(Buffer.from(claims, 'base64url'));
  if (read.exp <= now()) throw Object.assign(new Error('Internal server error'), { expired: true });
  return read;
}

const archive = { logins: 0, refreshes: 0 };
const auth = buildSchema(`
  type Query { login(username: String, password: String): User  refresh(token: String): Refresh  get(jwt: String): Int }
  type User { jwt: String, refresh: String }
  type Refresh { jwt: String }
`);
const fresh = (lifetime) => jwt({ iss: 'h', aud: 'h', iat: now(), nbf: now(), exp: now() + lifetime, id: 2 });
const root = {
  login: ({ username, password }) => {
    archive.logins += 1;
    const known = username === 'api' && password === 'open sesame';
    return known ? { jwt: fresh(600), refresh: fresh(86400) } : { jwt: null, refresh: null };
  },
  refresh: ({ token }, context) => {
    archive.refreshes += 1;
    const sent = token ?? context.bearer;
    return { jwt: sent ? jwt(check(sent)) : null }; // the claims are copied: the same token comes back
  },
  get: ({ jwt: token }, context) => check(token ?? context.bearer).id,
};

async function collectiveAccess(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { query, variables } = JSON.parse(Buffer.concat(chunks));
  const bearer = /Bearer\s(\S+)/.exec(request.headers.authorization ?? '')?.[1];
  const result = await graphql({ schema: auth, source: query, variableValues: variables, rootValue: root, contextValue: { bearer } });
  const errors = result.errors?.map((error) => ({
    ...error.toJSON(),
    ...(error.originalError?.expired ? { expiredToken: true } : {}),
  }));
  const status = errors ? (errors[0].expiredToken ? 401 : 500) : 200;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ ok: !errors, ...(errors ? { errors } : {}), data: result.data }));
}

// ===== graphql-js 17 =====

const films = graphql17.buildSchema(`
  type Query { film: Film  films: [Film!]  numbers: [Int!] }
  type Film { title: String!  reviews: [String!]  director: Person  broken: String! }
  type Person { name: String!  age: Int }
`);
const incrementalSchema = new graphql17.GraphQLSchema({
  ...films.toConfig(),
  directives: [...films.getDirectives(), graphql17.GraphQLDeferDirective, graphql17.GraphQLStreamDirective],
});
const film = (title) => ({
  title,
  reviews: async () => { await pause(10); return [`${title} is good`, 'long']; },
  director: () => ({ name: 'Lang', age: async () => { await pause(20); return 36; } }),
  broken: async () => { await pause(5); throw new Error('the reel is torn'); },
});
const cinema = {
  film: () => film('Metropolis'),
  films: async function* () { for (const title of ['M', 'Spione', 'Metropolis']) { await pause(5); yield film(title); } },
  numbers: async function* () { for (let n = 1; n <= 5; n += 1) { await pause(5); yield n; } },
};

async function incrementally(request, response, execute, specification) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { query, variables } = JSON.parse(Buffer.concat(chunks));
  const document = graphql17.parse(query);
  const result = await execute({ schema: incrementalSchema, document, rootValue: cinema, variableValues: variables });
  if (!('initialResult' in result)) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result));
    return;
  }
  response.writeHead(200, { 'content-type': `multipart/mixed; boundary="-"; ${specification}` });
  const part = (json) => response.write(`\r\n---\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(json)}`);
  part(result.initialResult);
  for await (const later of result.subsequentResults) part(later);
  response.end('\r\n-----\r\n');
}

createServer((request, response) => {
  counts.requests += 1;
  if (request.url.startsWith('/service/')) {
    collectiveAccess(request, response).catch(() => response.writeHead(500).end());
  } else if (request.url === '/incremental') {
    incrementally(request, response, graphql17.experimentalExecuteIncrementally, 'incrementalSpec=v0.2');
  } else if (request.url === '/legacy') {
    incrementally(request, response, graphql17.legacyExecuteIncrementally, 'deferSpec=20220824');
  } else if (request.url === '/later') {
    skew += 700;
    response.end();
  } else if (request.url === '/archive') {
    response.end(JSON.stringify(archive));
  } else if (request.url === '/page') {
    response.writeHead(502, { 'content-type': 'text/html' }).end('<html>bad gateway</html>');
  } else {
    yoga(request, response);
  }
}).listen(0, '127.0.0.1', function listening() {
  console.log(this.address().port);
});
