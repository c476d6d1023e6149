// A real language model, small enough for tests, behind the chat completions API of OpenAI. README.md says what it covers.
//
//   node server.cjs SmolLM2-135M-Instruct.Q4_1.gguf
//
// The first line on standard output tells the port, once the model is ready: {"port": 1234, "model": "smollm2-135m-instruct"}. Ends
// on SIGTERM and when standard input does.
'use strict';
const http = require('node:http');
const { randomUUID } = require('node:crypto');
const { Model, CONTEXT } = require('./model.cjs');
const { ApiError, readRequest, choice } = require('./chat.cjs');

const NAME = 'smollm2-135m-instruct';
const LONGEST_BODY = 4 * 2 ** 20;
const STARTED = Math.floor(Date.now() / 1000);
let waiting = 0;
let last = Promise.resolve();

process.on('SIGTERM', () => process.exit(0));
process.on('SIGINT', () => process.exit(0));
process.stdin.on('close', () => process.exit(0)).resume();

/// Runs one after another, in the order of calling.
function inTurn(run) {
  waiting += 1;
  const done = last.then(run).finally(() => (waiting -= 1));
  last = done.catch(() => {});
  return done;
}

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= LONGEST_BODY) chunks.push(chunk);
  }
  // read to its end, so that the connection can be used again
  if (size > LONGEST_BODY) throw new ApiError(413, `the body is longer than ${LONGEST_BODY} bytes`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new ApiError(400, 'the body is not JSON');
  }
}

async function complete(model, request, signal) {
  const body = await readBody(request);
  const asked = readRequest(body, NAME);
  const prompt = model.prompt(asked.messages);
  if (prompt.length >= CONTEXT) {
    const message = `This model's maximum context length is ${CONTEXT} tokens, and the messages have ${prompt.length} tokens.`;
    throw new ApiError(400, message, { param: 'messages', code: 'context_length_exceeded' });
  }
  const grammar = asked.grammar && (await compiled(model, asked.grammar, body));
  const reply = await inTurn(() => model.reply(prompt, { ...asked, grammar, signal }));
  return {
    id: `chatcmpl-${randomUUID()}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: NAME,
    choices: [choice(reply, asked.mayCall, prompt)],
    usage: {
      prompt_tokens: prompt.length,
      completion_tokens: reply.completion,
      total_tokens: prompt.length + reply.completion,
      prompt_tokens_details: { cached_tokens: reply.cached },
    },
  };
}

async function compiled(model, grammar, { response_format: format }) {
  try {
    return await model.grammar(grammar);
  } catch {
    const param = format?.type === 'json_schema' ? 'response_format' : 'tools';
    throw new ApiError(400, `\`${param}\`: the schema is too large, or refers to itself without anything in between`, { param });
  }
}

async function answer(model, request, signal) {
  const routes = {
    'POST /v1/chat/completions': () => complete(model, request, signal),
    'GET /v1/models': () => ({ object: 'list', data: [{ id: NAME, object: 'model', created: STARTED, owned_by: 'HuggingFaceTB' }] }),
    'GET /health': () => ({ status: 'ok', model: NAME, waiting, memory: process.memoryUsage.rss() }),
  };
  const route = `${request.method} ${request.url.split('?')[0]}`;
  if (!Object.hasOwn(routes, route)) throw new ApiError(404, `there is no \`${route}\``);
  return routes[route]();
}

function respond(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
}

async function main() {
  const model = await Model.open(process.argv[2]);
  const server = http.createServer(async (request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    try {
      respond(response, 200, await answer(model, request, gone.signal));
    } catch (error) {
      if (gone.signal.aborted) return;
      if (!(error instanceof ApiError)) console.error(error);
      const told = error instanceof ApiError ? error : new ApiError(500, `${error.message}`, { type: 'server_error' });
      request.resume();
      respond(response, told.status, told.body);
    }
  });
  // a client that is about to use a connection again does not find it closed
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port, model: NAME })));
}

main();
