// @ts-check
/** Requests to the API, and the server's clock. */

/**
 * @typedef {object} Answer
 * @property {boolean} ok
 * @property {number} status 0 if there was no answer; at least 502 if it was none of the API.
 * @property {any} body
 * @property {string} code What went wrong, for programs. `offline` if there was no answer, `not_json` if it was none of the API.
 * @property {string} [detail] What went wrong, in English.
 * @property {string | null} [field] The field at fault.
 * @property {string} [request] What the server calls the request. Its log has it.
 * @property {number} retryAfter How many seconds to wait before the next try; 0 if the server does not say.
 * @property {boolean} later Whether the same request may succeed later.
 */

/** How long an answer may take. */
const PATIENCE = 20_000;

let ahead = 0;

/** The server's time, in milliseconds since 1970. */
export const now = () => Date.now() + ahead;

/** @param {Response} response @param {number} sent */
function setClock(response, sent) {
  const date = Date.parse(response.headers.get('Date') ?? '');
  // The header has whole seconds: less than that is no difference.
  const difference = date + 500 - (sent + Date.now()) / 2;
  if (Number.isFinite(difference)) ahead = Math.abs(difference) < 2_000 ? 0 : difference;
}

/**
 * Sends a request.
 * @param {string} method
 * @param {string} path Below `/v1`.
 * @param {{token?: string | null, body?: unknown, key?: string, length?: number}} [options]
 *   With `length`, spaces after the body hide how long it is.
 * @returns {Promise<Answer>}
 */
export async function call(method, path, { token, body, key, length = 0 } = {}) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (key) headers['Idempotency-Key'] = key;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const sent = Date.now();
  let response;
  let text;
  try {
    response = await fetch(`/v1${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body).padEnd(length),
      signal: AbortSignal.timeout(PATIENCE),
      cache: 'no-store',
    });
    text = await response.text();
  } catch {
    return { ok: false, status: 0, body: null, code: 'offline', retryAfter: 0, later: true };
  }
  setClock(response, sent);
  const { ok } = response;
  const table = ok && response.headers.get('Content-Type')?.startsWith('text/csv');
  const read = table ? text : json(text);
  // What is not JSON comes from something before the API, which then has failed: a 401, 403 or 404 of this kind says nothing.
  const status = read === undefined ? Math.max(response.status, 502) : response.status;
  const retryAfter = Number(response.headers.get('Retry-After')) || 0;
  if (ok && read !== undefined) return { ok, status, body: read, code: '', retryAfter, later: false };
  const later = status >= 500 || status === 429 || status === 408;
  const code = read?.code ?? (read === undefined ? 'not_json' : 'gateway');
  const request = response.headers.get('X-Request-Id') ?? undefined;
  return { ok: false, status, body: read, code, detail: read?.detail ?? read?.message, field: read?.field, request, retryAfter, later };
}

/** @param {string} text */
function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A new idempotency key. */
export const newKey = () => crypto.randomUUID();

/** @param {number} ms */
export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Asks again while the server says "later".
 * @param {() => Promise<Answer>} ask
 * @param {number} [tries]
 */
export async function patiently(ask, tries = 8) {
  let answer = await ask();
  for (let tried = 1; answer.later && tried < tries; tried++) {
    await wait((answer.retryAfter || Math.min(2 ** tried / 4, 4)) * 1_000);
    answer = await ask();
  }
  return answer;
}
