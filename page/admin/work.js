// @ts-check
/** Requests of a signed-in administrator, and what a form needs to send one. */
import { call, newKey, now, patiently } from '../lib/api.js';
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { Dialog } from '../lib/parts.js';
import { problemWords, t } from '../lib/words.js';
import { signOut, token } from './sign-in.js';

/** Called when the token is not accepted any more. */
let signedOut = () => {};
/** @param {() => void} then */
export function onSignedOut(then) {
  signedOut = then;
}

/** What happens with requests: `reached` or `lost`, whenever the server comes or goes, and `done` after each command. */
export const requests = new EventTarget();
let lost = false;

/** Whether the last request had no answer of the API. */
export const isLost = () => lost;

/** @param {string} method @param {string} path @param {unknown} [body] @param {string} [key] */
export async function ask(method, path, body, key) {
  const answer = await call(method, path, { token: token(), body, key });
  const gone = ['offline', 'not_json'].includes(answer.code);
  if (gone !== lost) {
    lost = gone;
    requests.dispatchEvent(new Event(lost ? 'lost' : 'reached'));
  }
  if (answer.status === 401) {
    signOut();
    signedOut();
  }
  return answer;
}

/** Asks, and asks again while the server says "later". @param {string} path */
export const read = (path) => patiently(() => ask('GET', path));

/** A command: sent again under the same key until the server has answered. @param {string} method @param {string} path @param {unknown} [body] */
export async function command(method, path, body = method === 'POST' ? {} : undefined) {
  const key = newKey();
  const answer = await patiently(() => ask(method, path, body, key), 5);
  if (answer.ok) requests.dispatchEvent(new Event('done'));
  return answer;
}

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** A ULID of this moment: what is made with one stands in the order of time. */
export function newId() {
  let time = '';
  for (let rest = Math.floor(now()), i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = DIGITS[rest % 32] + time;
  return time + [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => DIGITS[byte % 32]).join('');
}

/** All items of a list, page after page. @param {string} path @param {(items: any[]) => void} [shown] */
export async function all(path, shown) {
  /** @type {any[]} */
  const items = [];
  for (let cursor = ''; ; ) {
    const answer = await read(`${path}?limit=100${cursor && `&cursor=${cursor}`}`);
    if (!answer.ok) return { answer, items };
    items.push(...answer.body.items);
    shown?.([...items]);
    cursor = answer.body.next_cursor;
    if (!cursor) return { answer, items };
  }
}

/**
 * What a form or a button needs: whether its command is under way, and why it was refused.
 * @returns {{busy: boolean, problem: any, run: (work: () => Promise<any>) => Promise<any>, clear: () => void}}
 */
export function useCommand() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(/** @type {any} */ (null));
  const there = useRef(true);
  useEffect(() => () => {
    there.current = false;
  }, []);
  const run = async (/** @type {() => Promise<any>} */ work) => {
    setBusy(true);
    setProblem(null);
    const answer = await work();
    if (there.current) {
      setBusy(false);
      setProblem(answer.ok ? null : answer);
    }
    return answer;
  };
  return { busy, problem, run, clear: () => setProblem(null) };
}

/** Why a command was refused, if no field is at fault. @param {{problem: any, fields?: string[]}} props */
export function Refusal({ problem, fields = [] }) {
  return html`<div role="alert">${problem && !fields.includes(problem.field) && html`<p class="note bad">${problemWords(problem)}${' '}<span class="small quiet">${t('code', { code: problem.code })}</span></p>`}</div>`;
}

let fields = 0;
/**
 * A labelled field, with the refusal that concerns it.
 * @param {{label: string, name: string, value?: string | number, problem?: any, type?: string, hint?: string, rows?: number,
 *   required?: boolean, onInput?: (value: string) => void, [more: string]: any}} props
 */
export function Field({ label, name, value = '', problem, hint, rows, onInput, type = 'text', ...more }) {
  const id = useRef(`field-${fields++}`).current;
  const wrong = problem?.field === name || problem?.field?.endsWith(`.${name}`);
  const told = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(' ') || null;
  // Of type "email", browsers change what is written: müller.de becomes xn--mller-kva.de.
  const address = type === 'email' && { type: 'text', inputmode: 'email', autocapitalize: 'off', spellcheck: false };
  const words = wrong && type === 'email' && problem.code === 'invalid_value' ? 'no_address' : problem?.words;
  const props = {
    id, name, value, 'aria-describedby': told, 'aria-invalid': wrong ? 'true' : null, autocomplete: 'off',
    onInput: (/** @type {any} */ event) => onInput?.(event.target.value), ...more, ...address,
  };
  return html`<p class="field"><label for=${id}>${label}</label>
    ${rows ? html`<textarea rows=${rows} ...${props}></textarea>` : html`<input type=${type} ...${props} />`}
    ${hint && html`<span id="${id}-hint" class="small quiet">${hint}</span>`}
    ${wrong && html`<span id="${id}-wrong" class="small wrong">${problemWords({ ...problem, words })} <span class="quiet">${t('code', { code: problem.code })}</span></span>`}
  </p>`;
}

/**
 * One confirmation that says what happens.
 * @param {{title: string, what: string, action: string, work: () => Promise<any>, onClose: () => void, next?: boolean, children?: any}} props
 */
export function Confirm({ title, what, action, work, onClose, next = false, children }) {
  const { busy, problem, run } = useCommand();
  return html`<${Dialog} title=${title} onClose=${() => !busy && onClose()}><p>${what}</p>${children}<${Refusal} problem=${problem} />
    <div class="buttons"><button type="button" class="button" disabled=${busy} onClick=${onClose}>${t('cancel')}</button>
      <button type="button" class="button ${next ? 'next' : 'danger'}" disabled=${busy} onClick=${() => run(work)}>${action}</button></div><//>`;
}
