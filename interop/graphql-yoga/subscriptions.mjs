// The reference servers of the protocols for subscriptions: graphql-ws, subscriptions-transport-ws, graphql-sse (distinct and
// single connections), graphql-yoga, and parts as Apollo's router sends them. Each wants a token: in the connection
// parameters, in a header of the handshake, or in a cookie, as the path says. Prints its port.
import { createServer } from 'node:http';
import { GraphQLError, execute, parse, subscribe } from 'graphql';
import { createHandler } from 'graphql-sse/lib/use/http';
import { useServer } from 'graphql-ws/use/ws';
import { createSchema, createYoga } from 'graphql-yoga';
import { SubscriptionServer } from 'subscriptions-transport-ws';
import { WebSocketServer } from 'ws';

let issued = 0;
const tokens = new Set();
const counts = { mutations: 0, running: 0, connections: 0 };
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function issue() {
  const token = `token-${++issued}`;
  tokens.add(token);
  return token;
}

async function* counting(next) {
  counts.running += 1;
  try {
    yield* next();
  } finally {
    counts.running -= 1;
  }
}

const schema = createSchema({
  typeDefs: /* GraphQL */ `
    type Query { hello: String! }
    type Mutation { count: Int! }
    type Subscription { countdown(from: Int!): Int!, expiring: String!, forever: Int! }
  `,
  resolvers: {
    Query: { hello: () => 'world' },
    Mutation: { count: () => ++counts.mutations },
    Subscription: {
      countdown: {
        subscribe: (_, { from }) => counting(async function* () {
          for (let countdown = from; countdown >= 0; countdown -= 1) yield { countdown };
        }),
      },
      forever: {
        subscribe: () => counting(async function* () {
          for (let forever = 0; ; forever += 1) {
            yield { forever };
            await pause(5);
          }
        }),
      },
      // Three results, and then the token is no longer good: a socket is closed, and other streams say so in a result.
      expiring: {
        subscribe: (_, __, context) => counting(async function* () {
          for (let n = 0; n < 3; n += 1) yield { expiring: `${context.token} ${n}` };
          tokens.delete(context.token);
          await pause(20);
          if (!context.expire) {
            yield { expired: true };
            return;
          }
          context.expire();
          await pause(50);
        }),
        resolve: ({ expired, expiring }) => {
          if (expired) throw new GraphQLError('log in again', { extensions: { code: 'UNAUTHENTICATED' } });
          return expiring;
        },
      },
    },
  },
});

const bearer = (request) => /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
const cookie = (request) => /(?:^|; )session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
const inParams = (params) => params?.token ?? /^Bearer (.+)$/.exec(params?.headers?.Authorization ?? '')?.[1];

/// Which token a connection shows, by the last part of its path.
function shown(request, params) {
  const kind = new URL(request.url, 'http://h').pathname.split('/').pop();
  return { params: inParams(params), header: bearer(request), cookie: cookie(request) }[kind];
}

const today = new WebSocketServer({ noServer: true });
useServer({
  schema,
  onConnect: (context) => {
    counts.connections += 1;
    return tokens.has(shown(context.extra.request, context.connectionParams)); // false closes with 4403
  },
  context: (context) => ({
    token: shown(context.extra.request, context.connectionParams),
    expire: () => context.extra.socket.close(4403, 'Forbidden'),
  }),
}, today);

const older = new WebSocketServer({
  noServer: true,
  handleProtocols: (protocols) => (protocols.has('graphql-ws') ? 'graphql-ws' : false),
});
new SubscriptionServer({
  schema,
  execute,
  subscribe,
  keepAlive: 50,
  onConnect: (params, socket, { request }) => {
    counts.connections += 1;
    const token = shown(request, params);
    if (!tokens.has(token)) throw new Error('Forbidden');
    return { token, expire: () => socket.close(4403, 'Forbidden') };
  },
}, older);

const sse = createHandler({
  schema,
  authenticate: (request) => {
    if (!tokens.has(bearer(request.raw) ?? cookie(request.raw))) {
      return [null, { status: 401, statusText: 'Unauthorized', headers: { 'www-authenticate': 'Bearer' } }];
    }
    return request.headers.get('x-graphql-event-stream-token') ?? new URL(request.url, 'http://h').searchParams.get('token') ?? crypto.randomUUID();
  },
  context: (request) => ({ token: bearer(request.raw) ?? cookie(request.raw) }),
});

const yoga = createYoga({
  schema,
  logging: false,
  graphqlEndpoint: '/yoga',
  context: ({ request }) => {
    const asked = { headers: Object.fromEntries(request.headers) };
    const token = bearer(asked) ?? cookie(asked);
    if (!tokens.has(token)) throw new GraphQLError('log in first', { extensions: { code: 'UNAUTHENTICATED', http: { status: 401 } } });
    return { token };
  },
});

/// As Apollo's router: heartbeats, and every result in a part of its own.
async function parts(request, response) {
  const token = bearer(request) ?? cookie(request);
  if (!tokens.has(token)) return response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
  if (!request.headers.accept.includes('subscriptionSpec=1.0')) return response.writeHead(406).end();
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { query, variables } = JSON.parse(Buffer.concat(chunks).toString());
  response.writeHead(200, { 'content-type': 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0' });
  const part = (json) => response.write(`\r\n--graphql\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(json)}`);
  const results = await subscribe({ schema, document: parse(query), variableValues: variables, contextValue: { token } });
  part({});
  response.on('close', () => results.return?.());
  if (Symbol.asyncIterator in results) {
    for await (const payload of results) {
      part({ payload });
      part({});
    }
  } else {
    part({ payload: null, errors: results.errors });
  }
  response.end('\r\n--graphql--\r\n');
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://h');
  if (pathname === '/token') return response.end(issue());
  if (pathname === '/login') return response.setHeader('set-cookie', `session=${issue()}; Path=/; HttpOnly`).end('{"data":{}}');
  if (pathname === '/counts') return response.end(JSON.stringify(counts));
  if (pathname === '/multipart') return parts(request, response);
  if (pathname === '/yoga') return yoga(request, response);
  return sse(request, response);
});

server.on('upgrade', (request, socket, head) => {
  const { pathname } = new URL(request.url, 'http://h');
  // A header can be judged before anything is switched.
  if (pathname.endsWith('/strict/header') && !tokens.has(bearer(request))) {
    socket.end('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    return;
  }
  const sockets = pathname.startsWith('/older') ? older : today;
  sockets.handleUpgrade(request, socket, head, (upgraded) => sockets.emit('connection', upgraded, request));
});

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
