// An MCP server with sessions (npm `@modelcontextprotocol/sdk`), which can be killed and started again on the same port, or starts
// slowly.
//
//   node sdk.cjs '{"ran": "/tmp/ran", "port": 1234, "sessions": "several"}'   # over HTTP; without a port the system picks one
//   node sdk.cjs '{"ran": "/tmp/ran", "delay_s": 20}' stdio
//
// Each tool that runs adds its name to the file `ran`, which outlives the server. With `sessions` "single" there is one transport for
// all requests; with "several" one a session, and 400 for a session that is not known. Over HTTP, the first line on standard output
// tells the port.
'use strict';
const http = require('node:http');
const { appendFileSync } = require('node:fs');
const { randomUUID } = require('node:crypto');
const { Server } = require('@modelcontextprotocol/sdk/server/index.js');
const { StdioServerTransport } = require('@modelcontextprotocol/sdk/server/stdio.js');
const { StreamableHTTPServerTransport } = require('@modelcontextprotocol/sdk/server/streamableHttp.js');
const { CallToolRequestSchema, ListToolsRequestSchema } = require('@modelcontextprotocol/sdk/types.js');

const options = JSON.parse(process.argv[2]);
const tool = (name, description, properties) => ({
  name,
  description,
  inputSchema: { type: 'object', properties, required: Object.keys(properties) },
});
const TOOLS = [
  tool('add', 'Add two numbers.', { a: { type: 'number' }, b: { type: 'number' } }),
  tool('write_note', 'Keep a note.', { text: { type: 'string' } }),
];
const RUNS = {
  add: ({ a, b }) => ({ sum: a + b }),
  write_note: ({ text }) => ({ characters: text.length }),
};

function server() {
  const made = new Server({ name: 'sdk', version: '1.0.0' }, { capabilities: { tools: {} } });
  made.setRequestHandler(ListToolsRequestSchema, async () => ({ tools: TOOLS }));
  made.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    appendFileSync(options.ran, `${params.name}\n`);
    const result = RUNS[params.name](params.arguments);
    return { content: [{ type: 'text', text: JSON.stringify(result) }], structuredContent: result };
  });
  return made;
}

async function transport(known) {
  const opened = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (session) => known.set(session, opened),
  });
  await server().connect(opened);
  return opened;
}

async function serve() {
  const known = new Map();
  const single = options.sessions === 'several' ? undefined : await transport(known);
  const listener = http.createServer(async (request, response) => {
    const session = request.headers['mcp-session-id'];
    const serving = single ?? (session === undefined ? await transport(known) : known.get(session));
    if (serving) return serving.handleRequest(request, response);
    const error = { code: -32000, message: 'Bad Request: No valid session ID provided' };
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', error, id: null }));
  });
  listener.listen(options.port ?? 0, '127.0.0.1', () => console.log(JSON.stringify({ port: listener.address().port })));
}

setTimeout(() => {
  if (process.argv[3] === 'stdio') server().connect(new StdioServerTransport());
  else serve();
}, (options.delay_s ?? 0) * 1000);
