// A chat completions request as messages for the model and a grammar for its reply, and the reply as an answer of that API.
'use strict';
const { createHash, randomInt } = require('node:crypto');
const { Grammar, SchemaError, literal } = require('./schema.cjs');

const UNTOLD_LIMIT = 512;
const MOST_CALLS = 4;
const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'];
const READ = [
  'model', 'messages', 'max_tokens', 'max_completion_tokens', 'temperature', 'top_p', 'seed', 'stop', 'response_format', 'tools',
  'tool_choice', 'parallel_tool_calls',
];
const WITHOUT_EFFECT = ['user', 'metadata', 'store', 'safety_identifier', 'prompt_cache_key', 'service_tier'];
// What is accepted with no other value than this.
const ONLY = { n: 1, stream: false, logprobs: false, frequency_penalty: 0, presence_penalty: 0 };

class ApiError extends Error {
  constructor(status, message, { param = null, code = null, type = 'invalid_request_error' } = {}) {
    super(message);
    Object.assign(this, { status, param, code, type });
  }

  get body() {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code } };
  }
}

function need(held, param, message, code = 'invalid_value') {
  if (!held) throw new ApiError(400, message, { param, code });
}

const isName = (value) => typeof value === 'string' && /^[a-zA-Z0-9_-]{1,64}$/.test(value);
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const within = (value, least, most) => typeof value === 'number' && value >= least && value <= most;

/// `{ messages, limit, temperature, topP, seed, stop, grammar, mayCall }`, the grammar as text where there is one. Throws ApiError.
function readRequest(body, model) {
  need(isObject(body), null, 'the body has to be a JSON object');
  const request = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  need(typeof request.model === 'string', 'model', 'you must provide a model', 'missing_required_parameter');
  if (request.model !== model)
    throw new ApiError(404, `the model \`${request.model}\` does not exist`, { param: 'model', code: 'model_not_found' });
  for (const [key, value] of Object.entries(request)) {
    if (READ.includes(key) || WITHOUT_EFFECT.includes(key)) continue;
    need(Object.hasOwn(ONLY, key), key, `the parameter \`${key}\` is not known`, 'unknown_parameter');
    need(value === ONLY[key], key, `\`${key}\` is supported as ${ONLY[key]} only`, 'unsupported_value');
  }
  const limitName = request.max_completion_tokens === undefined ? 'max_tokens' : 'max_completion_tokens';
  const { temperature = 0, top_p: topP = 1, seed = randomInt(2 ** 32 - 1), stop = [], [limitName]: limit = UNTOLD_LIMIT } = request;
  const stops = [stop].flat();
  need(Number.isInteger(limit) && limit > 0, limitName, `\`${limitName}\` has to be a whole number above 0`);
  need(within(temperature, 0, 2), 'temperature', '`temperature` has to be from 0 to 2');
  need(within(topP, 0, 1) && topP > 0, 'top_p', '`top_p` has to be above 0 and at most 1');
  need(Number.isInteger(seed), 'seed', '`seed` has to be a whole number');
  need(
    stops.length <= 4 && stops.every((text) => typeof text === 'string' && text !== ''),
    'stop',
    '`stop` has to be a text or up to 4 of them',
  );
  const tools = readTools(request);
  const messages = readMessages(request.messages);
  return {
    messages: tools.length > 0 ? withTools(messages, tools) : messages,
    limit,
    temperature: temperature < 0.01 ? 0 : temperature,
    topP,
    seed: smallSeed(seed),
    stop: stops,
    grammar: readGrammar(request, tools),
    mayCall: tools.length > 0,
  };
}

/// The library takes seeds below 2^32, of which the last one means a seed by chance.
function smallSeed(seed) {
  const size = Math.abs(seed);
  return ((Math.floor(size / 2 ** 32) ^ size) >>> 0) % (2 ** 32 - 1);
}

function readMessages(messages) {
  need(Array.isArray(messages) && messages.length > 0, 'messages', '`messages` has to be a list with at least one message');
  let open = [];
  const read = messages.map((message, index) => {
    const at = `messages[${index}]`;
    need(isObject(message), at, `\`${at}\` has to be an object`);
    const { role, content, tool_calls: calls = null } = message;
    need(ROLES.includes(role), `${at}.role`, `\`${at}.role\` has to be one of ${ROLES.join(', ')}`);
    if (role === 'tool') {
      need(open.includes(message.tool_call_id), `${at}.tool_call_id`, `\`${at}\` answers no call of the assistant's message before it`);
      open = open.filter((id) => id !== message.tool_call_id);
    } else {
      need(open.length === 0, at, `\`${at}\` comes before the calls ${open.join(', ')} are answered`);
    }
    if (role !== 'assistant' || calls === null) return { role: role === 'developer' ? 'system' : role, text: readContent(content, at) };
    open = readCalls(calls, `${at}.tool_calls`);
    const written = calls.map(({ function: { name, arguments: given } }) => `{"name": ${JSON.stringify(name)}, "arguments": ${given}}`);
    const said = content === null || content === undefined ? '' : `${readContent(content, at)}\n`;
    return { role, text: `${said}<tool_call>[${written.join(', ')}]</tool_call>` };
  });
  need(open.length === 0, 'messages', `the calls ${open.join(', ')} are not answered`);
  return read;
}

function readContent(content, at) {
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  const isText = (part) => isObject(part) && part.type === 'text' && typeof part.text === 'string';
  need(Array.isArray(parts) && parts.every(isText), `${at}.content`, `\`${at}.content\` has to be a text or a list of parts of type text`);
  return parts.map(({ text }) => text).join('');
}

function readCalls(calls, at) {
  const isCall = (call) =>
    isObject(call) &&
    typeof call.id === 'string' &&
    call.type === 'function' &&
    isObject(call.function) &&
    typeof call.function.name === 'string' &&
    typeof call.function.arguments === 'string';
  need(Array.isArray(calls) && calls.length > 0 && calls.every(isCall), at, `\`${at}\` has to be a list of calls of functions`);
  return calls.map(({ id }) => id);
}

/// The functions that may be called.
function readTools({ tools, tool_choice: choice, parallel_tool_calls: parallel }) {
  if (tools === undefined) {
    need(choice === undefined || choice === 'none', 'tool_choice', '`tool_choice` is allowed only with `tools`');
    need(parallel === undefined, 'parallel_tool_calls', '`parallel_tool_calls` is allowed only with `tools`');
    return [];
  }
  const isTool = (tool) => isObject(tool) && tool.type === 'function' && isObject(tool.function) && isName(tool.function.name);
  need(Array.isArray(tools) && tools.length > 0 && tools.every(isTool), 'tools', '`tools` has to be a list of named functions');
  const functions = tools.map((tool) => tool.function);
  need(new Set(functions.map(({ name }) => name)).size === tools.length, 'tools', 'two `tools` have one name');
  need(parallel === undefined || typeof parallel === 'boolean', 'parallel_tool_calls', '`parallel_tool_calls` has to be a boolean');
  if (choice === 'none') return [];
  const named = isObject(choice) && choice.type === 'function' && functions.some(({ name }) => name === choice.function?.name);
  need(
    [undefined, 'auto', 'required'].includes(choice) || named,
    'tool_choice',
    '`tool_choice` has to be auto, none, required, or a function of `tools`',
  );
  return functions;
}

/// The first message, which becomes the system's, also tells of the functions.
function withTools(messages, tools) {
  const lines = tools.map(({ name, description, parameters = {} }) => JSON.stringify({ name, description, parameters }));
  const text = [
    'You can call functions. To call some, reply with nothing but',
    '<tool_call>[{"name": "the function", "arguments": {"its": "arguments"}}]</tool_call>',
    'The functions, with a JSON Schema of their arguments:',
    ...lines,
  ].join('\n');
  const [first, ...others] = messages;
  return first.role === 'system'
    ? [{ role: 'system', text: `${first.text}\n\n${text}` }, ...others]
    : [{ role: 'system', text }, ...messages];
}

/// Undefined where the model may say anything. What it says in words cannot be taken for calls where functions are told of.
function readGrammar(
  { response_format: format = { type: 'text' }, tools: told, tool_choice: choice = 'auto', parallel_tool_calls: parallel = true },
  tools,
) {
  const grammar = new Grammar();
  const content = blaming('response_format', () => readFormat(grammar, format)) ?? (told && otherText(grammar, '<tool_call>'));
  if (tools.length === 0) return content && grammar.text(content);
  const permitted = isObject(choice) ? tools.filter(({ name }) => name === choice.function.name) : tools;
  const calls = blaming('tools', () => callsRule(grammar, permitted, parallel && !isObject(choice)));
  return grammar.text(choice === 'auto' ? `${calls} | ${content}` : calls);
}

function blaming(param, read) {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new ApiError(400, `\`${param}\`: ${error.message}`, { param, code: 'invalid_value' });
  }
}

function readFormat(grammar, format) {
  need(isObject(format), 'response_format', '`response_format` has to be an object');
  if (format.type === 'text') return undefined;
  if (format.type === 'json_object') return 'object';
  need(format.type === 'json_schema', 'response_format', '`response_format.type` has to be text, json_object or json_schema');
  const { name, schema } = isObject(format.json_schema) ? format.json_schema : {};
  need(isName(name), 'response_format', '`response_format.json_schema.name` has to be up to 64 letters, digits, _ and -');
  need(isObject(schema), 'response_format', '`response_format.json_schema.schema` has to be an object');
  return grammar.schema(schema);
}

function callsRule(grammar, tools, several) {
  const calls = tools.map(({ name, parameters }) => {
    if (parameters === undefined) return literal(`{"name": ${JSON.stringify(name)}, "arguments": {}}`);
    if (parameters?.type !== 'object') throw new SchemaError(`the parameters of \`${name}\` are not of type object`);
    return `${literal(`{"name": ${JSON.stringify(name)}, "arguments": `)} ${grammar.schema(parameters)} "}"`;
  });
  const call = grammar.define(calls.join(' | '));
  const more = several ? ` (", " ${call}){0,${MOST_CALLS - 1}}` : '';
  return `"<tool_call>[" ${call}${more} "]</tool_call>"`;
}

/// All texts that do not begin with `marker`.
function otherText(grammar, marker) {
  const any = grammar.define('[^\\x00]*');
  const [last, ...before] = [...marker].reverse();
  return before.reduce((rest, character) => `([^${character}] ${any} | ${literal(character)} ${rest})?`, `([^${last}] ${any})?`);
}

/// What the model said, as the answer's choice. `prompt` is its tokens.
function choice({ text, finish }, mayCall, prompt) {
  const message = { role: 'assistant', content: text, refusal: null };
  const isCalls = mayCall && text.startsWith('<tool_call>[');
  if (isCalls) {
    // the same request has the same ids in its answer
    const id = (index) => `call_${createHash('sha256').update(`${prompt} ${index} ${text}`).digest('hex').slice(0, 24)}`;
    message.content = null;
    message.tool_calls = callsIn(text).map((call, index) => ({ id: id(index), type: 'function', function: call }));
  }
  return { index: 0, message, logprobs: null, finish_reason: isCalls && finish === 'stop' ? 'tool_calls' : finish };
}

/// The calls in a text that the grammar of calls permits. Where the text is cut off, so are the last arguments.
function callsIn(text) {
  const calls = [];
  let rest = text.slice('<tool_call>['.length);
  for (;;) {
    const [before, name] = rest.match(/^(?:, )?\{"name": "([\w-]+)", "arguments": /) ?? [];
    if (before === undefined) return calls;
    rest = rest.slice(before.length);
    const size = objectSize(rest);
    calls.push({ name, arguments: rest.slice(0, size) });
    rest = rest.slice(size + 1);
  }
}

/// How long the JSON object is with which the text begins: all of the text where it has no end.
function objectSize(text) {
  let depth = 0;
  for (const { 0: part, index } of text.matchAll(/"(?:[^"\\]|\\.)*(?:"|\\?$)|[{}]/gs)) {
    if (part === '{') depth += 1;
    if (part === '}') depth -= 1;
    if (depth === 0) return index + 1;
  }
  return text.length;
}

module.exports = { ApiError, readRequest, choice };
