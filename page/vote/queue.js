// @ts-check
/**
 * Ratings that are not saved yet. They stand in `localStorage` under the ballot's id, without the token, so that a reload or a lost network
 * loses none. Whatever the server has acknowledged is removed. All tabs share them.
 */

/**
 * @typedef {object} Batch What is under way. It is sent again, with the same key, until it is answered.
 * @property {string} key
 * @property {Record<string, number>} [ratings]
 * @property {string} [clear] A candidate whose rating is taken back.
 */
/**
 * @typedef {object} Unsaved
 * @property {Record<string, number | null>} ratings `null` takes a rating back.
 * @property {Batch} [batch]
 * @property {string} [cast] The idempotency key of a cast that was sent.
 */

/** The most ratings of one request. */
const MOST = 500;

export class Queue {
  /** @param {string} ballot @param {() => void} changed Called when another tab has changed the queue. */
  constructor(ballot, changed) {
    this.place = `photovote.unsaved.${ballot}`;
    /** @type {Unsaved} */
    this.kept = { ratings: {} };
    /** @param {StorageEvent} event */
    this.listen = (event) => {
      if (event.key === this.place) changed();
    };
    addEventListener('storage', this.listen);
  }

  /** @returns {Unsaved} */
  read() {
    try {
      const text = localStorage.getItem(this.place);
      const found = text ? JSON.parse(text) : null;
      this.kept = found && typeof found.ratings === 'object' ? found : { ratings: {} };
    } catch {
      // Without storage, or with a damaged one, what this tab knows counts.
    }
    return this.kept;
  }

  /** @param {(unsaved: Unsaved) => void} change */
  update(change) {
    const unsaved = this.read();
    change(unsaved);
    this.kept = unsaved;
    try {
      const empty = !Object.keys(unsaved.ratings).length && !unsaved.batch && !unsaved.cast;
      if (empty) localStorage.removeItem(this.place);
      else localStorage.setItem(this.place, JSON.stringify(unsaved));
    } catch {
      // The tab keeps them.
    }
  }

  /** @param {string} candidate @param {number | null} grade */
  put(candidate, grade) {
    this.update((unsaved) => {
      unsaved.ratings[candidate] = grade;
    });
  }

  /** What to send next. @param {() => string} newKey @returns {Batch | null} */
  next(newKey) {
    const { ratings, batch } = this.read();
    if (batch) return batch;
    const entries = Object.entries(ratings);
    if (!entries.length) return null;
    const graded = entries.filter(([, grade]) => grade !== null).slice(0, MOST);
    /** @type {Batch} */
    const made = graded.length
      ? { key: newKey(), ratings: /** @type {Record<string, number>} */ (Object.fromEntries(graded)) }
      : { key: newKey(), clear: entries[0][0] };
    this.update((unsaved) => {
      unsaved.batch = made;
    });
    return made;
  }

  /** The batch is saved: what has not changed since is no longer unsaved. @param {Batch} batch */
  saved(batch) {
    this.update((unsaved) => {
      for (const [candidate, grade] of Object.entries(batch.ratings ?? {})) {
        if (unsaved.ratings[candidate] === grade) delete unsaved.ratings[candidate];
      }
      if (batch.clear && unsaved.ratings[batch.clear] === null) delete unsaved.ratings[batch.clear];
      if (unsaved.batch?.key === batch.key) delete unsaved.batch;
    });
  }

  /** The batch was refused: its ratings stay unsaved, under another key. @param {Batch} batch */
  refused(batch) {
    this.update((unsaved) => {
      if (unsaved.batch?.key === batch.key) delete unsaved.batch;
    });
  }

  /** Forgets everything. */
  clear() {
    this.update((unsaved) => {
      unsaved.ratings = {};
      delete unsaved.batch;
      delete unsaved.cast;
    });
  }
}
