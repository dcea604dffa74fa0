// @ts-check
/**
 * The photographs of a draft that no candidate shows: files on their way, and what the server has. It goes on while another part of the
 * election is shown. What it knows beside the server, such as titles that are being checked, survives a reload of the tab.
 */
import { newKey } from '../lib/api.js';
import { twins } from './alike.js';
import { plainName, refusal, titleOf } from './files.js';
import { keepNotes, readNotes } from './notes.js';
import { post, readable } from './sending.js';
import { all, ask, command } from './work.js';

/** How many files are sent at once: more would only share the same line. */
const AT_ONCE = 4;
/** The first and the longest pause before the server is asked again how far it is, in milliseconds. */
const [SOON, LATE] = [500, 8_000];
/** The longest pause before a file is sent again, in milliseconds. */
const LONGEST = 15_000;
/** How often the page is drawn while files are sent, in milliseconds. */
const DRAWN = 120;
/** How often a form may be refused before its file waits for a person. */
const FORMS = 5;
/** What refuses all photographs, and not only one. */
const ALL_REFUSED = ['too_many_photographs', 'election_not_draft', 'election_not_found', 'role_insufficient'];

/**
 * @typedef {'waiting' | 'sending' | 'sent' | 'failed' | 'stopped' | 'lost' | 'awaited' | 'processing' | 'ready' | 'refused'} State
 *   `failed` is tried again; `stopped` waits for a person; `lost` cannot be read; `awaited` has to be chosen again.
 * @typedef {import('./notes.js').Note} Note
 * @typedef {object} Entry A photograph, from its file to the server's answer.
 * @property {string} key
 * @property {string} name
 * @property {State} state
 * @property {Note} note
 * @property {string} proposed The title that its file's name proposes.
 * @property {File} [file]
 * @property {string} [id]
 * @property {any} [photograph] What the server says of it.
 * @property {string} [refusal] Why it cannot be used, by the API's code.
 * @property {any} [problem] Why a request about it was refused.
 * @property {number} share How much of it is sent, from 0 to 1.
 * @property {number} forms How many forms were refused.
 * @property {string} [request] The idempotency key of its request.
 * @property {boolean} [gone] It was cancelled.
 * @property {(() => void) | null} [stop]
 */

const collator = new Intl.Collator(undefined, { numeric: true });
/** @param {Entry} a @param {Entry} b */
const byName = (a, b) => collator.compare(stem(a.name), stem(b.name)) || collator.compare(a.name, b.name) || (a.key < b.key ? -1 : 1);
const stem = (/** @type {string} */ name) => name.replace(/\.[^.]*$/, '');
let keys = 0;

export class Uploading {
  /** @param {string} election */
  constructor(election) {
    this.path = `/elections/${election}/photographs`;
    this.candidates = `/elections/${election}/competitions`;
    this.place = `photovote.uploads.${election}`;
    /** @type {Entry[]} */
    this.entries = [];
    /** What the server has, used or not. @type {any[]} */
    this.photographs = [];
    /** @type {Map<string, any>} */
    this.twins = new Map();
    /** Those that are being removed. @type {Set<string>} */
    this.removed = new Set();
    /** The candidates that show a photograph, by its id. @type {Map<string, string>} */
    this.used = new Map();
    /** Why nothing is sent at the moment. @type {'' | 'offline' | 'later'} */
    this.held = '';
    /** Why the last request was refused. @type {any} */
    this.problem = null;
    /** Whether that refuses all files. */
    this.blocked = false;
    /** How many files were here already. */
    this.again = 0;
    /** How far the adding of candidates is. @type {{done: number, of: number, stopping: boolean} | null} */
    this.adding = null;
    this.failures = 0;
    /** Counts how often the connection came back: what could not be shown is asked for again. */
    this.returns = 0;
    this.silent = false;
    this.pause = SOON;
    this.looking = false;
    this.timers = { look: 0, soon: 0, retry: 0, draw: 0 };
    /** @type {Set<() => void>} */
    this.watchers = new Set();
    /** @type {Record<string, Note>} */
    this.notes = readNotes(this.place);
    addEventListener('online', () => this.retry());
    addEventListener('beforeunload', (event) => this.busy() && event.preventDefault());
    this.look();
  }

  /** Whether files would be lost with the tab. */
  busy() {
    return this.entries.some(({ file, state }) => file && ['waiting', 'sending', 'failed', 'stopped'].includes(state)) || this.adding !== null;
  }

  /** Draws the page, now or in a moment. @param {boolean} [now] */
  draw(now = true) {
    if (now) this.watchers.forEach((watcher) => watcher());
    else this.timers.draw ||= setTimeout(() => {
      this.timers.draw = 0;
      this.draw();
    }, DRAWN);
  }

  /** Notes which photographs candidates show. @param {import('./main.js').Election} election */
  use(election) {
    const candidates = election.competitions.flatMap((competition) => competition.candidates);
    const used = candidates.flatMap(({ name, image }) => (image?.photograph ? [/** @type {[string, string]} */ ([image.photograph, name])] : []));
    this.used = new Map(used);
    this.merge();
    this.draw();
  }

  /** Puts together what is here and what the server has. */
  merge() {
    const here = new Map(this.entries.map((entry) => [entry.id, entry]));
    const there = new Map(this.photographs.map((photograph) => [photograph.id, photograph]));
    for (const photograph of this.photographs) {
      const { id, name, bytes, status, problem } = photograph;
      let entry = here.get(id);
      if (this.used.has(id) || this.removed.has(id)) continue;
      if (!entry) {
        entry = { key: `entry-${keys++}`, name, id, state: 'awaited', note: { bytes, ...this.notes[id] }, proposed: titleOf(name), share: 0, forms: 0 };
        this.entries.push(entry);
      }
      entry.photograph = photograph;
      if (status !== 'awaiting_upload') entry.state = status;
      entry.refusal = problem?.code;
      if (status === 'ready' || status === 'refused') entry.file = undefined;
    }
    this.entries = this.entries.filter(({ id, photograph, gone }) => !gone && !(id && this.used.has(id)) && (!photograph || there.has(/** @type {string} */ (id))));
    this.entries.sort(byName);
    this.twins = twins(this.photographs);
  }

  /** Asks the server what it has: one request at a time, and again while something is being prepared. */
  async look() {
    clearTimeout(this.timers.look);
    if (this.looking) return;
    this.looking = true;
    const before = this.standing();
    const { answer, items } = await all(this.path);
    this.looking = false;
    this.silent ||= answer.later;
    if (answer.ok) {
      if (this.silent) this.returns++;
      this.silent = false;
      this.photographs = items;
      this.merge();
      this.draw();
    }
    const now = this.standing();
    this.pause = now === before ? Math.min(this.pause * 1.5, LATE) : SOON;
    const prepared = this.entries.some(({ state }) => state === 'sent' || state === 'processing');
    // An upload that ended as the page was closed is told a little later.
    const awaited = this.entries.some(({ state }) => state === 'awaited') && this.pause < LATE;
    if (prepared || awaited || (!answer.ok && answer.later)) this.timers.look = setTimeout(() => this.look(), this.pause);
  }

  standing() {
    return this.entries.map(({ id, state }) => id + state).join();
  }

  /** Asks soon, because something has changed. */
  lookSoon() {
    this.pause = SOON;
    // One file after the other must not put it off.
    this.timers.soon ||= setTimeout(() => {
      this.timers.soon = 0;
      this.look();
    }, SOON);
  }

  /** Takes files that were chosen. What is here already is not taken twice; what is awaited goes on. @param {File[]} files */
  take(files) {
    this.again = 0;
    this.unblock();
    for (const file of files) {
      const name = plainName(file.name);
      const alike = this.entries.filter((entry) => entry.name === name && (entry.note.bytes ?? file.size) === file.size);
      const same = alike.find(({ state, note }) => !['awaited', 'lost'].includes(state) && note.bytes === file.size);
      const awaited = alike.find(({ state }) => state === 'awaited' || state === 'lost');
      if (same) this.again++;
      else if (awaited && awaited.note.bytes === file.size) Object.assign(awaited, { file, state: 'waiting', share: 0, forms: 0 });
      else {
        // How large it was to be is forgotten: its upload cannot go on, so it begins anew.
        if (awaited) this.drop(awaited);
        this.entries.push({
          key: `entry-${keys++}`, name, file, state: refusal(file) ? 'refused' : 'waiting', refusal: refusal(file) ?? undefined,
          note: { ...awaited?.note, bytes: file.size }, proposed: titleOf(name), share: 0, forms: 0,
        });
      }
    }
    this.merge();
    this.draw();
    this.next();
  }

  /** Sends what waits, a few at a time. */
  next() {
    if (this.held || this.blocked) return;
    const free = AT_ONCE - this.entries.filter(({ state }) => state === 'sending').length;
    const waiting = this.entries.filter(({ state }) => state === 'waiting').slice(0, Math.max(free, 0));
    waiting.forEach((entry) => this.send(entry).then(() => this.next()));
  }

  /** Requests an upload, and sends the file. @param {Entry} entry */
  async send(entry) {
    const file = /** @type {File} */ (entry.file);
    entry.state = 'sending';
    entry.share = 0;
    this.draw(false);
    entry.request ??= newKey();
    // With its id, the request is for another form: each has its own key.
    const [key, id] = entry.id ? [newKey(), { id: entry.id }] : [entry.request, {}];
    const answer = await ask('POST', this.path, { name: entry.name, bytes: file.size, ...(file.type && { media_type: file.type }), ...id }, key);
    if (answer.ok) {
      entry.id = answer.body.id;
      this.write(entry, {});
    }
    if (entry.gone) {
      if (entry.id) await this.delete(entry.id);
      return;
    }
    if (answer.ok && answer.body.upload) await this.upload(entry, answer.body.upload, file);
    else if (answer.ok || answer.code === 'id_taken') {
      // Its file has come already, and the answer was lost.
      entry.state = 'sent';
      if (!answer.ok) await this.find(entry);
      this.lookSoon();
    } else this.failed(entry, answer);
    this.draw();
  }

  /** @param {Entry} entry @param {any} upload @param {File} file */
  async upload(entry, upload, file) {
    const status = await post(upload, file, entry, () => this.draw(false));
    entry.stop = null;
    if (entry.gone) return;
    if (status >= 200 && status < 300) {
      Object.assign(entry, { state: 'sent', share: 1, forms: 0, problem: null });
      this.silent ||= this.failures > 0;
      this.failures = 0;
      this.lookSoon();
    } else if (status === 0 && !(await readable(file))) {
      Object.assign(entry, { state: 'lost', file: undefined });
    } else if (status === 0 || status >= 500 || status === 429 || status === 408) {
      this.failed(entry, { later: true, status });
    } else if (++entry.forms < FORMS) {
      // The form is too old, or was made by an older key: another one is made at once.
      entry.state = 'waiting';
    } else Object.assign(entry, { state: 'stopped', forms: 0 });
  }

  /** @param {Entry} entry @param {any} answer */
  failed(entry, answer) {
    if (answer.later) {
      entry.state = 'failed';
      this.hold(answer);
    } else if (ALL_REFUSED.includes(answer.code) || answer.status === 401) {
      entry.state = 'waiting';
      this.problem = answer;
      this.blocked = true;
    } else Object.assign(entry, { state: 'stopped', problem: answer });
  }

  /** Nothing is sent for a while. @param {any} answer */
  hold({ status, retryAfter = 0 }) {
    this.held = status ? 'later' : 'offline';
    if (this.timers.retry) return;
    const time = Math.max(retryAfter * 1_000, Math.min(1_000 * 2 ** this.failures++, LONGEST));
    this.timers.retry = setTimeout(() => this.retry(), time);
  }

  /** Sends again what has failed. @param {Entry} [one] Only this one. */
  retry(one) {
    clearTimeout(this.timers.retry);
    this.timers.retry = 0;
    this.unblock();
    for (const entry of one ? [one] : this.entries.filter(({ state }) => state === 'failed')) entry.state = 'waiting';
    this.draw();
    this.next();
  }

  unblock() {
    this.held = '';
    this.problem = null;
    this.blocked = false;
  }

  /** What has become of a photograph that was requested before. @param {Entry} entry */
  async find(entry) {
    const answer = await ask('GET', `${this.path}/${entry.id}`);
    if (answer.status !== 404) return;
    // Another administrator has removed it.
    Object.assign(entry, { id: undefined, request: undefined, photograph: undefined, state: 'waiting' });
  }

  /** Notes what a person writes about a photograph. @param {Entry} entry @param {Note} change */
  write(entry, change) {
    entry.note = { ...entry.note, ...change };
    if (!entry.id) return;
    this.notes[entry.id] = entry.note;
    keepNotes(this.place, this.notes);
  }

  /** Cancels or removes a photograph. @param {Entry} entry */
  async drop(entry) {
    entry.gone = true;
    entry.stop?.();
    this.entries = this.entries.filter((other) => other !== entry);
    if (entry.id) {
      delete this.notes[entry.id];
      keepNotes(this.place, this.notes);
    }
    this.draw();
    this.next();
    return entry.id ? this.delete(entry.id) : { ok: true };
  }

  /** @param {string} id */
  async delete(id) {
    this.removed.add(id);
    let answer;
    for (let tries = 0; tries < 4; tries++) {
      answer = await command('DELETE', `${this.path}/${id}`);
      if (answer.code !== 'conflict') break;
    }
    if (answer?.ok || answer?.status === 404) this.photographs = this.photographs.filter((photograph) => photograph.id !== id);
    else {
      // It stays: the list shows it again, and why.
      this.problem = answer;
      this.removed.delete(id);
      this.lookSoon();
    }
    return answer;
  }

  /** Removes several, a few at a time. @param {Entry[]} entries */
  async dropAll(entries) {
    const rest = [...entries];
    const work = async () => {
      for (let entry = rest.shift(); entry; entry = rest.shift()) await this.drop(entry);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    this.draw();
  }

  /** The title that voters will see: as it is written, as the name proposes, or a number. @param {(number: number) => string} untitled */
  titles(untitled) {
    const taken = new Set(this.used.values());
    let number = 0;
    return new Map(this.entries.filter(({ state }) => state !== 'refused').map((entry) => {
      const title = (entry.note.title ?? entry.proposed).trim();
      if (title) return [entry, title];
      do number++;
      while (taken.has(untitled(number)));
      return [entry, untitled(number)];
    }));
  }

  /**
   * Adds the photographs that are ready to a competition, one command after the other.
   * @param {string} competition @param {Map<Entry, string>} titles @returns {Promise<number | undefined>} The election's version.
   */
  async add(competition, titles) {
    const ready = this.entries.filter(({ state }) => state === 'ready');
    this.adding = { done: 0, of: ready.length, stopping: false };
    this.problem = null;
    let version;
    for (const entry of ready) {
      if (this.adding.stopping) break;
      const { caption = '', alt = '' } = entry.note;
      const image = { photograph: entry.id, ...(caption.trim() && { caption: caption.trim() }), ...(alt.trim() && { alt: alt.trim() }) };
      const answer = await this.candidate(competition, { name: titles.get(entry), image });
      if (answer.ok) {
        version = answer.body.version;
        this.used.set(/** @type {string} */ (entry.id), titles.get(entry) ?? '');
        this.entries = this.entries.filter((other) => other !== entry);
        delete this.notes[/** @type {string} */ (entry.id)];
        keepNotes(this.place, this.notes);
      } else {
        this.problem = answer;
        // A title that is refused holds up no other.
        if (!answer.field) break;
        entry.problem = answer;
      }
      this.adding.done++;
      this.draw(false);
    }
    this.adding = null;
    this.draw();
    return version;
  }

  /** @param {string} competition @param {any} body */
  async candidate(competition, body) {
    for (let tries = 0; ; tries++) {
      const answer = await command('POST', `${this.candidates}/${competition}/candidates`, body);
      if (answer.code !== 'conflict' || tries > 3) return answer;
    }
  }
}

/** @type {Map<string, Uploading>} */
const uploadings = new Map();

/** The uploading of an election: the same whenever it is asked for. @param {string} election */
export function uploadingOf(election) {
  const found = uploadings.get(election) ?? new Uploading(election);
  uploadings.set(election, found);
  return found;
}
