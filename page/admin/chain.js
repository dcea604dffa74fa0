// @ts-check
/** Checks the hash chain of an audit trail. docs/trust/audit.md says what is hashed; examples/verify_audit.py checks the same. */

const encoder = new TextEncoder();

/** @param {string} hex */
const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
/** @param {ArrayBuffer} buffer */
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** SHA-256 over parts, each after its length as 8 bytes. @param {(string | Uint8Array)[]} parts */
async function hash(...parts) {
  const encoded = parts.map((part) => (typeof part === 'string' ? encoder.encode(part) : part));
  const whole = new Uint8Array(encoded.reduce((sum, part) => sum + 8 + part.length, 0));
  const view = new DataView(whole.buffer);
  let at = 0;
  for (const part of encoded) {
    view.setBigUint64(at, BigInt(part.length));
    whole.set(part, at + 8);
    at += 8 + part.length;
  }
  return hex(await crypto.subtle.digest('SHA-256', whole));
}

/** @param {any} part */
async function digestOf(part) {
  if (part.data !== undefined && (await hash('photovote/part', bytes(part.salt), part.data)) !== part.digest) return null;
  return bytes(part.digest);
}

/**
 * Checks every stream from its first commit on.
 * @param {string} election @param {any[]} entries
 * @returns {Promise<{ok: true, commits: number, ballots: number, digest: string} | {ok: false, where: string}>}
 */
export async function checkTrail(election, entries) {
  /** @type {Map<string, string>} */
  const heads = new Map();
  /** @type {Map<string, number>} */
  const versions = new Map();
  let ballots = 0;
  for (const entry of entries) {
    const { stream } = entry;
    const wrong = /** @type {const} */ ({ ok: false, where: entry.version ? `${stream} · ${entry.version}` : stream });
    if (entry.kind === 'ballot') {
      if (heads.has(stream) || !stream.startsWith('ballot#') || entry.cast !== 'hash' in entry) return wrong;
      heads.set(stream, entry.cast ? entry.hash : 'uncast');
      ballots++;
      continue;
    }
    const prev = heads.get(stream) ?? (await hash('photovote/stream', election, stream));
    if (entry.kind !== 'commit' || entry.prev !== prev || entry.version !== (versions.get(stream) ?? 1) || ![1, 2].includes(entry.form)) return wrong;
    const events = entry.events.map((/** @type {any} */ event) => `${event.type}/${event.schema_version}`);
    const header = JSON.stringify({ command: entry.command, events, ...(entry.form === 2 && { form: 2 }), stream, version: entry.version });
    const digests = [];
    for (const part of entry.form === 2 ? [entry.private, entry.request, ...entry.events] : [entry.private, ...entry.events]) {
      const digest = await digestOf(part);
      if (!digest) return wrong;
      digests.push(digest);
    }
    if ((await hash('photovote/commit', bytes(prev), header, ...digests)) !== entry.hash) return wrong;
    heads.set(stream, entry.hash);
    versions.set(stream, entry.version + entry.events.length);
  }
  if (!heads.has(`election#${election}`)) return { ok: false, where: `election#${election}` };
  const lines = [...heads].sort(([a], [b]) => (a < b ? -1 : 1)).map(([stream, head]) => `${stream} ${head}\n`).join('');
  const digest = hex(await crypto.subtle.digest('SHA-256', encoder.encode(lines)));
  return { ok: true, commits: entries.length - ballots, ballots, digest };
}
