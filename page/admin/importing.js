// @ts-check
/**
 * The imports of an election: the file on its way, and how far the server is with it. It goes on while another part of the election is
 * shown, and is found again after a reload.
 */
import { newKey, wait } from '../lib/api.js';
import { plainName } from './files.js';
import { post, readable } from './sending.js';
import { all, ask, command, newId } from './work.js';

/** The most bytes that the API takes. */
const MOST_BYTES = 20_000_000;
/** The first and the longest pause before the server is asked again how far it is, in milliseconds. */
const [SOON, LATE] = [250, 3_000];
/** The longest pause before a file is sent again, in milliseconds. */
const LONGEST = 15_000;
/** How often a form may be refused before the upload ends. */
const FORMS = 5;
/** The server has something to do. */
const MOVING = ['awaiting_upload', 'reading', 'importing', 'undoing'];
const ENDED = ['refused', 'done', 'undone'];

/**
 * @typedef {{rows: number, new: number, already: number, rejected: number, imported: number}} Counts
 * @typedef {{name?: number, first_name?: number, last_name?: number, email: number, sheet?: number}} Chosen
 * @typedef {{sheets: string[], all: {name: string, samples: string[]}[], chosen: Chosen}} Columns
 * @typedef {object} Import What the server says of an import.
 * @property {string} id
 * @property {string} name
 * @property {'awaiting_upload' | 'reading' | 'ready' | 'refused' | 'importing' | 'done' | 'undoing' | 'undone'} status
 * @property {{code: string, detail: string} | null} problem
 * @property {Counts} counts
 * @property {Columns | null} [columns]
 * @property {{row: number, name: string, email: string}[]} [sample]
 * @property {{row: number, name: string, email: string, code: string, detail: string}[]} [rejected]
 * @typedef {import('./sending.js').Sent & {name: string, id?: string, gone?: boolean}} Sending
 */

export class Importing {
  /** @param {string} election */
  constructor(election) {
    this.path = `/elections/${election}/imports`;
    /** All imports, the oldest first. @type {Import[]} */
    this.list = [];
    /** The import that is looked at. @type {Import | null} */
    this.shown = null;
    /** The file that is sent. @type {Sending | null} */
    this.sending = null;
    /** A file that is refused before it is sent. @type {{name: string, code: string} | null} */
    this.unusable = null;
    /** Why nothing is sent at the moment. @type {'' | 'offline' | 'later'} */
    this.held = '';
    /** Why the last request was refused. @type {any} */
    this.problem = null;
    /** Counts how often voters came or went. */
    this.ended = 0;
    /** The id of the import that is looked at. */
    this.seen = '';
    this.pause = SOON;
    this.timer = 0;
    this.wake = () => {};
    /** @type {Set<() => void>} */
    this.watchers = new Set();
    addEventListener('online', () => this.retry());
    addEventListener('beforeunload', (event) => this.sending && event.preventDefault());
  }

  draw() {
    this.watchers.forEach((watcher) => watcher());
  }

  /** Finds out which imports there are, and looks at the one that is under way. */
  async look() {
    const { answer, items } = await all(this.path);
    if (!answer.ok) {
      if (answer.later) this.timer = setTimeout(() => this.look(), LATE);
      return;
    }
    this.list = items;
    const under = this.underWay();
    if (!this.sending && under && under.id !== this.shown?.id) await this.see(under.id);
    else this.draw();
  }

  /** What a reload finds: an import that is being carried out, or else the latest one that has not ended. */
  underWay() {
    const open = this.list.filter(({ status }) => !ENDED.includes(status));
    return open.find(({ status }) => ['importing', 'undoing'].includes(status)) ?? open.at(-1);
  }

  /** Looks at an import, again and again while the server works on it. @param {string} id */
  async see(id) {
    clearTimeout(this.timer);
    this.seen = id;
    const answer = await ask('GET', `${this.path}/${id}`);
    // Meanwhile another file was chosen, or this import was cancelled.
    if (this.seen !== id) return;
    if (answer.ok) this.show(answer.body);
    const goes = answer.ok ? MOVING.includes(answer.body.status) && !this.stalled() : answer.later;
    if (goes) this.timer = setTimeout(() => this.see(id), this.pause);
  }

  /** Whether a file that was on its way is not to be expected any more. */
  stalled() {
    return this.shown?.status === 'awaiting_upload' && this.pause >= LATE;
  }

  /** @param {Import} now */
  show(now) {
    const before = this.shown?.id === now.id ? this.shown : null;
    const moved = before?.status !== now.status || before?.counts.imported !== now.counts.imported;
    this.pause = moved ? SOON : Math.min(this.pause * 1.5, LATE);
    this.shown = now;
    if (before && before.status !== now.status) {
      this.list = [...this.list.filter(({ id }) => id !== now.id), now].sort((a, b) => (a.id < b.id ? -1 : 1));
      if (now.status === 'done' || now.status === 'undone') this.ended++;
    }
    this.draw();
  }

  /** Takes the file that was chosen. @param {File} [file] */
  async take(file) {
    if (!file || this.sending || ['importing', 'undoing'].includes(this.shown?.status ?? '')) return;
    const before = this.shown;
    this.forget();
    if (before && !ENDED.includes(before.status)) this.end(before.id);
    const name = plainName(file.name);
    if (file.size === 0 || file.size > MOST_BYTES) {
      this.unusable = { name, code: file.size ? 'too_many_bytes' : 'empty' };
      return this.draw();
    }
    /** @type {Sending} */
    const sending = { name, share: 0 };
    this.sending = sending;
    this.draw();
    const id = await this.send(file, sending);
    if (this.sending === sending) this.sending = null;
    this.held = '';
    this.draw();
    if (sending.gone && sending.id) this.end(sending.id);
    else if (id) await this.see(id);
  }

  /** Requests an upload and sends the file, until it has arrived. @param {File} file @param {Sending} sending @returns {Promise<string | undefined>} */
  async send(file, sending) {
    const id = newId();
    for (let failures = 0, forms = 0; !sending.gone; ) {
      // The second request for the same import answers another form.
      const answer = await ask('POST', this.path, { id, name: sending.name, bytes: file.size }, newKey());
      if (answer.ok) sending.id = id;
      if (sending.gone) break;
      if (answer.code === 'id_taken' || (answer.ok && !answer.body.upload)) return id;
      if (!answer.ok && !answer.later) {
        this.problem = answer;
        return undefined;
      }
      const status = answer.ok ? await post(answer.body.upload, file, sending, () => this.draw()) : answer.status;
      sending.stop = null;
      if (status >= 200 && status < 300) return id;
      if (sending.gone) break;
      if (status === 0 && !(await readable(file))) {
        this.unusable = { name: sending.name, code: 'lost' };
        return undefined;
      }
      if (status && status < 500 && status !== 429 && status !== 408 && ++forms >= FORMS) {
        this.unusable = { name: sending.name, code: 'not_taken' };
        return undefined;
      }
      if (!status || status >= 500 || status === 429 || status === 408) await this.hold(status, Math.min(1_000 * 2 ** failures++, LONGEST));
    }
    return undefined;
  }

  /** Nothing is sent for a while. @param {number} status @param {number} time */
  async hold(status, time) {
    this.held = status ? 'later' : 'offline';
    this.draw();
    await Promise.race([wait(time), new Promise((resolve) => { this.wake = () => resolve(undefined); })]);
    this.held = '';
    this.draw();
  }

  /** Tries again at once. */
  retry() {
    this.wake();
  }

  /** Gives up the upload. */
  cancel() {
    if (!this.sending) return;
    this.sending.gone = true;
    this.sending.stop?.();
    this.sending = null;
    this.wake();
    this.draw();
  }

  /** Cancels the import that is looked at: nobody is registered from it. */
  async discard() {
    const answer = await this.end(this.shown?.id);
    if (answer.ok) this.forget();
    return answer;
  }

  /** Ends an import that was not confirmed. @param {string | undefined} id */
  end(id) {
    return command('POST', `${this.path}/${id}/undo`, {});
  }

  /** Shows the present import no more. */
  forget() {
    Object.assign(this, { shown: null, seen: '', unusable: null, problem: null });
    clearTimeout(this.timer);
    this.draw();
  }

  /** Has the file read by other columns. @param {Chosen} columns */
  choose(columns) {
    return this.move(this.shown?.id, 'PUT', 'columns', columns);
  }

  confirm() {
    return this.move(this.shown?.id, 'POST', 'confirm', {});
  }

  /** Removes the voters of an import. @param {string} id */
  undo(id) {
    return this.move(id, 'POST', 'undo', {});
  }

  /** @param {string | undefined} id @param {string} method @param {string} what @param {unknown} body */
  async move(id, method, what, body) {
    const answer = await command(method, `${this.path}/${id}/${what}`, body);
    if (answer.ok && id) {
      this.shown = this.list.find((known) => known.id === id) ?? this.shown;
      this.pause = SOON;
      await this.see(id);
    }
    return answer;
  }

  /** The rows that cannot be used, as a table. */
  rejected() {
    return ask('GET', `${this.path}/${this.shown?.id}/rejected.csv`);
  }
}

/** @type {Map<string, Importing>} */
const importings = new Map();

/** The imports of an election: the same whenever they are asked for. @param {string} election */
export function importingOf(election) {
  const found = importings.get(election) ?? new Importing(election);
  importings.set(election, found);
  return found;
}
