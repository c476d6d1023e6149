// SmolLM2-135M-Instruct on one thread (npm `node-llama-cpp`): a prompt of tokens in, text out.
//
// What was computed for earlier prompts is kept, so that a prompt with the same beginning starts from there. Evaluated in batches of
// another size, the same tokens give numbers that differ in their last bits, and so at times another reply. Therefore a prompt is
// always evaluated in batches of BATCH tokens counted from its start, and only whole batches are kept: a reply does not depend on
// what was asked before.
'use strict';
const v8 = require('node:v8');
const vm = require('node:vm');

const BATCH = 16;
// A sequence holds one prompt and its reply. Memory grows with the sum of all sizes, 23 kB for each token.
const SEQUENCES = [
  { size: 2048, count: 3 },
  { size: 8192, count: 1 },
];
const CONTEXT = 8192;
const UNTOLD_SYSTEM = 'You are a helpful AI assistant named SmolLM, trained by Hugging Face';

const REPLIES_TO_A_COLLECTION = 8;

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc');

class Model {
  #library;
  #llama;
  #model;
  #slots = [];
  #uses = 0;

  static async open(path) {
    const opened = new Model();
    const library = await import(require.resolve('node-llama-cpp'));
    opened.#library = library;
    opened.#llama = await library.getLlama({
      gpu: false,
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      maxThreads: 1,
      logLevel: library.LlamaLogLevel.error,
      logger: (level, message) => process.stderr.write(`${level}: ${message.trimEnd()}\n`),
    });
    opened.#model = await opened.#llama.loadModel({ modelPath: path });
    for (const { size, count } of SEQUENCES) {
      const context = await opened.#model.createContext({
        sequences: count,
        contextSize: size,
        batchSize: BATCH,
        threads: 1,
        flashAttention: false,
      });
      for (let n = 0; n < count; n += 1) opened.#slots.push({ size, sequence: context.getSequence(), tokens: [], used: 0 });
    }
    return opened;
  }

  /// The tokens of a conversation of `{ role, text }`, up to where the assistant's next words begin. No text becomes a control token.
  prompt(messages) {
    const [start, end] = ['<|im_start|>', '<|im_end|>'].map((marker) => this.#model.tokenize(marker, true));
    const told = messages[0].role === 'system' ? messages : [{ role: 'system', text: UNTOLD_SYSTEM }, ...messages];
    const plain = (text) => this.#model.tokenize(text, false);
    const turns = told.flatMap(({ role, text }) => [...start, ...plain(`${role}\n${text}`), ...end, ...plain('\n')]);
    return [...turns, ...start, ...plain('assistant\n')];
  }

  /// Rejects a text that is no grammar.
  grammar(text) {
    return this.#llama.createGrammar({ grammar: text });
  }

  /// The reply to `prompt`, which has fewer than CONTEXT tokens, and why it ends there: `stop` or `length`. `limit` is the most
  /// tokens that it may have.
  async reply(prompt, { limit, temperature, topP, seed, stop, grammar, signal }) {
    const slot = this.#slot(prompt, limit);
    const cached = await evaluate(slot, prompt, signal);
    const most = Math.min(limit, slot.size - prompt.length);
    const state = grammar && new this.#library.LlamaGrammarEvaluationState({ model: this.#model, grammar });
    const rest = prompt.slice(slot.tokens.length);
    const options = { temperature, topK: 0, topP, minP: 0, seed, grammarEvaluationState: state };
    const tokens = [];
    let [text, finish] = [undefined, 'stop'];
    for await (const token of slot.sequence.evaluate(rest, options)) {
      signal.throwIfAborted();
      if (this.#model.getTokenAttributes(token).control) break;
      tokens.push(token);
      text = stop.length > 0 ? cut(this.#model.detokenize(tokens), stop) : undefined;
      if (text !== undefined) break;
      if (tokens.length >= most) {
        finish = 'length';
        break;
      }
    }
    // the library frees what a reply took outside the JavaScript heap, a megabyte or more, only when its objects are collected
    if (this.#uses % REPLIES_TO_A_COLLECTION === 0) collectGarbage();
    return { text: text ?? this.#model.detokenize(tokens), finish, cached, completion: tokens.length };
  }

  /// Where to evaluate this prompt: where the longest beginning of it is kept, unless that would throw away more of another prompt
  /// than it saves; then where nothing was asked for the longest time.
  #slot(prompt, limit) {
    const { size } = SEQUENCES.find((sequence) => prompt.length + limit <= sequence.size) ?? SEQUENCES.at(-1);
    const slots = this.#slots.filter((slot) => slot.size === size).sort((a, b) => a.used - b.used);
    const best = slots.reduce((a, b) => (shared(b.tokens, prompt) > shared(a.tokens, prompt) ? b : a));
    const chosen = 2 * shared(best.tokens, prompt) >= best.tokens.length ? best : slots[0];
    chosen.used = this.#uses += 1;
    return chosen;
  }
}

/// Evaluates all whole batches of the prompt but the one with its last token: how many tokens of them were kept from before.
async function evaluate(slot, prompt, signal) {
  const kept = shared(slot.tokens, prompt);
  slot.tokens = prompt.slice(0, kept);
  await slot.sequence.eraseContextTokenRanges([{ start: kept, end: slot.sequence.nextTokenIndex }]);
  for (let at = kept; at + BATCH < prompt.length; at += BATCH) {
    signal.throwIfAborted();
    const batch = prompt.slice(at, at + BATCH);
    await slot.sequence.evaluateWithoutGeneratingNewTokens(batch);
    slot.tokens.push(...batch);
  }
  return kept;
}

/// How many tokens both begin with, in whole batches, so that at least one token of the prompt is left to evaluate.
function shared(kept, prompt) {
  let same = 0;
  while (same < kept.length && same < prompt.length - 1 && kept[same] === prompt[same]) same += 1;
  return same - (same % BATCH);
}

/// The text before the first of the stop sequences in it, if there is one.
function cut(text, stop) {
  const at = Math.min(...stop.map((words) => text.indexOf(words)).filter((index) => index >= 0));
  return Number.isFinite(at) ? text.slice(0, at) : undefined;
}

module.exports = { Model, CONTEXT };
