// @ts-check
/** A voter's ballot: what the server says of it, and what is on its way there. */
import { call, newKey, now } from '../lib/api.js';
import { Queue } from './queue.js';

/**
 * @typedef {{id: string, name: string, description: string | null, image: import('../lib/parts.js').Image | null,
 *   disqualified: {reason: string} | null}} Candidate
 * @typedef {{id: string, name: string, description: string | null, candidates: Candidate[]}} Competition
 * @typedef {{id: string, name: string, description: string | null, status: string, opens_at: string | null, closes_at: string | null,
 *   time_zone: string | null, scale: {min: number, max: number}, competitions: Competition[]}} Election
 */
/**
 * @typedef {'loading' | 'no_link' | 'wrong_link' | 'replaced' | 'unreachable' | 'outdated' | 'not_open' | 'open' | 'closed' | 'cast' |
 *   'deleted'} Phase
 * @typedef {'saved' | 'saving' | 'offline' | 'later' | 'full'} Saving
 * @typedef {{phase: Phase, election: Election | null, id: string, ratings: Record<string, number>, receipt: string | null,
 *   saving: Saving, casting: '' | 'interrupted' | 'sending' | 'waiting' | 'late' | 'empty' | 'failed', failure: import('../lib/api.js').Answer | null,
 *   lost: number, rehearsal: boolean}} State
 */

/** What refuses a command because voting is over. */
const OVER = ['election_not_open', 'election_closed'];
/** How long changes are gathered before they are sent, in milliseconds. */
const GATHER = 350;
/** How often a ballot that is not open yet is asked for, in milliseconds: at its opening, and long before it. */
const [NOT_OPEN, LONG_BEFORE] = [4_000, 15_000];
/** How old the election can be that the server shows, in milliseconds. */
const OLD = 6_000;
/** The longest wait between two tries, in milliseconds. */
const LONGEST = 15_000;

export class Ballot {
  /**
   * @param {{token: string | null, wrong: boolean, rehearsal: boolean, first: Promise<import('../lib/api.js').Answer> | null}} link
   *   `first` is the answer to what was asked before the page had come.
   * @param {(state: State) => void} show
   */
  constructor(link, show) {
    this.token = link.token;
    this.show = show;
    /** @type {Queue | null} */
    this.queue = null;
    this.timer = 0;
    this.failures = 0;
    this.sending = false;
    /** Counts changes, so that an answer which was on its way meanwhile is not taken for news. */
    this.changes = 0;
    /** A command was refused because voting is over. What the server shows may be older by some seconds. */
    this.over = false;
    /** What the server has acknowledged. @type {Record<string, number>} */
    this.known = {};
    /** @type {State} */
    this.state = {
      phase: 'loading', election: null, id: '', ratings: {}, receipt: null, saving: 'saved', casting: '', failure: null, lost: 0,
      rehearsal: link.rehearsal,
    };
    if (link.rehearsal) this.rehearse();
    else if (link.wrong) this.set({ phase: 'wrong_link' });
    else if (!link.token) this.set({ phase: 'no_link' });
    else {
      addEventListener('online', () => this.again());
      addEventListener('visibilitychange', () => document.visibilityState === 'visible' && this.again());
      addEventListener('beforeunload', (event) => {
        // What is kept here comes back with the link; a reader who leaves for good should know.
        if (this.state.phase === 'open' && this.state.saving === 'offline') event.preventDefault();
      });
      this.load(link.first ?? undefined);
    }
  }

  /** @param {Partial<State>} change */
  set(change) {
    this.state = { ...this.state, ...change };
    this.show(this.state);
  }

  /** Shows a draft as its voters will see it. Nothing is sent or stored. */
  rehearse() {
    try {
      const election = JSON.parse(sessionStorage.getItem('photovote.rehearsal') ?? '');
      this.set({ phase: 'open', election, id: election.id });
    } catch {
      this.set({ phase: 'no_link', rehearsal: false });
    }
  }

  /** Tries now what has waited. */
  again() {
    if (!this.token) return;
    clearTimeout(this.timer);
    this.failures = 0;
    if (this.state.phase === 'open' && this.queue?.next(newKey)) this.send();
    else if (!['replaced', 'wrong_link'].includes(this.state.phase)) this.load();
  }

  /** Asks the server how things are. @param {Promise<import('../lib/api.js').Answer>} [asked] What was asked already. */
  async load(asked) {
    const before = this.changes;
    const answer = await (asked ?? call('GET', '/ballot', { token: this.token }));
    if (!answer.ok) {
      if (answer.status === 401) this.set({ phase: 'replaced' });
      else if (answer.later || answer.status === 0) {
        if (!this.state.election) this.set({ phase: 'unreachable', failure: answer });
        this.retry(() => this.load());
      } else if (answer.status === 404) this.set({ phase: 'deleted', failure: answer });
      else this.set({ phase: 'outdated', failure: answer });
      return;
    }
    const { election, ballot } = answer.body;
    if (!election?.competitions || !ballot) {
      this.set({ phase: 'outdated', failure: { ...answer, code: 'not_json' } });
      return;
    }
    this.failures = 0;
    if (before === this.changes || ballot.cast || election.status !== 'open') this.take(election, ballot);
    else this.retry(() => this.load());
  }

  /** @param {Election} election @param {{id: string, cast: boolean, receipt: string | null, ratings?: Record<string, number>}} ballot */
  take(election, ballot) {
    this.queue ??= new Queue(ballot.id, () => this.elsewhere());
    const unsaved = this.queue.read();
    if (ballot.cast) {
      this.queue.clear();
      const returned = this.state.phase === 'loading';
      this.set({ phase: 'cast', election, id: ballot.id, receipt: ballot.receipt, ratings: {}, casting: '', saving: 'saved' });
      // Who comes back looks for the results, and they may just have been released.
      if (returned && election.status !== 'released') this.timer = setTimeout(() => this.load(), OLD);
      return;
    }
    this.known = ballot.ratings ?? {};
    if (election.status === 'draft') {
      this.set({ phase: 'not_open', election, id: ballot.id });
      clearTimeout(this.timer);
      const left = election.opens_at ? Date.parse(election.opens_at) - now() : 0;
      this.timer = setTimeout(() => this.load(), Math.max(NOT_OPEN, Math.min(left, LONG_BEFORE)));
    } else if (election.status === 'open' && !this.over) {
      this.set({ phase: 'open', election, id: ballot.id, ratings: this.seen(), saving: this.pending() ? 'saving' : 'saved' });
      if (unsaved.cast && this.state.casting === '') this.set({ casting: 'interrupted' });
      if (this.pending()) this.soon();
    } else {
      const lost = Object.keys(unsaved.ratings).length;
      const late = Boolean(unsaved.cast) || this.state.casting !== '';
      this.queue.clear();
      this.set({ phase: election.status === 'deleted' ? 'deleted' : 'closed', election, id: ballot.id, ratings: this.known, lost, casting: late ? 'late' : '', failure: null });
    }
  }

  /** The ratings as the voter sees them: those that are saved, and over them those that are not. */
  seen() {
    const seen = { ...this.known };
    for (const [candidate, grade] of Object.entries(this.queue?.read().ratings ?? {})) {
      if (grade === null) delete seen[candidate];
      else seen[candidate] = grade;
    }
    return seen;
  }

  pending() {
    return Object.keys(this.queue?.read().ratings ?? {}).length;
  }

  /** Another tab has rated, or saved. */
  elsewhere() {
    const before = { ...this.queue?.kept.ratings };
    const after = this.queue?.read().ratings ?? {};
    for (const [candidate, grade] of Object.entries(before)) {
      if (candidate in after) continue;
      if (grade === null) delete this.known[candidate];
      else this.known[candidate] = grade;
    }
    if (this.state.phase !== 'open') return;
    this.set({ ratings: this.seen(), saving: this.pending() ? 'saving' : 'saved' });
    // The other tab may be closed before it has saved.
    if (this.pending()) this.soon(2_000);
  }

  /** Rates a candidate, or takes its rating back. @param {string} candidate @param {number | null} grade */
  rate(candidate, grade) {
    if (this.state.phase !== 'open' || (this.state.ratings[candidate] ?? null) === grade) return;
    if (this.state.rehearsal || !this.queue) {
      const ratings = { ...this.state.ratings };
      if (grade === null) delete ratings[candidate];
      else ratings[candidate] = grade;
      this.set({ ratings });
      return;
    }
    this.changes++;
    this.queue.put(candidate, grade);
    const waits = this.state.saving === 'offline' || this.state.saving === 'full';
    this.set({ ratings: this.seen(), saving: waits ? this.state.saving : 'saving', casting: '', failure: null });
    if (this.state.saving !== 'full') this.soon();
  }

  soon(time = GATHER) {
    if (this.sending || (this.failures && this.timer)) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), time);
  }

  /** @param {() => void} work @param {number} [seconds] */
  retry(work, seconds = 0) {
    clearTimeout(this.timer);
    const time = Math.max(seconds * 1_000, Math.min(2 ** this.failures++ * 500, LONGEST));
    this.timer = setTimeout(() => {
      this.timer = 0;
      work();
    }, time);
  }

  /** Sends what is unsaved, one request after the other; of all tabs one at a time. */
  async send() {
    this.timer = 0;
    if (this.sending || !this.queue) return;
    this.sending = true;
    const work = () => this.sendAll();
    try {
      await (navigator.locks ? navigator.locks.request(this.queue.place, work) : work());
    } finally {
      this.sending = false;
    }
    if (this.state.phase === 'open' && !this.timer && this.pending() && this.state.saving !== 'full') this.soon();
  }

  async sendAll() {
    for (;;) {
      const batch = this.queue?.next(newKey);
      if (!batch || !this.queue) break;
      const { ratings, clear } = batch;
      const answer = clear
        ? await call('DELETE', `/ballot/ratings/${clear}`, { token: this.token, key: batch.key })
        : await call('PUT', '/ballot/ratings', { token: this.token, key: batch.key, body: { ratings }, length: this.length() });
      if (answer.ok) {
        this.failures = 0;
        this.changes++;
        Object.assign(this.known, ratings);
        if (clear) delete this.known[clear];
        this.queue.saved(batch);
        if (this.state.phase === 'open') this.set({ ratings: this.seen(), saving: this.pending() ? 'saving' : 'saved' });
        continue;
      }
      this.notSaved(batch, answer);
      return;
    }
  }

  /** @param {import('./queue.js').Batch} batch @param {import('../lib/api.js').Answer} answer */
  notSaved(batch, answer) {
    if (answer.later) {
      this.set({ saving: answer.status === 0 ? 'offline' : 'later' });
      this.retry(() => this.send(), answer.retryAfter);
      return;
    }
    this.queue?.refused(batch);
    if (answer.code === 'conflict') this.retry(() => this.send(), 0.5);
    else if (answer.code === 'too_many_changes') this.set({ saving: 'full' });
    else if (answer.status === 401) this.set({ phase: 'replaced' });
    else if (answer.status === 409) {
      this.over ||= OVER.includes(answer.code);
      this.load();
    } else if (answer.code === 'idempotency_key_reused') this.retry(() => this.send(), 0.5);
    else {
      // The server will never take it: the voter sees what it has, and why.
      this.queue?.saved(batch);
      this.set({ ratings: this.seen(), failure: answer, saving: 'saved' });
    }
  }

  /** How long every request is made. */
  length() {
    const candidates = this.state.election?.competitions.reduce((sum, { candidates }) => sum + candidates.length, 0) ?? 0;
    return 64 + 34 * candidates;
  }

  /** Casts the ballot, with whatever is unsaved. A lost answer is asked for again under the same key. */
  async cast() {
    if (this.state.casting === 'sending' || this.state.casting === 'waiting' || !this.queue) return;
    clearTimeout(this.timer);
    this.set({ casting: 'sending', failure: null });
    let key = this.queue.read().cast ?? newKey();
    this.queue.update((unsaved) => {
      unsaved.cast = key;
    });
    for (let tries = 0; ; tries++) {
      const unsaved = this.queue.read();
      // A rating that is taken back cannot travel with the cast.
      if (Object.values(unsaved.ratings).includes(null)) await this.send();
      const ratings = Object.fromEntries(Object.entries(this.queue.read().ratings).filter(([, grade]) => grade !== null));
      const waitsToClear = Object.values(this.queue.read().ratings).includes(null);
      const answer = waitsToClear
        ? { ok: false, status: 0, body: null, code: 'offline', retryAfter: 0, later: true }
        : await call('POST', '/ballot/cast', { token: this.token, key, body: { ratings }, length: this.length() });
      if (answer.ok) {
        this.queue.clear();
        this.set({ phase: 'cast', receipt: answer.body.receipt, ratings: {}, casting: '', saving: 'saved' });
        return;
      }
      if (answer.later) {
        this.set({ casting: 'waiting', saving: answer.status === 0 ? 'offline' : 'later' });
        await pause(Math.max(answer.retryAfter * 1_000, Math.min(2 ** tries * 500, LONGEST)));
        continue;
      }
      if (answer.code === 'conflict' && tries < 5) continue;
      if (answer.code === 'idempotency_key_reused') key = newKey();
      this.queue.update((unsaved) => {
        delete unsaved.cast;
      });
      if (answer.status === 401) this.set({ phase: 'replaced', casting: '' });
      else if (answer.code === 'empty_ballot') this.set({ casting: 'empty' });
      else if (answer.status === 409) {
        this.over ||= OVER.includes(answer.code);
        await this.load();
        if (this.state.phase === 'open') this.set({ casting: 'failed', failure: answer });
        else if (this.state.phase === 'closed') this.set({ failure: answer });
      } else this.set({ casting: 'failed', failure: answer });
      return;
    }
  }
}

/** Waits, or until the network is back. @param {number} time */
function pause(time) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, time);
    function done() {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve(undefined);
    }
    addEventListener('online', done);
  });
}
