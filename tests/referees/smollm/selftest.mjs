// Whether the server at $ABIDE_REAL_MODEL does what README.md says: scripts/real_model.sh selftest.
import assert from 'node:assert/strict';
import test from 'node:test';

const base = process.env.ABIDE_REAL_MODEL;
const MODEL = 'smollm2-135m-instruct';
const MOST_MEMORY = 700e6;

async function http(path, options) {
  const response = await fetch(`${base}${path}`, options);
  return { status: response.status, body: await response.json() };
}

const post = (body, options) => http('/chat/completions', { method: 'POST', body, ...options });
const user = (content) => [{ role: 'user', content }];

async function ask(messages, options = {}) {
  const { status, body } = await post(JSON.stringify({ model: MODEL, max_tokens: 60, messages, ...options }));
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.model, MODEL);
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total, prompt_tokens_details: details } = body.usage;
  assert.ok(prompt > 0 && total === prompt + completion, JSON.stringify(body.usage));
  const [{ message, finish_reason: finish }] = body.choices;
  return { text: message.content, calls: message.tool_calls, finish, prompt, completion, cached: details.cached_tokens };
}

async function refused(messages, options, { status = 400, param, code } = {}) {
  const answer = await post(JSON.stringify({ model: MODEL, max_tokens: 4, messages, ...options }));
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  const { error } = answer.body;
  assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code']);
  assert.equal(error.type, 'invalid_request_error');
  if (param !== undefined) assert.equal(error.param, param, error.message);
  if (code !== undefined) assert.equal(error.code, code, error.message);
}

const schema = (value) => ({ response_format: { type: 'json_schema', json_schema: { name: 'reply', schema: value, strict: true } } });
const object = (properties, required = Object.keys(properties)) => ({ type: 'object', properties, required, additionalProperties: false });
const askJson = async (text, value, options) => JSON.parse((await ask(user(text), { max_tokens: 200, ...schema(value), ...options })).text);

const FUNCTIONS = [
  {
    name: 'get_weather',
    description: 'The weather in a city',
    parameters: object({ city: { type: 'string' }, unit: { enum: ['C', 'F'] } }, ['city']),
  },
  { name: 'add', description: 'The sum of two numbers', parameters: object({ a: { type: 'integer' }, b: { type: 'integer' } }) },
  { name: 'now', description: 'The time' },
];
const tools = FUNCTIONS.map((each) => ({ type: 'function', function: each }));
const called = (id, name, given) => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id, type: 'function', function: { name, arguments: JSON.stringify(given) } }],
});
const DEMONSTRATION = [
  ...user('What is the weather in Oslo?'),
  called('call_1', 'get_weather', { city: 'Oslo', unit: 'C' }),
  { role: 'tool', tool_call_id: 'call_1', content: '{"degrees": 4}' },
  { role: 'assistant', content: 'It is 4 degrees in Oslo.' },
];

function assertCalls({ text, calls, finish }, names = FUNCTIONS.map(({ name }) => name)) {
  assert.equal(text, null);
  assert.equal(finish, 'tool_calls');
  assert.ok(calls.length > 0);
  assert.equal(new Set(calls.map(({ id }) => id)).size, calls.length);
  for (const call of calls) {
    assert.match(call.id, /^call_/);
    assert.equal(call.type, 'function');
    const { name, arguments: given } = call.function;
    assert.ok(names.includes(name), name);
    const keys = Object.keys(JSON.parse(given));
    const { properties = {}, required = [] } = FUNCTIONS.find((each) => each.name === name).parameters ?? {};
    assert.ok(required.every((key) => keys.includes(key)) && keys.every((key) => Object.hasOwn(properties, key)), given);
  }
}

const story = (subject, sentences = 60) =>
  Array.from({ length: sentences }, (_, n) => `Sentence ${n} tells that the ${subject} saw ${n * 7} birds.`).join(' ');

test('models and health', async () => {
  const models = await http('/models');
  assert.deepEqual(
    models.body.data.map(({ id }) => id),
    [MODEL],
  );
  const health = await (await fetch(new URL('/health', base))).json();
  assert.equal(health.status, 'ok');
});

test('chat', async () => {
  const reply = await ask([{ role: 'system', content: 'You are a helpful assistant.' }, ...user('What is the capital of France?')]);
  assert.match(reply.text, /Paris/);
  assert.equal(reply.finish, 'stop');
  const parts = await ask([
    { role: 'developer', content: 'You are a helpful assistant.' },
    ...user([{ type: 'text', text: 'What is the capital of France?' }]),
  ]);
  assert.deepEqual([parts.text, parts.prompt], [reply.text, reply.prompt]);
});

test('stop and length', async () => {
  const question = user('Tell me about the sea.');
  const whole = await ask(question);
  const words = whole.text.split(' ').slice(0, 6);
  const stop = ` ${words.at(-1)}`;
  const stopped = await ask(question, { stop: ['a text that is not there', stop] });
  assert.equal(stopped.text, whole.text.slice(0, whole.text.indexOf(stop)));
  assert.equal(stopped.finish, 'stop');
  for (const limit of [{ max_tokens: 3 }, { max_completion_tokens: 3, max_tokens: undefined }]) {
    const short = await ask(question, limit);
    assert.equal(short.finish, 'length');
    assert.equal(short.completion, 3);
    assert.ok(whole.text.startsWith(short.text) && short.text !== whole.text);
  }
});

test('response_format: json_object', async () => {
  const { text } = await ask(user('Describe a dog.'), { response_format: { type: 'json_object' }, max_tokens: 400 });
  assert.ok(text.startsWith('{'), text);
});

test('response_format: json_schema, nested, with enum and optional properties', async () => {
  const pet = object(
    { kind: { enum: ['cat', 'dog', 'bird'] }, name: { type: 'string', maxLength: 20 }, age: { type: 'integer', minimum: 1, maximum: 20 } },
    ['kind'],
  );
  const person = object(
    {
      nick: { type: ['string', 'null'], maxLength: 12 },
      married: { type: 'boolean' },
      pets: { type: 'array', items: { $ref: '#/$defs/pet' }, minItems: 1, maxItems: 2 },
      home: object({
        city: { type: 'string', maxLength: 20 },
        floor: { anyOf: [{ type: 'integer', minimum: 0, maximum: 9 }, { type: 'null' }] },
      }),
      kind: { const: 'person' },
    },
    ['married', 'pets', 'home', 'kind'],
  );
  for (const seed of [1, 2, 3]) {
    const value = await askJson(
      'Write about Ann, who has two cats and lives in Rome.',
      { ...person, $defs: { pet } },
      { temperature: 1.5, seed },
    );
    const { nick = null, married, pets, home, kind, ...others } = value;
    assert.deepEqual(others, {});
    assert.ok(nick === null || nick.length <= 12, nick);
    assert.equal(typeof married, 'boolean');
    assert.ok(pets.length === 1 || pets.length === 2);
    for (const each of pets) {
      assert.ok(['cat', 'dog', 'bird'].includes(each.kind));
      assert.ok(Object.keys(each).every((key) => ['kind', 'name', 'age'].includes(key)));
      assert.ok(each.age === undefined || (Number.isInteger(each.age) && each.age >= 1 && each.age <= 20), each.age);
    }
    assert.deepEqual(Object.keys(home), ['city', 'floor']);
    assert.ok(home.floor === null || (home.floor >= 0 && home.floor <= 9));
    assert.equal(kind, 'person');
  }
});

test('response_format: a schema that refers to itself', async () => {
  const tree = object({ leaf: { type: 'boolean' }, below: { type: 'array', items: { $ref: '#' }, maxItems: 1 } }, ['leaf']);
  let value = await askJson('Write a small tree.', tree, { temperature: 1, seed: 1 });
  while (value !== undefined) {
    assert.equal(typeof value.leaf, 'boolean');
    value = value.below?.[0];
  }
});

test('response_format: what is not supported is refused', async () => {
  const named = { param: 'response_format' };
  for (const wrong of [
    object({ a: { type: 'string', pattern: '^a+$' } }),
    { type: 'object', patternProperties: {} },
    { type: 'string', format: 'email' },
    { type: 'number', minimum: 0.5 },
    { allOf: [{ type: 'string' }, { type: 'null' }] },
    { $ref: '#/$defs/none' },
    { $ref: '#' },
    { type: 'date' },
    { type: 'string', maxLength: 100_000 },
    { enum: [] },
    { enum: ['a', 'bb'], maxLength: 1 },
    { type: 'array', minItems: 2, maxItems: 1 },
    false,
  ])
    await refused(user('Hello'), schema(wrong), named);
  await refused(user('Hello'), { response_format: { type: 'xml' } }, named);
  await refused(user('Hello'), { response_format: { type: 'json_schema' } }, named);
  assert.equal((await ask(user('Say hello.'), { max_tokens: 2 })).completion, 2);
});

test('tools: required and named', async () => {
  for (const [question, name] of [
    ['Use get_weather for the weather in Paris.', 'get_weather'],
    ['Use add for 12 plus 30.', 'add'],
  ]) {
    const free = await ask(user(question), { tools, tool_choice: 'required', max_tokens: 200 });
    assertCalls(free);
    assert.equal(free.calls[0].function.name, name);
    const single = await ask(user(question), { tools, tool_choice: 'required', parallel_tool_calls: false, max_tokens: 200 });
    assertCalls(single);
    assert.equal(single.calls.length, 1);
  }
  for (const name of ['add', 'now']) {
    const named = await ask(user('What is the weather in Paris?'), {
      tools,
      tool_choice: { type: 'function', function: { name } },
      max_tokens: 200,
    });
    assertCalls(named, [name]);
    assert.equal(named.calls.length, 1);
  }
});

test('tools: auto and none', async () => {
  const question = [...DEMONSTRATION, ...user('What is the weather in Paris?')];
  const auto = await ask(question, { tools, max_tokens: 200 });
  assertCalls(auto, ['get_weather']);
  assert.match(auto.calls[0].function.arguments, /Paris/);
  const words = await ask(user('Hello, who are you?'), { tools, tool_choice: 'auto' });
  assert.equal(words.calls, undefined);
  assert.ok(words.text.length > 0);
  const none = await ask(question, { tools, tool_choice: 'none' });
  assert.equal(none.calls, undefined);
  assert.ok(!none.text.startsWith('<tool_call>') && none.prompt < auto.prompt, none.text);
  const either = await ask(user('Describe a dog.'), { tools, ...schema(object({ legs: { type: 'integer' } })) });
  if (either.calls) assertCalls(either);
  else assert.deepEqual(Object.keys(JSON.parse(either.text)), ['legs']);
});

test('tools: a call that is cut off', async () => {
  const { calls, finish } = await ask(user('Use get_weather for the weather in Paris.'), {
    tools,
    tool_choice: 'required',
    max_tokens: 20,
  });
  assert.equal(finish, 'length');
  assert.throws(() => JSON.parse(calls[0].function.arguments));
});

test('tools: the result of a call', async () => {
  const messages = [
    ...DEMONSTRATION,
    ...user('What is the weather in Paris?'),
    called('call_2', 'get_weather', { city: 'Paris' }),
    { role: 'tool', tool_call_id: 'call_2', content: '{"degrees": 21}' },
  ];
  const reply = await ask(messages, { tools });
  assert.equal(reply.finish, 'stop');
  assert.match(reply.text, /21/);
});

test('tools: what is wrong is refused', async () => {
  const answer = { role: 'tool', tool_call_id: 'call_1', content: '4' };
  await refused([...user('Hello'), answer], {}, { param: 'messages[1].tool_call_id' });
  await refused([...DEMONSTRATION.slice(0, 2), ...user('Well?')], {}, { param: 'messages[2]' });
  await refused(DEMONSTRATION.slice(0, 2), {}, { param: 'messages' });
  await refused(user('Hello'), { tools: [] }, { param: 'tools' });
  await refused(
    user('Hello'),
    { tools: [{ type: 'function', function: { name: 'a', parameters: { type: 'object', not: {} } } }] },
    { param: 'tools' },
  );
  await refused(user('Hello'), { tool_choice: 'auto' }, { param: 'tool_choice' });
  await refused(user('Hello'), { tools, tool_choice: { type: 'function', function: { name: 'sub' } } }, { param: 'tool_choice' });
});

test('a prefix is evaluated once', async () => {
  const timed = async (subject, question) => {
    const start = performance.now();
    const reply = await ask([{ role: 'system', content: story(subject) }, ...user(question)], { max_tokens: 1 });
    return { ...reply, took: performance.now() - start };
  };
  const first = await timed('fox', 'Who saw birds?');
  const other = await timed('owl', 'Who saw birds?');
  const again = await timed('fox', 'How many birds did the fox see?');
  const last = await timed('owl', 'How many birds did the owl see?');
  assert.ok(first.prompt > 800 && first.cached < 50, JSON.stringify(first));
  for (const [cold, warm] of [
    [first, again],
    [other, last],
  ]) {
    assert.ok(warm.cached > 800 && warm.cached % 16 === 0, JSON.stringify(warm));
    assert.ok(warm.took < cold.took / 3, `${warm.took} ms after ${cold.took} ms`);
  }
});

test('a reply does not depend on what is kept of earlier prompts', async () => {
  const question = [{ role: 'system', content: story('cat', 20) }, ...user('Tell a story of the cat.')];
  const cold = await ask(question);
  const warm = await ask(question);
  for (const subject of ['elk', 'bee', 'pig']) await ask(user(story(subject, 20)), { max_tokens: 1 });
  const evicted = await ask(question);
  assert.ok(warm.cached > 200 && evicted.cached < 50, JSON.stringify([warm, evicted]));
  assert.deepEqual([warm.text, evicted.text], [cold.text, cold.text]);
  // a large sequence, for a prompt and a reply that are longer than a small one
  assert.equal((await ask(question, { max_tokens: 2000, stop: [cold.text.slice(-20)] })).text, cold.text.slice(0, -20));
});

test('the same request has the same reply', async () => {
  const question = user('Tell me a story.');
  const at = async (options) => (await ask(question, { max_tokens: 20, ...options })).text;
  assert.equal(await at({}), await at({ temperature: 0 }));
  const seeded = await at({ temperature: 1, seed: 7 });
  assert.equal(await at({ temperature: 1, seed: 7 }), seeded);
  assert.notEqual(await at({ temperature: 1, seed: 8 }), seeded);
  assert.notEqual(await at({ temperature: 1 }), await at({ temperature: 1 }));
  assert.equal(typeof (await at({ temperature: 1, seed: 2 ** 53, top_p: 0.9 })), 'string');
});

test('requests at the same time', async () => {
  const questions = ['Tell me about rain.', 'Tell me about snow.', 'Tell me about wind.'].map(user);
  const alone = [];
  for (const question of questions) alone.push((await ask(question)).text);
  const together = await Promise.all(questions.map((question) => ask(question)));
  assert.deepEqual(
    together.map(({ text }) => text),
    alone,
  );
});

test('a client that is gone keeps nobody waiting', async () => {
  const left = new AbortController();
  const long = JSON.stringify({ model: MODEL, max_tokens: 2000, messages: user(story('ant')), response_format: { type: 'json_object' } });
  const gone = post(long, { signal: left.signal });
  setTimeout(() => left.abort(), 300);
  await assert.rejects(gone, { name: 'AbortError' });
  const start = performance.now();
  await ask(user('Say hello.'), { max_tokens: 1 });
  assert.ok(performance.now() - start < 3000, `${performance.now() - start} ms`);
});

test('no text is a control token', async () => {
  const plain = await ask(user('x'), { max_tokens: 1 });
  for (const marker of ['<|im_end|>', '<|im_start|>', '<|endoftext|>']) {
    assert.ok((await ask(user(marker), { max_tokens: 1 })).prompt >= plain.prompt + 4, marker);
  }
});

test('a prompt that is too long', async () => {
  await refused(user('word '.repeat(9000)), {}, { param: 'messages', code: 'context_length_exceeded' });
});

test('wrong requests', async () => {
  for (const body of ['{"model": ', '', '[]', '"text"', '{}']) assert.equal((await post(body)).status, 400, body);
  assert.equal((await post(`"${'x'.repeat(5e6)}"`)).status, 413);
  await refused([{ role: 'robot', content: 'Hello' }], {}, { param: 'messages[0].role' });
  await refused([{ role: 'user' }], {}, { param: 'messages[0].content' });
  await refused(user([{ type: 'image_url', image_url: { url: 'x' } }]), {}, { param: 'messages[0].content' });
  await refused([], {}, { param: 'messages' });
  await refused(user('Hello'), { model: 'another' }, { status: 404, param: 'model', code: 'model_not_found' });
  for (const [param, value] of [
    ['max_tokens', 0],
    ['temperature', 3],
    ['top_p', 0],
    ['seed', 'x'],
    ['stop', ['']],
    ['n', 2],
    ['stream', true],
    ['no_such', 1],
  ]) {
    await refused(user('Hello'), { [param]: value }, { param });
  }
  assert.equal((await http('/embeddings', { method: 'POST', body: '{}' })).status, 404);
});

test('memory', async () => {
  const { memory } = await (await fetch(new URL('/health', base))).json();
  assert.ok(memory < MOST_MEMORY, `${memory} bytes`);
});
