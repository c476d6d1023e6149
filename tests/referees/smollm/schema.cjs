// JSON Schema to GBNF, the grammar language of llama.cpp.
//
// Not the grammar that node-llama-cpp makes of a schema itself: there every property is required, `enum` has no objects, and
// keywords that it does not know are passed over in silence. What the grammar here permits is always valid for the schema; of
// what is valid it may permit less:
//
// - JSON is written in one way: `, ` and `: ` between values, no other blanks, no `\u` escapes, numbers without exponents.
// - Properties come in the order in which the schema lists them, and an object with `properties` has no others.
// - Days of a date end with the 28th, and times are UTC.
// - `oneOf` is taken as `anyOf`.
//
// A keyword that is not known here is refused, so that no reply breaks a rule that the schema states. The `format` of a number states
// none.
'use strict';

class SchemaError extends Error {}

// llama.cpp writes repetitions out, in a time that grows faster than their number.
const LARGEST_COUNT = 2000;
const MOST_REPETITIONS = 50_000;
// Of numbers without a bound: a float has them all.
const LARGEST_NUMBER = 10 ** 15 - 1;

const ANNOTATIONS = [
  '$schema', '$id', '$comment', '$defs', 'definitions', 'title', 'description', 'default', 'examples', 'deprecated', 'readOnly',
  'writeOnly',
];
const KEYWORDS_OF = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
};
const KEYWORDS = new Set(['type', 'enum', 'const', '$ref', 'anyOf', 'oneOf', 'allOf', ...Object.values(KEYWORDS_OF).flat()]);
const TYPES = ['object', 'array', 'string', 'integer', 'number', 'boolean', 'null'];

const DATE = '[0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | "1" [0-9] | "2" [0-8])';
const TIME = '([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] "Z"';
const FORMATS = {
  date: DATE,
  time: TIME,
  'date-time': `${DATE} "T" ${TIME}`,
  uuid: '[0-9a-f]{8} "-" [0-9a-f]{4} "-" [0-9a-f]{4} "-" [0-9a-f]{4} "-" [0-9a-f]{12}',
};

const ANY = {
  value: 'object | array | string | number | "true" | "false" | "null"',
  object: '"{" (string ": " value (", " string ": " value)*)? "}"',
  array: '"[" (value (", " value)*)? "]"',
  string: '"\\"" char* "\\""',
  char: '[^"\\\\\\x7F\\x00-\\x1F] | "\\\\" ["\\\\/bfnrt]',
  integer: '"0" | "-"? [1-9] [0-9]{0,14}',
  number: '"-"? ("0" | [1-9] [0-9]{0,14}) ("." [0-9]{1,15})?',
};

function need(held, message) {
  if (!held) throw new SchemaError(message);
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/// Text that stands for itself.
function literal(text) {
  const escaped = text.replace(/["\\]/g, '\\$&').replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `"${escaped}"`;
}

class Grammar {
  #rules = new Map(Object.entries(ANY));
  #repetitions = 0;

  /// A rule of its own for this expression: its name.
  define(expression) {
    const name = this.#reserve();
    this.#rules.set(name, expression);
    return name;
  }

  /// The rule of all values of a schema: its name. Throws SchemaError.
  schema(schema) {
    try {
      return this.define(this.#values({ root: schema, references: new Map() }, schema));
    } catch (error) {
      // the stack is used up
      if (error instanceof RangeError) throw new SchemaError('the schema is nested too deeply');
      throw error;
    }
  }

  /// The text of the whole grammar, which starts with this expression.
  text(root) {
    return [['root', root], ...this.#rules].map(([name, expression]) => `${name} ::= ${expression}\n`).join('');
  }

  #reserve() {
    const name = `rule-${this.#rules.size}`;
    this.#rules.set(name, '');
    return name;
  }

  #values(document, schema) {
    if (schema === true) return 'value';
    need(isObject(schema), 'a schema is an object or `true`');
    const keys = Object.keys(schema).filter((key) => !ANNOTATIONS.includes(key));
    const unknown = keys.find((key) => !KEYWORDS.has(key));
    need(unknown === undefined, `the schema keyword \`${unknown}\` is not supported`);
    const whole = keys.find((key) => ['$ref', 'anyOf', 'oneOf', 'allOf'].includes(key));
    if (whole !== undefined) {
      need(keys.length === 1, `\`${whole}\` is not supported beside other keywords`);
      return whole === '$ref' ? this.#reference(document, schema.$ref) : this.#choice(document, whole, schema[whole]);
    }
    const types = schemaTypes(schema, keys);
    const fixing = keys.find((key) => ['enum', 'const'].includes(key));
    if (fixing !== undefined) {
      need(keys.every((key) => [fixing, 'type'].includes(key)), `\`${fixing}\` is not supported beside other keywords than \`type\``);
      return fixed(fixing === 'const' ? [schema.const] : schema.enum, types);
    }
    if (types === undefined) return 'value';
    return `(${types.map((type) => this.#typed(document, schema, type)).join(' | ')})`;
  }

  #typed(document, schema, type) {
    if (type === 'object') return this.#object(document, schema);
    if (type === 'array') return this.#array(document, schema);
    if (type === 'string') return this.#string(schema);
    if (type === 'boolean') return '"true" | "false"';
    if (type === 'null') return '"null"';
    return number(schema, type);
  }

  #reference({ root, references }, pointer) {
    if (references.has(pointer)) return references.get(pointer);
    need(typeof pointer === 'string' && /^#(\/|$)/.test(pointer), `\`$ref\` points out of the schema: \`${pointer}\``);
    const target = partAt(root, pointer);
    need(target !== undefined, `\`$ref\` points to nothing: \`${pointer}\``);
    const name = this.#reserve();
    references.set(pointer, name);
    this.#rules.set(name, this.#values({ root, references }, target));
    return name;
  }

  #choice(document, keyword, branches) {
    need(Array.isArray(branches) && branches.length > 0, `\`${keyword}\` is a list of schemas`);
    need(keyword !== 'allOf' || branches.length === 1, '`allOf` is supported with one schema only');
    return `(${branches.map((branch) => this.#values(document, branch)).join(' | ')})`;
  }

  /// `after` is what may follow once a property was written, `first` is all that may stand between the braces.
  #object(document, { properties = {}, required = [], additionalProperties = true }) {
    need(isObject(properties), '`properties` is not an object');
    need(Array.isArray(required) && required.every((name) => typeof name === 'string'), '`required` is not a list of names');
    const names = [...new Set([...Object.keys(properties), ...required])];
    if (names.length === 0) return this.#map(document, additionalProperties);
    let [first, after] = ['""', '""'];
    for (const name of names.reverse()) {
      const value = this.#values(document, Object.hasOwn(properties, name) ? properties[name] : additionalProperties);
      const member = this.define(`${literal(`${JSON.stringify(name)}: `)} ${value}`);
      const needed = required.includes(name);
      first = this.define(needed ? `${member} ${after}` : `${member} ${after} | ${first}`);
      after = this.define(needed ? `", " ${member} ${after}` : `(", " ${member})? ${after}`);
    }
    return `"{" ${first} "}"`;
  }

  #map(document, values) {
    if (values === false) return '"{}"';
    const member = `string ": " ${this.#values(document, values)}`;
    return `"{" (${member} (", " ${member})*)? "}"`;
  }

  #array(document, { items = true, minItems = 0, maxItems }) {
    need(!(maxItems < minItems), 'the schema permits no length: the most is below the least');
    if (maxItems === 0 && minItems === 0) return '"[]"';
    const item = this.define(this.#values(document, items));
    const more = this.#counted(`(", " ${item})`, Math.max(minItems - 1, 0), maxItems && maxItems - 1);
    return minItems > 0 ? `"[" ${item} ${more} "]"` : `"[" (${item} ${more})? "]"`;
  }

  #string({ format, minLength = 0, maxLength }) {
    if (format === undefined) return `"\\"" ${this.#counted('char', minLength, maxLength)} "\\""`;
    need(Object.hasOwn(FORMATS, format), `the string format \`${format}\` is not supported`);
    need(minLength === 0 && maxLength === undefined, '`format` is not supported beside a length');
    return `"\\"" ${FORMATS[format]} "\\""`;
  }

  #counted(expression, least, most) {
    const count = (n) => Number.isInteger(n) && n >= 0 && n <= LARGEST_COUNT;
    need(count(least) && count(most ?? 0), `a length in the schema is not a whole number up to ${LARGEST_COUNT}`);
    need(!(most < least), 'the schema permits no length: the most is below the least');
    this.#repetitions += most ?? least;
    need(this.#repetitions <= MOST_REPETITIONS, `the lengths in the schema come to more than ${MOST_REPETITIONS}`);
    return least === 0 && most === undefined ? `${expression}*` : `${expression}{${least},${most ?? ''}}`;
  }
}

/// What a JSON Pointer in a URL's fragment points to.
function partAt(root, pointer) {
  let part = root;
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof part !== 'object' || part === null || !Object.hasOwn(part, name)) return undefined;
    part = part[name];
  }
  return part;
}

function schemaTypes(schema, keys) {
  if (schema.type !== undefined) {
    const types = [schema.type].flat();
    const unknown = types.find((type) => !TYPES.includes(type));
    need(unknown === undefined && types.length > 0, `the schema type \`${unknown}\` is not known`);
    return types;
  }
  const implied = ['object', 'array', 'string'].filter((type) => KEYWORDS_OF[type].some((keyword) => keys.includes(keyword)));
  if (KEYWORDS_OF.number.some((keyword) => keys.includes(keyword))) implied.push('number');
  need(implied.length <= 1, 'the schema has keywords of several types: say its `type`');
  return implied.length === 0 ? undefined : implied;
}

function fixed(listed, types) {
  need(Array.isArray(listed), '`enum` is a list of values');
  const values = listed.filter((value) => types === undefined || typesOf(value).some((type) => types.includes(type)));
  need(values.length > 0, '`enum` has no value of the given `type`');
  return `(${values.map((value) => literal(JSON.stringify(value))).join(' | ')})`;
}

function typesOf(value) {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  return Number.isInteger(value) ? ['integer', 'number'] : [typeof value];
}

/// Bounds have to be whole numbers. A `number` between them has a fraction only below the upper one in size.
function number({ minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below }, type) {
  const bounds = [minimum, maximum, above, below].filter((bound) => bound !== undefined);
  if (bounds.length === 0) return type;
  need(bounds.every(Number.isSafeInteger), 'bounds of numbers have to be whole numbers');
  need(type === 'integer' || (above === undefined && below === undefined), 'exclusive bounds are supported for integers only');
  const low = Math.max(minimum ?? -LARGEST_NUMBER, above === undefined ? -Infinity : above + 1);
  const high = Math.min(maximum ?? LARGEST_NUMBER, below === undefined ? Infinity : below - 1);
  need(low <= high, 'the schema permits no number: its maximum is below its minimum');
  const sizes = type === 'integer' ? digits : decimals;
  const parts = [];
  if (high >= 0) parts.push(sizes(Math.max(low, 0), high));
  if (low < 0) parts.push(`"-" (${sizes(Math.max(-high, 1), -low)})`);
  return parts.join(' | ');
}

function decimals(low, high) {
  const whole = `${digits(high, high)} ("." "0"{1,15})?`;
  return low === high ? whole : `(${digits(low, high - 1)}) ("." [0-9]{1,15})? | ${whole}`;
}

/// The whole numbers from `low` to `high`, neither below 0, by their digits.
function digits(low, high) {
  const parts = [];
  for (let length = String(low).length; length <= String(high).length; length += 1) {
    const [least, most] = [Math.max(low, length === 1 ? 0 : 10 ** (length - 1)), Math.min(high, 10 ** length - 1)];
    parts.push(sameLength(String(least), String(most)));
  }
  return parts.join(' | ');
}

function sameLength(low, high) {
  if (low === high) return literal(low);
  const [zeros, nines] = ['0', '9'].map((digit) => digit.repeat(low.length - 1));
  const starting = (digit, from, to) => (zeros === '' ? literal(digit) : `${literal(digit)} (${sameLength(from, to)})`);
  if (low[0] === high[0]) return starting(low[0], low.slice(1), high.slice(1));
  const parts = [];
  let [first, last] = [Number(low[0]), Number(high[0])];
  if (low.slice(1) !== zeros) {
    parts.push(starting(low[0], low.slice(1), nines));
    first += 1;
  }
  if (high.slice(1) !== nines) {
    parts.push(starting(high[0], zeros, high.slice(1)));
    last -= 1;
  }
  if (first <= last) parts.push(`[${first}-${last}] [0-9]{${zeros.length}}`);
  return parts.join(' | ');
}

module.exports = { Grammar, SchemaError, literal };
