/* Checks an entry of a Pledgebook log, in a browser, without any library.

   The rules are those of docs/spec (encoding, event, keys, log, checkpoint), written a second time:
   whatever this file says, the Python verifier must say too, and tests run both over one set of
   vectors. Nothing is normalised: bytes are accepted as they are, or refused with a code.

   It does not re-run who was allowed to sign: only the whole log can answer that, and
   `pledgebook-verify` does. */

export class Refused extends Error {
  constructor(code, reason) {
    super(reason);
    this.code = code;
  }
}

const refuse = (code, reason) => { throw new Refused(code, reason); };
const utf8 = new TextEncoder();
const strictText = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// Bytes.

export const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
export const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
export const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
export const joined = (...parts) => {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { all.set(part, at); at += part.length; }
  return all;
};
const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
export const fromBase64 = (text, code) => {
  let bytes;
  try { bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)); } catch { refuse(code, "not base64"); }
  if (base64(bytes) !== text) refuse(code, "base64 that is not in its one form");
  return bytes;
};
export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

// The payload: canonical MessagePack (docs/spec/encoding.md; the numbers are its rules).

const MAX_PAYLOAD = 48_000;
const MAX_DEPTH = 16;
const MAX_ITEMS = 4_096;
const KEY = /^[a-z][a-z0-9_]{0,63}$/;
const FORBIDDEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;
const OTHER = Symbol("a type that the profile does not have");

export function decodePayload(bytes) {
  if (bytes.length > MAX_PAYLOAD) refuse("payload-too-large", `${bytes.length} bytes`);
  const reader = { bytes, at: 0 };
  const value = readValue(reader, 0);
  if (reader.at !== bytes.length) refuse("payload-malformed", "bytes follow the map (rule 1)");
  if (!(value instanceof Map)) refuse("payload-value", "the top level is not a map (rule 1)");
  checkValues(value);
  if (!same(encodeValue(value), bytes)) refuse("payload-not-canonical", "another encoding of the same value (rules 1, 3, 5)");
  return value;
}

function take(reader, count) {
  const end = reader.at + count;
  if (end > reader.bytes.length) refuse("payload-malformed", "the bytes end early");
  const found = reader.bytes.subarray(reader.at, end);
  reader.at = end;
  return found;
}

function readUint(reader, count) {
  let value = 0n;
  for (const byte of take(reader, count)) value = (value << 8n) | BigInt(byte);
  return value;
}

const number = (value) => (value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : value);

function readText(reader, count) {
  try { return strictText.decode(take(reader, count)); } catch (error) {
    if (error instanceof Refused) throw error;
    return refuse("payload-malformed", "a text that is not UTF-8 (rule 7)");
  }
}

function readMap(reader, count, depth) {
  const map = new Map();
  for (let i = 0; i < count; i += 1) {
    const key = readValue(reader, depth + 1);
    if (key instanceof Map || Array.isArray(key)) refuse("payload-malformed", "a map key that is no text");
    map.set(key, readValue(reader, depth + 1));
  }
  return map;
}

function readArray(reader, count, depth) {
  const array = [];
  for (let i = 0; i < count; i += 1) array.push(readValue(reader, depth + 1));
  return array;
}

function readValue(reader, depth) {
  if (depth > 512) refuse("payload-malformed", "nested too deeply to be read");
  const head = take(reader, 1)[0];
  const size = () => Number(readUint(reader, 1 << (head & 3)));
  if (head < 0x80) return head;
  if (head < 0x90) return readMap(reader, head & 0x0f, depth);
  if (head < 0xa0) return readArray(reader, head & 0x0f, depth);
  if (head < 0xc0) return readText(reader, head & 0x1f);
  if (head >= 0xe0) return head - 256;
  switch (head) {
    case 0xc0: return OTHER;
    case 0xc1: return refuse("payload-malformed", "a byte that MessagePack does not use");
    case 0xc2: return false;
    case 0xc3: return true;
    case 0xc4: case 0xc5: case 0xc6: return take(reader, size()).slice();
    case 0xc7: case 0xc8: case 0xc9: { const count = Number(readUint(reader, 1 << (head - 0xc7))); take(reader, count + 1); return OTHER; }
    case 0xca: take(reader, 4); return OTHER;
    case 0xcb: take(reader, 8); return OTHER;
    case 0xcc: case 0xcd: case 0xce: case 0xcf: return number(readUint(reader, 1 << (head - 0xcc)));
    case 0xd0: case 0xd1: case 0xd2: case 0xd3: { const count = 1 << (head - 0xd0); return number(BigInt.asIntN(8 * count, readUint(reader, count))); }
    case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8: take(reader, (1 << (head - 0xd4)) + 1); return OTHER;
    case 0xd9: return readText(reader, Number(readUint(reader, 1)));
    case 0xda: return readText(reader, Number(readUint(reader, 2)));
    case 0xdb: return readText(reader, Number(readUint(reader, 4)));
    case 0xdc: return readArray(reader, Number(readUint(reader, 2)), depth);
    case 0xdd: return readArray(reader, Number(readUint(reader, 4)), depth);
    case 0xde: return readMap(reader, Number(readUint(reader, 2)), depth);
    default: return readMap(reader, Number(readUint(reader, 4)), depth);
  }
}

function checkValues(top) {
  const fault = (reason) => refuse("payload-value", reason);
  let items = 0;
  const waiting = [[top, 1]];
  while (waiting.length) {
    const [node, depth] = waiting.pop();
    const count = node instanceof Map ? node.size : node.length;
    if (depth > MAX_DEPTH) fault("deeper than 16 levels (rule 8)");
    if (!count) fault("an empty map or array (rule 6)");
    items += count;
    if (items > MAX_ITEMS) fault("more than 4,096 items (rule 8)");
    if (node instanceof Map) for (const key of node.keys()) if (typeof key !== "string" || !KEY.test(key)) fault("a map key (rule 5)");
    for (const value of node.values()) {
      if (typeof value === "string") { if (FORBIDDEN.test(value)) fault("a character that must not stand in a text (rule 7)"); }
      else if (typeof value === "bigint" || (typeof value === "number" && !Number.isSafeInteger(value))) fault("an integer beyond 2^53 - 1 (rule 4)");
      else if (value instanceof Map || Array.isArray(value)) waiting.push([value, depth + 1]);
      else if (value === OTHER) fault("a type that the profile does not have (rule 2)");
    }
  }
}

const bigEndian = (value, count) => {
  const bytes = new Uint8Array(count);
  let rest = BigInt.asUintN(8 * count, BigInt(value));
  for (let i = count - 1; i >= 0; i -= 1) { bytes[i] = Number(rest & 255n); rest >>= 8n; }
  return bytes;
};
const headed = (head, value, count) => joined([head], bigEndian(value, count));

function encodeInt(value) {
  if (value >= 0) {
    if (value < 0x80) return Uint8Array.of(value);
    const step = [0xff, 0xffff, 0xffffffff].findIndex((limit) => value <= limit);
    return step < 0 ? headed(0xcf, value, 8) : headed(0xcc + step, value, 1 << step);
  }
  if (value >= -32) return Uint8Array.of(value + 256);
  const step = [0x80, 0x8000, 0x80000000].findIndex((limit) => value >= -limit);
  return step < 0 ? headed(0xd3, value, 8) : headed(0xd0 + step, value, 1 << step);
}

function encodeHead(count, fix, fixLimit, heads) {
  if (fix !== null && count < fixLimit) return Uint8Array.of(fix | count);
  const widths = heads.length === 3 ? [1, 2, 4] : [2, 4];
  const step = widths.findIndex((width) => count < 256 ** width);
  return headed(heads[step], count, widths[step]);
}

function encodeValue(value) {
  if (value === false) return Uint8Array.of(0xc2);
  if (value === true) return Uint8Array.of(0xc3);
  if (typeof value === "number") return encodeInt(value);
  if (typeof value === "string") { const text = utf8.encode(value); return joined(encodeHead(text.length, 0xa0, 32, [0xd9, 0xda, 0xdb]), text); }
  if (value instanceof Uint8Array) return joined(encodeHead(value.length, null, 0, [0xc4, 0xc5, 0xc6]), value);
  if (Array.isArray(value)) return joined(encodeHead(value.length, 0x90, 16, [0xdc, 0xdd]), ...value.map(encodeValue));
  const keys = [...value.keys()].sort((a, b) => (a < b ? -1 : 1));
  return joined(encodeHead(value.size, 0x80, 16, [0xde, 0xdf]), ...keys.flatMap((key) => [encodeValue(key), encodeValue(value.get(key))]));
}

// The event (docs/spec/event.md).

const MAX_EVENT = 48_000;
const TYP = "application/vnd.pledgebook.event+cose";
const GRAMMAR = {
  iss: /^actor-[a-z0-9][a-z0-9._:-]{0,57}$/,
  stream: /^[a-z0-9][a-z0-9._:-]*(\/[a-z0-9][a-z0-9._:-]*){1,5}$/,
  type: /^[A-Z][A-Za-z0-9]{2,47}\/[1-9][0-9]{0,2}$/,
};

class Cbor {
  constructor(bytes) { this.bytes = bytes; this.at = 0; }
  take(count) {
    if (this.at + count > this.bytes.length) refuse("event-malformed", "the bytes end early (rule 1)");
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }
  expect(bytes, what, rule) { if (!same(this.take(bytes.length), bytes)) refuse("event-malformed", `${what}: not in its one form and place (rule ${rule})`); }
  /** The number that follows a head of a major type, in its shortest form. */
  head(major, what) {
    const first = this.take(1)[0] - major;
    if (first >= 0 && first < 24) return first;
    const width = { 24: 1, 25: 2, 26: 4, 27: 8 }[first];
    if (!width) refuse("event-malformed", `${what}: another type (rule 4)`);
    let value = 0n;
    for (const byte of this.take(width)) value = (value << 8n) | BigInt(byte);
    if (value < [24n, 256n, 65_536n, 2n ** 32n][Math.log2(width)]) refuse("event-malformed", `${what}: not in its shortest form (rule 1)`);
    if (value >= 2n ** 53n) refuse("event-malformed", `${what}: beyond 2^53 - 1 (rule 4)`);
    return Number(value);
  }
  bytesOf(what) {
    const length = this.head(0x40, what);
    if (length > 65_535) refuse("event-malformed", `${what}: too long (rule 1)`);
    return this.take(length);
  }
  textOf(what) {
    const text = String.fromCharCode(...this.take(this.head(0x60, what)));
    if (!GRAMMAR[what].test(text) || (what === "stream" && text.length > 128)) refuse("event-malformed", `${what}: not of its grammar (rule 4)`);
    return text;
  }
  next(label) {
    const bytes = [0x3a, 0x00, 0x01, 0x00, label];
    if (!same(this.bytes.subarray(this.at, this.at + 5), bytes)) return false;
    this.at += 5;
    return true;
  }
  hash() { this.expect([0x58, 0x20], "a hash", 3); return this.take(32); }
}

export function parseEvent(raw) {
  if (raw.length > MAX_EVENT) refuse("event-too-large", `${raw.length} bytes`);
  const outer = new Cbor(raw);
  outer.expect([0xd2, 0x84], "a tagged COSE_Sign1", 1);
  const protectedHeader = outer.bytesOf("the protected header");
  const protectedEnd = outer.at;
  outer.expect([0xa0], "the empty unprotected header", 1);
  const payload = outer.bytesOf("the payload");
  outer.expect([0x58, 0x40], "a signature of 64 bytes", 1);
  const signature = outer.take(64);
  if (outer.at !== raw.length) refuse("event-malformed", "bytes follow the signature (rule 1)");
  if (!payload.length) refuse("event-malformed", "the payload is empty (rule 1)");
  const claims = parseProtected(protectedHeader);
  const toBeSigned = joined([0x84, 0x6a], utf8.encode("Signature1"), raw.subarray(2, protectedEnd), [0x40], raw.subarray(protectedEnd + 1, raw.length - 66));
  return { ...claims, payload, signature, toBeSigned };
}

function parseProtected(bytes) {
  const cbor = new Cbor(bytes);
  const text = (value) => joined([0x60 + value.length], utf8.encode(value));
  cbor.expect(joined([0xa5, 0x01, 0x27, 0x03], text("application/vnd.msgpack"), [0x04]), "the members before the kid", 2);
  const kid = cbor.hash();
  cbor.expect([0x0f], "the claims", 2);
  const count = cbor.head(0xa0, "the map of claims");
  cbor.expect([0x01], "iss", 3);
  const iss = cbor.textOf("iss");
  cbor.expect([0x02], "the stream id", 3);
  const stream = cbor.textOf("stream");
  cbor.expect([0x06], "iat", 3);
  const iat = cbor.head(0x00, "iat");
  const ledger = cbor.next(0x00) ? cbor.hash() : null;
  if (!cbor.next(0x01)) refuse("event-malformed", "the event type is not in its place (rule 3)");
  const type = cbor.textOf("type");
  if (!cbor.next(0x02)) refuse("event-malformed", "seq is not in its place (rule 3)");
  const seq = cbor.head(0x00, "seq");
  const prev = cbor.next(0x03) ? cbor.hash() : null;
  let seen = null;
  if (cbor.next(0x04)) { cbor.expect([0x82], "seen", 3); seen = { size: cbor.head(0x00, "the size seen"), root: cbor.hash() }; }
  cbor.expect(joined([0x10, 0x78, TYP.length], utf8.encode(TYP)), "typ", 2);
  if (cbor.at !== bytes.length) refuse("event-malformed", "bytes follow typ (rule 2)");
  if (count !== 5 + [ledger, prev, seen].filter((x) => x !== null).length) refuse("event-malformed", "the number of claims is not the one stated (rule 3)");
  if ((prev === null) !== (seq === 0)) refuse("event-malformed", "prev is absent if and only if seq is 0 (rule 3)");
  return { kid, iss, stream, iat, ledger, type, seq, prev, seen };
}

// Keys and signatures (docs/spec/event.md, section keys).

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (value) => ((value % P) + P) % P;
const power = (base, exponent) => {
  let result = 1n;
  for (let b = mod(base), e = exponent; e; e >>= 1n) { if (e & 1n) result = mod(result * b); b = mod(b * b); }
  return result;
};
const inverse = (value) => power(value, P - 2n);
const D = mod(-121665n * inverse(121666n));
const ROOT = power(2n, (P - 1n) / 4n);
const littleEndian = (bytes) => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

function decompress(bytes) {
  const value = littleEndian(bytes);
  const sign = value >> 255n;
  const y = value & (2n ** 255n - 1n);
  if (y >= P) return null;
  const x2 = mod((y * y - 1n) * inverse(D * y * y + 1n));
  let x = power(x2, (P + 3n) / 8n);
  if (mod(x * x - x2)) x = mod(x * ROOT);
  if (mod(x * x - x2) || (x === 0n && sign)) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

function add(p, q) {
  const a = mod((p[1] - p[0]) * (q[1] - q[0]));
  const b = mod((p[1] + p[0]) * (q[1] + q[0]));
  const c = mod(2n * p[3] * q[3] * D);
  const d = mod(2n * p[2] * q[2]);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function times(scalar, point) {
  let result = [0n, 1n, 1n, 0n];
  for (let p = point, s = scalar; s; s >>= 1n) { if (s & 1n) result = add(result, p); p = add(p, p); }
  return result;
}

const isIdentity = (p) => mod(p[0]) === 0n && mod(p[1] - p[2]) === 0n;

/** A key is canonical and of prime order, or it is refused (rule 1). */
export function requireKey(key) {
  if (key.length !== 32) refuse("key-unsuitable", `${key.length} bytes; an Ed25519 key has 32`);
  const point = decompress(key);
  if (!point) refuse("key-unsuitable", "not the canonical encoding of a point");
  if (isIdentity(point) || !isIdentity(times(L, point))) refuse("key-unsuitable", "the point is not of prime order");
}

export const thumbprint = (key) => sha256(joined(fromHex("a301012006215820"), key));

/** The eight points whose order divides eight are never R (rule 2). */
const isSmallOrder = (bytes) => { const point = decompress(bytes); return point !== null && isIdentity(times(8n, point)); };

/** One valid signature, or a refusal; the equation itself is the browser's (rules 2 and 3). */
export async function requireSignature(key, signature, message) {
  const fault = () => refuse("signature-false", "the Ed25519 signature does not verify");
  if (key.length !== 32 || signature.length !== 64) fault();
  if (littleEndian(signature.subarray(32)) >= L || isSmallOrder(signature.subarray(0, 32))) fault();
  let imported;
  try { imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]); } catch (error) {
    if (error?.name === "NotSupportedError") refuse("no-ed25519", "this browser has no Ed25519");
    fault();
  }
  if (!(await crypto.subtle.verify("Ed25519", imported, signature, message))) fault();
}

// The tree and its tiles (docs/spec/log.md).

export const leafHash = (entry) => sha256(joined([0x00], entry));
const nodeHash = (left, right) => sha256(joined([0x01], left, right));
export const emptyRoot = () => sha256(new Uint8Array());

/** The greatest power of two below a size of at least 2. */
const split = (size) => { let k = 1; while (2 * k < size) k *= 2; return k; };

export async function rootOf(leaves) {
  if (!leaves.length) return emptyRoot();
  if (leaves.length === 1) return leaves[0];
  const k = split(leaves.length);
  return nodeHash(await rootOf(leaves.slice(0, k)), await rootOf(leaves.slice(k)));
}

export function tilePath(level, n, width) {
  let text = String(n % 1000).padStart(3, "0");
  for (let rest = Math.floor(n / 1000); rest; rest = Math.floor(rest / 1000)) text = `x${String(rest % 1000).padStart(3, "0")}/${text}`;
  return `tile/${level}/${text}${width === 256 ? "" : `.p/${width}`}`;
}

export const widthAt = (level, n, size) => Math.min(256, Math.floor(size / 256 ** level) - 256 * n);

/** A log that is read by a function from path to bytes. */
export class Log {
  constructor(fetchBytes) { this.fetchBytes = fetchBytes; this.tiles = new Map(); }

  async tile(level, n, size) {
    const path = tilePath(level, n, widthAt(level === "entries" ? 0 : level, n, size));
    if (!this.tiles.has(path)) this.tiles.set(path, await this.fetchBytes(path));
    return this.tiles.get(path);
  }

  async entry(index, size) {
    const bundle = await this.tile("entries", Math.floor(index / 256), size);
    let at = 0;
    for (let i = 0; at + 2 <= bundle.length; i += 1) {
      const length = bundle[at] * 256 + bundle[at + 1];
      if (at + 2 + length > bundle.length) break;
      if (i === index % 256) return bundle.subarray(at + 2, at + 2 + length);
      at += 2 + length;
    }
    return refuse("tile-malformed", "the bundle does not hold this entry");
  }

  /** The hash over a complete subtree of 2^level leaves that begins at a multiple of its size. */
  async node(level, index, size) {
    const inTile = level % 8;
    const first = index * 2 ** inTile;
    const tile = await this.tile(Math.floor(level / 8), Math.floor(first / 256), size);
    const start = 32 * (first % 256);
    if (tile.length % 32 || start + 32 * 2 ** inTile > tile.length) refuse("tile-malformed", "a tile of another width");
    const hashes = [];
    for (let i = 0; i < 2 ** inTile; i += 1) hashes.push(tile.subarray(start + 32 * i, start + 32 * (i + 1)));
    return rootOf(hashes);
  }

  async range(low, high, size) {
    const width = high - low;
    const level = Math.log2(width);
    if (Number.isInteger(level)) return this.node(level, low / width, size);
    const k = split(width);
    return nodeHash(await this.range(low, low + k, size), await this.range(low + k, high, size));
  }

  /** The root of the tree of a size, if a leaf stands at an index: the walk of an inclusion proof. */
  async rootWith(leaf, index, size, low = 0, high = size) {
    if (high - low === 1) return leaf;
    const middle = low + split(high - low);
    return index < middle
      ? nodeHash(await this.rootWith(leaf, index, size, low, middle), await this.range(middle, high, size))
      : nodeHash(await this.range(low, middle, size), await this.rootWith(leaf, index, size, middle, high));
  }
}

// Notes, checkpoints, and whose signatures count (docs/spec/checkpoint.md).

const concat4 = (bytes) => hex(bytes.subarray(0, 4));

export async function parseVkey(text) {
  const code = "vkey-malformed";
  const [, name, id, material] = /^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? refuse(code, "not <name>+<key id>+<base64>");
  const data = fromBase64(material, code);
  if ((data[0] !== 1 && data[0] !== 4) || data.length !== 33) refuse(code, "not an Ed25519 key");
  if (concat4(await sha256(joined(utf8.encode(`${name}\n`), data))) !== id) refuse(code, "the key id is another");
  requireKey(data.subarray(1));
  return { name, id, kind: data[0], key: data.subarray(1) };
}

export function parseNote(bytes) {
  const fault = (reason) => refuse("note-malformed", reason);
  let text;
  try { text = strictText.decode(bytes); } catch { fault("not UTF-8"); }
  if (/[\x00-\x09\x0b-\x1f]/.test(text)) fault("a control character");
  const end = text.lastIndexOf("\n\n");
  if (end < 0 || !text.endsWith("\n")) fault("no blank line before the signatures");
  const lines = text.slice(end + 2).split("\n").slice(0, -1);
  if (!lines.length || lines.length > 100) fault("1 to 100 signature lines");
  const signatures = lines.map((line) => {
    const [, name, encoded] = /^\u2014 ([^\s+]+) (\S+)$/.exec(line) ?? fault("a line that is no signature");
    const data = fromBase64(encoded, "note-malformed");
    if (data.length < 5) fault("a signature that is too short");
    return { name, id: concat4(data), signature: data.subarray(4) };
  });
  if (new Set(signatures.map((s) => `${s.name}+${s.id}`)).size !== signatures.length) fault("two lines of one key");
  return { text: text.slice(0, end + 1), signatures };
}

export function parseCheckpoint(text) {
  const lines = text.split("\n");
  const fault = (reason) => refuse("note-malformed", reason);
  if (lines.length !== 4 || lines[3] !== "" || !lines[0]) fault("a checkpoint has three lines");
  if (!/^(0|[1-9][0-9]{0,15})$/.test(lines[1])) fault("the size is no number");
  const root = fromBase64(lines[2], "note-malformed");
  if (root.length !== 32) fault("the root has 32 bytes");
  return { origin: lines[0], size: Number(lines[1]), root };
}

/** Which of the keys signed a note, each once; a known key's false line condemns the note. */
export async function signersOf(note, vkeys) {
  const found = [];
  for (const line of note.signatures) {
    const vkey = vkeys.find((v) => v.name === line.name && v.id === line.id);
    if (!vkey) continue;
    let message = utf8.encode(note.text);
    let signature = line.signature;
    let time = null;
    if (vkey.kind === 4) {
      time = Number(signature.subarray(0, 8).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n));
      message = joined(utf8.encode(`cosignature/v1\ntime ${time}\n`), message);
      signature = signature.subarray(8);
    }
    try { await requireSignature(vkey.key, signature, message); } catch (error) {
      if (error.code === "signature-false") refuse("note-signature-false", `the line of ${vkey.name} does not verify`);
      throw error;
    }
    found.push({ ...vkey, time });
  }
  return found;
}

/** The keys and the pinned ledger that a trust policy names; quorum groups are left to the verifier. */
export async function parsePolicy(text) {
  const policy = { logs: [], witnesses: [], ledger: null };
  for (const line of text.split("\n")) {
    const pin = /^# pledgebook-ledger: ([0-9a-f]{64})$/.exec(line.trim());
    if (pin) policy.ledger = pin[1];
    const words = line.trim().split(/[ \t]+/);
    const vkey = words[0] === "log" ? words[1] : words[0] === "witness" ? words[2] : null;
    if (!vkey || words[0].startsWith("#")) continue;
    try { (words[0] === "log" ? policy.logs : policy.witnesses).push(await parseVkey(vkey)); } catch (error) {
      if (words[0] === "log" && !(error instanceof Refused)) throw error;
    }
  }
  if (!policy.logs.length) refuse("policy-malformed", "no line names a log's Ed25519 key");
  return policy;
}
