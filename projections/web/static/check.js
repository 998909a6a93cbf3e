/* The panel "Check this entry": fetches the entry, the checkpoint and the tiles that lead from one
   to the other, and lets verify.js judge them, one step after the other. A step that fails stops
   those that rest on it: they are shown as not checked, never as good. */

import * as v from "./verify.js";

const panel = document.getElementById("check");
const list = panel.querySelector(".checks");
const steps = new Map([...list.children].map((item) => [item.dataset.step, [item, item.textContent]]));
const SIGNS = { good: ["\u25cf", "yes"], bad: ["\u25a0", "no"], open: ["\u25cb", "open"] };

function show(step, state, detail = "") {
  const [item, words] = steps.get(step);
  const verdict = document.createElement("span");
  verdict.className = `verdict ${state}`;
  verdict.textContent = `${SIGNS[state][0]} ${panel.dataset[SIGNS[state][1]]}`;
  item.replaceChildren(verdict, words);
  if (!detail) return;
  const more = document.createElement("span");
  more.className = "detail";
  more.dir = "auto";
  more.textContent = detail;
  item.append(more);
}

async function fetched(path) {
  const base = panel.dataset.log.replace(/\/$/, "");
  const partial = /^(.*)\.p\/\d+$/.exec(path);
  for (const one of partial ? [path, partial[1]] : [path]) {
    const answer = await fetch(`${base}/${one}`, { credentials: "omit" });
    if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
  }
  throw new v.Refused("source", `${path} cannot be read`);
}

function flatten(value, path, out) {
  if (value instanceof Map) for (const [key, member] of value) flatten(member, path ? `${path}.${key}` : key, out);
  else if (Array.isArray(value)) value.forEach((member, i) => flatten(member, `${path}[${i}]`, out));
  else out.push([path, value instanceof Uint8Array ? v.hex(value) : value]);
  return out;
}

/** Each step needs what the earlier ones found, and returns what it found itself, in words. */
const CHECKS = {
  async fetched(found) {
    found.page = (await (await fetch(panel.dataset.json)).json()).answer;
    found.index = found.page.told.index;
    found.note = v.parseNote(await fetched("checkpoint"));
    found.checkpoint = v.parseCheckpoint(found.note.text);
    found.log = new v.Log(fetched);
    found.raw = (await found.log.entry(found.index, found.checkpoint.size)).slice();
    if (found.flip) found.raw[Math.floor(Math.random() * found.raw.length)] ^= 1;
    return `${found.checkpoint.origin}, ${found.checkpoint.size}`;
  },
  async bytes(found) {
    found.id = await v.leafHash(found.raw);
    found.event = v.parseEvent(found.raw);
    if (v.hex(found.id) !== found.page.told.event_id) throw new v.Refused("proof-false", v.hex(found.id));
    return v.hex(found.id);
  },
  async shown(found) {
    const { told, fields } = found.page;
    const { iss, stream, type, seq, iat, payload } = found.event;
    const held = [iss, stream, type, seq, iat, flatten(v.decodePayload(payload), "", [])];
    const page = [told.signer, told.stream, told.type, told.seq, told.signed_at, fields];
    if (JSON.stringify(held) !== JSON.stringify(page)) throw new v.Refused("proof-false", JSON.stringify(held));
    return "";
  },
  async signed(found) {
    found.key = found.page.keys.find((key) => key.kid === v.hex(found.event.kid));
    if (!found.key) throw new v.Refused("signature-false", v.hex(found.event.kid));
    const key = v.fromHex(found.key.public);
    v.requireKey(key);
    if (!v.same(await v.thumbprint(key), found.event.kid)) throw new v.Refused("signature-false", found.key.kid);
    await v.requireSignature(key, found.event.signature, found.event.toBeSigned);
    return `${found.event.iss}, ${found.key.kid}, #${found.key.index}`;
  },
  async chain(found) {
    if (found.event.seq === 0) return "seq 0";
    const raw = await found.log.entry(found.page.previous, found.checkpoint.size);
    const before = v.parseEvent(raw);
    const follows = before.stream === found.event.stream && before.seq === found.event.seq - 1
      && v.same(await v.leafHash(raw), found.event.prev);
    if (!follows) throw new v.Refused("proof-false", `#${found.page.previous}`);
    return `#${found.page.previous}`;
  },
  async inside(found) {
    const root = await found.log.rootWith(found.id, found.index, found.checkpoint.size);
    if (!v.same(root, found.checkpoint.root)) throw new v.Refused("proof-false", v.hex(root));
    return v.hex(root);
  },
  async enrolled(found) {
    const { index, public: key } = found.key;
    const raw = await found.log.entry(index, found.checkpoint.size);
    const root = await found.log.rootWith(await v.leafHash(raw), index, found.checkpoint.size);
    const named = flatten(v.decodePayload(v.parseEvent(raw).payload), "", []).some(([, value]) => value === key);
    if (!named || !v.same(root, found.checkpoint.root)) throw new v.Refused("proof-false", `#${index}`);
    return `#${index}`;
  },
  async checkpoint(found) {
    const text = document.getElementById("policy").value;
    if (!text.trim()) return null;
    const policy = await v.parsePolicy(text);
    const logs = policy.logs.filter((key) => key.name === found.checkpoint.origin);
    const signers = await v.signersOf(found.note, [...logs, ...policy.witnesses]);
    if (!signers.some((key) => key.kind === 1 && logs.some((log) => log.id === key.id))) throw new v.Refused("note-unsigned", found.checkpoint.origin);
    if (policy.ledger) {
      const genesis = v.hex(await v.leafHash(await found.log.entry(0, found.checkpoint.size)));
      if (genesis !== policy.ledger) throw new v.Refused("proof-false", genesis);
    }
    return signers.map((key) => key.name).join(", ");
  },
};
const RESTS_ON = {
  fetched: [], bytes: ["fetched"], shown: ["bytes"], signed: ["bytes"], chain: ["bytes"],
  inside: ["bytes"], enrolled: ["signed"], checkpoint: ["fetched"],
};

async function run(flip) {
  const found = { flip };
  const good = new Set();
  list.hidden = false;
  for (const step of steps.keys()) show(step, "open");
  for (const [step, check] of Object.entries(CHECKS)) {
    if (!RESTS_ON[step].every((before) => good.has(before))) continue;
    try {
      const detail = await check(found);
      if (detail === null) continue;
      show(step, "good", detail);
      good.add(step);
    } catch (error) {
      show(step, "bad", error instanceof v.Refused ? `${error.code}: ${error.message}` : String(error));
    }
  }
}

const able = async () => {
  try { await crypto.subtle.importKey("raw", v.fromHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"), "Ed25519", false, ["verify"]); return true; } catch { return false; }
};

panel.hidden = false;
if (await able()) {
  document.getElementById("run").addEventListener("click", () => run(false));
  document.getElementById("flip").addEventListener("click", () => run(true));
} else {
  document.getElementById("missing").hidden = false;
  for (const id of ["run", "flip"]) document.getElementById(id).disabled = true;
}
